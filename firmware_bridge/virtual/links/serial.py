"""Virtual USB insoles: on a pseudo-terminal (POSIX), and behind TCP for `serial:socket://` (everywhere)."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.errors import ConfigError
from firmware_bridge.virtual.insole.firmware import Firmware, WornInsole
from firmware_bridge.virtual.links.fault_control import Faults, controlled
from firmware_bridge.virtual.links.play import Played


class SerialInsole:
    """A firmware that streams into a serial line as long as it is plugged in, and loses what nobody reads."""

    def __init__(self, firmware: Firmware, link: Path | None = None) -> None:
        if firmware.foot.profile.transport.serial is None:
            raise ConfigError(f"profile {firmware.foot.profile.id} has no serial link")
        self.sent = self.dropped = 0
        self._firmware = firmware
        self._link = link
        self._fds: tuple[int, int] | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._plugged = False
        self.faults: Faults = {
            "out": self.unplug,
            "back": self.plug,
            "hang": self.hang,
            "resume": self.resume,
            "reboot": self.reboot,
        }

    async def plug(self) -> None:
        """Plug it in: it boots and streams. Where it has a path, that is a symbolic link to a new terminal."""
        if self._plugged:
            return
        if self._link:
            self._fds = await asyncio.to_thread(_terminal, self._link)
        self._plugged = True
        self.reboot()

    async def unplug(self) -> None:
        """Pull it out: whoever reads gets an error, and the path is gone."""
        self._plugged = False
        if self._link and self._fds:
            handles, self._fds = self._fds, None
            await asyncio.to_thread(_close, self._link, handles)
        for writer in self._writers:
            writer.close()

    def hang(self) -> None:
        """Let the firmware hang: the line stays open, nothing comes."""
        self._firmware.hung = True

    def resume(self) -> None:
        """End the hanging."""
        self._firmware.hung = False

    def reboot(self) -> None:
        """Restart the firmware; a serial insole streams without being told."""
        self._firmware.reboot()
        self._firmware.start()

    async def run(self) -> None:
        """Stream until cancelled."""
        try:
            while True:
                await asyncio.sleep(self._firmware.wait_s)
                for packet in self._firmware.packets():
                    self.send(packet)
        finally:
            await asyncio.shield(self.unplug())

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        if not self._plugged:
            return
        self.sent += 1
        for writer in self._writers:
            writer.write(data)
        if self._fds:
            try:
                self.dropped += os.write(self._fds[0], data) != len(data)
            except BlockingIOError:
                self.dropped += 1

    @asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator[int]:
        """Serve the line on a TCP port of this machine, 0 for any that is free; yield the port."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            try:
                while self._plugged and await reader.read(256):
                    pass
            except (ConnectionError, asyncio.CancelledError):
                pass  # the program ends: Python before 3.12 logs a cancelled connection as an error
            finally:
                self._writers.discard(writer)
                writer.close()

        async with await asyncio.start_server(accept, "127.0.0.1", port) as server:
            try:
                yield int(server.sockets[0].getsockname()[1])
            finally:
                for writer in self._writers:
                    writer.close()


def _terminal(link: Path) -> tuple[int, int]:
    """Open a pseudo-terminal and let `link` lead to it, as udev's by-id links do; return both its ends."""
    if sys.platform == "win32":
        raise ConfigError("virtual serial ports need a POSIX system; use a TCP port and serial:socket://")
    import tty  # noqa: PLC0415

    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        raise ConfigError(f"{link} is taken by another file")
    ours, theirs = os.openpty()
    tty.setraw(theirs)  # else the line discipline echoes and changes bytes
    os.set_blocking(ours, False)
    link.symlink_to(os.ttyname(theirs))
    return ours, theirs


def _close(link: Path, handles: tuple[int, int]) -> None:
    link.unlink(missing_ok=True)
    for handle in handles:
        os.close(handle)


async def serve_serial(
    feet: Sequence[WornInsole],
    folder: Path,
    *,
    control_port: int = 0,
    clock: Clock | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Run virtual USB insoles at `folder/left` and `folder/right` in real time, until cancelled.

    Says the URL of each and the port that takes faults (see `firmware_bridge.virtual.links.fault_control`).

    Raises:
        ConfigError: a profile has no serial link, or a path is taken.
    """
    insoles = {
        foot.side: SerialInsole(Firmware(foot, "serial", clock or SystemClock()), folder / str(foot.side))
        for foot in feet
    }
    async with AsyncExitStack() as stack:
        for side, insole in insoles.items():
            stack.push_async_callback(insole.unplug)
            await insole.plug()
            say(f"serial:{folder / str(side)}")
        port = await stack.enter_async_context(controlled(control_port, {s: i.faults for s, i in insoles.items()}))
        say(f"control: 127.0.0.1:{port}")
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for insole in insoles.values():
            group.create_task(insole.run())


async def play_serial(played: Played) -> None:
    """Play virtual USB insoles in a folder that goes away with them (see `serve_serial`)."""
    with tempfile.TemporaryDirectory(prefix="insole-") as folder:
        await serve_serial(played.feet, Path(folder), control_port=played.control_port)
