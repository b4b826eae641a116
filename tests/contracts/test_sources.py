"""The built-in sources keep to what every source keeps to, and a URL that is none is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest

from firmware_bridge.clock import SystemClock
from firmware_bridge.contracts.sources import LiveSourceContract, LosableSourceContract, Rig, SourceContract
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Side
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.virtual.insole.firmware import Firmware
from firmware_bridge.virtual.links.ble import bumble_backend
from firmware_bridge.virtual.links.ble.air import AirLink, LocalTransport
from firmware_bridge.virtual.links.ble.insole import BleInsole
from firmware_bridge.virtual.links.serial import SerialInsole
from firmware_bridge.virtual.links.udp import UdpSender
from tests.walkers.steady import PROFILES, SteadyFoot, insole


@asynccontextmanager
async def _running(device: BleInsole | SerialInsole) -> AsyncIterator[None]:
    task = asyncio.create_task(device.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _file(tmp_path: Path) -> AsyncIterator[Rig]:
    lines = "".join(f"{10**18 + k // 2 * 1000} {k % 256:02x}\n" for k in range(3000))
    tape = f"#insole-packets v1 link=serial profile=demo-16 side=left\n{lines}"
    await asyncio.to_thread((tmp_path / "tape").write_text, tape)
    yield Rig(f"file:{tmp_path / 'tape'}", insole(), link="serial")


@asynccontextmanager
async def _serial(tmp_path: Path) -> AsyncIterator[Rig]:
    device = SerialInsole(Firmware(SteadyFoot(), "serial", SystemClock()), tmp_path / "port")
    await device.plug()
    async with _running(device):
        yield Rig(f"serial:{tmp_path / 'port'}", insole(), "serial", device.hang, device.unplug, device.plug)


@asynccontextmanager
async def _ble(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    air = AirLink(interval_s=0.002, supervision_s=0.1)

    async def local(_: str) -> LocalTransport:
        return LocalTransport(air)

    monkeypatch.setattr(bumble_backend, "open_transport", local)
    device = BleInsole(air, Firmware(SteadyFoot(), "ble", SystemClock()))
    faults = device.faults
    async with _running(device):
        yield Rig("ble:?backend=bumble:test&timeout=2", insole(), "ble", faults["hang"], faults["out"], faults["back"])


@asynccontextmanager
async def _udp() -> AsyncIterator[Rig]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sender = UdpSender([SteadyFoot(side, PROFILES["moticon-udp"]) for side in Side], SystemClock())
    task = asyncio.create_task(sender.run("127.0.0.1", port))

    def hang() -> None:
        for firmware in sender.firmwares:
            firmware.hung = True

    try:
        yield Rig(f"udp:{port}", insole(), "udp", hang)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _virtual() -> AsyncIterator[Rig]:
    yield Rig("virtual:?faults=off&activity=walking", insole())


class TestFile(SourceContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> AbstractAsyncContextManager[Rig]:
        return _file(tmp_path)


class TestSerial(LosableSourceContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> AbstractAsyncContextManager[Rig]:
        return _serial(tmp_path)


class TestBle(LosableSourceContract):
    @pytest.fixture
    def rig(self, monkeypatch: pytest.MonkeyPatch) -> AbstractAsyncContextManager[Rig]:
        return _ble(monkeypatch)


class TestUdp(LiveSourceContract):
    @pytest.fixture
    def rig(self) -> AbstractAsyncContextManager[Rig]:
        return _udp()


class TestVirtual(SourceContract):
    @pytest.fixture
    def rig(self) -> AbstractAsyncContextManager[Rig]:
        return _virtual()


def test_every_built_in_link_has_a_rig() -> None:
    rigs = {name.removeprefix("Test").lower() for name in globals() if name.startswith("Test")}
    assert set(SOURCES.builtin) <= rigs


@pytest.mark.parametrize("url", ["carrier-pigeon:", "tty:/dev/x"])
async def test_an_unknown_link_is_told_with_those_that_exist(url: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown link .* there are: .*ble, file, serial"):
        async with open_source(url, insole(), SystemClock()):
            pass
    with pytest.raises(ConfigError, match="unknown link"):
        await asyncio.to_thread(link_of, url)


@pytest.mark.parametrize("url", ["", "ble", ":x", "/dev/ttyACM0"])
async def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="is no link"):
        async with open_source(url, insole(), SystemClock()):
            pass


@pytest.mark.parametrize("pace", ["fast", "-1", "nan", "inf", ""])
async def test_a_pace_is_a_number(pace: str) -> None:
    with pytest.raises(ConfigError, match="pace="):
        async with open_source(f"virtual:?pace={pace}", insole(), SystemClock()):
            pass


async def test_what_is_no_link_is_told_although_it_is_installed_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES.builtin, "smoke", "firmware_bridge.sources.udp:open_udp")
    with pytest.raises(ConfigError, match=r"^'smoke:5000': what is installed as 'smoke' is no Source, but <function"):
        async with open_source("smoke:5000", insole(), SystemClock()):
            pass


async def test_the_wrong_side_of_a_recording_is_told(tmp_path: Path) -> None:
    async with _file(tmp_path) as rig:
        with pytest.raises(ConfigError, match="left, but it is set as demo-16, right"):
            async with open_source(rig.url, insole(Side.RIGHT), SystemClock()):
                pass
