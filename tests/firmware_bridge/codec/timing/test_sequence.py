from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec.timing.sequence import LATE_RUN, VOTES, Continuity, Follows
from firmware_bridge.model import SECOND

MS = 1_000_000
PERIOD = 40 * MS
START = 1_700_000_000 * SECOND
COUNTERS = [
    (1 << 16, (1 << 24) * MS),
    (1 << 16, (1 << 16) * MS),
    (1 << 8, (1 << 32) * MS),
    (1 << 15, None),
    (None, (1 << 16) * MS),
]


class Device:
    """Sends packets by number: its counters wrap, its arrival is what the test says."""

    def __init__(self, sequence_modulus: int | None, tick_modulus: int | None, boot_ms: int = 350) -> None:
        self.continuity = Continuity(sequence_modulus, tick_modulus, PERIOD)
        self._moduli = sequence_modulus, tick_modulus
        self._boot = boot_ms * MS
        self._last = -1

    def send(self, number: int, arrival: int | None = None) -> Follows | None:
        sequence, tick = self._moduli
        repeated, self._last = number == self._last, number
        at = number * PERIOD + self._boot
        return self.continuity.follow(
            number % sequence if sequence else 0,
            at % tick if tick else 0,
            START + (number * PERIOD if arrival is None else arrival),
            repeated=repeated,
        )


@pytest.mark.parametrize("counters", COUNTERS)
@given(steps=st.lists(st.integers(1, 200), min_size=1, max_size=30), start=st.integers(0, 1 << 20))
def test_every_gap_is_counted_across_wraps(
    counters: tuple[int | None, int | None], steps: list[int], start: int
) -> None:
    device = Device(*counters)
    first = device.send(start)
    assert first is not None
    number, ticks = start, first.tick
    for step in steps:
        number += step
        follows = device.send(number)
        assert follows == Follows(step - 1, ticks + step * PERIOD, restarted=False)
        ticks += step * PERIOD


@pytest.mark.parametrize("counters", COUNTERS)
@pytest.mark.parametrize("gap_s", [70, 140, 1000, 6000])
def test_wraps_within_a_gap_are_resolved(counters: tuple[int | None, int | None], gap_s: int) -> None:
    device = Device(*counters)
    device.send(100)
    number = 100 + gap_s * 25
    follows = device.send(number, number * PERIOD + 2 * SECOND)
    assert follows is not None
    assert not follows.restarted
    assert follows.lost == gap_s * 25 - 1


@pytest.mark.parametrize("counters", COUNTERS)
def test_duplicates_and_late_packets_are_told(counters: tuple[int | None, int | None]) -> None:
    device = Device(*counters)
    device.send(0)
    device.send(5)
    assert [device.send(number) for number in (5, 4, 3)] == [None] * 3
    follows = device.send(6)
    assert follows is not None
    assert follows.lost == 0


@pytest.mark.parametrize("counters", COUNTERS[:4])
@pytest.mark.parametrize("lived", [1000, 40_000])
def test_a_restart_is_no_loss(counters: tuple[int | None, int | None], lived: int) -> None:
    device = Device(*counters)
    device.send(lived)
    told = [device.send(2 + i, (lived + 100 + i) * PERIOD) for i in range(VOTES + 1)]
    follows = [one for one in told if one is not None]
    assert [one.restarted for one in follows] == [False] * (VOTES - 1) + [True, False]
    assert [one.lost for one in follows] == [0] * (VOTES + 1)
    assert [one.doubted for one in follows] == [True] * (VOTES - 1) + [False] * 2
    assert follows[-1].tick == follows[-2].tick + PERIOD


@pytest.mark.parametrize("counters", COUNTERS[:4])
def test_after_a_lost_link_a_restart_needs_no_votes(counters: tuple[int | None, int | None]) -> None:
    device = Device(*counters)
    device.send(1000)
    device.continuity.relink()
    follows = device.send(2, 1100 * PERIOD)
    assert follows is not None
    assert (follows.lost, follows.restarted) == (0, True)


@pytest.mark.parametrize("off", [9 * SECOND, -9 * SECOND, 3600 * SECOND])
@pytest.mark.parametrize("counters", [COUNTERS[0], COUNTERS[4]])
@pytest.mark.parametrize("garbled", range(1, VOTES))
def test_garbled_stamps_are_outvoted(counters: tuple[int | None, int | None], off: int, garbled: int) -> None:
    device = Device(*counters)
    moduli, follows = device._moduli, []
    assert moduli[1] is not None
    for number in range(1000, 1040):
        wrong = off if 1010 <= number < 1010 + garbled else 0
        tick = (number * PERIOD + wrong) % moduli[1]
        sequence = number % moduli[0] if moduli[0] else 0
        follows.append(device.continuity.follow(sequence, tick, START + number * PERIOD))
    told = [one for one in follows if one is not None]
    assert len(told) == 40
    assert sum(one.lost for one in told) == 0
    assert not any(one.restarted for one in told)
    assert [one.tick for one in told] == [told[0].tick + i * PERIOD for i in range(40)]


def test_samples_that_share_a_stamp_are_samples_and_no_loss() -> None:
    continuity = Continuity(None, (1 << 32) * MS, PERIOD)
    told = [
        continuity.follow(0, number // 5 * 5 * PERIOD, START + number // 5 * 5 * PERIOD) for number in range(100, 200)
    ]
    follows = [one for one in told if one is not None]
    assert len(follows) == 100
    assert sum(one.lost for one in follows) == 0
    assert all(b.tick > a.tick for a, b in pairwise(follows))


def test_a_restart_just_behind_costs_a_few_packets_only() -> None:
    device = Device(1 << 16, (1 << 24) * MS)
    for number in range(20):
        device.send(number)
    again = [device.send(number, (number + 60) * PERIOD) for number in range(20)]
    assert again[:LATE_RUN] == [None] * LATE_RUN
    assert again[LATE_RUN] == Follows(0, LATE_RUN * PERIOD + 350 * MS, restarted=True)
    assert None not in again[LATE_RUN:]


def test_a_stalled_radio_is_no_restart() -> None:
    device = Device(1 << 16, (1 << 16) * MS)
    device.send(0)
    follows = [device.send(number, 9 * SECOND) for number in range(1, 100)]
    assert all(f is not None and not f.restarted and f.lost == 0 for f in follows)


def test_a_recording_that_goes_on_days_later_goes_on() -> None:
    days = 3 * 86_400 * SECOND
    device = Device(1 << 16, (1 << 24) * MS)
    device.send(7)
    paused = device.send(8, days)
    assert paused is not None
    assert not paused.restarted
    running = Device(1 << 16, (1 << 24) * MS)
    running.send(7)
    ran_on = running.send(days // PERIOD, days)
    assert ran_on is not None
    assert ran_on.lost == days // PERIOD - 8


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 1 << 17), st.integers(-(10**12), 10**12)), max_size=60))
def test_nonsense_is_followed_without_going_back(packets: list[tuple[int, int, int]]) -> None:
    continuity = Continuity(1 << 8, (1 << 16) * MS, PERIOD)
    last = None
    for sequence, tick, arrival in packets:
        follows = continuity.follow(sequence % 256, tick * MS % ((1 << 16) * MS), START + arrival)
        if follows is None:
            continue
        assert follows.lost >= 0
        assert last is None or follows.restarted or follows.tick > last
        last = follows.tick


def test_a_device_with_neither_counter_follows_by_arrival() -> None:
    continuity = Continuity(None, None, PERIOD)
    results = [continuity.follow(0, 0, START + arrival) for arrival in (0, 0, PERIOD, -PERIOD)]
    assert all(result is not None and result.lost == 0 and not result.restarted for result in results)


def test_without_a_number_the_time_stamp_tells_the_loss() -> None:
    device = Device(None, (1 << 32) * MS)
    device.send(0)
    follows = device.send(11)
    assert follows is not None
    assert follows.lost == 10
