"""The difference foot and the comparison of two groups: known differences, and none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.review.comparison import FootLoads, difference, mean, welch_difference
from tests.walkers.sole_rows import LATERAL, MEDIAL, SENSORS, pattern


def _bouts(count: int, start: int = 0, medial: float = 0.0) -> list[FootLoads]:
    return [(pattern(2 * k, medial), pattern(2 * k + 1, medial)) for k in range(start, start + count)]


def test_a_planted_medial_shift_is_more_inside_and_less_outside() -> None:
    found = difference(_bouts(1, 50, medial=0.3), _bouts(6))
    assert found is not None
    for z, told in zip(found.z, found.told, strict=True):
        assert (z[MEDIAL] > 0).all()
        assert (z[LATERAL] < 0).all()
        assert told[MEDIAL].all()
        assert told[LATERAL].all()


def test_the_other_way_round_has_the_other_sign() -> None:
    one, other = _bouts(4, 50, medial=0.2), _bouts(4)
    there, back = difference(one, other), difference(other, one)
    assert there is not None
    assert back is not None
    np.testing.assert_allclose(np.concatenate(there.z), -np.concatenate(back.z))


def test_without_a_difference_the_feet_stay_gray() -> None:
    """In at most one map of twenty is any sensor told, by chance; the bar leaves room for the chance of 200 maps."""
    colored = 0
    for k in range(200):
        found = difference(_bouts(1, 1000 + 10 * k), _bouts(5, 1001 + 10 * k))
        assert found is not None
        colored += any(told.any() for told in found.told)
    assert colored <= 20


def test_shuffled_bouts_of_two_shoes_stay_gray() -> None:
    every = [*_bouts(6, 0, medial=0.2), *_bouts(6, 50)]
    mixed = every[::2], every[1::2]
    found = difference(*mixed)
    assert found is not None
    assert not any(told.any() for told in found.told)


def test_too_few_bouts_have_no_map() -> None:
    assert difference(_bouts(1), _bouts(2, 10)) is None
    assert difference(_bouts(0), _bouts(5, 10)) is None


def test_a_broken_sensor_is_left_out_of_every_bout_and_shifts_no_other() -> None:
    plain, broken = _bouts(1, 50), _bouts(5)
    for left, _ in broken[:1]:
        left[3] = math.nan
    found = difference(plain, broken)
    assert found is not None
    assert np.flatnonzero(np.isnan(found.z[0])).tolist() == [3]
    assert not found.told[0][3]
    assert np.isfinite(found.z[1]).sum() == SENSORS
    assert not any(told.any() for told in found.told)


def test_the_interval_of_a_difference_holds_the_truth_in_95_of_100() -> None:
    chance = np.random.default_rng(4)
    held = 0
    for _ in range(2000):
        told = welch_difference(chance.normal(3, 1, 5).tolist(), chance.normal(1, 2, 4).tolist())
        held += told.low <= 2 <= told.high
    assert 0.93 <= held / 2000 <= 0.975


@pytest.mark.parametrize(("ours", "theirs"), [([1.0, 2.0], [1.0, 2.0, 3.0]), ([1.0, 2.0, math.nan], [1.0, 2.0, 3.0])])
def test_two_bouts_on_a_side_cannot_tell(ours: list[float], theirs: list[float]) -> None:
    assert math.isnan(welch_difference(ours, theirs).value)
    assert welch_difference(ours, theirs).bouts == 2


def test_a_mean_of_few_has_no_interval() -> None:
    told = mean([1.0, 2.0])
    assert (told.value, told.bouts) == (1.5, 2)
    assert math.isnan(told.low)
    three = mean([1.0, 2.0, 3.0])
    assert three.high - three.value == pytest.approx(4.303 / math.sqrt(3))
