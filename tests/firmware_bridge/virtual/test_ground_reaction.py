"""The force of a stance: the check values of the two-mass model, Newton's law, and the edges at 20 N."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.model import STANDARD_GRAVITY
from firmware_bridge.virtual.gait.ground_reaction import (
    CONTACT_N,
    ForceShape,
    contact_edges,
    force,
    monotone_cubic,
    walk_curve,
)

WEIGHT = 70 * STANDARD_GRAVITY


def stance(running: bool, support: float, impulse: float, stop: float = 0.030) -> ForceShape:
    def one(value: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.full((1, 1), value)

    return ForceShape(running, one(support), one(impulse), 70.0, one(stop), one(1.4), 2.7 if running else 1.3)


def test_running_at_the_published_check_values() -> None:
    s = stance(True, 0.271, WEIGHT * 0.383)
    t = np.linspace(0, 0.271, 4001)
    f = force(t[None], s)[0]
    assert f.max() / WEIGHT == pytest.approx(2.62, abs=0.01)
    assert np.interp(0.035, t, f) / WEIGHT == pytest.approx(1.32, abs=0.01)
    assert np.gradient(f, t).max() / WEIGHT == pytest.approx(60, abs=1)


@given(st.booleans(), st.floats(0.2, 0.75), st.floats(0.8, 1.25))
def test_the_integral_is_the_impulse_whatever_the_stance(running: bool, support: float, load: float) -> None:
    impulse = load * WEIGHT * (support * 0.7 + 0.15)
    t = np.linspace(0, support, 6001)
    f = force(t[None], stance(running, support, impulse))[0]
    assert np.sum((f[1:] + f[:-1]) / 2 * np.diff(t)) == pytest.approx(impulse, rel=1e-4)
    assert f.min() >= 0


@given(st.booleans(), st.floats(0.2, 0.4))
def test_contact_edges_are_where_the_force_is_20_newton(running: bool, support: float) -> None:
    s = stance(running, support, WEIGHT * (support + 0.1))
    on, off = contact_edges(s)
    assert force(on, s)[0, 0] == pytest.approx(CONTACT_N, abs=0.1)
    assert force(off, s)[0, 0] == pytest.approx(CONTACT_N, abs=0.1)
    assert 0 < on < off < support


def test_walking_has_two_humps_and_a_valley_that_deepens_with_speed() -> None:
    slow, fast = walk_curve(-0.3)[0], walk_curve(0.3)[0]
    assert fast[1000] < slow[1000] < slow[460]
    assert fast[460] > slow[460]


@given(st.lists(st.floats(0, 3), min_size=5, max_size=40).filter(lambda x: max(x[1:-1]) > 1), st.floats(0.2, 0.7))
def test_any_measured_curve_keeps_impulse_and_edges(points: list[float], support: float) -> None:
    s = stance(True, support, WEIGHT * support)._replace(curve=tuple(points))
    t = np.linspace(0, support, 8001)
    f = force(t[None], s)[0]
    assert np.sum((f[1:] + f[:-1]) / 2 * np.diff(t)) == pytest.approx(WEIGHT * support, rel=1e-3)
    on, off = (float(edge[0, 0]) for edge in contact_edges(s))
    assert f[(t < on - 1e-3) | (t > off + 1e-3)].max(initial=0.0) <= CONTACT_N + 1
    assert 0 <= on < off <= support


def test_the_cubic_does_not_overshoot() -> None:
    x, y = np.array([0.0, 1, 2, 3]), np.array([0.0, 1, 1, 0])
    at = np.linspace(0, 3, 301)
    got = monotone_cubic(x, y, at)
    assert got.max() <= 1 + 1e-12
    assert got[[0, 100, 200, 300]] == pytest.approx(y)
