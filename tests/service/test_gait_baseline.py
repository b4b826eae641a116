"""The wearer's own normal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.gait.baseline import Baseline, History, usable, warm
from tests.service.gait_rows import NOW, block, bout, earlier

FIELD = "contact_time_si_pct"


def test_three_earlier_bouts_make_a_normal() -> None:
    days = [bout(day, si=si, noise=0) for day, si in ((-3, 1.0), (-2, 2.0), (-1, 3.0))]
    history = [b for day in days for b in day]
    found = Baseline(History(history), NOW).normal(FIELD, "walking", 0.5)
    assert found is not None
    assert (found.mean, found.sd) == pytest.approx((2, 1))
    assert found.bouts == 3
    assert Baseline(History(history), days[2][0].bout).normal(FIELD, "walking", 0.5) is None
    assert Baseline(History(history), NOW).normal(FIELD, "running", 0.5) is None


def test_only_bouts_before_and_warm_sound_blocks_count() -> None:
    history = [*earlier(4), *bout(0, si=50), *bout(3, si=50)]
    cold = [replace(b, contact_time_si_pct=99.0) if b.number < 4 else b for b in history]
    void = [*cold, *(replace(b, contact_time_si_pct=99.0, void=True) for b in bout(-9))]
    found = Baseline(History(void), NOW).normal(FIELD, "walking", 0.5)
    assert found is not None
    assert found.bouts == 4
    assert abs(found.mean) < 1.5


def test_agreement_by_chance_is_not_believed() -> None:
    same = [b for day in (-3, -2, -1) for b in bout(day, noise=0)]
    found = Baseline(History(same), NOW).normal(FIELD, "walking", 0.5)
    assert found is not None
    assert found.sd == 0.5


def test_poor_data_is_not_usable() -> None:
    assert usable(block())
    assert not usable(block(void=True))
    assert not usable(block(rejected_left=13))
    assert not usable(block(received_right=0.94))
    assert usable(block(received_left=0.93, received_right=0.94))
    assert not usable(block(received_right=float("nan")))
    assert [warm(block(NOW, n)) for n in (0, 3, 4)] == [False, False, True]
