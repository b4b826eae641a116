"""Rows that hold both feet, side by side or one after the other, and the samples of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile
from firmware_bridge.importers.format import Recording, Samples
from firmware_bridge.importers.parsing.number_rows import Rows, TimedValues, in_portions, ordered_rows
from firmware_bridge.importers.parsing.times.spreading import Spreader
from firmware_bridge.importers.parsing.times.stretches import DAY_PERIODS_US, wrap_periods
from firmware_bridge.importers.parsing.times.time_cells import UNITS_US
from firmware_bridge.importers.row_report import NO_REPORT, RowReport
from firmware_bridge.model import Float32s, Int64s, Side

_INTERLEAVED = 0.2
"""Share of the rows that have readings of both feet, below which each row is of one foot (choice)."""


class Stamps(NamedTuple):
    """What is known of the times of rows before they are read."""

    periods: Sequence[float]  # us after which the clock may begin anew and yet go on
    rate_hz: float | None  # of each foot
    on_arrival: bool

    @classmethod
    def of_unit(cls, unit: str, rate_hz: float | None, *, on_arrival: bool) -> Stamps:
        """Return what the unit of a time tells of its clock, and the rest as it is."""
        periods = DAY_PERIODS_US if unit == "hms" else wrap_periods(UNITS_US[unit])
        return cls(periods, rate_hz, on_arrival)


FootRows = Mapping[Side, Rows]


def rows_by_foot(
    lines: Iterable[bytes],
    parse: Callable[[bytes], TimedValues | None],
    columns: Mapping[Side, slice],
    stamps: Stamps,
    why: Callable[[bytes], str],
) -> Iterator[FootRows]:
    """Yield portions of the rows of each foot, whose times grow; feet that stand side by side share theirs.

    Args:
        lines: of the file, from the first row on.
        parse: makes a row of a line, None where it is none.
        columns: of each foot in a row.
        stamps: what is known of the times.
        why: says why a line is no row.
    """
    portions = ordered_rows(lines, parse, stamps.periods, why)
    waiting: list[tuple[Rows, NDArray[np.int64]]] = []
    for portion in portions:
        waiting.append(portion)
        if len(portion[0].values):
            break
    apart = len(columns) > 1 and bool(waiting) and _interleaved(waiting[-1][0].values, columns)
    groups = [(side,) for side in columns] if apart else [tuple(columns)]
    spreaders = [Spreader(stamps.rate_hz, on_arrival=stamps.on_arrival) for _ in groups]
    reports = [NO_REPORT for _ in groups]
    for rows, numbers in chain(waiting, portions):
        for place, (sides, spreader) in enumerate(zip(groups, spreaders, strict=True)):
            own = _there(rows.values, columns[sides[0]]) if apart else np.ones(len(rows.values), np.bool_)
            # the feet are told apart only where both are read: what was skipped counts once for each
            spread = spreader.take(rows.values[own], numbers[own])
            reports[place] += rows.report + spread.report
            if len(spread.values):
                yield from _of(sides, spread.values, reports[place])
                reports[place] = NO_REPORT
    for sides, spreader, report in zip(groups, spreaders, reports, strict=True):
        spread = spreader.end()
        yield from _of(sides, spread.values, report + spread.report)


def _of(sides: Iterable[Side], values: NDArray[np.float64], report: RowReport) -> Iterator[FootRows]:
    for rows in in_portions(values, report):
        yield dict.fromkeys(sides, rows)


def _there(values: NDArray[np.float64], columns: slice) -> NDArray[np.bool_]:
    """Return in which rows a foot has any reading."""
    if not len(values):
        return np.empty(0, np.bool_)
    return np.asarray(np.isfinite(values[:, columns]).any(axis=1))


def _interleaved(values: NDArray[np.float64], columns: Mapping[Side, slice]) -> bool:
    if not len(values):
        return False
    there = [_there(values, own) for own in columns.values()]
    return bool(np.mean(there[0] & there[1]) < _INTERLEAVED and all(foot.any() for foot in there))


def first_times(portions: Iterator[FootRows], sides: Iterable[Side]) -> tuple[dict[Side, Rows], list[FootRows]]:
    """Take portions until each foot has rows; return the first ones of each, and all that was taken."""
    first: dict[Side, Rows] = {}
    taken: list[FootRows] = []
    wanted = set(sides)
    rows_taken = 0
    for portion in portions:
        taken.append(portion)
        for side, rows in portion.items():
            rows_taken += len(rows.values)
            if len(rows.values):
                first.setdefault(side, rows)
        if wanted <= set(first) or rows_taken > _MOST_AWAITED:
            break
    return first, taken


_MOST_AWAITED = 5000
"""Rows of one foot within which the other one begins, to be known from the beginning (choice)."""


Columns = slice | list[int]


class PairOfFeet:
    """Cuts each portion of rows into the left foot's samples and the right foot's.

    A foot without any reading in a row has no sample there.
    """

    def __init__(
        self, recording: Recording, profile: Profile, date: int | None = None, began: float | None = None
    ) -> None:
        """Begin; `date` is the UTC ns of the first row where the file says it, `began` its time, else seen from it."""
        self._recording = recording
        self._profile = profile
        self._date = date
        self._base = began

    def samples(self, rows: Rows, left: Columns | None, right: Columns | None) -> Iterator[Samples]:
        """Yield the samples of one portion; the columns say where each foot's readings are, if it has any."""
        for side, columns in ((Side.LEFT, left), (Side.RIGHT, right)):
            if columns is not None:
                yield self.foot(side, self._profile, rows, columns)

    def foot(self, side: Side, profile: Profile, rows: Rows, columns: Columns) -> Samples:
        """Return one foot's samples of a portion; the first row of all is when the recording begins."""
        values = rows.values
        if not len(values):
            nothing = np.empty(0, np.int64), np.empty((0, profile.sensors.count), np.float32)
            return Samples(side, profile, *nothing, rows.report)
        self._base = float(values[0, 0]) if self._base is None else self._base
        time = self._recording.moments(values[:, 0] - self._base, self._date)
        return self._there(side, profile, time, np.ascontiguousarray(values[:, columns], np.float32), rows.report)

    @staticmethod
    def _there(side: Side, profile: Profile, time: Int64s, pressure: Float32s, report: RowReport) -> Samples:
        missing = np.isnan(pressure)
        if missing.any():
            there = ~missing.all(axis=1)
            time, pressure = time[there], pressure[there]
        return Samples(side, profile, time, pressure, report)
