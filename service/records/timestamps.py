"""Moments as people and other programs write them: ISO 8601, UTC, nanoseconds, always with Z.

Inside the program a moment is an `int` of UTC nanoseconds; text exists only at its edges (API, page, command line).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firmware_bridge import BEGINNING, END, SECOND, ConfigError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE, _TIME, _ZONE = r"(\d{4}-\d\d-\d\d)", r"(\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?", r"(Z|[+-]\d\d:?\d\d)"
_ISO = re.compile(rf"{_DATE}(?:[T ]{_TIME}\s*{_ZONE})?", re.ASCII | re.IGNORECASE)

MOMENTS = frozenset({"time", "stop", "since", "bout", "foot_off", "decided"})
"""The fields of rows that are UTC nanoseconds, and are shown as ISO text."""


def iso(time: int) -> str:
    """Return a moment (UTC ns) as `2026-05-01T06:30:00.123456789Z`."""
    seconds, ns = divmod(time, SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns:09d}Z"


def parse_iso(text: str) -> int:
    """Return the UTC ns of ISO 8601 text. A date alone is its midnight, UTC; a time needs Z or an offset.

    Raises:
        ValueError: not a moment, one without a zone, or outside the years 1678 to 2262 that 64 bits of ns can hold.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a moment; write it like 2026-05-01T06:30:00Z or 2026-05-01T08:30:00+02:00")
    date, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{minute or '00:00'}:{second or '00'}{(zone or 'Z').upper()}")
    except ValueError as error:
        raise ValueError(f"{text!r} is not a moment: {error}") from error
    since = moment - _EPOCH
    time = (since.days * 86_400 + since.seconds) * SECOND + int((fraction or "0").ljust(9, "0"))
    if not BEGINNING <= time <= END:
        raise ValueError(f"{text!r} lies outside the years 1678 to 2262")
    return time


def parse_option(option: str, text: str) -> int:
    """Return the moment that an option of the command line gives.

    Raises:
        ConfigError: it is no moment; the option is named.
    """
    try:
        return parse_iso(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from error


def parse_listed(option: str, text: str) -> tuple[int, int]:
    """Return a moment twice, or the first and last of a minute that is written as `insole bouts` prints it.

    Raises:
        ConfigError: it is no moment; the option is named.
    """
    if len(text) != len("2026-05-01 06:30"):
        return (parse_option(option, text),) * 2
    minute = parse_option(option, f"{text}Z")
    return minute, minute + 60 * SECOND - 1


def parse_zone(name: str) -> tzinfo:
    """Read the name of a time zone.

    Raises:
        ConfigError: nobody knows it.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"{name!r} is no time zone; write it like Europe/Berlin, or leave the key out") from error


def local(time: int, zone: tzinfo | None = None) -> datetime:
    """Return a moment (UTC ns) as the clock shows it in a zone, or in that of this computer."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone)
