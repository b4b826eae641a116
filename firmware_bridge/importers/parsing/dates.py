"""Dates as exports write them: without a zone, and taken for UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from firmware_bridge.model import SECOND

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_NAMED = re.compile(
    r"(?P<day>\d\d?)(?:st|nd|rd|th)?[\s.-]+(?P<month>[a-z]{3,9})\.?[\s,-]+(?P<year>\d{4})"  # 16 February 2017
    r"|(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>\d\d?)(?:st|nd|rd|th)?,?\s+(?P<year2>\d{4})",  # February 16, 2017
    re.ASCII | re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?<!\d)(?:(?P<year>\d{4})(?P<by>[-/.])(?P<first>\d\d?)(?P=by)(?P<second>\d\d?)"  # 2012-09-26
    r"|(?P<first2>\d\d?)(?P<by2>[-/.])(?P<second2>\d\d?)(?P=by2)(?P<year2>\d{4}|\d\d))(?!\d)",  # 9/26/2012, 26.9.12
    re.ASCII,
)
_CLOCK = re.compile(
    r"(?<![\d:])(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:\s*([ap])\.?m\b)?", re.ASCII | re.IGNORECASE
)


class WrittenDate(NamedTuple):
    """A moment as somebody wrote it."""

    ns: int | None  # UTC; None where there is no such moment
    doubt: str = ""  # how it was read, where it could be read in another way


def month_of(name: str) -> int:
    """Return the number of a month by its English name or number, 0 where it is none."""
    if name.isdecimal():
        return int(name)
    return MONTHS.index(name[:3].lower()) + 1 if name[:3].lower() in MONTHS else 0


def utc_ns(date: tuple[int, int, int], clock: tuple[int, int, int], fraction: str | None = None) -> int | None:
    """Return the UTC ns of year, month, day and hour, minute, second, None where there is no such moment.

    `fraction` is the decimals of the second as written: "25" is 250 ms.
    """
    try:
        seconds = int(datetime(*date, *clock, tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds * SECOND + int((fraction or "0")[:9].ljust(9, "0")) if abs(seconds) < 9e9 else None


def written_date(text: str, fraction: str | None = None) -> WrittenDate:
    """Read a date with a time of day, in any of the usual forms; `fraction` is as in `utc_ns`, before the text's own.

    Slashes are the American way, month first, unless the first number can be no month; dots are the European one. Which
    way it was is doubtful where both numbers can be a month and the clock has no a.m. or p.m., or with dashes.
    """
    clock = _CLOCK.search(text)
    date, doubt = _date(text, american=clock is not None and clock[5] is not None)
    if clock is None or date is None:
        return WrittenDate(None)
    hour = int(clock[1])
    if clock[5]:
        if not 1 <= hour <= 12:
            return WrittenDate(None)
        hour = hour % 12 + 12 * (clock[5].lower() == "p")
    time = hour, int(clock[2]), int(clock[3] or 0)
    return WrittenDate(utc_ns(date, time, fraction or clock[4]), doubt)


def _date(text: str, *, american: bool) -> tuple[tuple[int, int, int] | None, str]:
    """Return year, month and day, and how they were read where that is open."""
    if named := _NAMED.search(text):
        month = month_of(named["month"] or named["month2"])
        return (int(named["year"] or named["year2"]), month, int(named["day"] or named["day2"])), ""
    found = _NUMBERED.search(text)
    if found is None:
        return None, ""
    if found["year"]:
        return (int(found["year"]), int(found["first"]), int(found["second"])), ""
    first, second, year = int(found["first2"]), int(found["second2"]), int(found["year2"])
    year += 2000 if year < 100 else 0
    month_first = (found["by2"] == "/" and first <= 12) or second > 12
    open_to_doubt = found["by2"] != "." and first <= 12 and second <= 12 and first != second
    date = (year, first, second) if month_first else (year, second, first)
    if not open_to_doubt or (american and month_first):
        return date, ""
    return date, f"{date[2]} {MONTHS[date[1] - 1].capitalize()} {year}, the {'month' if month_first else 'day'} first"
