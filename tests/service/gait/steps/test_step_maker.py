"""One foot within a bout."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from firmware_bridge import SECOND, Side
from service.gait.steps.foot import Seen
from service.gait.steps.stance_measures import Measures
from service.gait.steps.step_maker import Stepping

VALUES = {f"cop_{axis}_{at}": 0.5 for axis in ("ml", "ap") for at in (10, 30, 50, 70, 90)} | {
    "peak": 800.0, "impulse": 400.0, "medial_lateral_index": -10.0, "completeness": 1.0,
}  # fmt: skip


def stance(time_s: float, contact_s: float = 0.65) -> Seen:
    time = round(time_s * SECOND)
    off = time + round(contact_s * SECOND)
    return Seen(time, Measures(time, off, "N", {**VALUES, "contact_time_s": contact_s}, {}))


def test_a_stride_is_the_time_since_the_contact_before() -> None:
    stepping = Stepping("ada", Side.LEFT, 0)
    rows = [stepping.step(stance(1 + 1.05 * k)) for k in range(20)]
    assert math.isnan(rows[0].stride_time_s)
    assert rows[1].stride_time_s == pytest.approx(1.05)
    assert rows[9].duty_factor == pytest.approx(0.65 / 1.05)
    assert rows[9].cadence_spm == pytest.approx(120 / 1.05)
    assert [r.reason for r in rows[:4]] == ["start", "start", "start", ""]
    assert {r.activity for r in rows[4:]} == {"walking"}


def test_a_doubtful_stance_is_a_step_that_does_not_count() -> None:
    stepping = Stepping("ada", Side.LEFT, 0)
    rows = [stepping.step(replace(stance(1 + 1.05 * k), doubt="gap" if k == 8 else "")) for k in range(12)]
    assert [row.reason for row in rows[7:10]] == ["", "gap", ""]
    assert rows[9].stride_time_s == pytest.approx(1.05)
    assert not rows[8].valid


@pytest.mark.parametrize(("contact", "stride"), [(0.35, 0.70), (0.50, 1.00), (0.36, 1.05)])
def test_what_is_neither_walking_nor_running_does_not_count(contact: float, stride: float) -> None:
    """Grounded running, and a duty factor that goes with no stride time."""
    stepping = Stepping("ada", Side.LEFT, 0)
    rows = [stepping.step(stance(1 + stride * k, contact)) for k in range(30)]
    assert {row.reason for row in rows} == {"start", "activity"}
    assert {row.activity for row in rows} <= {"unknown", "transition"}


def test_both_feet_in_one_signal_have_no_strides() -> None:
    stepping = Stepping("ada", Side.LEFT, 0)
    rows = [stepping.step(replace(stance(1 + 0.35 * k, 0.25), doubt="both_feet")) for k in range(12)]
    assert all(math.isnan(row.stride_time_s) and math.isnan(row.duty_factor) for row in rows)
    assert {(row.reason, row.activity) for row in rows} == {("both_feet", "unknown")}


def test_no_stride_over_missing_data_or_a_long_pause() -> None:
    stepping = Stepping("ada", Side.LEFT, 0)
    for k in range(10):
        stepping.step(stance(1 + 1.05 * k))
    assert stepping.hole(Seen(round(10.9 * SECOND), None, SECOND // 10, in_stance=True)) == 1
    after = stepping.step(stance(1 + 1.05 * 11))
    assert math.isnan(after.stride_time_s)
    assert after.valid
    assert stepping.hole(Seen(round(20 * SECOND), None, 7 * SECOND, in_stance=False)) == 7
    assert math.isnan(stepping.step(stance(21)).stride_time_s)
    assert math.isnan(stepping.step(stance(25)).stride_time_s)
