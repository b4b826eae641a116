"""A virtual foot pod: a peripheral on bumble that tells a runner's pace once a second, and fails when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bumble.gatt import Characteristic, Service

from firmware_bridge.devices import running_speed_cadence as foot_pod
from firmware_bridge.model import Pace
from firmware_bridge.virtual.links.ble.air import AirLink
from firmware_bridge.virtual.links.ble.peripheral import Peripheral, wanted
from firmware_bridge.virtual.links.ble.services import advertisement, battery_service, information_service

_EVERY_S = 1.0


class BlePod:
    """A foot pod.

    Args:
        air: where it is heard.
        pace: what it tells next; None: it is silent.
        name: what it is called.
        number: of its address.
    """

    def __init__(
        self, air: AirLink, pace: Callable[[], Pace | None], name: str = "Virtual pod", *, number: int = 3
    ) -> None:
        self._pace = pace
        self.battery_pct = 100
        properties = Characteristic.Properties.NOTIFY
        self._data: Characteristic[bytes] = Characteristic(foot_pod.MEASUREMENT, properties, Characteristic.READABLE)
        services = [
            Service(foot_pod.RUNNING_SPEED_AND_CADENCE, [self._data]),
            battery_service(lambda _: bytes([self.battery_pct]))[0],
            information_service("pod"),
        ]
        told = advertisement(foot_pod.LINK, name)
        self._peripheral = Peripheral(air, name, number, services, told, left=lambda: None)
        self.address, self.faults = self._peripheral.address, self._peripheral.faults

    async def run(self) -> None:
        """Advertise and tell until cancelled."""
        async with self._peripheral.advertised() as group:
            group.create_task(self._tell())

    async def tell(self, value: bytes) -> None:
        """Send bytes to whoever listens, whatever they are."""
        await self._peripheral.device.notify_subscribers(self._data, value)

    async def _tell(self) -> None:
        while wanted():
            await asyncio.sleep(_EVERY_S)
            if (pace := self._pace()) is not None:
                await self.tell(foot_pod.notification_of(pace))
