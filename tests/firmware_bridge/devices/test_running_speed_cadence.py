"""What a foot pod tells: the standard's measurements, read and written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.running_speed_cadence import notification_of, pace_of
from firmware_bridge.model import SECOND, Pace, same_row
from tests.stand_ins.vectors import START, Shared, vectors

MOST = (1 << 16) - 1
maybe = st.one_of(st.just(math.nan), st.floats(0, 655))
paces = st.builds(
    Pace,
    time=st.integers(0, 2**31).map(lambda second: second * SECOND),
    wearer=st.just("anna"),
    speed_mps=st.floats(0, MOST / 256),
    cadence_spm=st.integers(0, 255).map(float),
    stride_m=maybe,
    distance_m=st.one_of(st.just(math.nan), st.floats(0, 4e8)),
    running=st.booleans(),
    battery_pct=st.just(math.nan),
)


def test_the_vectors_are_read(shared: Shared) -> None:
    known = vectors(shared, "ble-standard")["rsc_measurement_2a53"]
    assert len(known) == 2
    for vector in known:
        pace = pace_of(bytes.fromhex(vector["hex"]), START + 1, "anna", 87.0)
        assert pace is not None
        wanted = Pace(
            START,
            "anna",
            vector["speed_mps"],
            vector["cadence_spm"],
            vector.get("stride_m", math.nan),
            vector.get("distance_m", math.nan),
            vector["running"],
            87.0,
        )
        assert same_row(pace, wanted)
        assert notification_of(pace).hex() == vector["hex"]


@given(paces)
def test_what_is_written_is_read_again_as_near_as_the_units_come(pace: Pace) -> None:
    read = pace_of(notification_of(pace), pace.time + SECOND - 1, pace.wearer)
    assert read is not None
    assert read.time == pace.time
    assert (read.cadence_spm, read.running) == (pace.cadence_spm, pace.running)
    assert read.speed_mps == pytest.approx(pace.speed_mps, abs=0.5 / 256 + 1e-9)
    assert read.stride_m == pytest.approx(pace.stride_m, abs=0.005 + 1e-9, nan_ok=True)
    assert read.distance_m == pytest.approx(pace.distance_m, abs=0.05 + 1e-6, nan_ok=True)
    assert same_row(read, pace_of(notification_of(read), read.time, read.wearer) or pace)


@given(st.binary(max_size=24))
def test_any_bytes_are_a_measurement_of_their_length_or_none(data: bytes) -> None:
    pace = pace_of(data, START, "anna")
    wanted = 4 + 2 * (data[0] & 1) + 2 * (data[0] & 2) if data else 1
    fits = len(data) == wanted or (len(data) > wanted and data[0] > 7)
    assert (pace is not None) == fits
    if pace is not None:
        assert 0 <= pace.speed_mps < 256
        assert 0 <= pace.cadence_spm <= 255
        assert math.isnan(pace.stride_m) == (not data[0] & 1)
        assert math.isnan(pace.distance_m) == (not data[0] & 2)
        if data[0] <= 7:
            assert notification_of(pace) == data


def test_fields_of_a_later_edition_are_passed_over() -> None:
    data = bytes.fromhex("0040016e")
    assert pace_of(data + b"\x01", START, "anna") is None
    later = pace_of(bytes([0x88]) + data[1:] + b"\x01", START, "anna")
    assert later is not None
    assert later.speed_mps == 1.25
