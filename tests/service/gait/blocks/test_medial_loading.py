"""Medial against lateral load."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.gait.blocks.medial_loading import common_and_opposite, medial_loading, probability, shifted

change = st.floats(-40, 40)


def test_the_mean_and_its_error() -> None:
    found = medial_loading([-10.0 + (-1) ** k for k in range(60)])
    assert found.mean == pytest.approx(-10)
    assert found.error == pytest.approx(0, abs=1e-9)


def test_a_layout_that_cannot_tell_says_nothing() -> None:
    found = medial_loading([math.nan] * 60)
    assert math.isnan(found.mean)
    assert math.isnan(found.error)


@given(change, change)
def test_feet_are_parted_into_what_they_share_and_what_they_oppose(left: float, right: float) -> None:
    parts = common_and_opposite(left, right)
    assert parts.common + parts.opposite == pytest.approx(left, abs=1e-9)
    assert parts.common - parts.opposite == pytest.approx(right, abs=1e-9)
    swapped = common_and_opposite(right, left)
    assert swapped == pytest.approx((parts.common, -parts.opposite))


def test_an_insole_aside_has_no_bow() -> None:
    assert shifted(8.0, 0.1)
    assert shifted(-8.0, -0.1)
    assert shifted(8.0, -1.0)
    assert not shifted(8.0, 1.0)
    assert not shifted(-8.0, -1.0)
    assert not shifted(8.0, math.nan)
    assert not shifted(0.0, 1.0)


def test_even_a_sure_score_is_a_modest_probability() -> None:
    assert probability(2.0, 0.0) == pytest.approx(0.31, abs=0.005)
    assert probability(0.0, 0.0, beyond=0.0) == pytest.approx(0.5)
    assert probability(2.0, 1.0) > probability(2.0, 0.0)  # below the limit, doubt helps
    assert math.isnan(probability(math.nan, 0.1))


def test_scores_beyond_one_and_a_half_find_every_second_strong_everter() -> None:
    """A flag on z > 1.5 has a positive predictive value of 0.50 for the true top 15 %, at r = 0.54."""
    scores = np.linspace(1.5, 6, 4000)
    density = np.exp(-(scores**2) / 2)
    hit = np.array([probability(float(z), 0.0, beyond=1.0364) for z in scores])
    assert (hit * density).sum() / density.sum() == pytest.approx(0.50, abs=0.01)
