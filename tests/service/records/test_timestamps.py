from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND
from service.records.timestamps import iso, parse_iso

TIMES = st.integers(-(1 << 63), (1 << 63) - 1)


@given(TIMES)
def test_a_moment_survives_being_written(time: int) -> None:
    assert parse_iso(iso(time)) == time


@given(TIMES, TIMES)
def test_text_sorts_as_time_does(one: int, other: int) -> None:
    assert (iso(one) < iso(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01 00:00:01.5Z", 3 * SECOND // 2),
        ("1970-01-01T00:00:00,000000001Z", 1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T19:00:00-0500", 0),
        (" 1970-01-01t00:00:00z ", 0),
    ],
)
def test_it_reads_what_people_write(text: str, time: int) -> None:
    assert parse_iso(text) == time


@pytest.mark.parametrize(
    "text",
    ["", "now", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-01-01T24:01Z", "0001-01-01", "9999-01-01"],
)
def test_what_is_no_moment_or_has_no_zone_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"moment|outside") as caught:
        parse_iso(text)
    assert repr(text) in str(caught.value)
