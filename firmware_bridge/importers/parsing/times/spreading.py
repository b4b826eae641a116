"""Rows that share a stamp, or come in bursts: spread evenly over the time that is theirs.

A packet's rows have the packet's time, a clock of whole seconds has many rows for each, and a logger that stamps on
arrival has bursts. Rows of one stamp are spread up to the next stamp; bursts over the line of the least delayed rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.importers.parsing.times.arrivals import ArrivalLine
from firmware_bridge.importers.row_report import NO_REPORT, RowReport

_Floats = NDArray[np.float64]
_Lines = NDArray[np.int64]

_PACKETS = 0.1
"""Share of rows that share their stamp with another row, and are none of its doubles, from which on that is the way of
the file (choice)."""
_LEAST_TIES = 3
_STILL = 0.5
"""Share of rows that read as the row before, from which on a double cannot be told from a foot at rest (choice)."""
_ROOM = 0.67
"""Share of the usual spacing that a row needs, where rows have stamps of their own (choice)."""
_WIDE = 1.6
"""Spacings of the usual one from which on rows are missing (choice)."""
_CUT = 1.02
"""The same for the first rows of a stretch, whose packet was begun before (choice)."""
_HOLE = 3.0
"""The same for stamps."""
AGREES = 1.25
"""How far a declared rate may be from what is seen, to be meant (choice)."""
_NEAR = 0.5
_EVEN_SHARE = 0.6
"""Share of spacings within `_NEAR` of the mean one, below which stamps are those of arrivals (choice)."""
_STEADY = 0.2
"""How far the rates of the parts of a file may differ, for its rows to be evenly sampled (choice)."""
_LONGEST_BURST = 10.0
"""Rows of a burst, on the mean, at most; more are a recording with pauses (choice)."""
_PAUSE_US = 2e6
"""A hole that says nothing of the rate, at least (choice)."""
_LEAST_ROWS = 500
"""Rows from which it is seen how the stamps are, unless there are no more (choice)."""
_MOST_ROWS = 20_000
_MOST_CELLS = 4_000_000


class SpreadRows(NamedTuple):
    """Rows whose time grows, and what is to be said of them."""

    values: _Floats
    report: RowReport


class Spreader:
    """Spreads the rows of one clock, portion by portion."""

    def __init__(self, rate_hz: float | None = None, *, on_arrival: bool = False) -> None:
        """Begin.

        Args:
            rate_hz: what is said of the rows; seen from them otherwise.
            on_arrival: the stamps are said to be those of arrivals.
        """
        self._said_us = None if rate_hz is None else 1e6 / rate_hz
        self._on_arrival = on_arrival
        self._step = 0.0  # us from row to row
        self._packets = self._even = False
        self._first = True  # no row was given yet
        self._begun = False  # it is known how the stamps are
        self._held: list[_Floats] = []
        self._held_lines: list[_Lines] = []
        self._line: ArrivalLine | None = None
        self._last = -np.inf

    def take(self, values: _Floats, lines: _Lines) -> SpreadRows:
        """Take rows (n, columns) whose stamps, the first column in us, do not decrease; return those that are over."""
        if len(values):
            self._held.append(values)
            self._held_lines.append(lines)
        return self._spread(final=False)

    def end(self) -> SpreadRows:
        """Return the rows that are left."""
        return self._spread(final=True)

    def _spread(self, *, final: bool) -> SpreadRows:
        if not self._held:
            return SpreadRows(np.empty((0, 1)), NO_REPORT)
        values = np.concatenate(self._held) if len(self._held) > 1 else self._held[0]
        lines = np.concatenate(self._held_lines)
        if not self._begun:
            groups = int(np.count_nonzero(np.diff(values[:, 0]))) + 1
            enough = len(values) >= _LEAST_ROWS and groups > 2
            if not (final or enough or len(values) >= _MOST_ROWS or values.size >= _MOST_CELLS):
                return SpreadRows(values[:0], NO_REPORT)
        values, lines, doubles = self._without_doubles(values, lines)
        report = RowReport(given=-doubles, doubles=doubles)
        if not self._begun:
            report += self._begin(values[:, 0])
        if self._line is not None:
            time = self._line.times(values[:, 0], final=final)
            done = len(time)
            given = values[:done].copy()
            given[:, 0] = time
            self._keep(values[done:], lines[done:])
            return SpreadRows(given, report)
        return self._of_groups(values, lines, report, final=final)

    def _keep(self, values: _Floats, lines: _Lines) -> None:
        self._held = [values] if len(values) else []
        self._held_lines = [lines] if len(lines) else []

    def _without_doubles(self, values: _Floats, lines: _Lines) -> tuple[_Floats, _Lines, int]:
        """Leave out rows that are the row before once more, unless rows of one stamp are the way of the file."""
        tie = np.diff(values[:, 0]) == 0
        if not tie.any() or self._packets:
            return values, lines, 0
        one, other = values[1:, 1:], values[:-1, 1:]
        same = np.all((one == other) | (np.isnan(one) & np.isnan(other)), axis=1)
        if self._begun is False:
            self._packets = int(np.count_nonzero(tie & ~same)) >= max(_PACKETS * len(values), _LEAST_TIES)
        apart = int(np.count_nonzero(~tie))
        still = int(np.count_nonzero(same & ~tie)) >= _STILL * apart
        if self._packets or (still and int(np.count_nonzero(tie)) >= max(_PACKETS * len(values), _LEAST_TIES)):
            return values, lines, 0
        keep = np.concatenate([[True], ~(tie & same)])
        return values[keep], lines[keep], int(np.count_nonzero(~keep))

    def _begin(self, stamps: _Floats) -> RowReport:
        """See how the stamps are."""
        self._begun = True
        starts = _starts(stamps)
        sizes = np.diff(np.append(starts, len(stamps)))
        gaps = np.diff(stamps[starts])
        self._packets = int(np.count_nonzero(sizes > 1)) >= max(_PACKETS * len(sizes), 2)
        if not len(gaps):
            return self._no_clock(len(stamps))
        near = gaps <= _HOLE * float(np.median(gaps))
        rows = sizes[:-1][near]
        inner = slice(1, None) if len(rows) > 2 and self._packets else slice(None)  # the first packet may be cut
        self._step = float(gaps[near][inner].sum()) / int(rows[inner].sum())
        if not self._packets:
            self._step = float(np.median(gaps))
        if self._on_arrival or self._bursts(stamps, sizes, gaps):
            return self._arrivals(stamps)
        if self._said_us is not None and 1 / AGREES < self._step / self._said_us < AGREES:
            self._step = self._said_us
        if not self._packets:
            return NO_REPORT
        said = f"{len(stamps) / len(starts):.3g} rows share a stamp: they are spread at {1e6 / self._step:.4g} a second"
        return RowReport(remarks=(said,))

    def _no_clock(self, count: int) -> RowReport:
        if self._said_us is None or count < 2:
            return NO_REPORT
        self._step, self._line = self._said_us, ArrivalLine(self._said_us, follow=False)
        return RowReport(remarks=(f"its time stays as it is: rows are spread at {1e6 / self._step:.4g} a second",))

    def _bursts(self, stamps: _Floats, sizes: NDArray[np.intp], gaps: _Floats) -> bool:
        """Tell whether rows that are evenly sampled, as many in each part, have stamps that are not even."""
        parts = 6
        if len(gaps) < 10 * parts:
            return False
        usual = gaps <= max(_PAUSE_US, float(20 * np.median(gaps)))
        mean = float(gaps[usual].sum()) / int(sizes[:-1][usual].sum())
        pace = np.repeat(gaps / sizes[:-1], sizes[:-1])
        if np.count_nonzero(np.abs(pace / mean - 1) <= _NEAR) >= _EVEN_SHARE * pace.size:
            return False
        marks = np.linspace(0, len(stamps) - 1, parts + 1).astype(np.intp)
        rates = np.diff(stamps[marks]) / np.diff(marks)
        bursts = np.count_nonzero(gaps > 1.5 * mean)
        steady = float(np.median(np.abs(rates / mean - 1))) <= _STEADY
        return steady and len(stamps) <= _LONGEST_BURST * max(int(bursts), 1)

    def _arrivals(self, stamps: _Floats) -> RowReport:
        gaps = np.diff(stamps)
        usual = gaps <= max(_PAUSE_US, float(20 * np.median(gaps)))
        seen = float(gaps[usual].mean())
        self._step = seen
        if self._said_us is not None and 1 / AGREES < seen / self._said_us < AGREES:
            self._step = self._said_us
        self._line = ArrivalLine(self._step)
        said = f"its times are those of arrivals: rows are spread at {1e6 / self._step:.4g} a second"
        return RowReport(remarks=(said,))

    def _of_groups(self, values: _Floats, lines: _Lines, report: RowReport, *, final: bool) -> SpreadRows:
        stamps = values[:, 0]
        starts = _starts(stamps)
        done = len(stamps) if final else int(starts[-1])
        if not final and len(stamps) - done >= _MOST_ROWS:
            done = len(stamps)
        sizes = np.diff(np.append(starts, len(stamps)))
        gaps = np.append(np.diff(stamps[starts]), np.inf)
        pace = gaps / sizes
        far = pace > _WIDE * self._step
        each = np.where(far, self._step, pace)
        group = np.repeat(np.arange(len(starts)), sizes)
        within = np.arange(len(stamps)) - starts[group]
        time = stamps + within * each[group]
        keep = np.ones(len(stamps), np.bool_)
        if self._packets:
            time = self._cut_first(stamps, sizes, gaps, time, group, within)
        else:
            keep = (within == 0) | (each[group] >= _ROOM * self._step)
            if self._step == 0:
                keep = within == 0
        time = np.round(time)
        keep &= np.concatenate([[True], np.diff(time) > 0])
        keep[:done] &= time[:done] > self._last
        crowded = np.flatnonzero(~keep[:done])
        given = values[:done][keep[:done]]
        given[:, 0] = time[:done][keep[:done]]
        if len(given):
            self._last, self._first = float(given[-1, 0]), False
        if len(crowded):
            line = int(lines[crowded[0]])
            report += RowReport(-len(crowded), len(crowded), 0, line, "its time is that of the row before")
        self._keep(values[done:], lines[done:])
        return SpreadRows(given, report)

    def _cut_first(
        self,
        stamps: _Floats,
        sizes: NDArray[np.intp],
        gaps: _Floats,
        time: _Floats,
        group: NDArray[np.intp],
        within: NDArray[np.intp],
    ) -> _Floats:
        """Let the rows of a packet that was begun before the file, or within a hole, reach up to the next."""
        usual = float(np.median(gaps[:-1])) if len(gaps) > 1 else 0.0
        before = np.concatenate([[np.inf if self._first else 0.0], gaps[:-1]])
        cut = (before > _HOLE * usual) & (gaps <= _HOLE * usual) & (gaps / sizes > _CUT * self._step)
        chosen = cut[group]
        after = stamps + gaps[group] - (sizes[group] - within) * self._step
        return np.where(chosen, after, time)


def _starts(stamps: _Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.concatenate([[True], np.diff(stamps) > 0]))
