"""What a connected device tells besides its packets: its battery, and who made it."""

from __future__ import annotations

import asyncio
import logging
import math

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakError

from firmware_bridge.devices.link_setup import BatteryByte, BleLink
from firmware_bridge.model import Packet
from firmware_bridge.sources.ble.errors import FOREIGN
from firmware_bridge.sources.stream.inbox import Inbox
from firmware_bridge.sources.stream.packet_stream import Passing

BATTERY_EVERY_S = 60.0
_ANSWER_S = 2.0

_BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
_INFORMATION = {
    "maker": "00002a29-0000-1000-8000-00805f9b34fb",
    "model": "00002a24-0000-1000-8000-00805f9b34fb",
    "firmware": "00002a26-0000-1000-8000-00805f9b34fb",
    "serial number": "00002a25-0000-1000-8000-00805f9b34fb",
}

_log = logging.getLogger(__name__)


class DevicePackets(Passing):
    """The packets of an inbox, and the device's battery, read now and then by whoever takes the packets."""

    def __init__(self, inbox: Inbox, client: BleakClient, link: BleLink) -> None:
        super().__init__(inbox)
        self._client = client
        self._own = link.battery is not None
        self._place = link.battery or BatteryByte(_BATTERY_LEVEL, 0)
        self._due = math.inf
        self._battery_pct = math.nan

    @property
    def battery_pct(self) -> float:
        """What the device told of its battery, NaN where it told nothing."""
        return self._battery_pct

    async def __anext__(self) -> Packet:
        if asyncio.get_running_loop().time() >= self._due:
            await self._read_battery()
        return await super().__anext__()

    async def watch_battery(self) -> None:
        """Read the battery for the first time and have changes told, as far as the device does such things."""
        found = _characteristic(self._client, self._place.characteristic)
        if found is None:
            return
        if "read" in found.properties:
            await self._read_battery()
        if not self._own and "notify" in found.properties:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await self._client.start_notify(found, lambda _, data: self._take(bytes(data)))
                self._due = math.inf
            except FOREIGN as error:
                _log.debug("battery changes are not told: %s", error)

    async def _read_battery(self) -> None:
        self._due = asyncio.get_running_loop().time() + BATTERY_EVERY_S
        try:
            async with asyncio.timeout(_ANSWER_S):
                self._take(bytes(await self._client.read_gatt_char(self._place.characteristic)))
        except FOREIGN as error:  # not worth a link; if it is lost, the inbox says so
            _log.debug("the battery cannot be read: %s", error)

    def _take(self, value: bytes) -> None:
        if len(value) > self._place.at and value[self._place.at] <= 100:
            self._battery_pct = float(value[self._place.at])


async def information(client: BleakClient) -> str:
    """Return what the Device Information Service says, in words for the log; "" where there is none."""
    told = []
    for what, uuid in _INFORMATION.items():
        if (found := _characteristic(client, uuid)) is not None:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    said = bytes(await client.read_gatt_char(found)).decode("utf-8", "replace").strip("\0 ")
            except FOREIGN as error:
                _log.debug("the device's %s cannot be read: %s", what, error)
                continue
            told += [f"{what} {said}"] if said else []
    return ", ".join(told)


def packet_room(client: BleakClient, link: BleLink) -> int:
    """Return the MTU that was agreed: a notification holds 3 bytes less."""
    data = _characteristic(client, link.data)
    return 23 if data is None else int(data.max_write_without_response_size) + 3


def _characteristic(client: BleakClient, uuid: str) -> BleakGATTCharacteristic | None:
    try:
        return client.services.get_characteristic(uuid)
    except BleakError:  # there are several
        return None
