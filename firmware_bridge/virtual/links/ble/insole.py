"""Virtual Bluetooth insoles: peripherals on bumble that stream what virtual feet feel, and fail when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from bumble.gatt import Characteristic

from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.devices.link_setup import BleLink
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Pace, Side
from firmware_bridge.virtual.insole.firmware import Firmware, WornInsole
from firmware_bridge.virtual.insole.radio import Radio, StartUp
from firmware_bridge.virtual.links.ble.air import AirLink, hci_served
from firmware_bridge.virtual.links.ble.foot_pod import BlePod
from firmware_bridge.virtual.links.ble.names import name_for
from firmware_bridge.virtual.links.ble.peripheral import Peripheral, wanted
from firmware_bridge.virtual.links.ble.services import Dialog, Offer, advertisement, offered
from firmware_bridge.virtual.links.fault_control import Faults, controlled
from firmware_bridge.virtual.links.play import Played

TX_BUFFERS = 8
"""Notifications that a chip holds; what comes on top of them is lost, as firmware does it."""


class BleInsole:
    """A peripheral with the profile's characteristics; it streams between the last start and the last stop step.

    Args:
        air: where it is heard.
        firmware: what it sends.
        name: what it is called; else a name that the profile knows.
        says: the foot that it says to be, where the profile lets it say so; else its own.
        number: of its address; else 1 for a left and 2 for a right insole.
        mtu: the most that it agrees to.
        indicate: indications instead of notifications.
    """

    def __init__(
        self,
        air: AirLink,
        firmware: Firmware,
        name: str = "",
        *,
        says: Side | None = None,
        number: int = 0,
        mtu: int = 517,
        indicate: bool = False,
    ) -> None:
        self.sent = self.dropped = 0
        foot = firmware.foot
        self.link = _link_of(firmware)
        self.name = name_for(self.link, foot.side, name)
        self.dialog = Dialog(self.link, says or foot.side, firmware)
        self._air, self._firmware, self._indicate = air, firmware, indicate
        self._offer: Offer = offered(self.link, foot.profile, self.dialog, indicate=indicate)
        self._peripheral = Peripheral(
            air,
            self.name,
            number or (1 if foot.side is Side.LEFT else 2),
            self._offer.services,
            advertisement(self.link, self.name),
            left=firmware.stop,
            mtu=mtu,
        )
        self._device, self.address = self._peripheral.device, self._peripheral.address
        self.faults: Faults = {
            **self._peripheral.faults,
            "hang": lambda: setattr(firmware, "hung", True),
            "resume": lambda: setattr(firmware, "hung", False),
            "reboot": self.reboot,
        }

    def reboot(self) -> None:
        """Take the battery out and put it in again: the link dies, counter and clock begin at zero."""
        self._firmware.reboot()
        self._peripheral.disconnect()

    async def run(self) -> None:
        """Advertise and stream until cancelled."""
        async with self._peripheral.advertised() as group:
            group.create_task(self._stream())
            group.create_task(self._answer())

    async def _stream(self) -> None:
        told = self.dialog.battery()
        while wanted():
            await asyncio.sleep(self._firmware.wait_s)
            for packet in self._firmware.packets():
                full = self._air.backlog(self._peripheral.controller) >= TX_BUFFERS
                if full and not self._firmware.waited:  # else they are the host's already
                    self.dropped += 1
                    continue
                await self._send(self._offer.data, packet)
                self.sent += 1
            if (percent := self.dialog.battery()) != told and self._offer.battery is not None:
                await self._device.notify_subscribers(self._offer.battery, percent)
                told = percent

    async def _answer(self) -> None:
        while wanted():
            answer = await self.dialog.answers.get()
            assert self._offer.answer is not None  # it was asked
            await self._send(self._offer.answer, answer)

    async def _send(self, characteristic: Characteristic[bytes], value: bytes) -> None:
        if self._indicate:
            await self._device.indicate_subscribers(characteristic, value)
        else:
            await self._device.notify_subscribers(characteristic, value)


def _link_of(firmware: Firmware) -> BleLink:
    profile = firmware.foot.profile
    if profile.ble is None:
        raise ConfigError(f"profile {profile.id} has no Bluetooth link")
    return profile.ble


async def serve_ble(
    feet: Sequence[WornInsole],
    *,
    port: int = 0,
    control_port: int = 0,
    lost_events: float = 0.0,
    pace: Callable[[], Pace | None] | None = None,
    seed: int = 0,
    clock: Clock | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Run virtual Bluetooth insoles in real time, until cancelled; their radio is an HCI on a TCP port.

    With `pace` there is a foot pod beside them that tells it. `seed` is that of the delays after each start.

    Says the URL by which another process reaches them (both with the same one) and the port that takes faults (see
    `firmware_bridge.virtual.links.fault_control`).

    Raises:
        ConfigError: a profile has no Bluetooth link.
    """
    air = AirLink(lost_events=lost_events)
    busy = [StartUp(Radio().start_up_s, (seed, number)) for number in range(len(feet))]
    insoles = {
        foot.side: BleInsole(air, Firmware(foot, "ble", clock or SystemClock(), start_up))
        for foot, start_up in zip(feet, busy, strict=True)
    }
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(hci_served(air, port))
        control = await stack.enter_async_context(controlled(control_port, {s: i.faults for s, i in insoles.items()}))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for insole in insoles.values():
            group.create_task(insole.run())
        if pace is not None:
            group.create_task(BlePod(air, pace).run())
        say(f"ble:?backend=bumble:tcp-client:127.0.0.1:{bound}")
        say(f"control: 127.0.0.1:{control}")


async def play_ble(played: Played) -> None:
    """Play virtual Bluetooth insoles (see `serve_ble`)."""
    await serve_ble(played.feet, port=played.port, control_port=played.control_port, pace=played.pace, seed=played.seed)
