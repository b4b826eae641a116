"""A device whose clock runs at another rate: stored time stays with the truth, nothing is invented, and it is said.

Two kinds: everything in the device runs too fast, its sampling too ("crystal"); or only its time stamps do ("stamps"),
as in milliseconds that are taken for seconds. CLOCKS says how many seconds are heard of each device, all profiles on
all of their links (`CLOCKS=180 make unit ARGS=tests/laws/test_clock_rates.py`: some minutes); where it is not set, as
few as the claim needs.
"""

from __future__ import annotations

import os
from functools import cache

import numpy as np
import pytest

from firmware_bridge.model import SECOND
from tests.stand_ins.time_judge import QUIET, Judge, judged, seconds_in
from tests.stand_ins.timed_insole import (
    EACH,
    MS,
    STAMPED,
    START,
    WAYS,
    Delivery,
    Way,
    packed,
    ready_at,
    sampled,
    spoken,
    ticked,
)

LONG = float(os.environ.get("CLOCKS", "0"))
TOGETHER = SECOND // 5
AHEAD_S = 0.5
STORED = 0.999
SAID_WITHIN_S = {0.9: 10.0, 1.03: 60.0, 1.1: 10.0, 1.5: 10.0, 1000.0: 10.0}
SETTLED_S = 10.0  # after it was said
CONTACT = 0.01
HEARD_S = 13.0  # after it has to be said, and has settled
STRIDE, LOADED = 11 * SECOND // 10, 7 * SECOND // 10
"""How a foot walks whose insole is silent while it is unloaded."""

Case = tuple[Way, float, str]


def cases() -> list[Case]:
    """Every profile at every rate; stamps alone where there are stamps, and x1000 that way only: no crystal is so."""
    ways, rates = (WAYS, (0.9, 1.03, 1.1, 1.5)) if LONG else (EACH, (1.1,))
    found: list[Case] = [(way, rate, "crystal") for way in ways for rate in (0.9, 1.03, 1.1, 1.5)]
    found += [(way, rate, "stamps") for way in ways if way.stamped for rate in (*rates, 1000.0)]
    return found


def name_of(case: Case) -> str:
    way, rate, kind = case
    return f"{way}-x{rate:g}-{kind}"


@cache
def run(case: Case) -> tuple[Judge, int]:
    """Return the judge of a device at this rate, and how many samples it sent."""
    way, rate, kind = case
    seconds = LONG or SAID_WITHIN_S[rate] + SETTLED_S + HEARD_S
    time = sampled(way, seconds, rate=rate if kind == "crystal" else 1.0)
    packets = packed(Delivery(way, 5).arrivals(ready_at(way, time)), spoken(way, ticked(time, rate)))
    sent = len(time)
    if way.profile.table.clock.unloaded_after_ms is not None:
        assert way.samples == 1
        loaded = [i for i, true in enumerate(time.tolist()) if (true - START) % STRIDE < LOADED]
        packets, sent = [packets[i] for i in loaded], len(loaded)
    return judged(way, time, packets, together=TOGETHER), sent


def settled_at(case: Case) -> int:
    """Return since when it is settled, UTC ns. Without a clock of its own a device has nothing that could be said."""
    said = run(case)[0].said
    if case[0].arrival_only:
        said = START
    assert said is not None, "nothing was said"
    return said + round(SETTLED_S * SECOND)


@pytest.mark.parametrize("case", cases(), ids=name_of)
def test_stored_time_stays_with_the_truth_and_no_loss_is_invented(case: Case) -> None:
    judge, sent = run(case)
    assert np.abs(judge.error_s).max() <= AHEAD_S
    assert judge.decoder.counts.lost == 0
    assert judge.decoder.counts.corrupt == 0
    assert len(np.unique(judge.number)) >= STORED * sent


@pytest.mark.parametrize("case", [case for case in cases() if not case[0].arrival_only], ids=name_of)
def test_another_rate_is_said_in_time(case: Case) -> None:
    """A profile that has neither stamps nor a counter has no clock that could run wrong."""
    judge, _ = run(case)
    assert judge.said is not None
    assert seconds_in(judge.said) <= SAID_WITHIN_S[case[1]]
    assert str(judge.decoder.clock.state) not in QUIET


def wraps_within_the_delay(case: Case) -> bool:
    """Tell whether stamps turn over while a packet waits: how often they did between two packets is not known then."""
    modulus = case[0].payload.tick_modulus
    return modulus is not None and modulus / case[1] < SECOND


@pytest.mark.parametrize("case", cases(), ids=name_of)
def test_contact_times_are_right_on_the_average_of_any_ten_seconds(case: Case) -> None:
    begin, stored, true = run(case)[0].contacts(settled_at(case))
    assert len(begin) > 500
    for second in range(int(seconds_in(int(begin.min()))), int(seconds_in(int(begin.max()))) - 9, 2):
        in_it = (begin >= START + second * SECOND) & (begin < START + (second + 10) * SECOND)
        assert abs(stored[in_it].sum() / true[in_it].sum() - 1) <= CONTACT


@pytest.mark.parametrize(
    "case", [case for case in cases() if case[0].stamped and not wraps_within_the_delay(case)], ids=name_of
)
def test_a_steady_clock_keeps_its_spacing(case: Case) -> None:
    """Each contact is within 1 %, up to the ms that stamps are told in: the rate is mended, not the clock given up."""
    judge, _ = run(case)
    assert str(judge.decoder.clock.state) == "rescaled"
    assert judge.decoder.clock.rate == pytest.approx(case[1], rel=CONTACT)
    _, stored, true = judge.contacts(settled_at(case))
    assert np.all(np.abs(stored - true) <= CONTACT * true + MS / SECOND / case[1])


@pytest.mark.parametrize("ppm", [-70, 70])
@pytest.mark.parametrize("way", STAMPED, ids=str)
def test_nothing_is_said_of_an_ordinary_crystal(way: Way, ppm: int) -> None:
    rate = 1 + ppm * 1e-6
    time = sampled(way, LONG or 15.0, rate=rate)
    packets = packed(Delivery(way, 6).arrivals(ready_at(way, time)), spoken(way, ticked(time, rate)))
    judge = judged(way, time, packets, together=TOGETHER)
    assert judge.said is None
    assert str(judge.decoder.clock.state) == "steady"
    assert judge.all_stored(np.arange(len(time)))
    _, stored, true = judge.contacts(START + SECOND)
    assert np.all(np.abs(stored - true) <= CONTACT * true + MS / SECOND)
