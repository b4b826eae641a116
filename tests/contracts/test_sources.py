"""What every source keeps to, whatever its link."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware_bridge.clock import SystemClock
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import Packet, Side
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.virtual.insole.firmware import Firmware
from firmware_bridge.virtual.links.ble import bumble_backend
from firmware_bridge.virtual.links.ble.air import AirLink, LocalTransport
from firmware_bridge.virtual.links.ble.insole import BleInsole
from firmware_bridge.virtual.links.serial import SerialInsole
from firmware_bridge.virtual.links.udp import UdpSender
from tests.walkers.steady import PROFILES, SteadyFoot, insole


@dataclass
class Rig:
    """A device and the URL at which it is reached; what happens to it is None where it cannot happen."""

    url: str
    link: str = "ble"
    hang: Callable[[], object] | None = None
    lose: Callable[[], Awaitable[None] | None] | None = None
    come_back: Callable[[], Awaitable[None] | None] | None = None


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
async def _file(tmp_path: Path, _: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    lines = "".join(f"{10**18 + k // 2 * 1000} {k % 256:02x}\n" for k in range(3000))
    tape = f"#insole-packets v1 link=serial profile=demo-16 side=left\n{lines}"
    await asyncio.to_thread((tmp_path / "tape").write_text, tape)
    yield Rig(f"file:{tmp_path / 'tape'}", link="serial")


@asynccontextmanager
async def _serial(tmp_path: Path, _: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    device = SerialInsole(Firmware(SteadyFoot(), "serial", SystemClock()), tmp_path / "port")
    await device.plug()
    async with _running(device):
        yield Rig(f"serial:{tmp_path / 'port'}", "serial", device.hang, device.unplug, device.plug)


@asynccontextmanager
async def _ble(_: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    air = AirLink(interval_s=0.002, supervision_s=0.1)

    async def local(_: str) -> LocalTransport:
        return LocalTransport(air)

    monkeypatch.setattr(bumble_backend, "open_transport", local)
    device = BleInsole(air, Firmware(SteadyFoot(), "ble", SystemClock()))
    faults = device.faults
    async with _running(device):
        yield Rig("ble:?backend=bumble:test&timeout=2", "ble", faults["hang"], faults["out"], faults["back"])


@asynccontextmanager
async def _udp(_: Path, __: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sender = UdpSender([SteadyFoot(side, PROFILES["moticon-udp"]) for side in Side], SystemClock())
    task = asyncio.create_task(sender.run("127.0.0.1", port))

    def hang() -> None:
        for firmware in sender.firmwares:
            firmware.hung = True

    try:
        yield Rig(f"udp:{port}", "udp", hang)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _virtual(_: Path, __: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    yield Rig("virtual:?faults=off&activity=walking")


Make = Callable[[Path, pytest.MonkeyPatch], AbstractAsyncContextManager[Rig]]
ALL: dict[str, Make] = {"file": _file, "serial": _serial, "ble": _ble, "udp": _udp, "virtual": _virtual}
each = pytest.mark.parametrize("make", ALL.values(), ids=ALL)
each_live = pytest.mark.parametrize("make", [_serial, _ble, _udp], ids=["serial", "ble", "udp"])
each_that_can_be_lost = pytest.mark.parametrize("make", [_serial, _ble], ids=["serial", "ble"])


async def _take(packets: AsyncIterator[Packet], n: int) -> list[Packet]:
    return [await anext(packets) for _ in range(n)]


async def _drain(packets: AsyncIterator[Packet]) -> None:
    async for _ in packets:
        pass


async def _call(fault: Callable[[], object] | None) -> None:
    assert fault is not None
    done = fault()
    if isinstance(done, Awaitable):
        await done


@each
async def test_packets_come_in_order_of_time(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        assert link_of(rig.url) == rig.link
        async with open_source(rig.url, insole(), SystemClock()) as packets:
            got = await _take(packets, 12)
    assert all(type(packet) is Packet and type(packet.time) is int for packet in got)
    assert all(type(packet.data) is bytes for packet in got)
    assert any(packet.data for packet in got)
    times = [packet.time for packet in got]
    assert times == sorted(times)


@each
async def test_an_unknown_option_is_named(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        url = f"{rig.url}{'&' if '?' in rig.url else '?'}bad=1"
        with pytest.raises(ConfigError, match="'bad'"):
            async with open_source(url, insole(), SystemClock()):
                pass


@each
async def test_what_is_recorded_is_what_came(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = tmp_path / "copy.packets"
    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        url = f"{rig.url}{'&' if '?' in rig.url else '?'}record={tape}"
        async with open_source(url, insole(), SystemClock()) as packets:
            came = [packet for packet in await _take(packets, 20) if packet.data]
    assert link_of(f"file:{tape}") == rig.link
    async with open_source(f"file:{tape}", insole(), SystemClock()) as packets:
        assert [packet async for packet in packets] == came


@each
async def test_closing_leaves_nothing_behind(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        await asyncio.sleep(0)
        before = asyncio.all_tasks()
        for _ in range(2):  # which works only if the first one let go of the device
            async with open_source(rig.url, insole(), SystemClock()) as packets:
                await _take(packets, 2)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("serial")]
        mine = {task for task in asyncio.all_tasks() - before if "firmware_bridge/sources" in repr(task)}
        assert mine == set()


@each_live
async def test_cancelling_ends_a_wait_for_packets(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen(url: str) -> None:
        async with open_source(url, insole(), SystemClock()) as packets:
            opened.set()
            await _drain(packets)

    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        opened = asyncio.Event()
        task = asyncio.create_task(listen(rig.url))
        await opened.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@each_live
async def test_silence_is_heard(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        async with open_source(rig.url, insole(), SystemClock()) as packets:
            while not (await anext(packets)).data:
                pass
            await _call(rig.hang)
            got = await _take(packets, 12)
        assert [packet.data for packet in got[-5:]] == [b""] * 5
        assert all(0 < b.time - a.time < 10**9 for a, b in zip(got[-5:-1], got[-4:], strict=True))


@each_that_can_be_lost
async def test_a_loss_is_unavailable_and_opening_again_works(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asyncio.timeout(20), make(tmp_path, monkeypatch) as rig:
        async with open_source(rig.url, insole(), SystemClock()) as packets:
            await _take(packets, 3)
            await _call(rig.lose)
            with pytest.raises(Unavailable) as loss:
                await _drain(packets)
            assert loss.value.advice
        with pytest.raises(Unavailable):
            async with open_source(rig.url, insole(), SystemClock()):
                pass
        await _call(rig.come_back)
        async with open_source(rig.url, insole(), SystemClock()) as packets:
            while not (await anext(packets)).data:
                pass


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


def test_a_link_of_others_may_say_its_framing(monkeypatch: pytest.MonkeyPatch) -> None:
    def opener() -> None: ...

    class Table:
        def load(self, name: str) -> object:
            assert name == "udp"
            return opener

    monkeypatch.setattr("firmware_bridge.sources.SOURCES", Table())
    assert link_of("udp:5000") == "ble"
    opener.link = "serial"  # type: ignore[attr-defined]
    assert link_of("udp:5000") == "serial"


async def test_the_wrong_side_of_a_recording_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _file(tmp_path, monkeypatch) as rig:
        with pytest.raises(ConfigError, match="left, but it is set as demo-16, right"):
            async with open_source(rig.url, insole(Side.RIGHT), SystemClock()):
                pass
