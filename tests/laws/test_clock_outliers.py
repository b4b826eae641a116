"""A wrong stamp is outvoted, not followed: nothing is lost by it, and no sample is moved."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.model import SECOND, Int64s
from tests.stand_ins.time_judge import Judge, judged
from tests.stand_ins.timed_insole import (
    STAMPED,
    Delivery,
    Way,
    packed,
    ready_at,
    sampled,
    spoken,
    ticked,
)

TOGETHER = SECOND // 10
OFF_S = 0.1
SECONDS = 11.0
WRONG: dict[str, tuple[float, int]] = {"one": (5.0, 1), "the very first": (0.0, 1), "two in a row": (5.0, 2)}
"""Since when packets are stamped wrongly, s, and how many are."""


def shifted(way: Way, ticks: Int64s, where: str, by: int) -> Int64s:
    since_s, packets = WRONG[where]
    first = int(since_s * SECOND / way.period) // way.samples * way.samples
    wrong = ticks.copy()
    wrong[first : first + packets * way.samples] += by
    return wrong


def check(judge: Judge, sent: int) -> None:
    assert judge.all_stored(np.arange(sent))
    assert judge.decoder.counts.lost == 0
    assert judge.decoder.counts.corrupt == 0
    assert judge.decoder.counts.duplicate == 0
    assert judge.decoder.counts.restarts == 0
    assert np.abs(judge.error_s).max() <= OFF_S


@pytest.mark.parametrize("by", [9 * SECOND, -9 * SECOND], ids=["+9 s", "-9 s"])
@pytest.mark.parametrize("where", WRONG)
@pytest.mark.parametrize("way", STAMPED, ids=str)
def test_a_wrong_stamp_moves_nothing(way: Way, where: str, by: int) -> None:
    time = sampled(way, SECONDS)
    data = spoken(way, shifted(way, ticked(time), where, by))
    arrivals = Delivery(way, 8).arrivals(ready_at(way, time))
    check(judged(way, time, packed(arrivals, data), together=TOGETHER), len(time))


@pytest.mark.parametrize("by", [9 * SECOND, -9 * SECOND], ids=["+9 s", "-9 s"])
@pytest.mark.parametrize("sample", range(5))
def test_a_wrong_stamp_among_those_of_one_packet_moves_nothing(sample: int, by: int) -> None:
    way = next(way for way in STAMPED if way.profile.id == "xiao-nus-2x8")
    time = sampled(way, SECONDS)
    ticks = ticked(time)
    ticks[60 * way.samples + sample] += by
    arrivals = Delivery(way, 8).arrivals(ready_at(way, time))
    check(judged(way, time, packed(arrivals, spoken(way, ticks)), together=TOGETHER), len(time))


@pytest.mark.parametrize("way", STAMPED, ids=str)
def test_a_wrong_stamp_beside_a_real_gap_hides_nothing(way: Way) -> None:
    """Two seconds are lost, and the first packet behind them is stamped 9 s late: what was lost is told, no more."""
    time = sampled(way, SECONDS)
    ticks = shifted(way, ticked(time), "one", 9 * SECOND)
    behind = int(WRONG["one"][0] * SECOND / way.period) // way.samples
    gone = slice(behind - round(2 * SECOND / way.period / way.samples), behind)
    packets = packed(Delivery(way, 8).arrivals(ready_at(way, time)), spoken(way, ticks))
    judge = judged(way, time, packets[: gone.start] + packets[gone.stop :], together=TOGETHER)
    lost = np.arange(gone.start * way.samples, gone.stop * way.samples)
    assert judge.all_stored(np.setdiff1d(np.arange(len(time)), lost))
    assert judge.decoder.counts.lost == len(lost)
    assert np.abs(judge.error_s).max() <= OFF_S
