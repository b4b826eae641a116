"""The line of the least delayed rows: when rows were sampled whose stamps are those of their arrival."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

_BLOCK_US = 4e6
_LEAST_BLOCK, _MOST_BLOCK = 32, 2000
"""Rows whose least delayed one is a point of the line: 4 s of them, within these (choice)."""
_AHEAD_US = 3e6
"""A delay that lasts longer than this is a hole, not a stall of the link (choice)."""
_HOLE_US = 0.3e6
"""A delay that rises by more from one row to the next, and stays, is a hole (choice)."""
_LEAST_PACE = 0.2
"""Share of the spacing by which time goes on at least, however the arrivals are."""


class ArrivalLine:
    """Finds times of rows by their number, and the arrivals that were least late."""

    def __init__(self, step_us: float, *, follow: bool = True) -> None:
        """Begin; `step_us` is the spacing of rows. Without `follow` the stamps say only where it begins."""
        self._step = step_us
        self._follow = follow
        self._block = int(np.clip(round(_BLOCK_US / step_us), _LEAST_BLOCK, _MOST_BLOCK))
        self._ahead = max(round(_AHEAD_US / step_us), 8)
        self._given = 0  # rows of this stretch that were given
        self._knot: tuple[float, float] | None = None  # row and delay of the line's last point
        self._last = -np.inf

    def times(self, stamps: _Floats, *, final: bool) -> _Floats:
        """Return the times (us) of the first of these rows, those that are certain; the others come again."""
        if not self._follow:
            return self._even(stamps)
        parts: list[_Floats] = []
        done = 0
        for first, last, over in self._stretches(stamps, final=final):
            own = self._stretch(stamps[first:last], over=over)
            parts.append(own)
            done = first + len(own)
            if over:
                self._given, self._knot = 0, None
            if len(own) < last - first:
                break
        if not parts:
            return np.empty(0)
        time: _Floats = np.concatenate(parts).round()
        least = max(round(_LEAST_PACE * self._step), 1) * np.arange(1, len(time) + 1, dtype=np.float64)
        begun = self._last if np.isfinite(self._last) else time[0] - self._step
        time = np.asarray(np.maximum(np.maximum.accumulate(time - least), begun) + least, np.float64)
        if done:
            self._last = float(time[-1])
        return time

    def _even(self, stamps: _Floats) -> _Floats:
        if self._knot is None:
            self._knot = 0.0, float(stamps[0])
        time = self._knot[1] + (self._given + np.arange(len(stamps))) * self._step
        self._given += len(stamps)
        return np.asarray(np.round(time))

    def _stretches(self, stamps: _Floats, *, final: bool) -> list[tuple[int, int, bool]]:
        """Return the rows from hole to hole, and whether it is known where each ends."""
        late = stamps - np.arange(len(stamps)) * self._step
        least = np.minimum.accumulate(late[::-1])[::-1]
        rises = np.flatnonzero(np.diff(least) > max(_HOLE_US, 5 * self._step)) + 1
        if not final:
            rises = rises[rises < len(stamps) - self._ahead]
        edges = [0, *rises.tolist(), len(stamps)]
        return [(first, last, final or last < len(stamps)) for first, last in pairwise(edges)]

    def _stretch(self, stamps: _Floats, *, over: bool) -> _Floats:
        """Return the times of rows of one stretch, up to the line's last point unless it is `over`."""
        number = self._given + np.arange(len(stamps))
        late = stamps - number * self._step
        usable = len(stamps) if over else max(len(stamps) - self._ahead, 0)
        count = usable // self._block
        knots = [] if self._knot is None else [self._knot]
        for block in range(count):
            own = slice(block * self._block, (block + 1) * self._block)
            knots.append((float(number[own].mean()), float(late[own].min())))
        if over and not knots and len(stamps):
            knots.append((float(number.mean()), float(late.min())))
        if not knots:
            return np.empty(0)
        stop = len(stamps) if over else max(int(knots[-1][0]) + 1 - self._given, 0)
        stop = stop if count or over else 0
        places, delays = zip(*knots, strict=True)
        time = number[:stop] * self._step + np.interp(number[:stop], places, delays)
        if stop:
            self._knot = knots[-1]
            self._given += stop
        return np.asarray(time)
