"""`ble:`: an insole over Bluetooth Low Energy, through bleak.

`ble:` finds the insole that the profile describes, of the wanted foot; `ble:NAME` and `ble:?address=…` find that one.
Options: `name=`, `address=`, `adapter=hci1` (Linux), `stall=` seconds of silence after which the link counts as dead
(else the profile's), `timeout=` seconds for finding and for connecting, `backend=bumble:TRANSPORT` (virtual insoles,
or a dongle that speaks HCI).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError

from firmware_bridge.clock import Clock
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.links import BleLink, LinkStep, Subscribe, Write
from firmware_bridge.model import Packet, Side
from firmware_bridge.profile import Insole
from firmware_bridge.sources.address import Address
from firmware_bridge.sources.inbox import Inbox

OPTIONS = ("name", "address", "adapter", "stall", "timeout", "backend")
TIMEOUT_S = 10.0
_STOP_S = 2.0
_HANG_UP_S = 5.0
_HEARD = 8  # names that are listed where the wanted one is not among them
_NOT_FOUND = "not advertising; is it switched on, near, and not connected elsewhere?"
_LOST = "out of range, switched off, or its battery is empty?"

# What bleak raises besides its own errors: its BlueZ backend trips over a device that vanishes in the middle of a call.
_FOREIGN = (BleakError, TimeoutError, EOFError, OSError, AssertionError, AttributeError, KeyError)

_DENIED = "allow Bluetooth for this program, or for the terminal that it runs in"
_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Bluetooth is off: switch it on",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: _DENIED,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: _DENIED,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: _DENIED,
}
_DBUS = (
    ("AccessDenied", "no permission: add yourself to the group bluetooth and log in again"),
    ("InProgress", "another program is using the adapter"),
    ("ServiceUnknown", "is the Bluetooth service running?"),
)

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which advertisement is the insole's."""

    link: BleLink
    side: Side
    name: str
    address: str

    def matches(self, device: BLEDevice, advertisement: AdvertisementData) -> bool:
        name = advertisement.local_name or device.name
        if self.address:
            return device.address.lower() == self.address.lower()
        if self.name:
            return name == self.name
        return self.link.matches(name, tuple(advertisement.service_uuids)) and self.link.side_of(name) is self.side

    def __str__(self) -> str:
        return self.name or self.address or f"the {self.side} insole"


@dataclass(frozen=True, slots=True)
class Seen:
    """A Bluetooth device that advertises."""

    name: str  # empty where it tells none
    address: str  # on macOS an identifier that is valid on this computer only
    rssi_dbm: int
    services: tuple[str, ...]


async def scan(url: str = "ble:", seconds: float = 5.0) -> list[Seen]:
    """Listen for devices, the strongest first; `url` may name adapter or backend.

    Raises:
        ConfigError: an option is wrong.
        Unavailable: Bluetooth is off, absent or not permitted.
    """
    address = Address.parse(url)
    address.allow(("adapter", "backend"))
    async with AsyncExitStack() as stack:
        options, _ = await _radio(address, TIMEOUT_S, stack)
        async with _lock(address):
            with _translated("cannot look for Bluetooth devices"):
                async with asyncio.timeout(seconds + _HANG_UP_S):
                    found = await BleakScanner.discover(seconds, return_adv=True, **options)
    seen = [
        Seen(data.local_name or device.name or "", device.address, data.rssi, tuple(data.service_uuids))
        for device, data in found.values()
    ]
    return sorted(seen, key=lambda one: -one.rssi_dbm)


@asynccontextmanager
async def open_ble(url: str, insole: Insole, clock: Clock) -> AsyncIterator[AsyncIterator[Packet]]:
    """Find an insole, connect, subscribe, take the profile's start steps; a packet is one notification.

    Finding and connecting are one at a time on each adapter, since adapters fail otherwise. `Unavailable` comes from
    the iterator when the link breaks, or is silent for too long.

    Raises:
        ConfigError: the profile has no Bluetooth link, or cannot tell left from right.
        Unavailable: not found, not connected, Bluetooth is off or not permitted.
    """
    address = Address.parse(url)
    address.allow(OPTIONS)
    wanted = _wanted(address, insole)
    timeout = address.number("timeout", TIMEOUT_S, least=0.1)
    inbox = Inbox(clock, stall_s=address.number("stall", wanted.link.stall_s, least=0.2), advice=_LOST)
    async with AsyncExitStack() as stack:
        scan_options, client_options = await _radio(address, timeout, stack)
        async with _lock(address):
            device = await _found(wanted, timeout, scan_options)
            client = BleakClient(
                device,
                disconnected_callback=lambda _: inbox.fail(Unavailable(f"{wanted} was lost", _LOST)),
                timeout=timeout,
                **client_options,
            )
            with _translated(f"{wanted} cannot be connected"):
                await client.connect()
        stack.push_async_callback(_hang_up, client, wanted.link)
        with _translated(f"{wanted} cannot be started"):
            async with asyncio.timeout(timeout):
                for step in wanted.link.start:
                    await _take(step, client, wanted.link, inbox, clock)
        yield inbox


def _wanted(address: Address, insole: Insole) -> _Wanted:
    link = insole.profile.ble
    if link is None:
        raise ConfigError(f"{address.url!r}: profile {insole.profile.id} has no Bluetooth link")
    name = address.options.get("name", address.place)
    wanted = _Wanted(link, insole.side, name, address.options.get("address", ""))
    if not (wanted.name or wanted.address) and "(?P<side>" not in (link.name_regex or ""):
        raise ConfigError(
            f"{address.url!r}: the names of {insole.profile.id} do not tell left from right; "
            f"say which one is the {insole.side}: ble:NAME or ble:?address=…"
        )
    told = link.side_of(name)
    if told is not None and told is not insole.side:
        raise ConfigError(f"{address.url!r} is a {told} insole by its name, but it is set as the {insole.side} one")
    return wanted


async def _radio(address: Address, timeout_s: float, stack: AsyncExitStack) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options for bleak's scanner and client."""
    backend, adapter = address.options.get("backend"), address.options.get("adapter")
    if backend is None:
        options: dict[str, Any] = {"bluez": {"adapter": adapter}} if adapter else {}
        return options, options
    kind, _, transport = backend.partition(":")
    if kind != "bumble" or not transport:
        raise ConfigError(f"{address.url!r}: backend={backend} has to be bumble:TRANSPORT")
    try:
        module = import_module("firmware_bridge.virtual.bumble_backend")
    except ModuleNotFoundError as error:
        raise ConfigError(f"{address.url!r}: bumble is not installed: pip install 'insole[sim]'") from error
    advice = "is it plugged in, or are the virtual insoles running?"
    try:
        with _translated(f"no Bluetooth controller at {transport}", advice):
            async with asyncio.timeout(timeout_s):
                radio = await stack.enter_async_context(module.opened(transport))
    except ValueError as error:
        raise ConfigError(f"{address.url!r}: {transport} is no transport of bumble's: {error}") from error
    return {"backend": radio.scanner}, {"backend": radio.client}


def _lock(address: Address) -> asyncio.Lock:
    """Return the one lock of an adapter."""
    adapter = address.options.get("backend", address.options.get("adapter", ""))
    return _locks.setdefault(asyncio.get_running_loop(), {}).setdefault(adapter, asyncio.Lock())


async def _found(wanted: _Wanted, timeout_s: float, options: dict[str, Any]) -> BLEDevice:
    # Scanned anew for each attempt: addresses change, and systems forget devices that they do not hear.
    heard: dict[str, str] = {}

    def matches(device: BLEDevice, advertisement: AdvertisementData) -> bool:
        heard[device.address] = advertisement.local_name or device.name or device.address
        return wanted.matches(device, advertisement)

    with _translated(f"{wanted} cannot be looked for"):
        async with asyncio.timeout(timeout_s + _HANG_UP_S):
            device = await BleakScanner.find_device_by_filter(matches, timeout_s, **options)
    if device is None:
        others = ", ".join(sorted(set(heard.values()))[:_HEARD]) or "nothing"
        raise Unavailable(f"{wanted} was not found in {timeout_s:g} s", f"{_NOT_FOUND} Heard: {others}")
    return device


async def _take(step: LinkStep, client: BleakClient, link: BleLink, inbox: Inbox, clock: Clock) -> None:
    """Take one step of starting or stopping."""
    if isinstance(step, Subscribe):

        def notified(_: object, data: bytearray) -> None:
            time = clock.now()  # first of all: whatever comes before it is jitter
            if step.characteristic == link.data:
                inbox.put(bytes(data), time)

        await client.start_notify(step.characteristic, notified)
    elif isinstance(step, Write):
        await client.write_gatt_char(step.characteristic, step.data)
    else:
        await asyncio.sleep(step.seconds)


async def _hang_up(client: BleakClient, link: BleLink) -> None:
    """Take the stop steps and disconnect, as far as the device still answers."""
    with suppress(*_FOREIGN):
        async with asyncio.timeout(_STOP_S):
            for step in link.stop if client.is_connected else ():
                if isinstance(step, Write):
                    await client.write_gatt_char(step.characteristic, step.data)
    with suppress(*_FOREIGN):
        async with asyncio.timeout(_HANG_UP_S):
            await client.disconnect()  # even if it is gone: bleak tidies up behind it


@contextmanager
def _translated(what: str, advice: str = "") -> Iterator[None]:
    """Raise what bleak raises as `Unavailable`, with advice."""
    try:
        yield
    except TimeoutError as error:
        raise Unavailable(f"{what}: no answer", advice or _NOT_FOUND) from error
    except _FOREIGN as error:
        cause = _cause(error)
        if not advice and isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            cause = f"the Bluetooth service cannot be reached: {cause}"  # of bleak's only file, D-Bus's socket
        raise Unavailable(f"{what}: {cause}", advice or _advice(error)) from error


def _cause(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error) or type(error).__name__


def _advice(error: BaseException) -> str:
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _NOT_AVAILABLE.get(error.reason, "is there a Bluetooth adapter, and is the Bluetooth service running?")
    if isinstance(error, BleakDBusError):
        return next((advice for name, advice in _DBUS if name in error.dbus_error), _LOST)
    if isinstance(error, OSError):
        return "is the Bluetooth service running (on Linux BlueZ, behind D-Bus), and may this program use it?"
    return _LOST
