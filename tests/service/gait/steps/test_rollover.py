"""One measure at a time, on stances made for it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.gait import thresholds as p
from service.gait.signal.load import ACROSS, ALONG, CHANNELS, HEEL, LATERAL, LOAD, MEDIAL, MIDFOOT
from service.gait.steps import rollover
from service.gait.steps.rollover import LoadCurve

Float64s = NDArray[np.float64]


def curve(
    across: Callable[[Float64s], Float64s] = lambda s: 0.5 + 0 * s,
    along: Callable[[Float64s], Float64s] = lambda s: 0.1 + 0.8 * s,
    medial: Callable[[Float64s], Float64s] = lambda s: 0.5 + 0 * s,
    heel: Callable[[Float64s], Float64s] = lambda s: np.clip(1 - s / 0.5, 0, 1),
    rate_hz: float = 100.0,
    scale: float = 800.0,
) -> LoadCurve:
    """Return 0.6 s of half a sine; arguments are functions of the stance fraction."""
    seconds = np.arange(1, round(0.6 * rate_hz)) / rate_hz
    s = seconds / 0.6
    load = scale * np.sin(np.pi * s)
    channels = np.zeros((len(s), CHANNELS))
    channels[:, LOAD] = load
    channels[:, MEDIAL], channels[:, LATERAL] = medial(s) * load, (1 - medial(s)) * load
    channels[:, ACROSS], channels[:, ALONG] = across(s) * load, along(s) * load
    channels[:, HEEL], channels[:, MIDFOOT] = heel(s) * load, 0.25 * load
    return LoadCurve(seconds, s, channels, float(load.max()))


def test_a_window_knows_its_own_index() -> None:
    c = curve(medial=lambda s: np.where(s < 0.2, 0.4, 0.7))
    assert rollover.index(c, (0.08, 0.18)) == pytest.approx(-20, abs=1e-6)
    assert rollover.index(c, (0.25, 0.60)) == pytest.approx(40, abs=1e-6)
    assert -20 < rollover.index(c, (0.08, 0.45)) < 40


@pytest.mark.parametrize("rate_hz", [60.0, 200.0, 300.0])
def test_measures_do_not_depend_on_the_sampling_rate(rate_hz: float) -> None:
    leaning = {"medial": lambda s: 0.4 + 0.2 * s, "across": lambda s: 0.5 - 0.1 * np.sin(np.pi * s)}
    usual, other = curve(**leaning), curve(**leaning, rate_hz=rate_hz)  # type: ignore[arg-type]
    assert rollover.index(other, p.EARLY_WINDOW) == pytest.approx(rollover.index(usual, p.EARLY_WINDOW), abs=0.3)
    assert rollover.heel_off(other) == pytest.approx(rollover.heel_off(usual), abs=0.01)
    assert rollover.strike_index(other) == pytest.approx(rollover.strike_index(usual), abs=2)
    assert rollover.cpei(other) == pytest.approx(rollover.cpei(usual), abs=0.5)


@pytest.mark.parametrize("bow", [-0.05, 0.0, 0.1, 0.2])
def test_the_excursion_index_is_the_bow_at_two_thirds(bow: float) -> None:
    """A parabola over the path: as far as `bow` lateral of the straight line between its ends at y = 0.5."""

    def across(s: Float64s) -> Float64s:
        y = 0.1 + 0.8 * s
        return 0.4 + 0.2 * y - bow * (1 - ((y - 0.5) / 0.4) ** 2)

    expected = 100 * bow * (1 - ((2 / 3 - 0.5) / 0.4) ** 2)
    found = rollover.cpei(curve(across=across))
    assert found == pytest.approx(expected, abs=0.25 * abs(expected) + 1e-6)  # the ends of the chord lie inside
    assert found == pytest.approx(rollover.cpei(curve(across=lambda s: across(s) + 0.07)), abs=1e-9)


def test_a_path_that_goes_back_is_read_forward() -> None:
    back = curve(along=lambda s: 0.1 + 0.8 * s - 0.06 * np.sin(20 * s))
    assert rollover.cpei(back) == pytest.approx(0, abs=1e-9)


def test_a_short_path_has_no_excursion_index() -> None:
    assert math.isnan(rollover.cpei(curve(along=lambda s: 0.5 + 0.3 * s)))


def test_the_heel_is_off_once_it_stays_off() -> None:
    touches = curve(heel=lambda s: np.where((s < 0.3) | ((s > 0.4) & (s < 0.5)), 0.5, 0.0))
    assert rollover.heel_off(touches) == pytest.approx(0.5, abs=1 / 60)
    assert math.isnan(rollover.heel_off(curve(heel=lambda s: 0.05 + 0 * s)))  # it hardly touches
    assert math.isnan(rollover.heel_off(curve(heel=lambda s: s)))  # it never lifts


def test_the_strike_is_where_the_load_begins() -> None:
    assert rollover.strike_index(curve(along=lambda s: 0.12 + 0 * s)) == pytest.approx(12)
    assert rollover.strike_index(curve(along=lambda s: np.where(s < 0.1, 0.7, 0.4))) == pytest.approx(70)
    assert rollover.strike_index(curve(rate_hz=25)) < 33


@given(st.floats(0.1, 10))
def test_scaling_the_load_changes_nothing(factor: float) -> None:
    one, other = curve(), curve(scale=800 * factor)
    for measure in (rollover.strike_index, rollover.heel_off, rollover.midfoot_share, rollover.cpei):
        assert measure(other) == pytest.approx(measure(one), abs=1e-9)
    assert rollover.index(other, p.INDEX_WINDOW) == pytest.approx(rollover.index(one, p.INDEX_WINDOW), abs=1e-9)
    assert rollover.midfoot_share(other) == pytest.approx(0.25)
