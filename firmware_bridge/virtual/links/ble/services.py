"""What a virtual Bluetooth insole offers: services, what is read there, and what it does on what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bumble.core import UUID, AdvertisingData
from bumble.gatt import Characteristic, CharacteristicValue, Service

from firmware_bridge.devices.link_setup import BleLink, LinkStep, Read, Write, WriteClock
from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import Side
from firmware_bridge.virtual.insole.firmware import Firmware

_SERVICE = "0000fff0-0000-1000-8000-00805f9b34fb"  # for profiles that name none
_SHORT = "-0000-1000-8000-00805f9b34fb"  # the end of a UUID that has a form of 16 bits
_BATTERY, _BATTERY_LEVEL = "180F", "2A19"
_INFORMATION, _MAKER, _MODEL, _SERIAL, _FIRMWARE = "180A", "2A29", "2A24", "2A25", "2A26"


class Dialog:
    """The device's part of what is said beside the packets: its bytes, its answers, and what it was told."""

    def __init__(self, link: BleLink, says: Side, firmware: Firmware) -> None:
        self.written: list[tuple[str, bytes]] = []  # (UUID, value)
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._link, self._says, self._firmware = link, says, firmware
        self._starts, self._stops = _last_write(link.start), _last_write(link.stop)

    def battery(self, *_: object) -> bytes:
        """Return the battery's percent, as the Battery Service tells it."""
        return bytes([round(self._firmware.battery_pct)])

    def reading(self, uuid: str) -> bytes:
        """Return what is read from a characteristic: the profile's bytes of side and battery, zeros between."""
        value = bytearray()
        side, battery = self._link.side, self._link.battery
        if side is not None and side.ask is None and side.characteristic == uuid:
            _put(value, side.at, self._side_byte())
        if battery is not None and battery.characteristic == uuid:
            _put(value, battery.at, self.battery()[0])
        return bytes(value)

    def write(self, uuid: str, value: bytes) -> None:
        """Do what a written value asks for."""
        self.written.append((uuid, value))
        side = self._link.side
        if side is not None and side.ask == Write(uuid, value):
            answer = bytearray(side.head)
            _put(answer, side.at, self._side_byte())
            self.answers.put_nowait(bytes(answer))
        if _is(self._starts, uuid, value):
            self._firmware.start()
        elif _is(self._stops, uuid, value):
            self._firmware.stop()

    def subscribed(self, *_: object) -> None:
        """Begin to stream, where nothing has to be written for it."""
        if self._starts is None:
            self._firmware.start()

    def _side_byte(self) -> int:
        side = self._link.side
        assert side is not None
        value = next(value for value, foot in side.sides.items() if foot is self._says)
        return value if side.bit is None else value << side.bit


class Offer(NamedTuple):
    """The services, and the characteristics that speak by themselves."""

    services: list[Service]
    data: Characteristic[bytes]
    answer: Characteristic[bytes] | None
    battery: Characteristic[bytes] | None


def offered(link: BleLink, profile: Profile, dialog: Dialog, *, indicate: bool = False) -> Offer:
    """Return what a device offers: the profile's service, Device Information, and Battery where it has no own."""
    own = {uuid: _own(uuid, link, dialog, indicate=indicate) for uuid in link.characteristics}
    own[link.data].on("subscription", dialog.subscribed)
    services = [Service(UUID(link.service or _SERVICE), list(own.values())), information_service(profile.id)]
    battery: Characteristic[bytes] | None = None
    if link.battery is None:
        service, battery = battery_service(dialog.battery)
        services.append(service)
    answer = own[link.side.characteristic] if link.side is not None and link.side.ask is not None else None
    return Offer(services, own[link.data], answer, battery)


def _own(uuid: str, link: BleLink, dialog: Dialog, *, indicate: bool) -> Characteristic[bytes]:
    """Return one of the profile's characteristics, with what its steps need."""
    kinds, side = Characteristic.Properties, link.side
    asked = side is not None and side.ask is not None
    properties = kinds(0)
    if uuid == link.data or (side is not None and asked and side.characteristic == uuid):
        properties |= kinds.INDICATE if indicate else kinds.NOTIFY
    if uuid in _read(link):
        properties |= kinds.READ
    if uuid in _written(link):
        properties |= kinds.WRITE | kinds.WRITE_WITHOUT_RESPONSE
    value: Any = CharacteristicValue(
        read=lambda _: dialog.reading(uuid), write=lambda _, value: dialog.write(uuid, bytes(value))
    )
    permissions = Characteristic.READABLE | Characteristic.WRITEABLE
    return Characteristic(UUID(uuid), properties or kinds.READ, permissions, value)


def _read(link: BleLink) -> set[str]:
    read = {step.characteristic for step in (*link.start, *link.stop) if isinstance(step, Read)}
    if link.side is not None and link.side.ask is None:
        read.add(link.side.characteristic)
    return read | ({link.battery.characteristic} if link.battery else set())


def _written(link: BleLink) -> set[str]:
    written = {step.characteristic for step in (*link.start, *link.stop) if isinstance(step, Write | WriteClock)}
    return written | ({link.side.ask.characteristic} if link.side and link.side.ask else set())


def battery_service(percent: Callable[..., bytes]) -> tuple[Service, Characteristic[bytes]]:
    """Return the Battery Service, and its characteristic, which speaks by itself."""
    properties = Characteristic.Properties.READ | Characteristic.Properties.NOTIFY
    value = CharacteristicValue(read=percent)
    battery: Characteristic[bytes] = Characteristic(_BATTERY_LEVEL, properties, Characteristic.READABLE, value)
    return Service(_BATTERY, [battery]), battery


def information_service(model: str) -> Service:
    """Return the Device Information Service of a virtual device."""
    told = {_MAKER: "virtual", _MODEL: model, _SERIAL: "1", _FIRMWARE: "1.0"}
    readable, properties = Characteristic.READABLE, Characteristic.Properties.READ
    return Service(
        _INFORMATION, [Characteristic(uuid, properties, readable, said.encode()) for uuid, said in told.items()]
    )


def advertisement(link: BleLink, name: str) -> tuple[bytes, bytes]:
    """Return advertising and scan-response data; as with real devices the name comes in the second only."""
    kinds = AdvertisingData.Type
    service = link.service or _SERVICE
    if service.endswith(_SHORT) and service.startswith("0000"):
        listed = (kinds.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, bytes.fromhex(service[4:8])[::-1])
    else:
        listed = (kinds.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(UUID(service)))
    parts = [(kinds.FLAGS, b"\x06"), listed]
    if link.maker is not None:
        value = bytearray(link.maker.company.to_bytes(2, "little"))
        _put(value, 2 + link.maker.at, link.maker.equals or 0)
        parts.append((kinds.MANUFACTURER_SPECIFIC_DATA, bytes(value)))
    return bytes(AdvertisingData(parts)), bytes(AdvertisingData([(kinds.COMPLETE_LOCAL_NAME, name.encode())]))


def _put(value: bytearray, at: int, byte: int) -> None:
    """Put a byte there, with others that share it, lengthening by zeros."""
    value.extend(bytes(max(0, at + 1 - len(value))))
    value[at] |= byte


def _last_write(steps: Sequence[LinkStep]) -> Write | WriteClock | None:
    return next((step for step in reversed(steps) if isinstance(step, Write | WriteClock)), None)


def _is(step: Write | WriteClock | None, uuid: str, value: bytes) -> bool:
    """Tell whether a written value is a step's; of a time, whatever it is, the length."""
    if isinstance(step, WriteClock):
        return step.characteristic == uuid and len(value) == len(step.data(datetime.now().astimezone()))
    return step == Write(uuid, value)
