"""Feet that differ by more than is common."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.contracts.ordinary_blocks import DAY, NAN, NOW, bout
from service.gait.detectors.absolute_limits import _probability
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.verdict import verdicts
from service.records.rows import Block, Verdict


def balance(blocks: list[Block], *earlier: list[Block]) -> Verdict:
    baseline = Baseline(History(b for own in earlier for b in own), blocks[0].bout)
    return next(v for v in verdicts(blocks, baseline) if v.topic == "imbalance")


def days(count: int, si: float, **values: float) -> list[list[Block]]:
    return [bout(k - count, si=si, **{"impulse_si_pct": NAN, **values}) for k in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_first_bout_is_noted_where_the_feet_are_unlike_those_of_most(sign: float) -> None:
    found = balance(bout(0, 15, si=sign * 6.5))
    assert (found.answer, found.reason, found.rule, found.beyond_pct) == ("cannot_tell", "no_baseline", "A", 5.0)
    assert found.measure == "contact_time_si_pct"
    plain = balance(bout(0, 15, si=sign * 4.0, impulse_si_pct=0.0))
    assert (plain.rule, math.isnan(plain.beyond_pct)) == ("", True)


def test_a_habit_is_normal_and_said_to_be_uncommon() -> None:
    found = balance(bout(0, 15, si=6.5, impulse_si_pct=NAN), *days(5, 6.5))
    assert (found.answer, found.rule, found.beyond_pct) == ("normal", "A", 5.0)
    assert found.bouts == 5


def test_the_higher_limit_takes_two_of_three_bouts() -> None:
    assert balance(bout(0, 15, si=10)).beyond_pct == 5
    assert balance(bout(0, 15, si=10), *days(1, 10)).beyond_pct == 8
    assert balance(bout(0, 15, si=10), *days(3, 10)[:2], bout(-1, si=3)).beyond_pct == 8
    assert balance(bout(0, 15, si=10), *days(5, 10)[:2], bout(-2, si=3), bout(-1, si=3)).beyond_pct == 5


def test_a_change_keeps_its_rule_and_says_too_that_it_is_uncommon() -> None:
    found = balance(bout(0, 15, si=9), *days(5, 0))
    assert (found.answer, found.rule, found.beyond_pct) == ("differs", "S", 5.0)


def test_few_strides_and_poor_data_say_nothing() -> None:
    assert balance(bout(0, 7, si=9)).rule == ""
    assert balance(bout(0, 15, si=9, void=True, reason="rejected")).rule == ""


@pytest.mark.parametrize(("contact", "rule"), [(0.0, ""), (-4.0, ""), (2.5, ""), (3.5, "A"), (4.0, "A")])
def test_in_walking_an_impulse_counts_as_far_as_contact_time_bears_it_out(contact: float, rule: str) -> None:
    assert balance(bout(0, 15, contact_time_si_pct=contact, impulse_si_pct=7.0)).rule == rule
    assert balance(bout(0, 15, contact_time_si_pct=contact, peak_si_pct=20.0, impulse_si_pct=0.0)).rule == ""


def ran(gain: float, **values: float) -> Verdict:
    force = {
        "peak_si_low_pct": values.get("peak_si_pct", NAN) - 1,
        "peak_si_high_pct": values.get("peak_si_pct", NAN) + 1,
    }
    return balance(bout(0, 25, gain_ratio=gain, activity="running", **values, **force))  # type: ignore[arg-type]


def test_in_running_a_force_counts_where_the_gains_do_not_explain_it() -> None:
    assert ran(1.0, peak_si_pct=14.0).measure == "peak_si_pct"
    assert ran(1 / 1.1, peak_si_pct=14.0).rule == ""
    assert ran(1 / 1.1, impulse_si_pct=9.0).rule == ""
    assert ran(NAN, peak_si_pct=14.0).rule == ""
    assert ran(1.0, impulse_si_pct=7.0).measure == "impulse_si_pct"


def test_the_probability_is_that_of_a_normal_distribution() -> None:
    assert _probability(5, 1, 5, 0) == pytest.approx(0.5)
    assert _probability(0, 1, 1.96, 0) == pytest.approx(0.05, abs=1e-3)
    assert _probability(-8, 0.6, 5, 0.8) == _probability(8, 0.6, 5, 0.8) == pytest.approx(0.9987, abs=1e-3)
    assert not _probability(NAN, 1, 5, 1) > 0


def test_healthy_runners_are_seldom_noted() -> None:
    """Mean of 2.2 %, half-normal: 5 in a hundred are beyond 5.4 %."""
    drawn = np.random.default_rng(1).normal(0, 2.75, 300)
    noted = sum(balance(bout(0, 15, seed=k, si=si, impulse_si_pct=NAN)).rule == "A" for k, si in enumerate(drawn))
    assert noted <= 0.06 * 300


def test_time_is_that_of_the_bout() -> None:
    assert balance(bout(0, 15, si=7)).time == NOW
    assert balance(bout(2, 15, si=7)).time == NOW + 2 * DAY
