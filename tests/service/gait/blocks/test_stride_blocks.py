"""Steps become blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import STANDARD_GRAVITY, Side
from service.contracts.ordinary_blocks import NOW
from service.gait.blocks.stride_blocks import Blocks
from service.records.rows import Block, Step
from tests.walkers.gait_rows import step, strides


def gathered(steps: Iterable[Step], *, end: bool = True) -> list[Block]:
    blocks = Blocks("ada", NOW, lambda side, start, stop: 1.0)
    out = [b for s in steps for b in blocks.add(s)]
    return out + (list(blocks.end()) if end else [])


def test_fifty_valid_strides_of_each_foot_make_a_block() -> None:
    first, second, rest = gathered(strides(120, si=4))
    assert [(b.number, b.void, b.reason) for b in (first, second, rest)] == [
        (0, False, ""),
        (1, False, ""),
        (2, True, "short"),
    ]
    assert (first.strides_left, first.strides_right) == (50, 50)
    assert first.stop < second.time
    assert first.contact_time_si_low_pct < 4 < first.contact_time_si_high_pct
    assert first.contact_time_si_pct == pytest.approx(4, abs=1.2)
    assert first.medial_lateral_left == pytest.approx(-10, abs=1)
    assert first.cadence_spm == pytest.approx(120 / 1.05)


def test_many_rejected_steps_void_a_block() -> None:
    steps = [s if k % 3 else step((s.time - NOW) * 1e-9, s.side, valid=False) for k, s in enumerate(strides(80))]
    assert gathered(steps, end=False)[0].reason == "rejected"


def test_steps_hidden_by_missing_data_count_as_rejected() -> None:
    blocks = Blocks("ada", NOW, lambda side, start, stop: 0.5)
    out = []
    for k, s in enumerate(strides(50)):
        out += list(blocks.add(s))
        if k == 20:
            blocks.lose(Side.LEFT, 25)
    assert [(b.rejected_left, b.void, b.received_left) for b in out] == [(25, True, 0.5)]


def test_a_block_that_takes_too_long_is_void() -> None:
    slow = [step(10.0 * k, side) for k in range(30) for side in Side]
    assert gathered(slow)[0].reason == "too_long"


def test_a_foot_alone_makes_no_statement() -> None:
    only = [s for s in strides(400) if s.side is Side.RIGHT]
    found = gathered(only)
    assert {b.reason for b in found} == {"one_foot"}
    assert math.isnan(found[0].contact_time_si_pct)


def test_a_change_of_activity_ends_a_block() -> None:
    ran = [step(30 + 0.4 * k, side, contact=0.26, activity="running") for k in range(60) for side in Side]
    found = gathered([*strides(25), *ran])
    assert [(b.activity, b.reason) for b in found] == [("walking", "activity"), ("running", ""), ("running", "short")]


def test_raw_loads_are_never_compared() -> None:
    first = gathered(step((s.time - NOW) * 1e-9, s.side, unit="raw") for s in strides(50))[0]
    assert math.isnan(first.impulse_si_pct)
    assert first.unit == "raw"
    assert math.isfinite(first.contact_time_si_pct)


def of(steps: Iterable[Step], side: Side | None = None, **values: object) -> list[Step]:
    """Return steps with other values, of one foot or both."""
    return [replace(s, **values) if side in {None, s.side} else s for s in steps]  # type: ignore[arg-type]


def test_the_peaks_are_compared_too() -> None:
    stronger = of(strides(50), Side.RIGHT, peak=840.0)
    found = gathered(stronger)[0]
    assert (found.peak_si_low_pct, found.peak_si_pct, found.peak_si_high_pct) == pytest.approx((200 * 40 / 1640,) * 3)


@pytest.mark.parametrize("fault", ["dead", "suspect"])
def test_a_fault_leaves_contact_time_alone(fault: str) -> None:
    found = gathered([*of([*strides(50)][:1], faulty=fault), *[*strides(50)][1:]])[0]
    assert found.faulty == fault
    for name in ("impulse_si_pct", "peak_si_pct", "medial_lateral_left", "medial_lateral_right", "cop_bow_left"):
        assert math.isnan(getattr(found, name))
    assert math.isfinite(found.contact_time_si_pct)


def test_feet_on_different_numbers_of_sensors_are_not_compared_in_force() -> None:
    alike = gathered(of(strides(50), sensors=16, tier=3))[0]
    assert (alike.sensors_left, alike.sensors_right, alike.faulty) == (16, 16, "")
    assert math.isfinite(alike.impulse_si_pct)
    unlike = gathered(of(of(strides(50), sensors=16, tier=3), Side.LEFT, sensors=15))[0]
    assert (unlike.sensors_left, unlike.sensors_right, unlike.faulty) == (15, 16, "unequal")
    assert math.isnan(unlike.impulse_si_pct)
    assert math.isfinite(unlike.contact_time_si_pct)


def test_an_insole_that_sees_too_little_of_the_sole_does_not_compare_the_feet() -> None:
    found = gathered(of(strides(50), sensors=2, tier=0))[0]
    assert math.isnan(found.contact_time_si_pct)
    assert math.isnan(found.impulse_si_pct)
    assert math.isfinite(found.contact_time_left_s)


def run(gain: float, noise: float = 0.01, count: int = 50) -> Iterator[Step]:
    """Yield a run after Newton's law, 70 kg, contact times 6 % apart; the left insole reads `gain` times too much."""
    rng = np.random.default_rng(4)
    contact = {Side.LEFT: 0.262, Side.RIGHT: 0.278}
    stride = 0.75
    flight = (stride - sum(contact.values())) / 2
    for k in range(count + 1):
        for foot, side in enumerate(Side):
            own = contact[side] * math.exp(noise * rng.standard_normal())
            impulse = 70 * STANDARD_GRAVITY * (own + flight) * (gain if side is Side.LEFT else 1.0)
            at = stride * (k + foot / 2)
            yield step(at, side, contact=own, impulse=impulse, stride_time_s=stride, activity="running")


@pytest.mark.parametrize("gain", [0.9, 1.0, 1.15])
def test_the_gains_are_told_apart_from_the_wearer_in_running(gain: float) -> None:
    found = gathered(run(gain))[0]
    assert found.gain_ratio == pytest.approx(gain, abs=0.005)
    assert found.gain_ratio_low < gain < found.gain_ratio_high
    assert found.contact_time_si_pct == pytest.approx(5.9, abs=0.7)


def test_the_gains_are_not_told_in_walking_nor_of_a_broken_or_uncalibrated_insole() -> None:
    assert math.isnan(gathered(strides(50))[0].gain_ratio)
    assert math.isnan(gathered(of(run(1.0), faulty="stuck"))[0].gain_ratio)
    assert math.isnan(gathered(of(run(1.0), unit="raw"))[0].gain_ratio)


@given(shift_ms=st.integers(-30, 30))
def test_clocks_that_disagree_change_no_measure(shift_ms: int) -> None:
    late = sorted((replace(s, time=s.time + shift_ms * 10**6) if s.side is Side.RIGHT else s for s in run(1.05)),
                  key=lambda s: s.time)  # fmt: skip
    ours, theirs = gathered(run(1.05))[0], gathered(late)[0]
    for name in ("contact_time_si_pct", "impulse_si_pct", "peak_si_pct", "cadence_spm"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), abs=1e-9)
    assert theirs.gain_ratio == pytest.approx(ours.gain_ratio, abs=1e-6)
