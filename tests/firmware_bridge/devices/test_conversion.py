"""Readings of sensors that are not straight, units, scales of each channel, and numbers that belong to no sensor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.conversion import bend, unbend
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, parse_profile
from firmware_bridge.devices.schema.values import CurveTable, PointsCurve, PolynomialCurve, PowerCurve
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND
CURVE: TypeAdapter[PolynomialCurve | PointsCurve | PowerCurve] = TypeAdapter(CurveTable)
CURVES = [
    CURVE.validate_python(one)
    for one in (
        {"kind": "polynomial", "coefficients": [1.0, 0.02, 0.0, 1e-9], "over": [0, 4095]},
        {"kind": "points", "points": [[0, 1.6], [1940, 34.6], [4095, 94.5]]},
        {"kind": "power", "factor": 0.01, "exponent": 1.3},
        {"kind": "power", "factor": 20.0, "exponent": 0.8, "divider": 4096},
    )
]


def profile(field: str, unit: str = "kPa", sensors: int = 2) -> Profile:
    return parse_profile(
        f"""
[device]
id = "bent"
name = "made for a test"
evidence = "virtual"
rate_hz = 100
unit = "{unit}"
[sensors]
positions = {[[0.5, (i + 0.5) / sensors] for i in range(sensors)]}
[transport.serial]
frame = {{ kind = "notification", length = 16 }}
[layout]
fields = [{{ role = "pressure", type = "u16", at = 0, count = {sensors}, {field} }}]
""",
        "bent.toml",
    )


def read(known: Profile, data: bytes) -> Frames:
    frames = Decoder(Insole("anna", Side.LEFT, known, "serial:"), "serial").whole(
        [Packet(START, data.ljust(16, b"\0"))]
    )
    assert frames is not None
    return frames


def counts(*numbers: int) -> bytes:
    return np.array(numbers, "<u2").tobytes()


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.kind)
@given(st.lists(st.floats(1, 4000), min_size=1, max_size=5))
def test_a_curve_comes_back(curve: PolynomialCurve | PointsCurve | PowerCurve, numbers: list[float]) -> None:
    x = np.array(numbers)
    readings = bend(x, curve)
    assert np.allclose(unbend(readings, curve), x, rtol=1e-6)
    assert np.all(np.diff(bend(np.sort(x), curve)) >= 0)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.kind)
def test_what_no_curve_reaches_is_held_and_missing_stays_missing(
    curve: PolynomialCurve | PointsCurve | PowerCurve,
) -> None:
    assert np.isnan(bend(np.array([np.nan]), curve)).all()
    assert np.isnan(unbend(np.array([np.nan]), curve)).all()
    assert np.all(np.diff(bend(np.array([-50.0, 0.0, 1.0]), curve)) >= 0)
    assert np.isfinite(unbend(np.array([-1e6, 1e6]), curve)).all()


def test_a_divider_is_the_conductance_in_the_other_resistor() -> None:
    supply, other, resistor = 3.3, 10_000.0, np.array([1e6, 2e4, 5e2])
    volts = supply * other / (other + resistor)
    law = PowerCurve(kind="power", factor=7.0, exponent=1.5, divider=supply)
    assert np.allclose(bend(volts, law), 7.0 * (other / resistor) ** 1.5)


@settings(deadline=None)
@given(st.lists(st.integers(0, 4095), min_size=2, max_size=2), st.sampled_from(range(len(CURVES))))
def test_counts_through_a_curve_are_sent_as_the_same_counts(numbers: list[int], which: int) -> None:
    curve = CURVES[which].model_dump(exclude_none=True)
    text = ", ".join(f"{key} = {value!r}" for key, value in curve.items()).replace("(", "[").replace(")", "]")
    known = profile(f"saturated = 4095, curve = {{ {text} }}".replace(",]", "]"))
    frames = read(known, counts(*numbers))
    (data,) = Encoder(known, Side.LEFT, "serial").packets(np.zeros(1, np.int64), frames.pressure)
    again = read(known, data)
    assert np.allclose(again.pressure, frames.pressure, rtol=1e-5, atol=1e-6)
    if curve["kind"] != "power":  # a power law's first counts are all but zero
        assert data[:4] == counts(*numbers)


@pytest.mark.parametrize(
    ("unit", "becomes", "factor"),
    [
        ("N/cm2", "kPa", 10.0),
        ("mmHg", "kPa", 0.133322387415),
        ("kPa", "kPa", 1.0),
        ("gram", "N", 0.00980665),
        ("N", "N", 1.0),
        ("raw", "raw", 1.0),
    ],
)
def test_units_become_the_profiles_own(unit: str, becomes: str, factor: float) -> None:
    frames = read(profile(f'unit = "{unit}"', becomes), counts(100, 65535))
    assert np.allclose(frames.pressure, [[100 * factor, 65535 * factor]])


def test_a_unit_that_does_not_become_the_profiles_own_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"pressure in gram becomes N, but device.unit is 'kPa'"):
        profile('unit = "gram"', "kPa")
    with pytest.raises(ConfigError, match="pressure has no unit 'm/s2'"):
        profile('unit = "m/s2"', "kPa")


def test_each_channel_may_have_its_own_scale() -> None:
    known = profile("scale = [0.1, 2.0], saturated = 4095")
    assert np.allclose(read(known, counts(1000, 1000)).pressure, [[100, 2000]])
    assert known.full_scale == pytest.approx(409.5)
    (data,) = Encoder(known, Side.LEFT, "serial").packets(np.zeros(1, np.int64), np.array([[100, 2000]], np.float32))
    assert data[:4] == counts(1000, 1000)


def test_numbers_that_belong_to_no_sensor_are_dropped_and_sent_as_zero() -> None:
    known = profile("drop = [1, 3]")
    assert read(known, counts(7, 99, 8, 99)).pressure.tolist() == [[7, 8]]
    (data,) = Encoder(known, Side.LEFT, "serial").packets(np.zeros(1, np.int64), np.array([[7, 8]], np.float32))
    assert data[:8] == counts(7, 0, 8, 0)


def test_some_of_the_channels_may_be_inverted() -> None:
    known = profile("invert_from = 4095, inverted = [1], saturated = 4000", "raw")
    assert read(known, counts(0, 4095)).pressure.tolist() == [[0, 0]]
    assert read(known, counts(4000, 95)).pressure.tolist() == [[4000, 4000]]
    assert known.full_scale == 4000
    encoder = Encoder(known, Side.LEFT, "serial")
    for readings, wire in (([0, 0], (0, 4095)), ([4000, 4000], (4000, 95)), ([9000, 9000], (4000, 95))):
        (data,) = encoder.packets(np.zeros(1, np.int64), np.array([readings], np.float32))
        assert data[:4] == counts(*wire)
    with pytest.raises(ConfigError, match="inverted needs invert_from"):
        profile("inverted = [1]")


def test_clipped_readings_end_at_their_bounds() -> None:
    known = profile("scale = 0.1, clip = [1.0, 50.0]")
    assert np.allclose(read(known, counts(5, 6000)).pressure, [[1, 50]])
    assert known.full_scale == 50


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("scale = [1.0]", "scale has 1 values for 2 readings"),
        ("scale = [1.0, 0.0]", "scale: must not be 0"),
        ("clip = [5.0, 5.0]", "clip = [lowest, highest] must increase"),
        ("drop = [4]", "drop = [4] is not a choice of the 3 numbers that are sent"),
        ('curve = { kind = "points", points = [[0, 1], [5, 1]] }', "points must increase in both numbers"),
        ('curve = { kind = "polynomial", coefficients = [0, 1, -1], over = [0, 1] }', "polynomial does not increase"),
        ('curve = { kind = "spline" }', "curve: kind must be one of polynomial, points, power"),
    ],
)
def test_mistakes_are_named(field: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        profile(field)
    assert message in str(error.value)
    assert "layout.fields[0]" in str(error.value)


@pytest.mark.parametrize("kind", ["f16", "f64", "u64", "i64"])
@pytest.mark.parametrize("endian", ["little", "big"])
def test_wide_and_narrow_numbers_come_back(kind: str, endian: str) -> None:
    text = profile('endian = "little"').text.replace('"u16"', f'"{kind}"').replace('"little"', f'"{endian}"')
    known = parse_profile(text, "bent.toml")
    given = np.array([[7.0, 40.0]], np.float32)
    (data,) = Encoder(known, Side.LEFT, "serial").packets(np.zeros(1, np.int64), given)
    number = np.array(7, np.dtype({"f16": "<f2", "f64": "<f8", "u64": "<u8", "i64": "<i8"}[kind])).tobytes()
    assert data.startswith(number if endian == "little" else number[::-1])
    assert read(known, data).pressure.tolist() == given.tolist()
