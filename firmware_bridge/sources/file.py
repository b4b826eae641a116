"""`file:PATH`: play packets that `?record=` has written, `.gz` too; flat out unless `?pace=1` says otherwise.

Packets keep the time at which they arrived. The end of the file ends the iteration.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, CorruptData, InsoleError
from firmware_bridge.model import Packet
from firmware_bridge.sources.address import Address
from firmware_bridge.sources.source import USUAL_BAUD, Source
from firmware_bridge.sources.stream.packet_stream import Lossless, PacketStream
from firmware_bridge.sources.stream.recording import TapeLabel

_log = logging.getLogger(__name__)
_BLOCK = 1024  # packets read at a time
_LATEST = 1 << 62  # UTC ns, in 2116: room to calculate in 64 bits


def label_of(address: Address) -> TapeLabel:
    """Return what the recording at a `file:` URL says about itself. Reads the file.

    Raises:
        ConfigError: there is no such file, or it is not a recording of packets.
    """
    with closing(_Tape(address)) as tape:
        return tape.label


@asynccontextmanager
async def open_file(address: Address, insole: Insole, clock: Clock) -> AsyncIterator[PacketStream]:  # noqa: ARG001
    """Open a recording of `insole`.

    A damaged line raises `CorruptData` from the iterator, after every packet before it.

    Raises:
        ConfigError: there is no such file, or it is not a recording of this insole.
    """
    tape = await asyncio.to_thread(_Tape, address)
    try:
        found = tape.label
        if (found.profile, found.side) != (insole.profile.id, insole.side):
            raise ConfigError(
                f"{address.place}, line 1: a recording of {found.profile}, {found.side}, but it is set as "
                f"{insole.profile.id}, {insole.side}"
            )
        yield Lossless(_Packets(tape))
    finally:
        await asyncio.to_thread(tape.close)


SOURCE = Source(
    open_file,
    link=lambda address: label_of(address).link,
    drafted=lambda _: {"serial": {"baud": USUAL_BAUD}},  # lines in a file are as good as those of a serial port
)


class _Packets:
    """Packets of a tape, read a block at a time in a thread."""

    def __init__(self, tape: _Tape) -> None:
        self._tape = tape
        self._block: deque[Packet] = deque()

    def __aiter__(self) -> _Packets:
        return self

    async def __anext__(self) -> Packet:
        if not self._block:
            self._block.extend(await asyncio.to_thread(self._tape.read))
            if not self._block:
                self._tape.tell_if_empty()
        if not self._block:
            raise StopAsyncIteration
        return self._block.popleft()


class _Tape:
    """A recording, read line by line."""

    def __init__(self, address: Address) -> None:
        self._path = Path(address.place).expanduser()
        self._number = 0
        self._last = 0
        self._error: InsoleError | None = None
        try:
            raw = gzip.open(self._path) if self._path.suffix == ".gz" else self._path.open("rb")  # noqa: SIM115
        except OSError as error:
            raise ConfigError(f"{address.url}: cannot be read: {error.strerror}") from error
        self._lines = io.BufferedReader(raw) if isinstance(raw, gzip.GzipFile) else raw
        try:
            self.label = TapeLabel.parse(self._line().decode("ascii", "replace"), str(self._path))
        except CorruptData as error:
            self.close()
            raise ConfigError(f"{error}; it is not a recording of packets") from error
        except InsoleError:
            self.close()
            raise

    def close(self) -> None:
        self._lines.close()

    def tell_if_empty(self) -> None:
        """Say of a recording that has ended without a packet that there was none."""
        if not self._last:
            _log.warning("%s: no packet is in it, only its first line; record it again", self._path)

    def read(self) -> list[Packet]:
        """Return the next packets, none at the end; `CorruptData` once all before the damage have been returned."""
        packets: list[Packet] = []
        while self._error is None and len(packets) < _BLOCK:
            try:
                line = self._line()
                if not line:
                    break
                packets.append(self._packet(line))
            except CorruptData as error:
                self._error = error
        if self._error and not packets:
            raise self._error
        return packets

    def _line(self) -> bytes:
        self._number += 1
        try:
            return self._lines.readline(1 << 20)
        except (EOFError, OSError, zlib.error) as error:
            raise CorruptData(f"{self._path}, line {self._number}: cannot be read on: {error}") from error

    def _packet(self, line: bytes) -> Packet:
        where = f"{self._path}, line {self._number}"
        if not line.endswith(b"\n"):
            raise CorruptData(f"{where}: cut in the middle; everything before it was read")
        time, _, data = line.decode("ascii", "replace").partition(" ")
        try:
            packet = Packet(int(time), bytes.fromhex(data))
        except ValueError as error:
            raise CorruptData(f"{where}: not a packet, which is a time in ns and bytes in hexadecimal") from error
        if not self._last <= packet.time < _LATEST:
            raise CorruptData(f"{where}: the time goes backwards, or is none: {packet.time}")
        self._last = packet.time
        return packet
