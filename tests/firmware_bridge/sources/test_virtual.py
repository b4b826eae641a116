"""`virtual:` as the bridge sees it: options, pacing by the clock, two feet of one walk, silence and loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import load_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Frames, Packet, Side
from firmware_bridge.sources import open_source
from firmware_bridge.sources.address import Address
from firmware_bridge.sources.virtual import story_of
from firmware_bridge.virtual.gait.ground_truth import truth
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.pair import ABREAST, SharedWalk, join
from tests.stand_ins.manual_clock import ManualClock
from tests.walkers.walks import START, Gait, plain_story, walk_by_radio

NOW = 1_750_000_000 * SECOND


PROFILES = {name: load_profile(name) for name in ("demo-16", "insole-line", "gaitpdb-8")}


def insole(side: Side, wearer: str, profile: str = "demo-16") -> Insole:
    return Insole(wearer, side, PROFILES[profile], "virtual:")


async def take(url: str, worn: Insole, clock: ManualClock, until: int) -> list[Packet]:
    """Collect packets before `until`; the clock stands, so everything has to come flat out."""
    got = []
    async with open_source(url, worn, clock) as packets:
        async for packet in packets:
            if packet.time >= until:
                break
            got.append(packet)
    return got


@asynccontextmanager
async def running(clock: ManualClock, step_s: float = 0.02) -> AsyncIterator[None]:
    async def run() -> None:
        while True:
            await clock.advance(step_s)

    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(run())
        try:
            yield
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking


def decoded(worn: Insole, packets: list[Packet]) -> tuple[Frames, Decoder]:
    decoder = Decoder(worn)
    frames = decoder.whole(packets)
    assert frames is not None
    return frames, decoder


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("gait=hopping", "gait=hopping is unknown; there are: normal, limping, pronated"),
        ("activity=swimming", "running, walking"),
        ("story=long", "none, demo"),
        ("faults=1", "on, off"),
        ("seed=-1", "whole number"),
        ("seed=x", "whole number"),
        ("mass=5", "from 20 to 250"),
        ("mass=heavy", "from 20 to 250"),
        ("speed=nan", "from 0.3 to 8"),
        ("si=99", "from -40 to 40"),
        ("pronation=9", "from -4 to 4"),
        ("start=yesterday", "2025-06-01T07:30:00Z"),
        ("stride=1", "unknown option 'stride'"),
    ],
)
async def test_wrong_options_are_named(query: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"virtual:") as caught:
        async with open_source(f"virtual:?{query}", insole(Side.LEFT, "wrong"), ManualClock(NOW)):
            pass
    assert says in str(caught.value)


async def test_a_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="no place"):
        async with open_source("virtual:limping", insole(Side.LEFT, "wrong"), ManualClock(NOW)):
            pass


def test_options_make_the_story() -> None:
    def story(query: str) -> list[float]:
        gait = story_of(Address.parse(f"virtual:?{query}"), NOW).sessions[-1].gait
        return [gait.mass, gait.pace, gait.si.end, gait.left_pronation.end, gait.right_pronation.end]

    assert story("") == [70, 2.7, 0, 0, 0]
    assert story("mass=55&speed=3.5&si=-4&pronation=1") == [55, 3.5, -4, 1, 1]
    assert story("activity=walking")[1] == 1.3
    assert story("gait=pronated")[3:] == [2, 2]
    assert story("story=demo&si=5&mass=60")[:3:2] == [60, 5]


async def test_the_past_comes_flat_out_and_the_samples_are_those_of_the_walk() -> None:
    clock = ManualClock(NOW)
    worn = insole(Side.LEFT, "past")
    url = f"virtual:?start={NOW - 60 * SECOND}&faults=off&seed=3"
    packets = await take(url, worn, clock, NOW - SECOND)
    frames, decoder = decoded(worn, packets)
    story = story_of(Address.parse(url), NOW - 60 * SECOND)
    true = VirtualFoot(worn.profile, worn.side, story).samples(NOW - 60 * SECOND, NOW)
    assert len(frames) > 5800
    assert decoder.counts.lost == decoder.counts.corrupt == 0
    assert np.abs(frames.pressure - true.pressure[: len(frames)]).max() < 0.1
    shift = frames.time - true.time[: len(frames)]
    assert shift.min() >= -1_000_000
    assert shift.max() < 60_000_000


async def test_an_iso_start_is_the_same_as_nanoseconds() -> None:
    clock = ManualClock(NOW)
    iso = await take("virtual:?start=2025-06-15T15:06:00Z", insole(Side.LEFT, "iso"), clock, NOW - 30 * SECOND)
    ns = await take(f"virtual:?start={NOW - 40 * SECOND}", insole(Side.LEFT, "ns"), clock, NOW - 30 * SECOND)
    assert iso == ns
    assert len(ns) > 200


async def test_live_packets_wait_for_their_time_and_silence_beats() -> None:
    clock = ManualClock(NOW)
    beats, data, last = 0, 0, NOW
    async with running(clock), open_source("virtual:?faults=off", insole(Side.RIGHT, "live"), clock) as packets:
        async for packet in packets:
            assert last <= packet.time <= clock.now() + 1
            assert packet.time - last <= 150_000_000
            assert clock.now() - packet.time <= 50_000_000
            last = packet.time
            beats, data = beats + (not packet.data), data + bool(packet.data)
            if packet.time > NOW + 5 * SECOND:
                break
    assert data == pytest.approx(124, abs=3)


async def test_a_lost_link_is_silence_with_a_beat_every_tenth_of_a_second() -> None:
    clock = ManualClock(NOW)
    silent = longest = 0
    url = "virtual:?seed=7"
    worn = insole(Side.LEFT, "silent")
    async with running(clock, 0.1), open_source(url, worn, clock) as packets:
        async for packet in packets:
            silent = 0 if packet.data else silent + 1
            longest = max(longest, silent)
            if packet.time > NOW + 1800 * SECOND:
                break
    assert 20 <= longest <= 85


async def test_late_opening_of_a_live_insole_gives_no_past() -> None:
    clock = ManualClock(NOW)
    async with open_source("virtual:", insole(Side.LEFT, "late"), clock) as left:
        asking = asyncio.ensure_future(anext(left))
        await clock.advance(30)
        await asking
        async with running(clock), open_source("virtual:", insole(Side.RIGHT, "late"), clock) as right:
            assert (await anext(right)).time >= NOW + 30 * SECOND


@pytest.mark.parametrize("telling", ["limping", "normal"])
async def test_the_demo_is_told_in_order_and_both_feet_abreast(telling: str) -> None:
    clock = ManualClock(NOW)
    url = f"virtual:?story=demo&gait={telling}&seed=2"
    told: dict[Side, int] = {}
    apart = []

    async def listen(side: Side) -> list[Packet]:
        got: list[Packet] = []
        async with open_source(url, insole(side, "both"), clock) as packets:
            async for packet in packets:
                if packet.time >= NOW - 10 * SECOND:
                    break
                got.append(packet)
                told[side] = packet.time
                if len(told) == 2 and len(got) % 10 == 0:
                    apart.append(told[Side.LEFT] - told[Side.RIGHT])
        return got

    left, right = await asyncio.gather(*(listen(side) for side in Side))
    for packets in (left, right):
        times = np.array([p.time for p in packets])
        assert (np.diff(times) >= 0).all()
        assert (np.diff(times) > 3600 * SECOND).sum() == 5
        assert len(packets) == pytest.approx(25 * (5 * 616 + 710), rel=0.05)
    assert np.quantile(np.abs(apart), 0.99) < 10 * SECOND  # a lost link of one foot
    assert np.median(np.abs(apart)) <= 2 * ABREAST


async def test_both_feet_decode_to_one_walk_at_its_true_times() -> None:
    clock = ManualClock(NOW)
    start = NOW - 130 * SECOND
    url = f"virtual:?start={start}&seed=4&si=8&faults=off"
    told = truth(story_of(Address.parse(url), start), start, NOW)
    for side in Side:
        worn = insole(side, "one")
        frames, _ = decoded(worn, await take(url, worn, clock, NOW - SECOND))
        force = frames.pressure @ worn.profile.sensors.area_mm2 * 1e-3
        up = np.flatnonzero((force[1:] > 20) & (force[:-1] <= 20)) + 1
        true = told.of(side).contact
        true = true[true < frames.time[-1]]
        assert len(up) == len(true)
        assert np.abs(frames.time[up] - true).max() < 40_000_000


async def test_ordinary_faults_are_counted_by_the_decoder() -> None:
    clock = ManualClock(NOW)
    worn = insole(Side.RIGHT, "faulty")
    _, decoder = decoded(worn, await take(f"virtual:?start={NOW - 1900 * SECOND}&seed=1", worn, clock, NOW - SECOND))
    counts = decoder.counts
    assert counts.corrupt == 0
    assert 0.003 < counts.lost / (counts.lost + counts.received) < 0.06
    assert 80 < decoder.battery_pct < 100


def test_a_story_by_radio_is_the_walk_with_holes() -> None:
    story = plain_story(Gait(seconds=120), START, 3, faults=True)
    left, right, told = walk_by_radio(story, START + 120 * SECOND)
    area = PROFILES["demo-16"].sensors.area_mm2
    for frames, steps in ((left, told.left), (right, told.right)):
        time = np.concatenate([f.time for f in frames])
        force = np.concatenate([f.pressure for f in frames]) @ area * 1e-3
        assert 0.9 < len(time) / 12_000 <= 1
        up = time[1:][(force[1:] > 150) & (force[:-1] <= 150)]
        nearest = np.abs(up[:, None] - steps.contact[None, :]).min(axis=1)
        assert np.median(nearest) < 60_000_000


async def test_one_who_listens_alone_is_not_held_back() -> None:
    clock = ManualClock(NOW)
    url = f"virtual:?start={NOW - 20 * SECOND}"
    async with open_source(url, insole(Side.LEFT, "alone"), clock):  # open, but nobody listens
        assert len(await take(url, insole(Side.RIGHT, "alone"), clock, NOW - SECOND)) > 400


async def test_a_foot_that_stands_still_is_waited_for_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.virtual.insole.pair._PATIENCE_S", 0.0)
    pair = SharedWalk(NOW)
    pair.advance(Side.LEFT, NOW)
    pair.advance(Side.RIGHT, NOW + SECOND)
    await pair.abreast(Side.RIGHT)
    monkeypatch.setattr("firmware_bridge.virtual.insole.pair._PATIENCE_S", 1e6)
    await pair.abreast(Side.RIGHT)
    pair.advance(Side.LEFT, NOW + 1)
    waiting = asyncio.ensure_future(pair.abreast(Side.RIGHT))
    await asyncio.sleep(0)
    assert not waiting.done()
    pair.leave(Side.LEFT)
    await waiting


def test_insoles_opened_within_ten_seconds_are_a_pair() -> None:
    pair = join("some walk", NOW)
    assert join("some walk", NOW + 9 * SECOND) is pair
    assert join("some walk", NOW + 11 * SECOND) is not pair
    assert join("other walk", NOW) is not pair


async def test_a_text_profile_speaks_too() -> None:
    clock = ManualClock(NOW)
    worn = insole(Side.LEFT, "text", "insole-line")
    start = NOW - 20 * SECOND
    packets = await take(f"virtual:?start={start}&faults=off", worn, clock, NOW - SECOND)
    frames, decoder = decoded(worn, packets)
    story = story_of(Address.parse("virtual:?faults=off"), start)
    true = VirtualFoot(worn.profile, worn.side, story).samples(start, NOW).pressure
    assert decoder.counts.lost == decoder.counts.corrupt == 0
    assert len(frames) > 1850
    assert np.abs(frames.pressure - true[: len(frames)]).max() <= 0.5


async def test_a_profile_of_files_only_is_refused() -> None:
    with pytest.raises(ConfigError, match="gaitpdb-8"):
        async with open_source("virtual:", insole(Side.LEFT, "file", "gaitpdb-8"), ManualClock(NOW)):
            pass


async def test_closing_in_the_middle_leaves_no_partner_waiting() -> None:
    clock = ManualClock(NOW)
    url = f"virtual:?start={NOW - 60 * SECOND}&faults=off"
    async with open_source(url, insole(Side.LEFT, "close"), clock) as left:
        await anext(left)
        async with open_source(url, insole(Side.RIGHT, "close"), clock) as right:
            await anext(right)
    assert join(("close", (("faults", "off"), ("start", str(NOW - 60 * SECOND)))), 0).idle
