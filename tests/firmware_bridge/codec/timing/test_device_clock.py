from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.clock import SystemClock
from firmware_bridge.codec.timing.arrival_clock import RUNS_AHEAD, ArrivalClock
from firmware_bridge.codec.timing.device_clock import MOST_AHEAD, UNSETTLED_SLEW, DeviceClock, lower_hull
from firmware_bridge.model import SECOND, Int64s
from tests.stand_ins.manual_clock import ManualClock

START = 1_700_000_000 * SECOND
PERIOD = SECOND // 25
DAY = 86_400 * SECOND


def radio(seconds: float, ppm: float, interval: float, lost: float, seed: int = 1) -> tuple[Int64s, Int64s, Int64s]:
    """Return device ticks, true times and arrivals of packets through connection events, some of which fail."""
    rng = np.random.default_rng(seed)
    true = START + np.arange(1, int(seconds * 25)) * PERIOD
    tick = np.round((true - START) * (1 + ppm * 1e-6)).astype(np.int64)
    delay = interval * (rng.uniform(0, 1, len(true)) + rng.geometric(1 - lost, len(true)) - 1)
    delay += rng.gamma(2, 0.001, len(true))
    return tick, true, np.maximum.accumulate(true + (delay * SECOND).astype(np.int64))


def placed(clock: DeviceClock, ticks: Int64s, arrivals: Int64s) -> Int64s:
    return np.array([clock.place(t, a) for t, a in zip(ticks.tolist(), arrivals.tolist(), strict=True)])


@pytest.mark.parametrize("ppm", [-80, 0, 35])
@pytest.mark.parametrize(
    ("interval", "lost", "bias_ms", "spread_ms"),
    [(0.015, 0.02, 0.8, 0.6), (0.03, 0.1, 1.2, 1.0), (0.05, 0.3, 2.5, 2.5)],
)
def test_bursts_and_drift_are_removed(
    ppm: float, interval: float, lost: float, bias_ms: float, spread_ms: float
) -> None:
    tick, true, arrival = radio(180, ppm, interval, lost)
    error = (placed(DeviceClock(), tick, arrival) - true)[25 * 10 :] / 1e6
    assert abs(error.mean()) < bias_ms
    assert error.std() < spread_ms
    assert np.abs((arrival - true) / 1e6).mean() > 5 * abs(error.mean())


def test_two_feet_agree_better_than_their_radios() -> None:
    tick_left, true, arrival_left = radio(120, 35, 0.015, 0.02, seed=1)
    tick_right, _, arrival_right = radio(120, -20, 0.050, 0.3, seed=2)
    left, right = placed(DeviceClock(), tick_left, arrival_left), placed(DeviceClock(), tick_right, arrival_right)
    late = slice(25 * 10, None)
    assert abs((left - right)[late].mean()) < 0.05 * abs((arrival_left - arrival_right)[late].mean())
    assert len(left) == len(true)


@given(st.lists(st.tuples(st.integers(1, 90 * SECOND), st.integers(-DAY, DAY)), min_size=2, max_size=60))
def test_time_always_increases(steps: list[tuple[int, int]]) -> None:
    clock = DeviceClock()
    tick, arrival, last = 0, START, 0
    for step, late in steps:
        tick, arrival = tick + step, arrival + step + late
        time = clock.place(tick, arrival)
        assert time > last
        last = time


@given(st.lists(st.integers(0, MOST_AHEAD), min_size=2, max_size=200))
def test_spacing_is_kept_within_the_slew(delays: list[int]) -> None:
    ticks = np.arange(len(delays)) * PERIOD
    times = placed(DeviceClock(), ticks, START + ticks + np.array(delays))
    assert np.all(np.abs(np.diff(times) - PERIOD) <= UNSETTLED_SLEW * PERIOD + 1)


def test_no_sample_is_placed_after_it_arrived_once_settled() -> None:
    tick, true, arrival = radio(60, 20, 0.03, 0.1)
    times = placed(DeviceClock(), tick, arrival)
    assert np.all(times[250:] <= arrival[250:] + SECOND // 1000)
    assert len(true) == len(times)


def test_a_device_clock_must_increase() -> None:
    clock = DeviceClock()
    clock.place(5, START)
    with pytest.raises(ValueError, match="must increase, not go from 5 to 5"):
        clock.place(5, START + 1)


def test_after_a_restart_the_device_clock_begins_anew() -> None:
    clock = DeviceClock()
    before = clock.place(3600 * SECOND, START)
    clock.restart()
    assert before == START
    assert clock.place(0, START + 3 * SECOND) == START + 3 * SECOND


def test_a_restart_never_goes_back_in_time() -> None:
    clock = DeviceClock()
    clock.place(0, START)
    clock.restart()
    assert clock.place(0, START - SECOND) == START + 1
    assert START < clock.place(PERIOD, START - SECOND + PERIOD) < START + PERIOD


def test_days_between_two_recordings_are_days_whatever_the_device_clock_says() -> None:
    for gap in (PERIOD, 3 * DAY):
        clock = DeviceClock()
        ticks = np.arange(100) * PERIOD
        placed(clock, ticks, START + ticks)
        later = placed(clock, ticks + ticks[-1] + gap, START + 3 * DAY + ticks)
        assert np.array_equal(later, START + 3 * DAY + ticks)


def test_a_computer_clock_set_back_lets_samples_go_on() -> None:
    clock = DeviceClock()
    ticks = np.arange(1, 101) * PERIOD
    placed(clock, ticks, START + ticks)
    times = placed(clock, ticks + ticks[-1], START + ticks - 3600 * SECOND)
    assert np.all(np.diff(times) > 0)
    assert times[-1] - times[0] == pytest.approx(99 * PERIOD, rel=0.021)


def test_after_a_long_silence_the_old_offset_is_forgotten() -> None:
    clock = DeviceClock()
    ticks = np.arange(1, 1000) * PERIOD
    placed(clock, ticks, START + ticks)
    tick = int(ticks[-1]) + 600 * SECOND
    assert clock.place(tick, START + tick + SECOND // 10) == START + tick + SECOND // 10


def test_a_counted_clock_follows_a_wrong_nominal_rate() -> None:
    true = START + np.arange(25 * 120) * round(PERIOD / 1.04)
    times = placed(DeviceClock(0.05), np.arange(len(true)) * PERIOD, true)
    assert np.abs(times - true)[25 * 60 :].max() < 0.01 * SECOND


def test_arrivals_at_once_are_spread_and_never_run_away() -> None:
    clock, period = ArrivalClock(), 10_000_000
    arrivals = START + np.repeat(np.arange(200), 3) * 30_000_000
    times = np.array([clock.place(arrival, period) for arrival in arrivals.tolist()])
    assert np.abs(np.diff(times[100:]) - period).max() < 0.4 * period
    assert (times - arrivals).max() <= RUNS_AHEAD + 1000  # ns by which one lies behind the other
    assert times[-1] == pytest.approx(arrivals[-1], abs=30_000_000)


def test_a_backlog_does_not_run_ahead_of_its_arrival_and_a_hole_stays_one() -> None:
    clock, period = ArrivalClock(), 10_000_000
    arrivals = START + np.concatenate([np.arange(100) * period, np.full(200, 3 * SECOND), 5 * SECOND + np.arange(9)])
    times = np.array([clock.place(arrival, period) for arrival in arrivals.tolist()])
    assert (np.diff(times) > 0).all()
    assert (times - arrivals).max() <= RUNS_AHEAD + 1000  # ns by which one lies behind the other
    assert times[100] - times[99] == pytest.approx(2.01 * SECOND, abs=RUNS_AHEAD)
    assert times[300] == arrivals[300]


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
def test_the_hull_lies_under_all_points(heights: list[int]) -> None:
    points = [(float(x), float(y)) for x, y in enumerate(heights)]
    hull = lower_hull(points)
    assert hull[0] == points[0]
    assert hull[-1] == points[-1]
    xs, ys = zip(*hull, strict=True)
    assert all(y >= np.interp(x, xs, ys) - 1e-9 for x, y in points)
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(hull)]
    assert slopes == sorted(slopes)


async def test_a_manual_clock_wakes_sleepers_in_order_at_their_time() -> None:
    clock = ManualClock(START)
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, every: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(every)
            seen.append((name, (clock.now() - START) / SECOND))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("a", 2, 3))
        group.create_task(sleeper("b", 3, 2))
        await clock.advance(3.5)
        assert seen == [("a", 2), ("b", 3)]
        await clock.advance(10)
    assert seen == [("a", 2), ("b", 3), ("a", 4), ("b", 6), ("a", 6)]
    assert clock.now() == START + round(13.5 * SECOND)


async def test_the_system_clock_tells_utc() -> None:
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    assert before <= clock.now()
    assert before > START


def test_the_system_clock_follows_forward_and_never_goes_back() -> None:
    shown = {"wall": START, "steady": 0}
    clock = SystemClock(lambda: shown["wall"], lambda: shown["steady"])

    def after(seconds: float, jump: float = 0.0) -> float:
        shown["steady"] += round(seconds * SECOND)
        shown["wall"] += round((seconds + jump) * SECOND)
        return (clock.now() - START) / SECOND

    assert after(1) == 1
    assert after(1, jump=5) == 7
    assert after(1, jump=-3) == pytest.approx(8, abs=1e-3)
    assert after(2) == pytest.approx(10, abs=1e-3)
    assert after(1, jump=3) == pytest.approx(11, abs=1e-3)


@given(st.lists(st.tuples(st.integers(0, 90 * SECOND), st.integers(-DAY, DAY)), max_size=40))
def test_no_jump_of_the_computers_clock_brings_time_back(steps: list[tuple[int, int]]) -> None:
    shown = [START, 0]
    clock = SystemClock(lambda: shown[0], lambda: shown[1])
    last = clock.now()
    for passed, jump in steps:
        shown[0] += passed + jump
        shown[1] += passed
        now = clock.now()
        assert now >= max(last + passed - passed // 1000, shown[0])
        last = now


def test_a_clock_that_was_set_back_a_little_is_caught_up_with() -> None:
    shown = [START, 0]
    clock = SystemClock(lambda: shown[0], lambda: shown[1])
    shown[0] -= SECOND // 50
    for _ in range(300):
        shown[0] += SECOND
        shown[1] += SECOND
        told = clock.now()
    assert told == shown[0]


def test_an_arrival_clock_that_was_set_forward_is_leapt_to() -> None:
    """A leap of some seconds is no late packet: once the window is past it, time leaps, and steps keep their length."""
    clock, placed_at = DeviceClock(), []
    for k in range(150 * 25):
        tick = k * PERIOD
        placed_at.append(clock.place(tick, START + tick + (5 * SECOND if tick > 30 * SECOND else 0)))
    steps = np.diff(placed_at)
    assert placed_at[-1] - START == pytest.approx(150 * SECOND + 5 * SECOND, abs=PERIOD * 2)
    assert (steps > SECOND).sum() == 1
    assert (np.abs(steps - PERIOD) > PERIOD * 0.01).sum() < 25  # not for minutes, as slewing five seconds would take
