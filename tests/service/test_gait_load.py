"""From readings to load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge import SECOND, Calibration, Frames, Profile, Side, load_profile
from service.gait.load import ALONG, LATERAL, LOAD, MEDIAL, compile_layout, layout_of, medial_weight, plain_layout
from tests.walks import devices, insole


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
    assert left.across


def test_a_layout_that_cannot_carry_a_measure_says_so() -> None:
    profile = demo()
    ml, ap, area = profile.sensors.ml, profile.sensors.ap, profile.sensors.area_mm2
    three = np.array([0, 7, 11])  # one heel, two forefoot cells
    sensors = type(profile.sensors)(ml[three], ap[three], area[three])
    layout = compile_layout(replace(profile, sensors=sensors), Calibration())
    assert (layout.across, layout.along) == (False, True)
    one = replace(profile, sensors=type(profile.sensors)(ml[:1], ap[:1], area[:1]))
    assert not compile_layout(one, Calibration()).along
    assert plain_layout(4).weights[ALONG].sum() == 0


def test_a_raw_device_stays_raw() -> None:
    assert compile_layout(load_profile("insole-line"), Calibration()).unit == "raw"
