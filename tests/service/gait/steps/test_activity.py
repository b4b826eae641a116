"""Walking or running."""

from __future__ import annotations

import math

from service.gait.steps.activity import Activity, activity_of


def test_one_stride_by_its_duty_factor() -> None:
    assert activity_of(0.36, 0.75) == "running"
    assert activity_of(0.50, 0.80) == "transition"
    assert activity_of(0.62, 1.05) == "walking"
    assert activity_of(0.90, 2.80) == "unknown"
    assert activity_of(0.64, 0.65) == "unknown"
    assert activity_of(0.36, 1.05) == "unknown"  # a walk that is upside down
    assert activity_of(math.nan, math.nan) == "unknown"


def test_the_state_follows_several_strides_and_not_one() -> None:
    activity = Activity()
    states = [activity.update(duty, 0.9)[0] for duty in [0.62] * 4 + [0.40] + [0.62] * 2 + [0.38] * 4]
    assert states == ["unknown"] * 2 + ["walking"] * 8 + ["running"]


def test_a_stride_that_does_not_fit_says_so_and_one_without_a_rhythm_keeps_the_state() -> None:
    activity = Activity("walking")
    assert activity.update(0.40, 0.9) == ("walking", False)
    assert activity.update(math.nan, math.nan) == ("walking", True)
    assert Activity().update(math.nan, math.nan) == ("unknown", False)
