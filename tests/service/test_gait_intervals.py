"""Intervals of means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.gait.intervals import batches, mean_of, standard_error, t975


def test_students_t() -> None:
    for freedom, value in ((1, 12.706), (9, 2.262), (30, 2.042), (31, 2.0395), (60, 2.0003), (120, 1.9799)):
        assert t975(freedom) == pytest.approx(value, abs=1e-3)
    assert t975(10**9) == pytest.approx(1.95996, abs=1e-4)
    assert t975(0) == math.inf


def test_batches_leave_the_missing_out_and_refuse_too_few() -> None:
    assert batches([*range(40), math.nan]).tolist() == [4 * k + 1.5 for k in range(10)]
    assert np.isnan(batches([1.0] * 19)).all()
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
        inside += abs(mean_of(x.tolist())) < t975(9) * standard_error(batches(x.tolist()))
    assert 0.91 <= inside / trials <= 0.97
