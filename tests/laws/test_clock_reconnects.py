"""After every connection a foot's clock is right within a second, however late the first packets come.

Twenty connections; what is ready in the first 0.05 to 0.75 s of each comes at once, since the host is busy. The
constant least delay of a link cannot be known, so the median error of all connections is taken off.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from firmware_bridge.model import SECOND, Bools, Float64s, Int64s, Side
from tests.stand_ins.time_judge import Judge
from tests.stand_ins.timed_insole import EACH, START, Delivery, Way, packed, ready_at, sampled, spoken, ticked

CONNECTIONS = 20
DELAY_S = (0.05, 0.75)
SESSION_S, APART_S = 2.6, 0.9
AFTER_S = 1.0
DEVICE_S, ARRIVAL_S = 0.015, 0.050
TOGETHER = SECOND // 20
MODES = {Side.LEFT: ("goes on", "counter begins anew"), Side.RIGHT: ("begins anew",)}
"""What clock and counter of the device do at a new connection; of each foot something else."""

CASES = [
    (way, side, mode)
    for way in EACH
    for side in Side
    for mode in MODES[side]
    if mode != "counter begins anew" or (way.counted and way.stamped)
]


@cache
def reconnected(way: Way, side: Side, mode: str) -> tuple[Judge, Int64s]:
    """Return the judge of twenty connections of one foot, and how long after its connection each sample was, ns."""
    rng = np.random.default_rng([CONNECTIONS, side is Side.LEFT])
    grid = sampled(way, CONNECTIONS * (SESSION_S + APART_S))
    judge = Judge(way, grid)
    air = Delivery(way, 9 if side is Side.LEFT else 10)
    since = np.zeros(len(grid), np.int64)
    sent: list[Int64s] = []
    each = round(SESSION_S * SECOND / way.period / way.samples) * way.samples
    for k in range(CONNECTIONS):
        connected = START + round(k * (SESSION_S + APART_S) * SECOND)
        first = -(-int(np.searchsorted(grid, connected)) // way.samples) * way.samples
        numbers = np.arange(first, first + each)
        time = grid[numbers]
        ticks = ticked(time) - (time[0] - START if mode == "begins anew" else 0)
        sequence = None if mode == "goes on" else 0
        data = spoken(way, ticks, number=first, sequence=sequence)
        arrivals = air.arrivals(ready_at(way, time), connected, float(rng.uniform(*DELAY_S)))
        if k:
            judge.reset()
        judge.feed(packed(arrivals, data), TOGETHER)
        since[numbers] = time - connected
        sent.append(numbers)
    judge.finish()
    assert judge.all_stored(np.concatenate(sent))
    assert judge.decoder.counts.corrupt == 0
    return judge, since[judge.number]


def errors(judge: Judge, since: Int64s) -> tuple[Float64s, Bools]:
    """Return the error of each sample, the constant delay of the link taken off, and which are to be right."""
    late = since >= AFTER_S * SECOND
    return judge.error_s - np.median(judge.error_s[late]), late


def bar(way: Way) -> float:
    return DEVICE_S if way.stamped else ARRIVAL_S


@pytest.mark.parametrize(("way", "side", "mode"), CASES, ids=str)
def test_a_second_after_each_connection_time_is_right(way: Way, side: Side, mode: str) -> None:
    judge, since = reconnected(way, side, mode)
    error, late = errors(judge, since)
    assert np.abs(error[late]).max() <= bar(way)


@pytest.mark.parametrize(("way", "side", "mode"), CASES, ids=str)
def test_while_time_is_not_right_the_clock_says_that_it_settles(way: Way, side: Side, mode: str) -> None:
    judge, since = reconnected(way, side, mode)
    error, _ = errors(judge, since)
    settling = judge.state == "settling"
    assert not np.any((np.abs(error) > bar(way)) & ~settling)
    assert not np.any(settling & (since > 2 * AFTER_S * SECOND)), "it never says that it has settled"


@pytest.mark.parametrize("way", EACH, ids=str)
def test_both_feet_are_on_one_clock(way: Way) -> None:
    """Their delays differ at every connection; what is between their clocks does not."""
    apart = []
    for side in Side:
        judge, since = reconnected(way, side, MODES[side][0])
        error, late = errors(judge, since)
        session = (judge.true - START) // round((SESSION_S + APART_S) * SECOND)
        apart.append([float(np.median(error[late & (session == k)])) for k in range(CONNECTIONS)])
    left, right = np.array(apart)
    assert np.abs(left - right).max() <= bar(way)


@pytest.mark.parametrize(("way", "side", "mode"), [c for c in CASES if not c[0].arrival_only], ids=str)
def test_what_passed_between_connections_is_lost_and_what_began_anew_is_told(way: Way, side: Side, mode: str) -> None:
    """Where only the counter begins anew, the clock might tell what was lost meanwhile: that is left open here."""
    judge, _ = reconnected(way, side, mode)
    counts = judge.decoder.counts
    missed = int(judge.number[-1] - judge.number[0] + 1 - len(judge.number))
    assert counts.restarts == (0 if mode == "goes on" else CONNECTIONS - 1)
    assert counts.duplicate == 0
    if mode != "counter begins anew":
        assert counts.lost == (missed if mode == "goes on" else 0)
