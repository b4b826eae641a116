"""The wearer's own normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from service.contracts.ordinary_blocks import DAY, NOW, block, bout, earlier
from service.gait.detectors.baseline import Baseline, History, Normal, run_steps, usable, warm
from service.gait.detectors.measures import CONTACT, IMPULSE, LEFT_INDEX, Measure, Setting
from service.records.rows import Block, Note

WALK = Setting("walking", (0, 0), 0.65)


def normal(history: Sequence[Block], measure: Measure = CONTACT, where: Setting = WALK, at: int = NOW) -> Normal | None:
    return Baseline(History(history), at).normal(measure, where)


def test_three_earlier_bouts_make_a_normal() -> None:
    days = [bout(day, si=si, noise=0) for day, si in ((-3, 1.0), (-2, 2.0), (-1, 3.0))]
    history = [b for day in days for b in day]
    found = normal(history)
    assert found is not None
    assert (found.mean, found.sd) == pytest.approx((2, 1))
    assert found.bouts == 3
    assert normal(history, at=days[2][0].bout) is None
    assert normal(history, where=WALK._replace(activity="running")) is None


def test_only_bouts_before_and_warm_sound_blocks_count() -> None:
    history = [*earlier(4), *bout(0, si=50), *bout(3, si=50)]
    cold = [replace(b, contact_time_si_pct=99.0) if b.number < 4 else b for b in history]
    void = [*cold, *(replace(b, contact_time_si_pct=99.0, void=True) for b in bout(-9))]
    found = normal(void)
    assert found is not None
    assert found.bouts == 4
    assert abs(found.mean) < 1.5


def test_agreement_by_chance_is_not_believed() -> None:
    same = [b for day in (-3, -2, -1) for b in bout(day, noise=0)]
    found = normal(same)
    assert found is not None
    assert found.sd == 0.5


def test_how_blocks_scatter_is_learned_from_the_bouts_before() -> None:
    found = normal([b for day in range(-20, 0) for b in bout(day, 30, seed=day + 20)])
    assert found is not None
    assert found.spread.variance == pytest.approx(0.45**2, rel=0.3)  # a little more, were they correlated
    assert 200 < found.spread.freedom < 20 * 25


def test_medial_loading_is_compared_at_the_same_pace_and_symmetry_at_any() -> None:
    slow, fast = ([b for day in days for b in bout(day, left=left, contact_time_left_s=s, contact_time_right_s=s)]
                  for days, left, s in ((range(-6, -2), -10.0, 0.68), (range(-2, 0), 5.0, 0.56)))  # fmt: skip
    for contact_s, bouts in ((0.68, 4), (0.64, 4), (0.56, 0)):
        found = normal([*slow, *fast], LEFT_INDEX, WALK._replace(contact_s=contact_s))
        assert (0 if found is None else found.bouts) == bouts
        assert found is None or found.mean == pytest.approx(-10, abs=1)
        symmetry = normal([*slow, *fast], CONTACT, WALK._replace(contact_s=contact_s))
        assert symmetry is not None
        assert symmetry.bouts == 6


@pytest.mark.parametrize("seed", range(20))
def test_ordinary_days_do_not_fall_apart_by_their_pace(seed: int) -> None:
    drawn = 0.65 * np.exp(np.random.default_rng(seed).normal(0, 0.025, 12))
    days = [b for k, s in enumerate(drawn) for b in bout(k - 12, contact_time_left_s=s, contact_time_right_s=s)]
    found = normal(days, LEFT_INDEX)
    assert found is not None
    assert found.bouts >= 10


def test_what_depends_on_the_insole_is_compared_on_such_insoles_alone() -> None:
    other = [b for day in range(-6, -2) for b in bout(day, sensors_left=8, sensors_right=8)]
    own = [b for day in range(-2, 0) for b in bout(day, sensors_left=16, sensors_right=16)]
    where = WALK._replace(kit=(16, 16))
    baseline = Baseline(History([*other, *own]), NOW)
    assert baseline.normal(IMPULSE, where) is None
    assert baseline.elsewhere(IMPULSE, where)
    assert not baseline.elsewhere(IMPULSE, WALK._replace(kit=(8, 8)))
    assert baseline.normal(IMPULSE, WALK._replace(kit=(8, 8))) is not None
    assert baseline.normal(CONTACT, where) is not None
    assert baseline.normal(IMPULSE, WALK) is not None, "blocks that do not tell are compared with all"
    assert not baseline.elsewhere(CONTACT, where)


def test_other_insoles_in_between_do_not_hide_that_a_bout_matters_later() -> None:
    days = [bout(0), *(bout(day, sensors_left=8, sensors_right=8) for day in range(1, 30)), bout(30)]
    history = History([b for day in days for b in day])
    history.note(Note(NOW, "ada", "delete", "yes"))
    assert NOW + 30 * DAY in history.stale()


def test_steps_of_a_run_are_counted_with_those_that_were_lost_on_one_foot() -> None:
    run = bout(0, 4, activity="running")
    assert run_steps(run) == 2 * 4 * 52
    assert run_steps([*run, *bout(0, 3)]) == 2 * 4 * 52
    assert run_steps([replace(b, strides_right=0, rejected_right=0) for b in run]) == 2 * 4 * 52
    assert run_steps([]) == 0
    history = History([*run, *bout(1, 3), *bout(2, 4, activity="running")])
    assert [(r.time, r.steps) for r in history.runs(NOW + 2 * DAY)] == [(NOW, 416), (NOW + DAY, 0)]
    history.note(Note(NOW, "ada", "delete", "yes"))
    assert [r.steps for r in history.runs(NOW + 3 * DAY)] == [0, 416]


def test_poor_data_is_not_usable() -> None:
    assert usable(block())
    assert not usable(block(void=True))
    assert not usable(block(rejected_left=13))
    assert not usable(block(received_right=0.94))
    assert usable(block(received_left=0.93, received_right=0.94))
    assert not usable(block(received_right=float("nan")))
    assert [warm(block(NOW, n)) for n in (0, 3, 4)] == [False, False, True]
