"""Bluetooth insoles, through bleak, on virtual controllers; minutes of link trouble on a warped clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner

from firmware_bridge.clock import SystemClock
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.link_setup import Write
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import SECOND, Packet, Side
from firmware_bridge.sources import open_source
from firmware_bridge.sources.ble.source import scan_air
from firmware_bridge.virtual.links.ble.insole import serve_ble
from tests.benchmarks.ble_bench import LEFT, RIGHT, URL, Bench, ended, run_on_bench
from tests.walkers.steady import SteadyFoot, insole


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return partial(run_on_bench, monkeypatch)


def _decoded(packets: list[Packet]) -> tuple[int, Decoder]:
    decoder = Decoder(insole(), "ble")
    frames = decoder.whole(packets)
    return (0 if frames is None else len(frames)), decoder


def test_both_feet_are_found_by_their_names_and_stream_without_loss(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT, RIGHT)
        await bench.until(lambda: len(bench.data(LEFT)) > 100 and len(bench.data(RIGHT)) > 100)
        for side in Side:
            samples, decoder = _decoded(bench.data(side))
            assert samples == 4 * len(bench.data(side))
            assert (decoder.counts.lost, decoder.counts.corrupt) == (0, 0)
            times = [packet.time for packet in bench.heard[side]]
            assert times == sorted(times)
        assert bench.losses == {LEFT: [], RIGHT: []}
        assert all(device.dropped == 0 for device in bench.insoles.values())

    bench(story)


def test_lost_radio_events_delay_but_lose_nothing(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT)
        await bench.until(lambda: len(bench.data(LEFT)) > 300)
        samples, decoder = _decoded(bench.data(LEFT))
        assert samples == 4 * len(bench.data(LEFT))
        assert decoder.counts.lost == 0
        times = [packet.time for packet in bench.data(LEFT)]
        gaps = [b - a for a, b in pairwise(times)]
        assert max(gaps) > 1.3 * SECOND * 0.04  # it did have an effect
        assert bench.insoles[LEFT].dropped == 0

    bench(story, lost_events=0.3, supervision_s=4.0)


def test_out_of_range_is_a_loss_and_back_in_range_is_found_again(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT, RIGHT)
        await bench.until(lambda: all(bench.sessions.values()))
        await asyncio.sleep(2)
        bench.fault("out", RIGHT)
        gone = bench.clock.now()
        await asyncio.sleep(60)
        assert bench.sessions == {LEFT: 1, RIGHT: 1}
        assert "the right insole was lost (out of range" in bench.losses[RIGHT][0]
        assert "was not found in 10 s (not advertising;" in bench.losses[RIGHT][-1]
        bench.fault("back", RIGHT)
        back = bench.clock.now()
        await bench.until(lambda: bench.sessions[RIGHT] == 2, 30)
        await asyncio.sleep(2)
        assert bench.losses[LEFT] == []
        heard = bench.data(RIGHT)
        assert not [packet for packet in heard if gone + SECOND < packet.time < back]
        assert heard[-1].time > back
        for side in Side:
            assert _decoded(bench.data(side))[1].counts.corrupt == 0

    bench(story)


def test_a_short_absence_is_survived(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT)
        await bench.until(lambda: bench.sessions[LEFT] == 1)
        await asyncio.sleep(1)
        bench.fault("out", LEFT)
        await asyncio.sleep(0.2)
        bench.fault("back", LEFT)
        await asyncio.sleep(5)
        assert bench.losses[LEFT] == []
        assert _decoded(bench.data(LEFT))[1].counts.lost == 0

    bench(story)


def test_a_firmware_that_hangs_is_noticed_by_the_watchdog(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT, url=f"{URL}&stall=1.5")
        await bench.until(lambda: len(bench.data(LEFT)) > 10)
        bench.fault("hang", LEFT)
        hung = bench.clock.now()
        await bench.until(lambda: bench.losses[LEFT] != [])
        assert bench.losses[LEFT][0].startswith("no data for 1.5 s")
        assert bench.clock.now() - hung < 2 * SECOND
        silence = [packet for packet in bench.heard[LEFT] if packet.time > hung + SECOND // 4]
        assert len(silence) >= 10
        assert {packet.data for packet in silence} == {b""}
        bench.fault("reboot", LEFT)
        count = len(bench.data(LEFT))
        await bench.until(lambda: len(bench.data(LEFT)) > count + 10)

    bench(story)


def test_a_reboot_and_a_hang_up_are_losses_that_heal(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT)
        for session, verb in ((1, "kick"), (2, "reboot")):
            await bench.until(lambda session=session: bench.sessions[LEFT] == session)  # type: ignore[misc]
            await asyncio.sleep(1)
            bench.fault(verb, LEFT)
            await bench.until(lambda session=session: len(bench.losses[LEFT]) == session)  # type: ignore[misc]
        await bench.until(lambda: bench.sessions[LEFT] == 3)
        assert all("was lost" in loss for loss in bench.losses[LEFT])

    bench(story)


def test_closing_stops_the_stream_and_hangs_up_so_that_it_can_be_opened_again(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        device = bench.insoles[LEFT]
        for _ in range(3):
            async with open_source(URL, insole(LEFT), bench.clock) as packets:
                while not (await anext(packets)).data:
                    pass
            sent = device.sent
            await asyncio.sleep(1)
            assert device.sent == sent
            assert not device._device.connections

    bench(story)


def test_start_and_stop_steps_are_written_as_the_profile_says(
    bench: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, bytes]] = []
    write = BleakClient.write_gatt_char

    async def noted(client: BleakClient, characteristic: Any, data: Any, response: bool | None = None) -> None:
        written.append((str(characteristic), bytes(data)))
        await write(client, characteristic, data, response)

    async def story(bench: Bench) -> None:
        monkeypatch.setattr(BleakClient, "write_gatt_char", noted)
        async with open_source(URL, insole(LEFT), bench.clock) as packets:
            await anext(packets)
        link = bench.insoles[LEFT].link
        steps = [step for step in (*link.start, *link.stop) if isinstance(step, Write)]
        assert written == [(step.characteristic, step.data) for step in steps]
        assert len(written) == 2

    bench(story)


def test_an_insole_is_found_by_name_and_by_address(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        for url in (
            "ble:Insole demo R?backend=bumble:test",
            "ble:?name=Insole%20demo%20R&backend=bumble:test",
            "ble:?address=c4:00:00:00:00:02&backend=bumble:test",
        ):
            async with open_source(url, insole(RIGHT), bench.clock) as packets:
                await anext(packets)
                assert list(bench.insoles[RIGHT]._device.connections)
                assert not bench.insoles[LEFT]._device.connections

    bench(story)


def test_a_scan_sees_what_advertises(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.fault("out", RIGHT)
        seen = await scan_air(URL, 3)
        assert [(one.name, one.address) for one in seen] == [("Insole demo L", "C4:00:00:00:00:01")]
        assert seen[0].services == (bench.insoles[LEFT].link.service,)

    bench(story)


def test_one_that_is_not_there_is_unavailable_and_the_other_is_never_taken_for_it(bench: Callable[..., None]) -> None:
    async def story(bench: Bench) -> None:
        bench.fault("out", LEFT)
        with pytest.raises(Unavailable, match=r"the left insole was not found in 3 s \(not advertising;"):
            await _open(f"{URL}&timeout=3", bench)
        with pytest.raises(Unavailable, match="Insole X was not found"):
            await _open("ble:Insole X?backend=bumble:test&timeout=3", bench)

    bench(story)


def test_one_that_vanishes_between_scan_and_connection_is_unavailable(
    bench: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(bench: Bench) -> None:
        find = BleakScanner.find_device_by_filter

        async def find_and_lose(*arguments: Any, **options: Any) -> Any:
            device = await find(*arguments, **options)
            bench.fault("out", LEFT)
            return device

        monkeypatch.setattr(BleakScanner, "find_device_by_filter", find_and_lose)
        with pytest.raises(Unavailable, match="the left insole cannot be connected: no answer"):
            await _open(f"{URL}&timeout=3", bench)
        monkeypatch.setattr(BleakScanner, "find_device_by_filter", find)
        bench.fault("back", LEFT)
        await _open(URL, bench)

    bench(story)


def test_finding_and_connecting_is_one_at_a_time(bench: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        busy, most = 0, 0
        find = BleakScanner.find_device_by_filter

        async def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            try:
                return await find(*arguments, **options)
            finally:
                busy -= 1

        monkeypatch.setattr(BleakScanner, "find_device_by_filter", counted)
        bench.listen(LEFT, RIGHT)
        await bench.until(lambda: all(bench.sessions.values()))
        assert most == 1

    bench(story)


async def _open(url: str, bench: Bench) -> None:
    async with open_source(url, insole(LEFT), bench.clock) as packets:
        await anext(packets)


async def test_served_insoles_are_reached_over_tcp_and_fail_when_told_to() -> None:
    said: list[str] = []
    ready = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("control"):
            ready.set()

    feet = [SteadyFoot(side) for side in Side]
    async with asyncio.timeout(8), ended(asyncio.TaskGroup()) as group:
        served = group.create_task(serve_ble(feet, say=say))
        await ready.wait()
        host, _, port = said[1].removeprefix("control: ").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for _session in range(2):
            async with (
                open_source(said[0], insole(LEFT), SystemClock()) as left,
                open_source(said[0], insole(RIGHT), SystemClock()) as right,
            ):
                heard = [packet for _ in range(20) for packet in (await anext(left), await anext(right))]
                assert any(packet.data for packet in heard)
                writer.write(b"kick left\n")
                assert await reader.readline() == b"ok\n"
                with pytest.raises(Unavailable, match="left insole was lost"):
                    await _drain(left)
                assert (await anext(right)) is not None
        async with open_source(said[0], insole(LEFT), SystemClock()) as left:
            writer.close()
            served.cancel()
            with pytest.raises(Unavailable):
                await _drain(left)


async def _drain(packets: AsyncIterator[Packet]) -> None:
    async for _ in packets:
        pass
