"""Quiet hours go by the wall clock, over midnight and when it is changed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, ConfigError
from service.alerts.quiet_hours import Quiet, parse_quiet
from service.records.timestamps import parse_zone

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = parse_quiet("22:00-07:00")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("text", "quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_over_midnight(text: str, quiet: bool) -> None:
    assert NIGHT.holds(at(f"2026-05-01T{text}+02:00"), BERLIN) is quiet
    assert parse_quiet("07:00-22:00").holds(at(f"2026-05-01T{text}+02:00"), BERLIN) is not quiet


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("2026-03-29T04:59+00:00", True),  # 06:59 in summer time, which began at 01:00 UTC
        ("2026-03-29T05:00+00:00", False),
        ("2026-03-28T05:59+00:00", True),  # the day before it is winter: 06:59
        ("2026-03-28T06:00+00:00", False),
        ("2026-10-25T05:59+00:00", True),  # winter again
        ("2026-10-25T06:00+00:00", False),
        ("2026-10-24T05:00+00:00", False),
    ],
)
def test_the_hours_end_when_the_changed_clock_says_so(text: str, quiet: bool) -> None:
    assert NIGHT.holds(at(text), BERLIN) is quiet


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    hour = parse_quiet("02:00-03:00")
    assert hour.holds(at("2026-10-25T00:30+00:00"), BERLIN)
    assert hour.holds(at("2026-10-25T01:30+00:00"), BERLIN)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 2_000_000_000))
def test_two_halves_of_the_day_share_no_moment_and_leave_none(start: int, stop: int, second: int) -> None:
    if start != stop:
        one, other = Quiet(start, stop), Quiet(stop, start)
        assert one.holds(second * SECOND, BERLIN) != other.holds(second * SECOND, BERLIN)


@pytest.mark.parametrize("text", ["", "22-7", "22:00", "24:00-07:00", "22:00-22:00", "at night"])
def test_other_hours_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="22:00-07:00"):
        parse_quiet(text)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "Mars"])
def test_an_unknown_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        parse_zone(name)
