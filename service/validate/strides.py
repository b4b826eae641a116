"""The strides of one foot, by the product's events or by a plain level, and what a paper says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, Frames
from service.records.rows import Step

_Floats = NDArray[np.float64]

_OUTLIER_MADS = 3 * 1.4826
"""Median absolute deviations, as standard deviations, beyond which a value is an outlier: turns (as the papers do)."""
_LEVEL_N = 20.0
SHORTEST_GAP_S, SHORTEST_LOAD_S = 0.12, 0.10  # of the level's stances (choice)


@dataclass(frozen=True, eq=False)
class _Strides:
    """The strides of one foot that are seen whole, seconds."""

    begin: _Floats
    stride: _Floats
    swing: _Floats  # at its end

    def within(self, start: float, stop: float) -> _Strides:
        """Return those that lie whole between two times."""
        keep = (self.begin >= start) & (self.begin + self.stride <= stop)
        return _Strides(self.begin[keep], self.stride[keep], self.swing[keep])


def by_events(steps: Sequence[Step], zero: int) -> _Strides:
    """Return the strides of one foot's steps, in order of time; `zero` is where seconds begin (UTC ns)."""
    pairs = [(a, b) for a, b in pairwise(steps) if math.isfinite(b.stride_time_s)]
    return _Strides(
        np.array([(a.time - zero) / SECOND for a, _ in pairs]),
        np.array([b.stride_time_s for _, b in pairs]),
        np.array([(b.time - a.foot_off) / SECOND for a, b in pairs]),
    )


def by_level(frames: Frames, zero: int) -> _Strides:
    """Return the strides by the crossings of 20 N, on lines between the samples; the product has no part in it.

    The readings of the frames are newtons. Gaps and loads that are too short to be a swing or a stance are none.
    """
    force = frames.pressure.sum(axis=1, dtype=np.float64)
    time = (frames.time - zero) / SECOND
    loaded = force > _LEVEL_N
    before = np.flatnonzero(loaded[1:] != loaded[:-1])
    part = (_LEVEL_N - force[before]) / (force[before + 1] - force[before])
    crossed = (time[before] + part * (time[before + 1] - time[before]))[int(loaded[0]) :]
    on, off = crossed[: len(crossed) // 2 * 2].reshape(-1, 2).T
    parted = on[1:] - off[:-1] >= SHORTEST_GAP_S
    on, off = on[np.append(True, parted)], off[np.append(parted, True)]
    long = off - on >= SHORTEST_LOAD_S
    on, off = on[long], off[long]
    return _Strides(on[:-1], np.diff(on), on[1:] - off[:-1])


def trimmed(values: _Floats) -> _Floats:
    """Return the values without the outliers."""
    apart = np.abs(values - np.median(values))
    kept: _Floats = values[apart <= _OUTLIER_MADS * np.median(apart)]
    return kept


def cv(values: _Floats) -> float:
    """Return the coefficient of variation in percent."""
    return 100 * float(values.std(ddof=1) / values.mean())


def swing_percent(foot: _Strides) -> float:
    """Return the mean swing in percent of the stride, without outliers."""
    return float(trimmed(100 * foot.swing / foot.stride).mean())
