"""Dates as exports write them: without a zone, and taken for UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from firmware_bridge.model import SECOND

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


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
