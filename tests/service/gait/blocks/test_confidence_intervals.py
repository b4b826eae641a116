"""Intervals of means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.gait.blocks.confidence_intervals import (
    Spread,
    batch_means,
    inflation,
    mean_of,
    pooled,
    spread,
    standard_error,
    student,
    t975,
)


def test_students_t() -> None:
    for freedom, value in ((1, 12.706), (9, 2.262), (30, 2.042), (31, 2.0395), (60, 2.0003), (120, 1.9799)):
        assert t975(freedom) == pytest.approx(value, abs=1e-3)
    assert t975(10**9) == pytest.approx(1.95996, abs=1e-4)
    assert t975(0) == math.inf


def test_batches_leave_the_missing_out_and_refuse_too_few() -> None:
    assert batch_means([*range(40), math.nan]).tolist() == [4 * k + 1.5 for k in range(10)]
    assert np.isnan(batch_means([1.0] * 19)).all()
    assert mean_of([1.0, math.nan, 3.0]) == 2.0
    assert math.isnan(mean_of([]))


@pytest.mark.parametrize("phi", [0.0, 0.3])
def test_the_interval_of_a_mean_covers_the_truth(phi: float) -> None:
    rng = np.random.default_rng(3)
    inside, trials = 0, 1500
    for _ in range(trials):
        x = np.zeros(50)
        e = rng.standard_normal(50)
        x[0] = e[0] / math.sqrt(1 - phi**2)
        for k in range(1, 50):
            x[k] = phi * x[k - 1] + e[k]
        inside += abs(mean_of(x.tolist())) < t975(9) * standard_error(batch_means(x.tolist()))
    assert 0.91 <= inside / trials <= 0.97


def test_the_surer_quantile() -> None:
    for freedom, value in ((1, 63.66), (4, 4.604), (30, 2.750), (40, 2.7045), (120, 2.6174)):
        assert student(freedom, 0.995) == pytest.approx(value, rel=1e-3)


def test_students_t_between_two_entries() -> None:
    assert t975(3.5) == pytest.approx(2.939, rel=0.005)
    assert t975(1.5) == pytest.approx(6.0, rel=0.2)
    assert 2.042 > t975(30.5) > 2.039
    assert [t975(x) for x in (2.0, 2.2, 2.9)] == sorted([t975(x) for x in (2.0, 2.2, 2.9)], reverse=True)
    assert t975(0.9) == math.inf


def ar(rng: np.random.Generator, count: int, lag: float) -> np.typing.NDArray[np.float64]:
    x = rng.standard_normal(count)
    for k in range(1, count):
        x[k] = lag * x[k - 1] + math.sqrt(1 - lag**2) * x[k]
    return x


def test_the_mean_of_correlated_blocks_scatters_as_the_inflation_says() -> None:
    rng = np.random.default_rng(6)
    for count, lag in ((3, 0.5), (12, 0.2), (12, 0.7)):
        means = [ar(rng, count, lag).mean() for _ in range(4000)]
        assert np.var(means) * count == pytest.approx(inflation(count, lag), rel=0.08)
    assert inflation(1, 0.5) == 1


@pytest.mark.parametrize("lag", [0.0, 0.2, 0.5, 0.7])
@pytest.mark.parametrize("count", [2, 3, 12])
def test_the_spread_of_correlated_blocks_is_told_without_bias(count: int, lag: float) -> None:
    rng = np.random.default_rng(7)
    found = [spread(ar(rng, count, lag), lag) for _ in range(3000)]
    assert np.mean([each.variance for each in found]) == pytest.approx(1, abs=0.12)
    assert 0 < found[0].freedom <= count - 1
    assert spread(np.array([1.0]), lag) == (0, 0)


def test_spreads_are_pooled_by_their_freedom() -> None:
    assert pooled([Spread(1, 3), Spread(0, 0), Spread(5, 1)]) == (2, 4)
    assert pooled([]) == (0, 0)
