"""The range that a foot's load had of late: what its levels are fractions of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from firmware_bridge import Float64s, Int64s
from service.gait import thresholds as p


@dataclass
class Envelope:
    """The lowest and highest load of the last blocks.

    `least` is the smallest range that can be a step's, above 0 only where the load's zero is known, too.
    """

    least: float = 0.0
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    lows: Float64s = field(default_factory=lambda: np.empty(0))
    highs: Float64s = field(default_factory=lambda: np.empty(0))

    def levels(self, time: Int64s, load: Float64s) -> tuple[Float64s, Float64s, NDArray[np.bool_]]:
        """Take the samples of whole blocks; return for each sample the low, the range, and whether it is gait's."""
        block = time // p.BLOCK_NS
        starts = np.flatnonzero(np.concatenate(([True], block[1:] != block[:-1])))
        new, lows, highs = block[starts], np.minimum.reduceat(load, starts), np.maximum.reduceat(load, starts)
        first = int(new[0]) - p.MEMORY_BLOCKS + 1
        low, high = np.full(int(new[-1]) - first + 1, np.inf), np.full(int(new[-1]) - first + 1, -np.inf)
        kept = self.ids >= first
        low[self.ids[kept] - first], high[self.ids[kept] - first] = self.lows[kept], self.highs[kept]
        at = new - first
        low[at], high[at] = np.minimum(low[at], lows), np.maximum(high[at], highs)
        seen = np.flatnonzero(high > -np.inf)
        self.ids, self.lows, self.highs = seen + first, low[seen], high[seen]

        bottom, top = _extremes(low, high, at, p.ENVELOPE_BLOCKS)
        lowest, highest = _extremes(low, high, at, p.MEMORY_BLOCKS)
        span = top - bottom
        gait = (span >= p.MIN_RANGE_OF_HIGH * top) & (span >= p.MIN_RANGE_OF_MEMORY * (highest - lowest)) & (span > 0)
        if self.least:
            gait &= bottom >= -p.MAX_NEGATIVE * top
        counts = np.diff(np.append(starts, len(time)))
        return np.repeat(bottom, counts), np.repeat(span, counts), np.repeat(gait, counts)


def _extremes(low: Float64s, high: Float64s, at: NDArray[np.int64], blocks: int) -> tuple[Float64s, Float64s]:
    """Return the lowest and the highest load of the last blocks, seen from each of `at`."""
    since = at - blocks + 1
    return (
        sliding_window_view(low, blocks)[since].min(axis=1),
        sliding_window_view(high, blocks)[since].max(axis=1),
    )
