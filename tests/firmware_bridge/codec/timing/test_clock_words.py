"""Whole texts: what is said of a device's clock."""

from __future__ import annotations

import math

import pytest

from firmware_bridge import ClockState, clock_in_words

ROLE = "? (its role in the profile is then "
FINER = f"{ROLE}time.ms and not time.s, or time.us and not time.ms)"
COARSER = f"{ROLE}time.s and not time.ms, or time.ms and not time.us)"
OTHER_RATES = [
    (1.1, "the device's time runs 1.10 times too fast; it is divided by 1.10"),
    (1.03, "the device's time runs 1.03 times too fast; it is divided by 1.03"),
    (0.9, "the device's time runs 1.11 times too slow; it is divided by 0.90"),
    (1.003, "the device's time runs 1.0030 times too fast; it is divided by 1.0030"),
    (60.2, "the device's time runs 60 times too fast; it is divided by 60"),
    (0.02, "the device's time runs 50 times too slow; it is divided by 0.02"),
    *(
        (rate, f"the device's time runs 1000 times too fast: is its unit ms{FINER}")
        for rate in (1000.4, 1024.0)  # ticks of 1/1024 s are nearest to ms
    ),
    (1.01e6, f"the device's time runs 1000000 times too fast: is its unit us{ROLE}time.us and not time.s)"),
    (1e9, "the device's time runs 1000000000 times too fast: is its unit ns? (no role of a profile counts that)"),
    (1.01e-3, f"the device's time runs 1000 times too slow: is its unit s{COARSER}"),
    (1e-6, f"the device's time runs 1000000 times too slow: is its unit s{ROLE}time.s and not time.us)"),
    *(
        (rate, "the device's time runs at another rate than the host's; it is divided by the rate seen")
        for rate in (math.nan, math.inf, 0.0, -1.0)
    ),
]


@pytest.mark.parametrize(("rate", "text"), OTHER_RATES)
def test_another_rate_is_said_with_its_factor_or_the_likely_unit(rate: float, text: str) -> None:
    assert clock_in_words(ClockState.RESCALED, rate) == text


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ClockState.STEADY, ""),
        (ClockState.SETTLING, ""),
        (ClockState.BATCHED, "several samples share one time stamp; they are spread by the declared rate"),
        (
            ClockState.ARRIVAL,
            "the device's time stamps are no clock (they stand still, or jump); the time of arrival is used",
        ),
    ],
)
def test_what_is_no_matter_of_rate_is_said_without_one(state: ClockState, text: str) -> None:
    assert clock_in_words(state, 1.1) == clock_in_words(state, math.nan) == text
