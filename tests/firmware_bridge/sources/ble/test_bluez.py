"""Bluetooth through bleak's own Linux backend, on a small BlueZ and a private D-Bus, in real time."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Packet, Side
from firmware_bridge.sources import open_source
from firmware_bridge.sources.discovery import find_devices
from firmware_bridge.sources.source import Candidate
from firmware_bridge.virtual.insole.firmware import Firmware
from firmware_bridge.virtual.links.ble import bumble_backend
from firmware_bridge.virtual.links.ble.air import AirLink, LocalTransport
from firmware_bridge.virtual.links.ble.insole import BleInsole
from tests.benchmarks.ble_bench import LEFT, RIGHT, ended
from tests.conftest import absent
from tests.firmware_bridge.sources.ble.test_feet import ASKED, READ
from tests.stand_ins.fake_bluez import FakeBlueZ, forget_bus, private_bus
from tests.walkers.steady import PROFILES, SteadyFoot

WITHIN_S = 8.0
DEMO = PROFILES["demo-16"]


@pytest.fixture(autouse=True)
def on_linux() -> None:
    if sys.platform != "linux":
        pytest.skip("BlueZ is Linux's")
    if shutil.which("dbus-daemon") is None:
        absent("dbus-daemon (Debian's dbus-daemon, or dbus)")


@dataclass
class Rig:
    """Two insoles, a BlueZ that hears them, and what the program hears of it."""

    insoles: dict[Side, BleInsole]
    bluez: FakeBlueZ
    radio: bumble_backend._Radio
    address: str
    group: asyncio.TaskGroup
    bus: AsyncExitStack

    def __post_init__(self) -> None:
        self.heard: dict[Side, list[Packet]] = {LEFT: [], RIGHT: []}
        self.losses: dict[Side, list[str]] = {LEFT: [], RIGHT: []}

    def listen(self, profile: Profile = DEMO) -> None:
        for side in Side:
            self.group.create_task(self._keep_open(Insole("anna", side, profile, "ble:")))

    async def _keep_open(self, insole: Insole) -> None:
        while True:
            try:
                async with open_source("ble:?stall=0.5&timeout=3", insole, SystemClock()) as packets:
                    async for packet in packets:
                        self.heard[insole.side] += [packet] if packet.data else []
            except Unavailable as error:
                self.losses[insole.side].append(str(error))
                await asyncio.sleep(0.1)

    async def streaming(self, *sides: Side) -> None:
        """Wait until new packets come of these feet."""
        wanted = {side: len(self.heard[side]) + 5 for side in sides}
        await until(lambda: all(len(self.heard[side]) >= count for side, count in wanted.items()))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - of other programs
            await asyncio.sleep(0.02)


@asynccontextmanager
async def rig(monkeypatch: pytest.MonkeyPatch, profile: Profile = DEMO, *, powered: bool = True) -> AsyncIterator[Rig]:
    air = AirLink(interval_s=0.0075, supervision_s=0.3)

    async def local(_: str) -> LocalTransport:
        return LocalTransport(air)

    monkeypatch.setattr(bumble_backend, "open_transport", local)
    insoles = {side: BleInsole(air, Firmware(SteadyFoot(side, profile), "ble", SystemClock())) for side in Side}
    async with AsyncExitStack() as bus, ended(asyncio.TaskGroup()) as daemons:
        radio = await bus.enter_async_context(bumble_backend.open_radio("bluez"))
        for insole in insoles.values():
            daemons.create_task(insole.run())
        address = await bus.enter_async_context(private_bus())
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        bluez = await FakeBlueZ(radio, daemons).start(address, powered=powered)
        async with ended(asyncio.TaskGroup()) as group:
            yield Rig(insoles, bluez, radio, address, group, bus)
        await forget_bus()


@pytest.mark.parametrize("profile", [DEMO, READ, ASKED], ids=["by name", "read", "asked"])
async def test_both_feet_are_found_connected_and_stream(monkeypatch: pytest.MonkeyPatch, profile: Profile) -> None:
    async with rig(monkeypatch, profile) as bench:
        bench.listen(profile)
        await bench.streaming(*Side)
        assert bench.losses == {LEFT: [], RIGHT: []}
        for side in Side:
            assert len(bench.insoles[side]._device.connections) == 1
        await bench.bluez.stop()


async def test_hanging_up_and_range_are_losses_that_heal_beside_the_other_foot(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig(monkeypatch) as bench:
        bench.listen()
        await bench.streaming(*Side)
        bench.insoles[LEFT].faults["kick"]()
        await until(lambda: len(bench.losses[LEFT]) == 1)
        await bench.streaming(LEFT)
        bench.insoles[RIGHT].faults["out"]()
        await until(lambda: len(bench.losses[RIGHT]) == 1)
        bench.insoles[RIGHT].faults["back"]()
        await bench.streaming(*Side)
        assert not any("InProgress" in loss for losses in bench.losses.values() for loss in losses)
        await bench.bluez.stop()


@pytest.mark.parametrize("crash", [False, True], ids=["orderly", "crashed"])
async def test_bluetoothd_may_be_restarted(monkeypatch: pytest.MonkeyPatch, crash: bool) -> None:
    async with rig(monkeypatch) as bench:
        bench.listen()
        await bench.streaming(*Side)
        await bench.bluez.stop(crash=crash)
        await until(lambda: all(bench.losses.values()))
        bluez = await FakeBlueZ(bench.radio, bench.group).start(bench.address)
        await bench.streaming(*Side)
        await bluez.stop()


async def test_the_death_of_the_bus_is_a_loss_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig(monkeypatch) as bench:
        bench.listen()
        await bench.streaming(*Side)
        await bench.bus.aclose()
        await until(lambda: all("Bluetooth service" in "".join(losses) for losses in bench.losses.values()))


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("org.freedesktop.DBus.Error.AccessDenied", "add yourself to the group bluetooth"),
        ("org.bluez.Error.InProgress", "another program is using the adapter"),
    ],
)
async def test_what_bluez_refuses_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, error: str, remedy: str
) -> None:
    async with rig(monkeypatch) as bench:
        bench.bluez.refusing["StartDiscovery"] = error
        with pytest.raises(Unavailable, match=remedy):
            async with open_source("ble:?timeout=2", Insole("anna", LEFT, DEMO, "ble:"), SystemClock()):
                pass
        await bench.bluez.stop()


async def test_bluetooth_that_is_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig(monkeypatch, powered=False) as bench:
        found = await find_devices(seconds=0.5)
        assert "Bluetooth is off: switch it on" in str(found[-1])
        await bench.bluez.stop()


async def test_a_scan_names_the_url_of_each_foot(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig(monkeypatch) as bench:
        found = [one for one in await find_devices(seconds=1) if isinstance(one, Candidate) and one.link == "ble"]
        assert {(one.url, one.profiles, one.side) for one in found} == {
            ("ble:Insole demo L", ("demo-16",), LEFT),
            ("ble:Insole demo R", ("demo-16",), RIGHT),
        }
        await bench.bluez.stop()
