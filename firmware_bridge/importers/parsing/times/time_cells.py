"""What the cell of a time says: seconds or parts of them, a date, or a time of day."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

FURTHEST_US = 2**53  # up to here each microsecond is a float of its own; 285 years
UNITS_US = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3, "iso": 1.0, "hms": 1.0}
"""Length of the units in us; `iso` is a date with a time, `hms` a time of day."""
LIKELY_HZ = (5.0, 2500.0)
"""Rates that a file may show without anybody saying that it is so (choice: steps need 10 and more, force plates have
1000 to 2000)."""
_USUAL_HZ = (8.0, 1200.0)
_WORDS = (
    ("ns", r"ns|nano\w*"),
    ("us", r"us|µs|μs|usec\w*|micro\w*"),
    ("ms", r"ms|msec\w*|milli\w*"),
    ("s", r"s|sec|secs|seconds?|sek\w*"),
)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?\s*([AaPp])?\.?[Mm]?\.?", re.ASCII)
_DATED = re.compile(r"\d{4}-\d\d-\d\d[T ]\S+", re.ASCII)
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def whole_us(time: float, unit_us: float = 1e6) -> float:
    """Return a time in whole microseconds.

    Raises:
        ValueError: it is not a number, or too large for a time.
    """
    us = time * unit_us
    if not abs(us) < FURTHEST_US:
        raise ValueError(f"{time} is not a time")
    return float(round(us))


def time_reader(unit: str) -> Callable[[str], float]:
    """Return what makes whole us of a cell; it raises ValueError where the cell is no time."""
    if unit == "iso":
        return _iso_us
    if unit == "hms":
        return clock_us
    unit_us = UNITS_US[unit]
    return lambda cell: whole_us(float(cell), unit_us)


def clock_us(cell: str) -> float:
    """Return us since midnight of a time of day: 12:30:01.250, 12:30:01:250, 1:05 pm, or minutes and seconds.

    Raises:
        ValueError: it is none.
    """
    found = _CLOCK.fullmatch(cell.strip())
    if found is None:
        raise ValueError(f"{cell[:30]!r} is no time of day")
    hour, minute, second = int(found[1] or 0), int(found[2]), int(found[3])
    if found[5]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{cell[:30]!r} is no time of day")
        hour = hour % 12 + 12 * (found[5] in "pP")
    total = hour * _HOUR_S + minute * _MINUTE_S + second
    if minute >= 60 or second > 60 or total > _DAY_S:
        raise ValueError(f"{cell[:30]!r} is no time of day")
    return total * 1e6 + float(round(float(f"0.{found[4] or 0}") * 1e6))


def _iso_us(cell: str) -> float:
    moment = datetime.fromisoformat(cell.strip())
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return whole_us(since.days * 86_400e6 + since.seconds * 1e6 + since.microseconds, 1.0)


def unit_of_name(name: str) -> str | None:
    """Return the unit that a column's name tells: `Elapsed mS`, `time_ms`, `t [us]`; None where it tells none."""
    words = re.split(r"[^a-zµμ]+", re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z]*$)", " ", name).lower())
    for unit, pattern in _WORDS:
        if any(re.fullmatch(pattern, word) for word in words if word):
            return unit
    glued = re.fullmatch(r"(?i)(?:time|timestamp|t|elapsed|clock)(ms|us|ns|millis|micros|nanos|secs?|seconds)", name)
    return unit_of_name(glued[1]) if glued else None


def likely_unit(name: str, cells: Sequence[str]) -> tuple[str, bool]:
    """Return the unit of a time's column, by its name and its first cells, and whether they are counted from 1970."""
    cells = [cell.strip() for cell in cells if cell.strip()]
    if cells and all(_DATED.fullmatch(cell) for cell in cells):
        return "iso", True
    if cells and all(_CLOCK.fullmatch(cell) for cell in cells):
        return "hms", False
    try:
        stamps = [float(cell.replace(",", ".")) for cell in cells]
    except ValueError:
        stamps = []
    return _likely_count(unit_of_name(name), stamps)


def _likely_count(told: str | None, stamps: Sequence[float]) -> tuple[str, bool]:
    for unit, unit_us in (("s", 1e6), ("ms", 1e3), ("us", 1.0), ("ns", 1e-3)):
        if stamps and told in {None, unit} and all(1e9 <= stamp * unit_us / 1e6 < 4.2e9 for stamp in stamps):
            return unit, True
    span = stamps[-1] - stamps[0] if len(stamps) > 1 else 0.0
    if span <= 0:
        return told or "s", False
    per_unit = (len(stamps) - 1) / span  # rows in a unit of time
    if told and _possible(per_unit, told, LIKELY_HZ):
        return told, False
    return next((unit for unit in ("s", "ms", "us", "ns") if _possible(per_unit, unit, _USUAL_HZ)), told or "s"), False


def likely_instead(name: str | None, unit: str, shown_hz: float) -> str | None:
    """Return a unit that is likelier than the one at which a time shows a rate; None where none is."""
    if unit not in {"s", "ms", "us", "ns"}:
        return None
    per_unit = shown_hz * UNITS_US[unit] / 1e6
    told = unit_of_name(name) if name else None
    order = [told] if told else []
    order += [other for other in ("s", "ms", "us", "ns") if other != told]
    return next((other for other in order if other != unit and _possible(per_unit, other, _USUAL_HZ)), None)


def _possible(per_unit: float, unit: str, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= per_unit * 1e6 / UNITS_US[unit] <= bounds[1]
