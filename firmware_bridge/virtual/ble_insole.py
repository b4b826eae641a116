"""Virtual Bluetooth insoles: peripherals on bumble that stream what virtual feet feel, and fail when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from bumble import hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.errors import ConfigError
from firmware_bridge.links import BleLink, LinkStep, Write
from firmware_bridge.model import Side
from firmware_bridge.virtual.air import AirController, AirLink, hci_served
from firmware_bridge.virtual.control import Faults, controlled
from firmware_bridge.virtual.firmware import Firmware, Foot

TX_BUFFERS = 8
"""Notifications that a chip holds; what comes on top of them is lost, as firmware does it."""

ADVERTISING_MS = 60
_SERVICE = "0000fff0-0000-1000-8000-00805f9b34fb"  # for profiles that name none
_LETTER = {Side.LEFT: "L", Side.RIGHT: "R"}


class BleInsole:
    """A peripheral with the profile's characteristics; it streams between the last start and the last stop step."""

    def __init__(self, air: AirLink, firmware: Firmware, name: str = "") -> None:
        self.sent = self.dropped = 0
        self.name, self.link = _named(firmware.foot, name)
        self._air, self._firmware = air, firmware
        self._controller: Any = AirController(self.name, link=air)
        number = 1 if firmware.foot.side is Side.LEFT else 2
        # A static random address: bumble's link takes the sender's random address for the source.
        address = hci.Address(f"C4:00:00:00:00:0{number}")
        self._device = Device.with_hci(self.name, address, self._controller, self._controller)
        self._idle = asyncio.Event()
        self._data = self._offer()
        self._device.on("connection", self._on_connection)
        self.faults: Faults = {
            "out": lambda: air.leave(self._controller),
            "back": lambda: air.come_back(self._controller),
            "hang": lambda: setattr(firmware, "hung", True),
            "resume": lambda: setattr(firmware, "hung", False),
            "reboot": self.reboot,
            "kick": lambda: air.disconnect(self._controller, hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR),
        }

    def reboot(self) -> None:
        """Take the battery out and put it in again: the link dies, counter and clock begin at zero."""
        self._firmware.reboot()
        self._air.disconnect(self._controller, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    async def run(self) -> None:
        """Advertise and stream until cancelled."""
        await self._device.power_on()
        self._idle.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._advertise())
                group.create_task(self._stream())
        finally:
            self._controller.stop_advertising()
            self._air.disconnect(self._controller, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
            self._air.remove_controller(self._controller)

    async def _advertise(self) -> None:
        while _wanted():
            await self._idle.wait()
            self._idle.clear()
            await self._device.start_advertising(
                advertising_interval_min=ADVERTISING_MS, advertising_interval_max=ADVERTISING_MS
            )

    async def _stream(self) -> None:
        while _wanted():
            await asyncio.sleep(self._firmware.wait_s)
            for packet in self._firmware.packets():
                if self._air.backlog(self._controller) >= TX_BUFFERS:
                    self.dropped += 1
                    continue
                await self._device.notify_subscribers(self._data, packet)
                self.sent += 1

    def _on_connection(self, connection: Connection) -> None:
        connection.on("disconnection", self._on_disconnection)

    def _on_disconnection(self, reason: int) -> None:  # noqa: ARG002
        self._firmware.stop()
        self._idle.set()

    def _offer(self) -> Characteristic[bytes]:
        """Set up services and advertisement; return the characteristic that notifies."""
        link, properties = self.link, Characteristic.Properties
        data: Characteristic[bytes] = Characteristic(
            link.data, properties.NOTIFY, Characteristic.READABLE, CharacteristicValue()
        )
        written = {step.characteristic for step in (*link.start, *link.stop) if isinstance(step, Write)}
        controls: list[Characteristic[bytes]] = [
            Characteristic(
                uuid, properties.WRITE, Characteristic.WRITEABLE, CharacteristicValue(write=self._writer(uuid))
            )
            for uuid in sorted(written)
        ]
        service = link.service or _SERVICE
        self._device.add_services([Service(service, [data, *controls])])
        if not any(isinstance(step, Write) for step in link.start):
            data.on("subscription", lambda *_: self._firmware.start())
        self._device.advertising_data = bytes(
            AdvertisingData(
                [
                    (AdvertisingData.Type.FLAGS, b"\x06"),
                    (AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(UUID(service))),
                ]
            )
        )
        # As with real devices, the name comes in the scan response only.
        self._device.scan_response_data = bytes(
            AdvertisingData([(AdvertisingData.Type.COMPLETE_LOCAL_NAME, self.name.encode())])
        )
        return data

    def _writer(self, uuid: str) -> Callable[[Any, bytes], None]:
        starts, stops = _last_write(self.link.start), _last_write(self.link.stop)

        def written(_: Any, value: bytes) -> None:
            step = Write(uuid, bytes(value))
            if step == starts:
                self._firmware.start()
            elif step == stops:
                self._firmware.stop()

        return written


def _wanted() -> bool:
    """Tell whether nobody has cancelled: bumble's waiting for an answer may swallow it (Python before 3.12)."""
    task = asyncio.current_task()
    return task is not None and not task.cancelling()


def _named(foot: Foot, name: str) -> tuple[str, BleLink]:
    link = foot.profile.ble
    if link is None:
        raise ConfigError(f"profile {foot.profile.id} has no Bluetooth link")
    name = name or f"Insole demo {_LETTER[foot.side]}"
    if not link.matches(name, (link.service or "",)) or link.side_of(name) not in (None, foot.side):
        raise ConfigError(f"{name!r} is not a name by which profile {foot.profile.id} knows a {foot.side} insole")
    return name, link


def _last_write(steps: Sequence[LinkStep]) -> Write | None:
    return next((step for step in reversed(steps) if isinstance(step, Write)), None)


async def serve_ble(
    feet: Sequence[Foot],
    *,
    port: int = 0,
    control_port: int = 0,
    lost_events: float = 0.0,
    clock: Clock | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Run virtual Bluetooth insoles in real time, until cancelled; their radio is an HCI on a TCP port.

    Says the URL by which another process reaches them (both with the same one) and the port that takes faults (see
    `firmware_bridge.virtual.control`).

    Raises:
        ConfigError: a profile has no Bluetooth link.
    """
    air = AirLink(lost_events=lost_events)
    insoles = {foot.side: BleInsole(air, Firmware(foot, "ble", clock or SystemClock())) for foot in feet}
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(hci_served(air, port))
        control = await stack.enter_async_context(controlled(control_port, {s: i.faults for s, i in insoles.items()}))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for insole in insoles.values():
            group.create_task(insole.run())
        say(f"ble:?backend=bumble:tcp-client:127.0.0.1:{bound}")
        say(f"control: 127.0.0.1:{control}")
