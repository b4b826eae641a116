"""`serial:PORT`: an insole on USB, on a Bluetooth serial port, or behind a network serial server.

`serial:/dev/serial/by-id/…`, `serial:COM3`, `serial:socket://host:port`, or any other URL that pyserial knows.
Options: `baud=` (else the profile's), `stall=` seconds of silence after which the link counts as dead (else never).
"""

from __future__ import annotations

import asyncio
import errno
import math
import os
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import serial  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.sources.address import Address, quoted_place
from firmware_bridge.sources.source import USUAL_BAUD, Candidate, Listening, Source, Transport
from firmware_bridge.sources.stream.inbox import Inbox
from firmware_bridge.sources.stream.packet_stream import PacketStream
from firmware_bridge.sources.stream.shared_link import Stations

_FOREIGN: tuple[type[Exception], ...] = (OSError,)  # serial.SerialException is one
with suppress(ModuleNotFoundError):  # Windows has no terminals
    import termios

    _FOREIGN = (OSError, termios.error)  # pyserial lets it through when a port vanishes while it is opened

READ_S = 0.1
"""How long a read waits, and so how long closing takes at most."""

_BY_ID = "/dev/serial/by-id"
_CHUNK = 4096
_NO_TERMINAL = (errno.ENOTTY, errno.EISDIR, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class _Port:
    name: str
    baud: int
    usb: tuple[tuple[int, int], ...]  # ids by which the profile knows its ports


@dataclass(frozen=True, slots=True)
class PortSeen:
    """A serial port of this computer."""

    name: str  # by its own number or its maker's, where the system keeps such: it stays when plugs change places
    description: str
    usb: tuple[int, int] | None  # vendor, product; None where it is not USB


def scan_ports() -> list[PortSeen]:
    """Return the serial ports that are there, by name. Blocks for a moment."""
    lasting = _lasting_names()
    found = [
        PortSeen(
            lasting.get(os.path.realpath(info.device), info.device),
            info.description or "",
            None if info.vid is None else (info.vid, info.pid),
        )
        for info in list_ports.comports()
    ]
    return sorted(found, key=lambda port: port.name)


def _lasting_names(folder: str = _BY_ID) -> dict[str, str]:
    """Return the names that udev gives, by what they lead to."""
    try:
        return {os.path.realpath(entry.path): entry.path for entry in os.scandir(folder)}
    except OSError:
        return {}


@asynccontextmanager
async def open_serial(address: Address, insole: Insole, clock: Clock) -> AsyncIterator[PacketStream]:
    """Open a serial port for this program alone; a packet is what one read brought.

    A thread reads, since that is what pyserial does alike on every system. `Unavailable` comes from the iterator when
    the insole is unplugged. Insoles that share a dongle share the port: each of them gets all that comes.

    Raises:
        ConfigError: no port is named, it is no serial port, or an option is wrong.
        Unavailable: the port is not there, not permitted, or in use.
    """
    port, stall = await asyncio.to_thread(_port, address, insole)
    inbox = Inbox(clock, stall_s=stall, advice="is the insole switched on, and is this its port?")
    line = _Line(port, clock)
    reader = await _READERS.join(line, inbox)
    try:
        yield inbox
    finally:
        await asyncio.shield(_READERS.leave(line, reader, inbox))


async def _look(listening: Listening) -> list[Candidate]:
    """Return every serial port, and the profiles that know its USB ids."""
    ports = await asyncio.to_thread(scan_ports)
    known = [(profile.id, link.usb_ids) for profile in listening.profiles if (link := profile.transport.serial)]
    return [
        Candidate(
            link="serial",
            url=f"serial:{quoted_place(port.name)}",
            name="" if port.description == "n/a" else port.description,
            profiles=tuple(name for name, ids in known if port.usb in ids),
            side=None,
            rssi_dbm=None,
            battery_pct=None,
            pod=False,
        )
        for port in ports
    ]


def _drafted(address: Address) -> Transport:
    return {"serial": {"baud": round(address.number("baud", USUAL_BAUD, least=1))}}


SOURCE = Source(
    open_serial, link="serial", options=("baud", "stall"), title="serial port", look=_look, drafted=_drafted
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A port, and the clock by which its bytes arrive."""

    port: _Port
    clock: Clock


class _Reader(threading.Thread):
    """Opens a port, reads it and closes it, all in this thread; what it has to say is said in the loop's."""

    def __init__(self, line: _Line) -> None:
        super().__init__(name=f"serial {line.port.name}", daemon=True)
        self._port, self._clock = line.port, line.clock
        self._inboxes: list[Inbox] = []
        self._loop = asyncio.get_running_loop()
        self._closing = threading.Event()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._failed = False

    @property
    def lost(self) -> bool:
        """Whether the port was lost."""
        return self._failed

    def add(self, inbox: Inbox) -> None:
        """Let an insole listen."""
        self._inboxes.append(inbox)

    def remove(self, inbox: Inbox) -> bool:
        """Let an insole go; return whether others listen."""
        self._inboxes.remove(inbox)
        return bool(self._inboxes)

    async def begin(self) -> None:
        """Start reading.

        Raises:
            ConfigError: it is no serial port, or an option is wrong.
            Unavailable: the port is not there, not permitted, or in use.
        """
        self.start()
        try:
            await self._opened
        except BaseException:
            await asyncio.shield(self.close())
            raise

    def run(self) -> None:
        """Read until stopped, or until the port is lost."""
        try:
            with _opened(self._port) as handle:
                self._in_loop(self._succeed)
                while not self._closing.is_set():
                    if data := _read(handle):
                        self._in_loop(self._put, data, self._clock.now())
        except _FOREIGN as error:
            self._in_loop(self._fail, _meaning(error, self._port))
        except ValueError as error:
            self._in_loop(self._fail, ConfigError(f"serial:{self._port.name}, {self._port.baud} baud: {error}"))
        except Exception as error:  # a bug: raised also where it ends the program, else that would wait for ever
            self._in_loop(self._fail, error)
            raise

    async def close(self) -> None:
        """Stop reading and wait until the port is closed."""
        self._closing.set()
        await asyncio.to_thread(self.join)

    def _in_loop(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call, *arguments)

    def _put(self, data: bytes, time: int) -> None:
        for inbox in self._inboxes:
            inbox.put(data, time)

    def _succeed(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._failed = True
        if not self._opened.done():
            self._opened.set_exception(error)
        for inbox in self._inboxes:
            inbox.fail(error)


async def _reading(line: _Line) -> _Reader:
    reader = _Reader(line)
    await reader.begin()
    return reader


_READERS = Stations(_reading)


def _port(address: Address, insole: Insole) -> tuple[_Port, float]:
    link = insole.profile.transport.serial
    usb = link.usb_ids if link else ()
    if not address.place:
        raise ConfigError(f"{address.url!r} names no port, as serial:/dev/ttyACM0 does; there are: {_ports(usb)}")
    if re.match(r"(socket|rfc2217)://(?![^/?]*:\d+)", address.place):
        raise ConfigError(f"{address.url!r} names no TCP port, as serial:socket://192.168.1.5:4001 does")
    if link is None and "baud" not in address.options:
        raise ConfigError(f"{address.url!r}: profile {insole.profile.id} says nothing of serial links: add ?baud=")
    baud = address.number("baud", link.baud if link else math.nan, least=1)
    return _Port(address.place, round(baud), usb), address.number("stall", math.inf, least=0.2)


def _opened(port: _Port) -> Any:
    # An advisory lock, so that a second bridge fails instead of stealing bytes; Windows locks by itself.
    lock = {"exclusive": True} if os.name == "posix" and "://" not in port.name else {}
    return serial.serial_for_url(port.name, baudrate=port.baud, timeout=READ_S, **lock)


def _read(handle: Any) -> bytes:
    """Return what is there, after waiting for it up to `READ_S`."""
    first = bytes(handle.read(1))
    if not first:
        return b""
    waiting = int(handle.in_waiting)
    if waiting > 1 or not hasattr(handle, "_socket"):
        return first + bytes(handle.read(waiting)) if waiting else first
    handle.timeout = 0  # pyserial's sockets do not know how much there is
    try:
        return first + bytes(handle.read(_CHUNK))
    finally:
        handle.timeout = READ_S


def _meaning(error: Exception, port: _Port) -> InsoleError:
    """Say in the user's words why a port cannot be used."""
    number, reason = _reason(error)
    text = str(error)
    name = f"serial:{port.name}"
    if number == errno.ENOENT or "FileNotFoundError" in text:
        return Unavailable(f"{name} is not there", f"is it plugged in? There are: {_ports(port.usb)}")
    if number in (errno.EAGAIN, errno.EBUSY) or "PermissionError" in text:
        return Unavailable(f"{name} is in use", "another program, or another bridge, has it open")
    if number in (errno.EACCES, errno.EPERM):
        return Unavailable(f"{name}: no permission", f"add yourself to the group {_group(port.name)} and log in again")
    if number in _NO_TERMINAL:
        return ConfigError(f"{name} is not a serial port; there are: {_ports(port.usb)}")
    if "://" in port.name:
        return Unavailable(f"{name} does not answer: {reason}", "is the other end running?")
    return Unavailable(f"{name} was lost", "unplugged, or a loose cable?")


def _group(path: str) -> str:
    """Return the group that may use a port; on most systems its name is dialout."""
    try:
        import grp  # noqa: PLC0415 - Windows has none

        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (ImportError, OSError, KeyError):
        return "dialout"


def _reason(error: Exception) -> tuple[int | None, str]:
    """Return the system's error number and words, which pyserial may hide behind an exception of its own."""
    hidden = error.__context__ if getattr(error, "errno", None) is None else None
    number, *words = (hidden or error).args or (None,)
    return (number, str(words[-1])) if isinstance(number, int) and words else (None, str(hidden or error))


def _ports(usb: tuple[tuple[int, int], ...]) -> str:
    return (
        ", ".join(f"{port.name} (fits the profile)" if port.usb in usb else port.name for port in scan_ports())
        or "none"
    )
