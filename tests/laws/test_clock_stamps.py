"""Stamps that are no clock, or a coarse one: every sample is stored, spread by the declared rate, and it is said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from firmware_bridge.model import SECOND, Int64s
from tests.stand_ins.time_judge import Judge, judged
from tests.stand_ins.timed_insole import (
    EACH,
    STAMPED,
    START,
    UNNUMBERED,
    Delivery,
    Way,
    packed,
    ready_at,
    sampled,
    spoken,
    ticked,
)

TOGETHER = SECOND // 10
SECONDS = 14.0
SETTLED_S = 5.0
BATCH = 5
OFF_S = 0.05
ODD = ("batched", "arrival")


def together(way: Way, time: Int64s) -> Int64s:
    """Return the clock at the last sample of each batch, for all of its samples."""
    n = np.arange(len(time))
    size = max(BATCH, way.samples)
    return ticked(time)[np.minimum(n // size * size + size - 1, len(time) - 1)]


def always_zero(way: Way, time: Int64s) -> Int64s:
    return np.zeros(len(time), np.int64)


def jumping(way: Way, time: Int64s) -> Int64s:
    """Return stamps that are anything."""
    packets = np.random.default_rng(3).integers(0, 60 * SECOND, len(time) // way.samples)
    return np.repeat(packets, way.samples)


def sharing(way: Way, time: Int64s) -> Int64s:
    """Return a clock that every seventh packet shares with the one behind it."""
    ticks = ticked(time).reshape(-1, way.samples)
    late = np.arange(3, len(ticks) - 1, 7)
    ticks[late] += ticks[late + 1, :1] - ticks[late, :1]
    return ticks.ravel()


def run(way: Way, stamps: Callable[[Way, Int64s], Int64s], *, batched: bool = False) -> Judge:
    time = sampled(way, SECONDS)
    arrivals = Delivery(way, 17).arrivals(ready_at(way, time))
    if batched:  # what has one stamp is sent at once
        n, size = np.arange(len(arrivals)), max(BATCH // way.samples, 1)
        arrivals = arrivals[np.minimum(n // size * size + size - 1, len(arrivals) - 1)]
    return judged(way, time, packed(arrivals, spoken(way, stamps(way, time))), together=TOGETHER)


def check_kept(judge: Judge) -> None:
    counts = judge.decoder.counts
    assert judge.all_stored(np.arange(len(judge.truth)))
    assert (counts.lost, counts.corrupt, counts.duplicate) == (0, 0, 0)


def check_spread(judge: Judge) -> None:
    """What stamps tell of one batch only, the declared rate has to: no sample half a period from its place."""
    settled = judge.true >= START + round(SETTLED_S * SECOND)
    error = judge.error_s[settled] - np.median(judge.error_s[settled])
    assert np.abs(error).max() <= OFF_S
    steps = np.diff(judge.time[settled]) / judge.way.period
    assert np.mean((steps > 0.5) & (steps < 1.5)) >= 0.95
    _, stored, true = judge.contacts(START + round(SETTLED_S * SECOND))
    assert abs(stored.sum() / true.sum() - 1) <= 0.01


@pytest.mark.parametrize("way", UNNUMBERED, ids=str)
def test_samples_of_a_batch_that_have_one_stamp_are_spread(way: Way) -> None:
    judge = run(way, together, batched=True)
    check_kept(judge)
    check_spread(judge)
    assert str(judge.decoder.clock.state) in ODD


@pytest.mark.parametrize("stamps", [always_zero, jumping])
@pytest.mark.parametrize("way", STAMPED, ids=str)
def test_stamps_that_are_no_clock_give_way_to_arrival(way: Way, stamps: Callable[[Way, Int64s], Int64s]) -> None:
    judge = run(way, stamps)
    check_kept(judge)
    check_spread(judge)
    assert str(judge.decoder.clock.state) in ODD
    assert judge.said is not None
    assert judge.said <= START + 10 * SECOND


@pytest.mark.parametrize("way", UNNUMBERED, ids=str)
def test_lines_that_share_a_stamp_are_all_kept(way: Way) -> None:
    judge = run(way, sharing)
    check_kept(judge)
    assert np.abs(judge.error_s).max() <= 2 * OFF_S
    _, stored, true = judge.contacts(START + round(SETTLED_S * SECOND))
    assert abs(stored.sum() / true.sum() - 1) <= 0.01


@pytest.mark.parametrize("way", UNNUMBERED, ids=str)
def test_a_clock_that_begins_at_zero_with_every_connection(way: Way) -> None:
    time = sampled(way, SECONDS)
    judge, air, each = Judge(way, time), Delivery(way, 18), round(2 * SECOND / way.period / way.samples) * way.samples
    for first in range(0, len(time), each):
        if first:
            judge.reset()
        part = time[first : first + each]
        data = spoken(way, part - part[0], number=first, sequence=0)
        judge.feed(packed(air.arrivals(ready_at(way, part)), data), TOGETHER)
    judge.finish()
    check_kept(judge)
    assert np.abs(judge.error_s - np.median(judge.error_s)).max() <= OFF_S


def troubled(way: Way, judge: Judge, cut: Callable[[int], int]) -> None:
    """Let a judge hear all kinds of trouble on one link, in batches that end where `cut` says."""
    time = judge.truth
    ticks = ticked(time, 1.03)
    ticks[300 * way.samples : 301 * way.samples] += 9 * SECOND
    half = len(time) // way.samples // 2
    arrivals = Delivery(way, 19).arrivals(ready_at(way, time))
    packets = packed(arrivals, spoken(way, ticks))
    del packets[200:220]
    packets[90:90] = [packets[89]]
    again = spoken(way, ticks[half * way.samples :] - ticks[half * way.samples], number=half * way.samples, sequence=0)
    for part in (packets[: half - 60], packed(arrivals[half:], again)):
        number = 0
        while number < len(part):
            size = cut(number)
            judge.feed_batch(part[number : number + size])
            number += size
        judge.reset()
    judge.finish()


@pytest.mark.parametrize("way", EACH, ids=str)
def test_batches_do_not_matter(way: Way) -> None:
    time = sampled(way, 800 * way.period * way.samples / SECOND)
    rng = np.random.default_rng(4)
    judges = [Judge(way, time) for _ in range(3)]
    for judge, cut in zip(judges, (lambda _: 1, lambda _: 1 << 20, lambda _: int(rng.integers(1, 90))), strict=True):
        troubled(way, judge, cut)
    one, *others = judges
    assert len(one.time) > 600 * way.samples
    for other in others:
        assert np.array_equal(one.time, other.time)
        assert np.array_equal(one.number, other.number)
        assert one.decoder.counts == other.decoder.counts
        assert str(one.decoder.clock.state) == str(other.decoder.clock.state)
