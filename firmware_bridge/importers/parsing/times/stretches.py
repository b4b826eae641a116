"""The clock of a file, judged on many rows at once: outliers are outvoted, wraps go on, a restart begins a stretch.

Among the rows of a window those are kept that make up the cheapest course: a row that is left out costs one, a clock
that begins anew as much as twenty rows. So a stamp, or a few in a row, that lies off the course is left out, whether
it is too high or too low, and a clock that went back for good is followed. Two stretches never overlap: the second one
goes on behind the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Places = NDArray[np.intp]

_RESTART_ROWS = 20.0
"""Rows that must follow a clock which went back, to be believed (choice)."""
_GROUP_ROWS = 4.0
"""Rows that as many rows of one stamp count for, at most: they are one stamp, however many (choice)."""
_LEAP_US, _FAR_LEAP_US = 1e6, 60e6
_LEAP_COSTS, _EDGE_LEAP_COSTS = 0.5, 8.0
"""What time that leaps ahead costs: nothing in the midst, where rows are missing; a few rows at either end of a file,
and where it leaps by more than a minute (choice)."""
_EPOCH_US = 366 * 86_400e6
"""A leap that is longer is a clock that was set, not a pause (choice)."""
PAUSE_US = 1e6
"""Hole between two stretches, at least: no step spans it (choice)."""
_FURTHEST_ROWS = 256
"""Rows that one may come too early or too late (choice)."""
_TIGHT = 3.0
"""Usual spacings within which one row follows another."""
_WRAP_COSTS = 1.5
_SHORT_WRAP_US = 60e6
"""A shorter wrap must begin and end at the ends of its range, since a difference alone might be anything (choice)."""
_BITS = (16, 24, 32)
_TICKS_US = (1.0, 10.0, 100.0, 1e3, 1e6 / 1024, 1e6 / 32768)
_OUTLIER, _LATE = (
    "its time leaps away from that of its neighbors",
    "its time does not go on from that of the row before",
)


def wrap_periods(unit_us: float) -> tuple[float, ...]:
    """Return how long counters of 16, 24 and 32 bits run in us, whatever they count."""
    return tuple(sorted({float(1 << bits) * tick for bits in _BITS for tick in (*_TICKS_US, unit_us)}))


DAY_PERIODS_US = (3_600e6, 43_200e6, 86_400e6)
"""When the time of day begins anew: of minutes and seconds, of twelve hours, of a day."""


class Course(NamedTuple):
    """Which rows of a window are a course, in the order of time."""

    rows: _Places
    time_us: _Floats  # does not decrease
    dropped: list[tuple[int, str]]  # rows that are left out for good, and why
    doubles: int
    left: _Places  # rows to be looked at again with those that follow
    remarks: list[tuple[int, str]]  # the row at which something is to be said


class Stretches:
    """Finds the course of a clock, window by window."""

    def __init__(self, periods: Sequence[float] = wrap_periods(1e6)) -> None:
        """Begin; `periods` (us) are those after which the clock may begin anew and yet go on."""
        self._periods = np.array(periods)
        self._offset = 0.0
        self._last: float | None = None  # raw stamp of the last row that was given
        self._recent: set[int] = set()  # hashes of the rows given last

    def course(self, values: _Floats, hold: int) -> Course:
        """Return the course of rows (n, columns), the stamps being the first column in us, but the last `hold` ones.

        Rows that were `left` come again with the next window, before those that follow.
        """
        stamps = values[:, 0]
        until = max(len(stamps) - hold, 0)
        step = _usual(stamps)
        easy = self._easy(stamps, step)
        doubles = np.zeros(len(stamps), np.bool_) if easy else self._doubled(values)
        own = np.flatnonzero(~doubles)
        moves: list[tuple[int, float]] = []
        if easy:
            chain = own
        elif (in_order := self._sorted(stamps[own], step)) is not None:
            chain = own[in_order]
        else:
            places, moves = self._cheapest(stamps[own], step, final=hold == 0)
            chain = own[places]
        return self._given(values, chain, moves, until, doubles, step)

    def _easy(self, stamps: _Floats, step: float) -> bool:
        """Tell whether time goes on without any leap."""
        before = stamps[:1] if self._last is None else np.array([self._last])
        apart = np.diff(stamps, prepend=before)
        return bool(np.all((apart >= 0) & (apart <= max(_LEAP_US, 20 * step))))

    def _doubled(self, values: _Floats) -> NDArray[np.bool_]:
        """Return which rows are doubles of one that came before, with other times between the two."""
        found = np.zeros(len(values), np.bool_)
        back = np.flatnonzero(np.diff(values[:, 0], prepend=values[:1, 0]) < 0)
        first = int(back[0]) if len(back) else 0
        if self._last is not None and values[0, 0] < self._last:
            first = 0
        seen = set(self._recent)
        stamps = values[:, 0]
        for place, row in enumerate(values):
            key = hash(row.tobytes())
            neighbor = place > 0 and stamps[place - 1] == stamps[place]
            if place >= first and key in seen and not (neighbor and not found[place - 1]):
                found[place] = True
            seen.add(key)
        return found

    def _sorted(self, stamps: _Floats, step: float) -> _Places | None:
        """Return the rows in the order of their stamps where that makes a course of all of them."""
        order = np.argsort(stamps, kind="stable")
        apart = np.diff(stamps[order])
        if self._last is not None and len(stamps):
            apart = np.append(stamps[order[0]] - self._last, apart)
        ties = np.count_nonzero(np.diff(stamps) == 0)
        close = np.count_nonzero(apart < 0.5 * step)
        if np.any(apart < 0) or np.any(apart > max(_LEAP_US, 20 * step)) or close > ties:
            return None
        if np.abs(order - np.arange(len(order))).max(initial=0) > _FURTHEST_ROWS:
            return None
        return np.asarray(order, np.intp)

    def _cheapest(self, stamps: _Floats, step: float, *, final: bool) -> tuple[_Places, list[tuple[int, float]]]:
        """Return the rows of the cheapest course, and where in it the clock is moved by how much."""
        apart = np.diff(stamps)
        edges = np.flatnonzero((apart < 0) | (apart > _TIGHT * step)) + 1
        first = np.concatenate([[0], edges]).astype(np.intp)
        last = np.concatenate([edges, [len(stamps)]]).astype(np.intp)
        groups = np.add.reduceat(np.concatenate([[1.0], (apart != 0).astype(float)]), first)
        weight = np.minimum(last - first, _GROUP_ROWS * np.maximum(groups, 1.0))
        before = np.concatenate([[0.0], np.cumsum(weight)])
        begin, end = stamps[first], stamps[last - 1]
        count = len(first)
        cost, way = np.full(count, np.inf), np.full(count, -1)
        for j in range(count):
            if self._last is None:
                cost[j] = before[j]
            else:
                cost[j] = before[j] + self._move(np.array([self._last]), begin[j], step)[0][0]
            if j:
                moved = self._move(end[:j], begin[j], step)[0]
                edge = np.zeros(j)
                if self._last is None:
                    edge[way[:j] < 0] = _EDGE_LEAP_COSTS  # nothing before it
                if final and j == count - 1:
                    edge[:] = _EDGE_LEAP_COSTS
                gap = begin[j] - end[:j]
                moved = np.where(gap > max(2 * _LEAP_US, 50 * step), np.maximum(moved, edge), moved)
                total = cost[:j] + moved + before[j] - before[1 : j + 1]
                best = int(np.argmin(total))
                if total[best] < cost[j]:
                    cost[j], way[j] = total[best], best
        run = int(np.argmin(cost + before[-1] - before[1:]))
        runs: list[int] = []
        while run >= 0:
            runs.append(run)
            run = int(way[run])
        runs.reverse()
        chain = np.concatenate([np.arange(first[run], last[run]) for run in runs])
        return chain, self._moves(runs, begin, end, step, last - first)

    def _moves(
        self, runs: list[int], begin: _Floats, end: _Floats, step: float, sizes: _Places
    ) -> list[tuple[int, float]]:
        """Return at which place of the chain the clock is moved on by how much; NaN where it begins anew."""
        moves: list[tuple[int, float]] = []
        before = self._last
        place = 0
        for run in runs:
            if before is not None:
                moved = float(self._move(np.array([before]), begin[run], step)[1][0])
                if moved:
                    moves.append((place, moved))
            before = float(end[run])
            place += int(sizes[run])
        return moves

    def _move(self, before: _Floats, after: float, step: float) -> tuple[_Floats, _Floats]:
        """Return what it costs to go from one stamp to another, and by how much the clock moves on, NaN: anew."""
        gap = after - before
        leap = np.where(gap > _FAR_LEAP_US, _EDGE_LEAP_COSTS, _LEAP_COSTS)
        cost = np.where(gap <= max(_LEAP_US, 20 * step), 0.0, leap)
        moved = np.where(gap > _EPOCH_US, np.nan, 0.0)
        back = gap < 0
        if back.any():
            wrap = self._wrap(before, after, step)
            cost = np.where(back, np.where(wrap > 0, _WRAP_COSTS, _RESTART_ROWS), cost)
            moved = np.where(back, np.where(wrap > 0, wrap, np.nan), moved)
        return cost, moved

    def _wrap(self, before: _Floats, after: float, step: float) -> _Floats:
        """Return the period of the counter that wrapped between two stamps, 0 where none did."""
        slack = max(_LEAP_US, 20 * step)
        found = np.zeros(len(before))
        for period in self._periods[::-1]:
            gap = after - before + period
            if period >= _SHORT_WRAP_US:
                fits = (gap >= 0) & (gap <= slack)
            else:
                near = min(_TIGHT * step, period / 4)
                plain = (before >= period - near) & (before < period) & (0 <= after < near)
                half = period / 2
                signed = (before >= half - near) & (before < half) & (-half <= after < near - half)
                fits = (gap >= 0) & (gap <= near) & (plain | signed)
            found = np.where(fits, period, found)
        return found

    def _given(
        self,
        values: _Floats,
        chain: _Places,
        moves: list[tuple[int, float]],
        until: int,
        doubles: NDArray[np.bool_],
        step: float,
    ) -> Course:
        """Commit what lies before the row `until`."""
        stamps = values[:, 0]
        time = stamps[chain] + self._offset
        offset = np.full(len(chain), self._offset)
        remarks: list[tuple[int, str]] = []
        for place, wrapped in moves:
            row = int(chain[place])
            raw_before = stamps[chain[place - 1]] if place else self._last
            said = f"{_seconds(raw_before)} to {_seconds(stamps[row])}"
            moved = wrapped
            if np.isnan(wrapped):
                last = time[place - 1] if place else (self._last or 0.0) + self._offset
                moved = last + max(PAUSE_US, 10 * step) - time[place]
                back = stamps[row] < (raw_before or 0.0)
                what = "its clock restarts" if back else "its clock was set"
                remarks.append(
                    (row, f"{what} in line {{line}} (from {said}): what follows is put behind, after a hole")
                )
            else:
                remarks.append((row, f"its clock wraps in line {{line}} (from {said}): time goes on"))
            time[place:] += moved
            offset[place:] += moved
        chain, time, offset = self._refilled(stamps, chain, time, offset, doubles, step)
        if len(earlier := np.flatnonzero(np.diff(chain) < 0)):
            remarks.append(
                (int(chain[earlier[0] + 1]), "rows are out of order from line {line} on: they are put in order")
            )
        late = np.flatnonzero(chain >= until)
        stop = int(late[0]) if len(late) else len(chain)
        held = np.zeros(len(stamps), np.bool_)
        held[until:] = True
        held[chain[stop:]] = True
        rows = chain[:stop]
        out = ~held & ~doubles
        out[rows] = False
        gone = doubles & ~held
        dropped = [(place, self._why(stamps, place, step)) for place in np.flatnonzero(out).tolist()]
        remarks = [(row, text) for row, text in remarks if not held[row]]
        if stop:
            self._offset = float(offset[stop - 1])
            self._last = float(stamps[rows[-1]])
        if remarks or dropped or doubles.any() or len(rows) < until:
            self._recent = {hash(values[row].tobytes()) for row in rows.tolist()}
        else:
            self._recent = set()
        return Course(rows, time[:stop], dropped, int(np.count_nonzero(gone)), np.flatnonzero(held), remarks)

    @staticmethod
    def _refilled(
        stamps: _Floats, chain: _Places, time: _Floats, offset: _Floats, doubles: NDArray[np.bool_], step: float
    ) -> tuple[_Places, _Floats, _Floats]:
        """Put rows back to where they are missing: those that came out of order by less than a leap."""
        out = ~doubles
        out[chain] = False
        lost = np.flatnonzero(out)
        if not len(lost) or len(chain) < 2:
            return chain, time, offset
        near = np.clip(np.searchsorted(np.sort(chain), lost), 1, len(chain)) - 1
        moment = stamps[lost] + offset[near]
        place = np.searchsorted(time, moment)
        inner = (place > 0) & (place < len(time))
        low, high = time[np.clip(place - 1, 0, None)], time[np.clip(place, None, len(time) - 1)]
        close = np.abs(moment - time[near]) <= 2 * _LEAP_US
        fits = inner & close & (moment - low >= 0.5 * step) & (high - moment >= 0.5 * step)
        if not fits.any():
            return chain, time, offset
        chain = np.concatenate([chain, lost[fits]])
        time = np.concatenate([time, moment[fits]])
        offset = np.concatenate([offset, offset[near[fits]]])
        order = np.argsort(time, kind="stable")
        return chain[order], time[order], offset[order]

    def _why(self, stamps: _Floats, place: int, step: float) -> str:
        before = stamps[place - 1] if place else self._last
        return _LATE if before is not None and -_FAR_LEAP_US < stamps[place] - before <= _TIGHT * step else _OUTLIER


def _usual(stamps: _Floats) -> float:
    """Return the usual spacing of stamps in us, 0 where they do not grow."""
    apart = np.diff(stamps)
    grown = apart[apart > 0]
    return float(np.median(grown)) if len(grown) else 0.0


def _seconds(stamp: float | None) -> str:
    return f"{(stamp or 0.0) / 1e6:.9g} s"


def lines_said(remarks: Iterable[tuple[int, str]], lines: NDArray[np.int64]) -> tuple[str, ...]:
    """Return remarks with the numbers of their lines."""
    return tuple(text.format(line=int(lines[row])) for row, text in remarks)
