"""Detectors: silent on nothing, sure about something, and each about its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from service.contracts.ordinary_blocks import NAN, NOW, bout, earlier
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import detectors
from service.records.rows import Block, Flag


def flags(blocks: Sequence[Block], history: Sequence[Block] | None = None) -> list[Flag]:
    every = detectors(Baseline(History(earlier() if history is None else history), NOW))
    return [f for b in blocks for d in every for f in d.update(b)]


def said(blocks: Sequence[Block], history: Sequence[Block] | None = None) -> list[tuple[str, bool]]:
    return [(f.topic, f.raised) for f in flags(blocks, history)]


def test_nothing_is_said_of_ordinary_days_for_many_people() -> None:
    spoken = sum(bool(said(bout(0, 40, seed=s), earlier(5, s))) for s in range(200))
    assert spoken <= 4  # one of fifty sessions


def noisy(day: int, count: int, seed: int, si: float) -> list[Block]:
    """Return a bout of blocks with twice the noise, and intervals that know it."""
    return [
        replace(
            b, contact_time_si_low_pct=b.contact_time_si_pct - 2, contact_time_si_high_pct=b.contact_time_si_pct + 2
        )
        for b in bout(day, count, seed=seed, si=si, noise=2, impulse_si_pct=NAN)
    ]


def test_days_that_differ_by_one_percent_are_ordinary_however_often_they_are_looked_at() -> None:
    spoken = 0
    for seed in range(400):
        own = np.random.default_rng([seed, 7]).standard_normal(6)
        history = [b for k in range(5) for b in noisy(k - 5, 12, seed, own[k])]
        spoken += ("imbalance", True) in said(noisy(0, 40, seed, own[5]), history)
    assert spoken <= 8  # one of fifty sessions


@pytest.mark.parametrize("si", [5.0, -6.0, 8.0])
def test_an_imbalance_is_flagged_once_and_as_nothing_else(si: float) -> None:
    found = flags(bout(0, 20, si=si))
    assert [(f.topic, f.measure, f.raised) for f in found] == [("imbalance", "contact_time_si_pct", True)]
    (flag,) = found
    blocks = bout(0, 20, si=si)
    assert (flag.time, flag.since) == (blocks[6].stop, blocks[4].time)
    assert flag.low < si < flag.high
    assert flag.normal_low < flag.normal < flag.normal_high
    assert (flag.bouts, flag.strides) == (5, 150)


def test_more_medial_load_on_both_feet_is_flagged_and_as_nothing_else() -> None:
    assert said(bout(0, 20, left=10, right=8)) == [("over_pronation", True)]


@pytest.mark.parametrize(("left", "right"), [(10, -30), (10, -12), (-30, -32)])
def test_camber_one_foot_alone_and_lateral_load_are_no_over_pronation(left: float, right: float) -> None:
    assert said(bout(0, 20, left=left, right=right)) == []


def test_a_drifting_insole_is_no_imbalance() -> None:
    blocks = [replace(b, impulse_si_pct=b.impulse_si_pct + 15) for b in bout(0, 20)]
    assert said(blocks) == []
    both = [replace(b, contact_time_si_pct=b.contact_time_si_pct + 2.4) for b in blocks]
    less = [replace(b, impulse_si_pct=b.impulse_si_pct - 8) for b in both]
    assert [f.measure for f in flags(less)] == ["impulse_si_pct"]


def test_one_odd_block_is_not_enough_and_poor_data_never_is() -> None:
    odd = [b if b.number != 10 else replace(b, contact_time_si_pct=20.0) for b in bout(0, 20)]
    assert said(odd) == []
    assert said(bout(0, 20, si=8, received_left=0.9)) == []
    assert said(bout(0, 20, si=8, rejected_right=14)) == []
    assert said(bout(0, 20, si=8, void=True)) == []
    assert said(bout(0, 20, si=8), earlier(2)) == []


def test_a_flag_is_cleared_with_hysteresis_and_not_raised_again() -> None:
    course = [*bout(0, 12, si=8), *bout(0, 30)[12:20], *bout(0, 40, si=8)[20:]]
    assert said(course) == [("imbalance", True), ("imbalance", False)]
    close = [*bout(0, 12, si=8), *bout(0, 30, si=3.2)[12:]]
    assert said(close) == [("imbalance", True)]
