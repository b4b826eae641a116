"""`ble:`: an insole, or a foot pod, over Bluetooth Low Energy, through bleak.

`ble:` finds the insole that the profile describes, of the wanted foot; `ble:NAME` and `ble:?address=…` find that one.
Options: `name=`, `address=`, `adapter=hci1` (Linux), `stall=` seconds of silence after which the link counts as dead
(else the profile's), `timeout=` seconds for finding and for connecting, `backend=bumble:TRANSPORT` (virtual insoles,
or a dongle that speaks HCI, as `bumble:usb:0`), and with such a dongle `interval_ms=` of the connection, which no
operating system lets a program choose.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.link_setup import BleLink, LinkStep, Read, Subscribe, Wait, Write
from firmware_bridge.devices.running_speed_cadence import LINK as POD_LINK
from firmware_bridge.devices.running_speed_cadence import RUNNING_SPEED_AND_CADENCE
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import SECOND, Side
from firmware_bridge.sources.address import Address, quoted_place
from firmware_bridge.sources.ble.device_information import DevicePackets, information, packet_room
from firmware_bridge.sources.ble.errors import FOREIGN, LOST, as_unavailable
from firmware_bridge.sources.ble.search import SPARE_S, Feet, Search, Wanted, hang_up
from firmware_bridge.sources.source import Candidate, Listening, Source
from firmware_bridge.sources.stream.inbox import Inbox
from firmware_bridge.sources.stream.packet_stream import PacketStream

_OPTIONS = ("name", "address", "adapter", "stall", "timeout", "backend", "interval_ms")
_TIMEOUT_S = 10.0
_STOP_S = 2.0
_INTERVAL_MS = (7.5, 4000.0)  # what the Bluetooth Core Specification allows

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
_feet: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Feet]] = WeakKeyDictionary()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Advertised:
    """A Bluetooth device that advertises."""

    name: str  # empty where it tells none
    address: str  # on macOS an identifier that is valid on this computer only
    rssi_dbm: int
    services: tuple[str, ...]
    makers: Mapping[int, bytes]  # manufacturer data by company
    battery_pct: int | None  # where the advertisement tells it


async def scan_air(url: str = "ble:", seconds: float = 5.0) -> list[Advertised]:
    """Listen for devices, the strongest first; `url` may name adapter or backend.

    Raises:
        ConfigError: an option is wrong.
        Unavailable: Bluetooth is off, absent or not permitted.
    """
    address = Address.parse(url)
    address.allow(("adapter", "backend"))
    async with AsyncExitStack() as stack:
        options, _ = await _radio(address, _TIMEOUT_S, stack)
        async with _lock(address):
            with as_unavailable("cannot look for Bluetooth devices"):
                async with asyncio.timeout(seconds + SPARE_S):
                    found = await BleakScanner.discover(seconds, return_adv=True, **options)
    seen = [
        Advertised(
            name=data.local_name or device.name or "",
            address=device.address,
            rssi_dbm=data.rssi,
            services=tuple(data.service_uuids),
            makers=data.manufacturer_data,
            battery_pct=next((v[0] for k, v in data.service_data.items() if k.startswith("0000180f") and v), None),
        )
        for device, data in found.values()
    ]
    return sorted(seen, key=lambda one: -one.rssi_dbm)


async def _look(listening: Listening) -> list[Candidate]:
    """Return what advertises: what fits a profile or is a foot pod, and the strongest, first."""
    option = f"backend={quote(listening.backend, safe='/:+,.')}" if listening.backend else ""
    found = [_candidate(seen, listening, option) for seen in await scan_air(f"ble:?{option}", listening.seconds)]
    return sorted(found, key=lambda one: not (one.profiles or one.pod))  # stable: the strongest stay first


def _candidate(seen: Advertised, listening: Listening, option: str) -> Candidate:
    links = {profile.id: link for profile in listening.profiles if (link := profile.ble)}
    fits = {name: link for name, link in links.items() if link.matches(seen.name, seen.services, seen.makers)}
    # A name may fit several; the service that is advertised beside it settles that.
    fits = {name: link for name, link in fits.items() if link.service in seen.services} or fits
    side = next((told for link in fits.values() if (told := link.side_of(seen.name))), None)
    tells = side is not None or any(link.side for link in fits.values())
    place = quoted_place(seen.name) if side else ""  # one that tells its foot when it is asked is found by its profile
    query = "&".join(filter(None, [option] if tells else [f"address={seen.address}", option]))
    url = f"ble:{place}" + (f"?{query}" if query else "")
    pod = RUNNING_SPEED_AND_CADENCE in seen.services
    return Candidate("ble", url, seen.name, tuple(fits), side, seen.rssi_dbm, seen.battery_pct, pod)


@asynccontextmanager
async def open_ble(address: Address, insole: Insole, clock: Clock) -> AsyncIterator[PacketStream]:
    """Find an insole, connect, subscribe, take the profile's start steps; a packet is one notification.

    Finding and connecting are one at a time on each adapter, since adapters fail otherwise. Where names do not tell
    the foot, the devices are connected and asked one after the other. `Unavailable` comes from the iterator when the
    link breaks, or is silent for too long; its `battery_pct` is what the device tells of its battery.

    Raises:
        ConfigError: the profile has no Bluetooth link, or cannot tell left from right.
        Unavailable: not found, not connected, Bluetooth is off or not permitted, or both insoles say to be one foot.
    """
    async with _started(address, _wanted(address, insole), clock) as packets:
        yield packets


SOURCE = Source(open_ble, link="ble", options=_OPTIONS, title="Bluetooth", look=_look)


@asynccontextmanager
async def open_pod(url: str, clock: Clock) -> AsyncIterator[PacketStream]:
    """Find a foot pod by its service, name or address, connect and subscribe; else as `open_ble`.

    Raises:
        ConfigError: an option is wrong.
        Unavailable: not found, not connected, Bluetooth is off or not permitted.
    """
    address = Address.parse(url)
    address.allow(_OPTIONS)
    async with _started(address, _named(address, POD_LINK, None), clock) as packets:
        yield packets


@asynccontextmanager
async def _started(address: Address, wanted: Wanted, clock: Clock) -> AsyncIterator[PacketStream]:
    link, timeout = wanted.link, address.number("timeout", _TIMEOUT_S, least=0.1)
    stall_s = address.number("stall", link.stall_s, least=0.2)
    feet = _feet.setdefault(asyncio.get_running_loop(), {}).setdefault(_adapter(address), Feet())
    inboxes: dict[str, Inbox] = {}
    async with AsyncExitStack() as stack:
        scan_options, client_options = await _radio(address, timeout, stack)

        async def dial(device: BLEDevice) -> BleakClient:
            inbox = inboxes[device.address] = Inbox(clock, stall_s=stall_s, advice=LOST)
            client = BleakClient(
                device,
                disconnected_callback=lambda _: inbox.fail(Unavailable(f"{wanted} was lost", LOST)),
                timeout=timeout,
                **client_options,
            )
            with as_unavailable(f"{wanted} cannot be connected"):
                await client.connect()
            return client

        async with _lock(address):
            client = await Search(wanted, feet, timeout, scan_options).connected(dial)
        stack.callback(feet.forget, client.address)
        stack.push_async_callback(_leave, client, link)
        packets = DevicePackets(inboxes[client.address], client, link)
        with as_unavailable(f"{wanted} cannot be started"):
            await _describe(client, wanted, feet)
            async with asyncio.timeout(timeout):
                await packets.watch_battery()
                for step in link.start:
                    await _take(step, client, link, inboxes[client.address], clock)
        yield packets


def _wanted(address: Address, insole: Insole) -> Wanted:
    link = insole.profile.ble
    if link is None:
        raise ConfigError(f"{address.url!r}: profile {insole.profile.id} has no Bluetooth link")
    wanted = _named(address, link, insole.side)
    if not (wanted.named or link.side_in_name or link.side):
        raise ConfigError(
            f"{address.url!r}: the names of {insole.profile.id} do not tell left from right; "
            f"say which one is the {insole.side}: ble:NAME or ble:?address=…"
        )
    told = link.side_of(wanted.name)
    if told is not None and told is not insole.side:
        raise ConfigError(f"{address.url!r} is a {told} insole by its name, but it is set as the {insole.side} one")
    return wanted


def _named(address: Address, link: BleLink, side: Side | None) -> Wanted:
    return Wanted(link, side, address.options.get("name", address.place), address.options.get("address", ""))


async def _radio(address: Address, timeout_s: float, stack: AsyncExitStack) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options for bleak's scanner and client."""
    backend, adapter = address.options.get("backend"), address.options.get("adapter")
    interval_ms = address.number("interval_ms", 0.0, least=_INTERVAL_MS[0], most=_INTERVAL_MS[1])
    if backend is None:
        if interval_ms:
            raise ConfigError(
                f"{address.url!r}: interval_ms= needs a dongle of its own, backend=bumble:usb:0; "
                "this computer's Bluetooth chooses the interval by itself"
            )
        options: dict[str, Any] = {"bluez": {"adapter": adapter}} if adapter else {}
        return options, options
    kind, _, transport = backend.partition(":")
    if kind != "bumble" or not transport:
        raise ConfigError(f"{address.url!r}: backend={backend} has to be bumble:TRANSPORT")
    try:
        module = import_module("firmware_bridge.virtual.links.ble.bumble_backend")
    except ModuleNotFoundError as error:
        raise ConfigError(f"{address.url!r}: bumble is not installed: pip install 'insole[sim]'") from error
    advice = "is it plugged in, or are the virtual insoles running?"
    try:
        with as_unavailable(f"no Bluetooth controller at {transport}", advice):
            async with asyncio.timeout(timeout_s):
                radio = await stack.enter_async_context(module.open_radio(transport))
    except ValueError as error:
        raise ConfigError(f"{address.url!r}: {transport} is no transport of bumble's: {error}") from error
    return {"backend": radio.scanner}, {"backend": radio.client(interval_ms or None)}


def _adapter(address: Address) -> str:
    return address.options.get("backend", address.options.get("adapter", ""))


def _lock(address: Address) -> asyncio.Lock:
    """Return the one lock of an adapter."""
    return _locks.setdefault(asyncio.get_running_loop(), {}).setdefault(_adapter(address), asyncio.Lock())


async def _describe(client: BleakClient, wanted: Wanted, feet: Feet) -> None:
    """Put on record what was connected, once, and what does not fit."""
    room, address = packet_room(client, wanted.link), client.address
    if wanted.link.mtu and room < wanted.link.mtu:
        _log.warning(
            "%s (%s): the connection takes %d bytes at once (MTU %d), but its packets need MTU %d; they will come cut",
            *(wanted, address, room - 3, room, wanted.link.mtu),
        )
    told = feet.side(address)
    if told is not None and told is not wanted.side:
        _log.warning("%s (%s) says that it is the %s one, but it is set as the other", wanted, address, told)
    if address not in feet.described:
        feet.described.add(address)
        _log.info("%s is %s%s", wanted, address, f": {said}" if (said := await information(client)) else "")


async def _take(step: LinkStep, client: BleakClient, link: BleLink, inbox: Inbox, clock: Clock) -> None:
    """Take one step of starting or stopping."""
    if isinstance(step, Subscribe):

        def notified(_: object, data: bytearray) -> None:
            time = clock.now()  # first of all: whatever comes before it is jitter
            if step.characteristic == link.data:
                inbox.put(bytes(data), time)

        await client.start_notify(step.characteristic, notified)
    elif isinstance(step, Read):
        await client.read_gatt_char(step.characteristic)
    elif isinstance(step, Wait):
        await asyncio.sleep(step.seconds)
    elif isinstance(step, Write):
        await client.write_gatt_char(step.characteristic, step.data)
    else:
        now = datetime.fromtimestamp(clock.now() / SECOND, UTC).astimezone()
        await client.write_gatt_char(step.characteristic, step.data(now))


async def _leave(client: BleakClient, link: BleLink) -> None:
    """Take the stop steps and disconnect, as far as the device still answers."""
    with suppress(*FOREIGN):
        async with asyncio.timeout(_STOP_S):
            for step in link.stop if client.is_connected else ():
                if isinstance(step, Write):
                    await client.write_gatt_char(step.characteristic, step.data)
    await hang_up(client)
