"""The sole in parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import load_profile
from service.gait import thresholds as p
from service.gait.signal.regions import OUTLINE, REGIONS, natural_neighbors, sole_of, straight

LONG, WIDE = 265.0, 96.0
place = st.floats(0, 1)
layouts = st.lists(st.tuples(place, place), min_size=1, max_size=12)


def columns(places: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    ml, ap = np.array(places, float).T
    return ml.copy(), ap.copy()


def nearest(ml: np.ndarray, ap: np.ndarray) -> np.ndarray:
    """Return shares of the outline by counting points of a grid: another way to the same."""
    at, along = np.meshgrid(np.arange(-WIDE / 2 + 0.5, WIDE / 2), np.arange(0.5, LONG))
    x, y = at.ravel(), along.ravel()
    inside = np.zeros(len(x), bool)
    corners = [(u * WIDE / 200, v * LONG / 100) for u, v in OUTLINE]
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        crosses = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    x, y = x[inside], y[inside]
    square = (x[:, None] - (2 * ml - 1) * WIDE / 2) ** 2 + (y[:, None] - ap * LONG) ** 2
    return np.bincount(square.argmin(axis=1), minlength=len(ml)) / len(x)


@pytest.mark.parametrize("name", ["demo-16", "insole-line", "gaitpdb-8"])
def test_cells_hold_what_is_nearest(name: str) -> None:
    sensors = load_profile(name).sensors
    areas = sole_of(sensors.ml, sensors.ap, LONG, WIDE).area
    assert areas == pytest.approx(nearest(sensors.ml, sensors.ap), abs=0.004)


def test_a_dense_layout_follows_the_foots_own_axis() -> None:
    sensors = load_profile("pedar-99").sensors
    ml = straight(sensors.ml, sensors.ap)
    heel, ball = sensors.ap <= p.HEEL_UNTIL, (sensors.ap > 0.7) & (sensors.ap < 0.75)
    assert sensors.ml[heel].mean() < 0.40  # the box is not centered on the heel
    assert ml[heel].mean() == pytest.approx(0.5, abs=0.03)
    assert np.array_equal(ml[ball], sensors.ml[ball])
    sole = sole_of(sensors.ml, sensors.ap, LONG, WIDE)
    assert sole.area * 99 == pytest.approx(1.0, abs=0.6)
    seen = {name: float(sole.share(name).sum()) for name in REGIONS}
    assert min(seen.values()) > 5
    assert seen["heel_medial"] == pytest.approx(seen["heel_lateral"], rel=0.15)


def test_a_layout_that_does_not_cover_the_heel_keeps_the_boxs_middle() -> None:
    for name in ("demo-16", "insole-line", "gaitpdb-8"):
        sensors = load_profile(name).sensors
        assert straight(sensors.ml, sensors.ap) == pytest.approx(sensors.ml)


def test_one_sensor_is_the_whole_sole_and_no_region() -> None:
    sole = sole_of(np.array([0.5]), np.array([0.5]), LONG, WIDE)
    assert sole.area.tolist() == [1.0]
    assert not any(sole.observed(region) for region in REGIONS)
    assert sum(float(sole.share(region)[0]) for region in REGIONS) == pytest.approx(1.0)


def test_the_rim_of_a_sparse_layout_is_capped() -> None:
    ml = np.array([0.5, 0.4, 0.5, 0.6, 0.45, 0.55])
    ap = np.array([0.1, 0.9, 0.9, 0.9, 0.87, 0.87])
    area = sole_of(ml, ap, LONG, WIDE).area
    assert area[0] == pytest.approx(area.max())
    assert area[0] <= p.MAX_CELL * np.median(area) * 1.0001


@given(layouts)
def test_the_parts_make_the_whole(places: list[tuple[float, float]]) -> None:
    ml, ap = columns(places)
    sole = sole_of(ml, ap, LONG, WIDE)
    assert sole.area.sum() == pytest.approx(1.0)
    assert (sole.area >= 0).all()
    assert ((sole.within >= 0) & (sole.within <= 1)).all()
    assert sole.share(*REGIONS) == pytest.approx(np.ones(len(ml)), abs=1e-6)


@given(layouts, st.sets(st.integers(0, 11), min_size=1))
def test_neighbors_speak_for_what_is_dropped_and_for_nothing_else(
    places: list[tuple[float, float]], dropped: set[int]
) -> None:
    ml, ap = columns(places)
    shares = natural_neighbors(ml, ap, LONG, WIDE, frozenset(dropped))
    gone = [i for i in range(len(ml)) if i in dropped]
    left = [i for i in range(len(ml)) if i not in dropped]
    assert not shares[left].any()
    assert not shares[:, gone].any()
    if left and gone:
        assert shares[gone].sum(axis=1) == pytest.approx(1.0)


def test_a_dropped_sensor_in_the_middle_reads_the_mean_of_four() -> None:
    ml, ap = columns(
        [(0.5, 0.5), (0.3, 0.5), (0.7, 0.5), (0.5, 0.5 - 0.2 * WIDE / LONG), (0.5, 0.5 + 0.2 * WIDE / LONG)]
    )
    shares = natural_neighbors(ml, ap, LONG, WIDE, frozenset({0}))
    assert shares[0] == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])


def test_sensors_in_one_place_share_it() -> None:
    area = sole_of(np.array([0.5, 0.5, 0.5]), np.array([0.2, 0.8, 0.8]), LONG, WIDE).area
    assert area[1] == area[2]
    assert math.isclose(area.sum(), 1.0)
