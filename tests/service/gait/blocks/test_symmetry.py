"""Left against right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.gait.blocks.symmetry import symmetry_index

positive = st.lists(st.floats(0.1, 10), min_size=20, max_size=60)


def test_the_index_is_two_hundred_times_difference_over_sum() -> None:
    found = symmetry_index([0.25] * 50, [0.27] * 50)
    assert found == pytest.approx((200 * 0.02 / 0.52,) * 3)


@given(positive, positive)
def test_swapping_the_feet_changes_the_sign_and_nothing_else(left: list[float], right: list[float]) -> None:
    one, other = symmetry_index(left, right), symmetry_index(right, left)
    assert (other.value, other.low, other.high) == (-one.value, -one.high, -one.low)
    assert one.low <= one.value <= one.high


def test_too_few_or_impossible_values_have_no_index() -> None:
    assert math.isnan(symmetry_index([0.2] * 10, [0.2] * 50).value)
    assert math.isnan(symmetry_index([0.0] * 50, [0.2] * 50).value)


def test_its_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(8)
    truth = 200 * math.tanh(0.05 / 2)
    inside = 0
    for _ in range(1500):
        common = 0.02 * rng.standard_normal(50)
        left = np.exp(common + 0.02 * rng.standard_normal(50))
        right = np.exp(0.05 + common + 0.02 * rng.standard_normal(50))
        found = symmetry_index(left.tolist(), right.tolist())
        inside += found.low <= truth <= found.high
    assert 0.93 <= inside / 1500 <= 0.97
