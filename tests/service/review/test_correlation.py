"""Whether a link is told where there is one, and none where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_bridge import Float64s
from service.review.correlation import LEAST_DAYS, Association, associations, paired_days

DAYS = 70


def _series(chance: np.random.Generator, days: int, memory: float) -> Float64s:
    noise = chance.standard_normal(days)
    values = np.zeros(days)
    for day in range(1, days):
        values[day] = memory * values[day - 1] + noise[day]
    return values


def _diary(seed: int, *, to_pain: float = 0.0, from_pain: float = 0.0, days: int = DAYS) -> tuple[Float64s, Float64s]:
    """Return pain, which lasts from day to day, and one measure; each may follow the other a day later."""
    chance = np.random.default_rng(seed)
    noise = chance.standard_normal((days, 2))
    pain, measure = np.zeros(days), np.zeros(days)
    for day in range(1, days):
        pain[day] = 0.6 * pain[day - 1] + to_pain * measure[day - 1] + noise[day, 0]
        measure[day] = 0.4 * measure[day - 1] + from_pain * pain[day - 1] + noise[day, 1]
    felt = np.clip(np.round(3 + pain), 0, 10)
    run = chance.random(days) < 0.7
    return np.where(chance.random(days) < 0.95, felt, math.nan), np.where(run, measure, math.nan)


def _found(pain: Float64s, measure: Float64s, seed: int) -> list[Association]:
    """Look at the measure among four others that have nothing to do with pain."""
    chance = np.random.default_rng([seed, 1])
    others = {f"other {k}": np.where(chance.random(len(pain)) < 0.7, _series(chance, len(pain), 0.5), math.nan)
              for k in range(3)}  # fmt: skip
    load = np.abs(_series(chance, len(pain), 0.3))
    return associations(pain, {"planted": measure} | others | {"load": load})


def test_shuffled_pain_shows_no_link_in_95_of_100_diaries() -> None:
    told = 0
    for seed in range(200):
        pain, measure = _diary(seed, to_pain=0.8)
        told += any(one.reliable for one in _found(np.random.default_rng(seed).permutation(pain), measure, seed))
    assert told <= 10


def test_pain_that_lasts_but_has_nothing_to_do_with_it_shows_no_link() -> None:
    told = sum(any(one.reliable for one in _found(*_diary(seed), seed)) for seed in range(1000, 1200))
    assert told <= 10


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("to_pain", [True, False])
def test_a_planted_lag_is_found_with_its_sign_and_direction(*, to_pain: bool, sign: int) -> None:
    diaries = 20
    right = 0
    for seed in range(diaries):
        pain, measure = _diary(seed, to_pain=0.8 * sign * to_pain, from_pain=0.8 * sign * (not to_pain))
        told = [one for one in _found(pain, measure, seed) if one.reliable]
        right += any(one.measure == "planted" and one.to_pain is to_pain and sign * one.effect > 0 for one in told)
    assert right >= 0.8 * diaries


def test_the_interval_holds_zero_less_often_the_stronger_the_link_and_is_shrunk() -> None:
    strong, none = (
        next(one for one in _found(*_diary(5, to_pain=plant), 5) if one.measure == "planted" and one.to_pain)
        for plant in (1.0, 0.0)
    )
    assert strong.low > 0
    assert none.low < 0 < none.high
    assert abs(none.effect) < abs(strong.effect)
    assert all(one.low < one.effect < one.high for one in (strong, none))


def test_with_fewer_than_28_paired_days_nothing_is_looked_at() -> None:
    pain, load = np.arange(LEAST_DAYS, dtype=float) % 5, np.arange(LEAST_DAYS, dtype=float) % 7
    assert paired_days(pain, load) == LEAST_DAYS - 1
    assert associations(pain, {"load": load}) == []
    more = np.append(pain, 2.0), np.append(load, 3.0)
    assert [one.days for one in associations(more[0], {"load": more[1]})] == [LEAST_DAYS, LEAST_DAYS]


def test_a_day_without_a_note_pairs_with_nothing() -> None:
    pain, load = np.full(20, 2.0), np.ones(20)
    pain[10] = math.nan
    assert paired_days(pain, load) == 17


@pytest.mark.parametrize("pain", [np.zeros(60), np.full(60, math.nan), np.arange(60.0)])
def test_what_does_not_vary_or_only_grows_is_no_link(pain: Float64s) -> None:
    chance = np.random.default_rng(3)
    assert not any(one.reliable for one in associations(pain, {"a": chance.standard_normal(60), "b": np.ones(60)}))


def test_the_same_diary_gives_the_same_answer() -> None:
    assert _found(*_diary(7), 7) == _found(*_diary(7), 7)
