"""`?record=FILE`: write what a link brings, as `file:` reads it. Also the one definition of that format.

    #insole-packets v1 link=ble profile=demo-16 side=left
    1767225600000000000 0a01ff
    1767225600040000000 0a02fe

One line a packet: arrival (UTC ns, never decreasing) and the bytes in hexadecimal. A line without its newline was cut.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.model import Packet, Side
from firmware_bridge.sources.stream.packet_stream import PacketStream, Passing

FLUSH_S = 1.0
_FOR_EVER = (errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)
_TAIL = 65536  # bytes: more than the longest line
_HEADER = re.compile(r"#insole-packets v1 link=([a-z][a-z0-9_-]*) profile=(\S+) side=(left|right)\n?")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TapeLabel:
    """The first line of a recording: which framing, which device model, which foot."""

    link: str
    profile: str
    side: Side

    @classmethod
    def parse(cls, line: str, path: str) -> TapeLabel:
        """Read a recording's first line.

        Raises:
            ConfigError: the file is empty or not a recording of packets.
        """
        if not line:
            raise ConfigError(f"{path} is empty: there is no recording in it; copy it again, or record it again")
        match = _HEADER.fullmatch(line)
        if match is None:
            raise ConfigError(
                f"{path}, line 1: not a recording of packets, which begins with '#insole-packets v1 link=… profile=… "
                "side=…'; files of other programs are read by `insole import`"
            )
        return cls(match[1], match[2], Side(match[3]))

    def line(self) -> str:
        """Return the line, with its newline."""
        return f"#insole-packets v1 link={self.link} profile={self.profile} side={self.side}\n"


class Recorded(Passing):
    """Packets that are also written down on their way: at least every second, and at the end."""

    def __init__(self, packets: PacketStream, path: Path, last: int) -> None:
        super().__init__(packets)
        self._path, self._last = path, last
        self._lines: list[str] = []
        self._flushed = asyncio.get_running_loop().time()

    async def __anext__(self) -> Packet:
        if asyncio.get_running_loop().time() - self._flushed >= FLUSH_S:
            await self.flush()
        packet = await anext(self._packets)
        # What the file holds already is not written again, so recording a recording twice changes nothing.
        if packet.data and packet.time > self._last:
            self._lines.append(f"{packet.time} {packet.data.hex()}\n")
        return packet

    async def flush(self) -> None:
        """Write what is held."""
        lines, self._lines = self._lines, []
        self._flushed = asyncio.get_running_loop().time()
        if lines:
            await asyncio.to_thread(_append, self._path, "".join(lines))


@asynccontextmanager
async def recorded(packets: PacketStream, place: str, link: str, insole: Insole) -> AsyncIterator[PacketStream]:
    """Record packets to a file, which is continued if it is a recording of the same insole.

    Raises:
        ConfigError: the file is something else, of another insole, or may never be written.
        Unavailable: the file cannot be written at present.
    """
    path, last = await asyncio.to_thread(_begin, place, TapeLabel(link, insole.profile.id, insole.side))
    tape = Recorded(packets, path, last)
    try:
        yield tape
    finally:
        try:
            await asyncio.shield(tape.flush())
        except InsoleError as error:
            # Not raised: it would take the place of what ended the link, and a cancellation must not be lost.
            _log.warning("the end of a recording is missing: %s", error)


def _begin(place: str, header: TapeLabel) -> tuple[Path, int]:
    """Write the header of a new recording, or check an old one; return its path and last packet's time, 0 if none."""
    path = Path(place).expanduser()
    if path.suffix == ".gz":
        raise ConfigError(f"record={path}: recordings are written as plain text; compress the file afterwards")
    try:
        if not path.exists() or not path.stat().st_size:
            _append(path, header.line())
            return path, 0
        with path.open("rb+") as file:
            found = TapeLabel.parse(file.readline().decode("ascii", "replace"), str(path))
            if found != header:
                raise ConfigError(
                    f"record={path}: holds a recording of {found.profile}, {found.side}, over {found.link}; "
                    f"this is {header.profile}, {header.side}, over {header.link}: name another file"
                )
            return path, _mend(file.fileno(), path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _mend(handle: int, path: Path) -> int:
    """Take a cut last line off and return the time of the last whole one."""
    size = os.lseek(handle, 0, os.SEEK_END)
    start = max(0, size - _TAIL)
    os.lseek(handle, start, os.SEEK_SET)
    tail = os.read(handle, _TAIL)
    whole = tail[: tail.rfind(b"\n") + 1]
    os.ftruncate(handle, start + len(whole))
    line = whole[:-1].rpartition(b"\n")[2]
    if line.startswith(b"#"):
        return 0
    time = line.partition(b" ")[0]
    if not time.isdigit():
        raise ConfigError(f"record={path}: its last line is not a packet; name another file")
    return int(time)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="ascii", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InsoleError:
    what = f"record={path}: cannot be written: {error.strerror}"
    if error.errno in _FOR_EVER:
        return ConfigError(f"{what}; name another file")
    return Unavailable(what, "is the folder there, and is there room?")
