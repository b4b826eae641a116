"""What virtual Bluetooth devices have in common: a place in the air, advertising after each connection, faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bumble import hci
from bumble.device import Connection, Device
from bumble.gatt import Service

from firmware_bridge.virtual.links.ble.air import AirController, AirLink
from firmware_bridge.virtual.links.fault_control import Faults

ADVERTISING_MS = 60


class Peripheral:
    """A device in the air that one program at a time may connect to.

    Args:
        air: where it is heard.
        name: what it is called.
        number: of its address.
        services: what it offers.
        told: its advertising data and its scan response.
        left: called when a connection has ended.
        mtu: the most that it agrees to.
    """

    def __init__(
        self,
        air: AirLink,
        name: str,
        number: int,
        services: Sequence[Service],
        told: tuple[bytes, bytes],
        *,
        left: Callable[[], None],
        mtu: int = 517,
    ) -> None:
        # A static random address: bumble's link takes the sender's random address for the source.
        self.address = f"C4:00:00:00:00:{number:02X}"
        self.controller: Any = AirController(name, link=air)
        self.device = Device.with_hci(name, hci.Address(self.address), self.controller, self.controller)
        self.device.gatt_server.max_mtu = mtu
        self.device.add_services(list(services))
        self.device.advertising_data, self.device.scan_response_data = told
        self.device.on("connection", self._on_connection)
        self._air, self._left = air, left
        self._idle = asyncio.Event()
        self.faults: Faults = {
            "out": lambda: air.leave(self.controller),
            "back": lambda: air.come_back(self.controller),
            "kick": lambda: self.disconnect(hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR),
        }

    def disconnect(self, reason: int = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR) -> None:
        """Let the connection die."""
        self._air.disconnect(self.controller, reason)

    @asynccontextmanager
    async def advertised(self) -> AsyncIterator[asyncio.TaskGroup]:
        """Be in the air until cancelled; yields the group for what the device does beside."""
        await self.device.power_on()
        self._idle.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._advertise())
                yield group
        finally:
            self.controller.stop_advertising()
            self.disconnect()
            self._air.remove_controller(self.controller)

    async def _advertise(self) -> None:
        while wanted():
            await self._idle.wait()
            self._idle.clear()
            await self.device.start_advertising(
                advertising_interval_min=ADVERTISING_MS, advertising_interval_max=ADVERTISING_MS
            )

    def _on_connection(self, connection: Connection) -> None:
        connection.on("disconnection", self._on_disconnection)

    def _on_disconnection(self, reason: int) -> None:  # noqa: ARG002
        self._left()
        self._idle.set()


def wanted() -> bool:
    """Tell whether nobody has cancelled: bumble's waiting for an answer may swallow it (Python before 3.12)."""
    task = asyncio.current_task()
    return task is not None and not task.cancelling()
