"""Medial against lateral load."""

from __future__ import annotations

import math

import pytest

from service.gait.pronation import medial_loading


def test_the_mean_and_its_error() -> None:
    found = medial_loading([-10.0 + (-1) ** k for k in range(60)])
    assert found.mean == pytest.approx(-10)
    assert found.error == pytest.approx(0, abs=1e-9)


def test_a_layout_that_cannot_tell_says_nothing() -> None:
    found = medial_loading([math.nan] * 60)
    assert math.isnan(found.mean)
    assert math.isnan(found.error)
