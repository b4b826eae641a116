"""From readings to load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge import SECOND, Calibration, Frames, Profile, Side, load_profile
from service.gait.signal.load import (
    ALONG,
    LATERAL,
    LOAD,
    MEDIAL,
    areas,
    compile_layout,
    layout_of,
    medial_weight,
    plain_layout,
)
from service.records.quantities import Tier
from tests.walkers.walks import devices, insole


def frames(pressure: object, device: str = "x") -> Frames:
    values = np.asarray(pressure, np.float32)
    return Frames("ada", Side.LEFT, device, np.arange(len(values), dtype=np.int64) * 10_000_000, values)


def demo() -> Profile:
    return load_profile("demo-16")


def test_kilopascals_times_area_are_newtons() -> None:
    profile = demo()
    _, channels = compile_layout(profile, Calibration()).channels(frames(np.full((3, 16), 100.0)))
    assert channels[:, LOAD] == pytest.approx(100e3 * profile.sensors.area_mm2.sum() * 1e-6)


def test_calibration_is_zero_then_gain() -> None:
    calibration = Calibration(zero=(2.0,) * 8, gain=(3.0,) * 8)
    layout = compile_layout(load_profile("gaitpdb-8"), calibration)
    assert layout.unit == "N"
    _, channels = layout.channels(frames(np.full((2, 8), 5.0)))
    assert channels[:, LOAD] == pytest.approx(8 * 9.0)
    assert layout_of(replace(insole(Side.LEFT), calibration=Calibration()).device_row(SECOND)).count == 16


def test_a_missing_reading_is_made_up_for_by_the_others_area_and_never_zero() -> None:
    layout = compile_layout(demo(), Calibration())
    pressure = np.full((3, 16), 50.0)
    pressure[1, 3] = np.nan
    pressure[2, :12] = np.nan
    time, channels = layout.channels(frames(pressure))
    assert len(time) == 2  # the third sample has too little left
    assert channels[1, LOAD] == pytest.approx(channels[0, LOAD])
    assert np.isnan(channels[1, MEDIAL])
    assert np.isfinite(channels[0]).all()


def test_sides_are_soft_and_equal_on_both_feet() -> None:
    assert medial_weight(np.array([0.0, 0.5, 0.6, 1.0]), 96).tolist() == pytest.approx([-1, 0, 0.48, 1])
    left, right = (layout_of(device) for device in devices())
    assert np.array_equal(left.weights, right.weights)
    assert (left.weights[[MEDIAL, LATERAL]] >= 0).all()
    assert left.tells("medial_lateral_index")


def test_a_layout_that_cannot_carry_a_measure_says_so() -> None:
    profile = demo()
    ml, ap, area = profile.sensors.ml, profile.sensors.ap, profile.sensors.area_mm2
    three = np.array([0, 7, 11])  # one heel, two forefoot cells
    sensors = type(profile.sensors)(ml[three], ap[three], area[three])
    layout = compile_layout(replace(profile, sensors=sensors), Calibration())
    assert layout.tier == Tier.T1
    assert layout.tells("cop_ap_50")
    assert not any(layout.tells(name) for name in ("medial_lateral_index", "midfoot_share", "cop_ml_50", "cpei"))
    one = replace(profile, sensors=type(profile.sensors)(ml[:1], ap[:1], area[:1]))
    assert not compile_layout(one, Calibration()).tells("strike_index")
    assert plain_layout(4).weights[ALONG].sum() == 0
    assert not plain_layout(4).tells("cop_ap_50")


def test_a_region_without_a_sensor_is_not_told() -> None:
    profile = demo()
    ml, ap, area = profile.sensors.ml, profile.sensors.ap, profile.sensors.area_mm2
    some = np.array([0, 1, 7, 9, 11, 12])  # no midfoot, and metatarsals far ahead of it
    ap = np.where(ap < 0.3, 0.2, np.where(ap < 0.6, ap, 0.9 * ap))
    layout = compile_layout(
        replace(profile, sensors=type(profile.sensors)(ml[some], ap[some], area[some])), Calibration()
    )
    assert layout.tells("medial_lateral_index")
    assert layout.tells("heel_off")
    assert layout.unseen <= {"midfoot_share"}


def test_what_neighbors_say_for_a_dropped_sensor_keeps_every_whole() -> None:
    profile = demo()
    whole = compile_layout(profile, Calibration())
    for dropped in (frozenset({2}), frozenset({0, 2, 4}), frozenset(range(15))):
        left = compile_layout(profile, Calibration(), dropped)
        assert not left.weights[:, sorted(dropped)].any()
        assert left.weights.sum(axis=1) == pytest.approx(whole.weights.sum(axis=1))
        assert left.tier <= whole.tier
    readings = np.full((3, 16), 50.0)
    readings[:, 2] = [0.0, 999.0, np.nan]
    _, channels = compile_layout(profile, Calibration(), frozenset({2})).channels(frames(readings))
    assert len({tuple(row) for row in channels}) == 1
    nothing = compile_layout(profile, Calibration(), frozenset(range(16)))
    assert nothing.tier == Tier.T0
    assert not nothing.channels(frames(readings))[1].any()


def test_forces_of_a_dropped_sensor_are_made_up_for_by_area() -> None:
    profile = load_profile("gaitpdb-8")
    even = areas(profile) * 2.0  # the same pressure everywhere
    _, channels = compile_layout(profile, Calibration(), frozenset({1, 6})).channels(frames(even[None]))
    assert channels[0, LOAD] == pytest.approx(even.sum())


def test_areas_are_tributary_given_or_by_what_is_nearest() -> None:
    profile = demo()
    assert np.array_equal(areas(profile), profile.sensors.area_mm2)
    blank = replace(profile, sensors=replace(profile.sensors, area_mm2=np.full(16, 1200.0)))
    assert areas(blank).sum() == pytest.approx(16 * 1200)
    assert areas(blank) / 1200 == pytest.approx(profile.sensors.area_mm2 / profile.sensors.area_mm2.mean(), rel=0.25)


def test_a_raw_device_stays_raw() -> None:
    assert compile_layout(load_profile("insole-line"), Calibration()).unit == "raw"
