"""A stretch of one insole's readings in numbers: how each sensor moves, and whether the foot steps meanwhile.

Everything is relative: to a sensor's own range, to its neighbors', to the noise of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import Bools, Float64s, Int64s
from service.gait import thresholds as p

Indices = NDArray[np.intp]


class Silences(NamedTuple):
    """Which sensors (s,) do not move while their neighbors do: from some moment on to the end, or now and then."""

    lasting: Bools
    passing: Bools
    level: Float64s  # lowest readings meanwhile


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some seconds of readings, in blocks of `BLOCK_NS` and in windows of `WATCH_BLOCKS` blocks."""

    readings: Float64s  # (n, s) over the calibration's zero, NaN where missing
    low: Float64s  # (b, s) lowest and highest reading of each block
    high: Float64s
    windows: Indices  # (w,) first sample of each window
    floor: Float64s  # (w, s) lowest reading
    span: Float64s  # (w, s) range
    moving: Bools  # (w,) the sensors move more than the half of how they move at most

    @classmethod
    def of(cls, time: Int64s, readings: Float64s) -> Stretch:
        """Take (n, s) readings at (n,) times."""
        blocks = time // p.BLOCK_NS
        starts = _starts(blocks)
        low, high = np.fmin.reduceat(readings, starts, axis=0), np.fmax.reduceat(readings, starts, axis=0)
        windows = _starts(blocks[starts] // p.WATCH_BLOCKS)
        floor, top = np.fmin.reduceat(low, windows, axis=0), np.fmax.reduceat(high, windows, axis=0)
        span = zero_filled(top - floor)
        total = span.sum(axis=1)
        return cls(
            readings,
            zero_filled(low),
            zero_filled(high),
            starts[windows],
            zero_filled(floor),
            span,
            total >= p.WATCH_MOVING * total.max(),
        )

    def usual(self) -> Float64s:
        """Return the range (s,) that each sensor has within a window while the foot moves."""
        return np.asarray(np.quantile(self.span[self.moving], 0.75, axis=0), np.float64)

    def rest(self) -> Float64s:
        """Return each sensor's reading (s,) while the foot is in the air, or at its least."""
        return np.asarray(np.quantile(self.low, 0.1, axis=0), np.float64)

    def load(self, values: Float64s, own: Float64s) -> Float64s:
        """Return how much the foot is loaded by some readings (k, s), (k,): the mean of what matters, about 0 to 1.

        `own` is each sensor's range (s,). Zero where the sensors do not move together, as in noise or standing.
        """
        matters = own >= p.MATTERS * own.max()
        part = np.clip(over(values - self.rest(), own)[:, matters], 0, 1).mean(axis=1)
        low, high = np.quantile(part, [0.05, 0.95])
        return np.asarray((part - low) / (high - low) if high - low > p.TOGETHER else np.zeros_like(part), np.float64)

    def cycles(self, own: Float64s) -> int:
        """Return how often the foot was loaded; 0 where its load never goes, as in standing."""
        matters = own >= p.MATTERS * own.max()
        top = (self.floor + self.span)[self.moving][:, matters]
        if self.span[self.moving][:, matters].sum() < p.WATCH_DECAY * np.abs(top).sum():
            return 0
        load = self.load(self.high, own)
        told = np.where(load > p.UP, 1, np.where(load < p.DOWN, -1, 0))
        told = told[told != 0]
        return int(((told[1:] == 1) & (told[:-1] == -1)).sum())

    def often(self, there: Bools, own: Float64s) -> Bools:
        """Tell where something is there (n, s) in too many of the loaded foot's samples: on the whole, or often."""
        loaded = self.load(zero_filled(self.readings), own) >= p.DOWN
        counts = np.add.reduceat(there, self.windows, axis=0, dtype=np.int64)
        samples = np.add.reduceat(loaded, self.windows, dtype=np.int64)
        windows = (counts > p.SATURATED * samples[:, None]).sum(axis=0)
        often = windows >= p.PATCHY * max(int((samples > 0).sum()), 1)
        return np.asarray(often | (counts.sum(axis=0) > p.SATURATED * samples.sum()), np.bool_)

    def jumps(self, own: Float64s) -> Float64s:
        """Return the sum of each sensor's big jumps (s,) over that of one rise and fall.

        A load that comes and goes can jump up once and down once a step; a loose contact does again and again.
        """
        step = zero_filled(np.abs(np.diff(self.readings, axis=0)))
        sums = np.where(step >= p.JUMP * own, step, 0.0).sum(axis=0)
        return np.where(own >= p.MATTERS * own.max(), over(sums, 2 * own), 0.0)

    def silences(self, own: Float64s, seen: Bools, neighbors: Indices, loaded: Bools) -> Silences:
        """Find the sensors that do not move while their neighbors do.

        Args:
            own: (s,) usual range of each.
            seen: (s,) it has moved before this stretch.
            neighbors: (s, k) of each.
            loaded: (s,) it lies where everybody loads the sole, as its neighbors do.
        """
        part = over(self.span, own)
        active = self.moving[:, None] & (np.median(part[:, neighbors], axis=2) >= p.WATCH_MOVING)
        largest, around = own.max(), np.median(own[neighbors], axis=1)
        limit = np.maximum(
            np.where(own >= p.MATTERS * largest, p.SILENT * own, 0.0),
            np.where(loaded & (around >= p.HERE_LOADED * largest), p.SILENT_HERE * around, 0.0),
        )
        still = (self.span < limit) | (self.span < p.CONSTANT * self.noise(own))
        return self._silences(active, still, seen | (own >= p.MATTERS * largest))

    def _silences(self, active: Bools, still: Bools, seen: Bools) -> Silences:
        number = np.arange(1, len(active) + 1)[:, None]
        moved = np.where(active & ~still, number, 0).max(axis=0)
        after = active & (number > moved)
        lasting = after.sum(axis=0) >= np.where(seen, p.SILENT_WINDOWS, p.SILENT_WINDOWS_AT_FIRST)
        witnessed = active.sum(axis=0)
        passing = (witnessed >= p.SILENT_WINDOWS_AT_FIRST) & ((active & still).sum(axis=0) >= p.PATCHY * witnessed)
        level = np.where(after, self.floor, np.inf).min(axis=0)
        return Silences(lasting, passing & ~lasting, level)

    def noise(self, own: Float64s) -> float:
        """Return the range that an unloaded sensor has within a block: the middle one of those that matter."""
        calm = np.quantile(self.high - self.low, 0.1, axis=0)
        return float(np.median(calm[own >= p.MATTERS * own.max()]))


def zero_filled(values: NDArray[np.floating]) -> Float64s:
    """Return values with 0 for what is missing."""
    return np.asarray(np.where(np.isfinite(values), values, 0.0), np.float64)


def over(values: Float64s, scale: Float64s) -> Float64s:
    """Return values over their scale, 0 where that is none."""
    return np.asarray(np.where(scale > 0, values / np.where(scale > 0, scale, 1.0), 0.0), np.float64)


def _starts(ids: Int64s) -> Indices:
    return np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
