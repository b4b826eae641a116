"""Rows of numbers whose first is the time: from lines of text to arrays in which time only grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.importers.parsing.times.spreading import Spreader
from firmware_bridge.importers.parsing.times.stretches import Stretches, lines_said, wrap_periods
from firmware_bridge.importers.parsing.times.time_cells import whole_us
from firmware_bridge.importers.row_report import NO_REPORT, RowReport

__all__ = [
    "LARGEST_READING",
    "NO_ROW",
    "SPAN_US",
    "Rows",
    "TimedValues",
    "in_portions",
    "increasing_rows",
    "ordered_rows",
    "reading_of",
    "whole_us",
]

LARGEST_READING = 3e38  # a larger reading does not fit into 32 bits
_ROWS = 1000
_HELD = 256
"""Rows that wait for those after them, which may show that their time was wrong (choice)."""
_CELLS = 2_000_000
"""Numbers that are looked at together, at most."""
SPAN_US = 10e6
NO_ROW = "it is too short for a row, or one of its cells is no number"

TimedValues = list[float]
"""Its first number is the time, in whole microseconds; the others may be NaN."""


class Rows(NamedTuple):
    """Some consecutive rows, and what became of those before or among them."""

    values: NDArray[np.float64]  # (n, columns), the first one being the time in us; empty where all were skipped
    report: RowReport

    @property
    def skipped(self) -> int:
        """Return how many rows were skipped."""
        return self.report.skipped


def reading_of(value: float) -> float:
    """Return a number that can be a reading.

    Raises:
        ValueError: it does not fit into 32 bits, or is none.
    """
    if not abs(value) < LARGEST_READING:
        raise ValueError(f"{value} is not a reading")
    return value


def increasing_rows(lines: Iterable[bytes], parse: Callable[[bytes], TimedValues | None]) -> Iterator[Rows]:
    """Yield the rows of a file, at most a thousand and ten seconds at once, in portions that depend on them alone.

    A blank line is nothing. A line that `parse` refuses is skipped and counted, and so is one whose time leaps away
    from its neighbors'. A clock that begins anew goes on behind; rows that share a time are spread over the time up to
    the next one; exact doubles of a row are left out.
    """
    spreader = Spreader()
    waiting = NO_REPORT
    for rows, numbers in ordered_rows(lines, parse):
        spread = spreader.take(rows.values, numbers)
        waiting += rows.report + spread.report
        if len(spread.values):
            yield from in_portions(spread.values, waiting)
            waiting = NO_REPORT
    spread = spreader.end()
    yield from in_portions(spread.values, waiting + spread.report)


def in_portions(values: NDArray[np.float64], report: RowReport) -> Iterator[Rows]:
    """Yield rows in short portions, the report being of the first one; none where there is nothing to be said."""
    first = 0
    while first < len(values):
        last = min(int(np.searchsorted(values[:, 0], values[first, 0] + SPAN_US, "right")), first + _ROWS)
        yield Rows(values[first:last], report)
        report = NO_REPORT
        first = last
    if report != NO_REPORT:
        yield Rows(values[:0], report)


def ordered_rows(
    lines: Iterable[bytes],
    parse: Callable[[bytes], TimedValues | None],
    periods: Sequence[float] = wrap_periods(1e6),
    why: Callable[[bytes], str] = lambda _: NO_ROW,
) -> Iterator[tuple[Rows, NDArray[np.int64]]]:
    """Yield rows in the order of time, with the numbers of their lines; rows may still share a time.

    Args:
        lines: of the file, from the first row on.
        parse: makes a row of a line, None where it is none.
        periods: us after which the clock may begin anew and yet go on.
        why: says why a line is no row.
    """
    stretches = Stretches(periods)
    window = _Window(stretches)
    for number, line in enumerate(lines, 1):
        row = parse(line)
        if row is not None:
            if window.add(row, getattr(line, "number", number)):
                yield window.judged(final=False)
        elif line.strip():
            window.skip(getattr(line, "number", number), line, why)
    yield window.judged(final=True)


class _Window:
    """Rows that are looked at together."""

    def __init__(self, stretches: Stretches) -> None:
        self._stretches = stretches
        self._held: NDArray[np.float64] | None = None
        self._held_lines: NDArray[np.int64] = np.empty(0, np.int64)
        self._new: list[TimedValues] = []
        self._new_lines: list[int] = []
        self._report = RowReport()
        self._room = _ROWS

    def add(self, row: TimedValues, line: int) -> bool:
        """Take a row; tell whether there are enough."""
        if self._held is None and not self._new:
            self._room = max(min(_ROWS, _CELLS // len(row)), 4)
        self._new.append(row)
        self._new_lines.append(line)
        return len(self._new) >= self._room

    def skip(self, number: int, line: bytes, why: Callable[[bytes], str]) -> None:
        """Count a line that is no row."""
        reason = why(line) if not self._report.skipped else ""
        self._report += RowReport(skipped=1, line=number, reason=reason)

    def judged(self, *, final: bool) -> tuple[Rows, NDArray[np.int64]]:
        """Return the rows whose time is certain."""
        values = np.array(self._new) if self._new else np.empty((0, 1))
        lines = np.concatenate([self._held_lines, np.array(self._new_lines, np.int64)])
        if self._held is not None and len(self._held):
            values = np.concatenate([self._held, values]) if len(values) else self._held
        self._new, self._new_lines = [], []
        report, self._report = self._report, RowReport()
        if not len(values):
            return Rows(values, report), lines
        course = self._stretches.course(values, 0 if final else min(_HELD, self._room // 4))
        self._held, self._held_lines = values[course.left], lines[course.left]
        rows = values[course.rows]
        rows[:, 0] = course.time_us
        for place, reason in course.dropped:
            report += RowReport(skipped=1, line=int(lines[place]), reason=reason)
        report += RowReport(len(rows), doubles=course.doubles, remarks=lines_said(course.remarks, lines))
        return Rows(rows, report), lines[course.rows]
