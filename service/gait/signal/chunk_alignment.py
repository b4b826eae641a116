"""From chunks to a grid: samples are released in whole blocks of event time, so that chunks cannot matter."""

from __future__ import annotations

import numpy as np

from firmware_bridge import Float64s, Int64s
from service.gait import thresholds as p
from service.gait.signal.load import CHANNELS


class Timeline:
    """Hold one foot's samples until their block is over.

    Law: the concatenation of what is released, and where its parts begin on the grid, is the same for any split of
    the same samples. Samples that are not later than the last one are dropped.
    """

    def __init__(self) -> None:
        self._times: list[Int64s] = []
        self._channels: list[Float64s] = []
        self._last: int | None = None

    def feed(self, time: Int64s, channels: Float64s) -> tuple[Int64s, Float64s]:
        """Take samples and return those of finished blocks."""
        if self._last is not None and time.size and time[0] <= self._last:
            late = int(np.searchsorted(time, self._last, side="right"))
            time, channels = time[late:], channels[late:]
        if not time.size:
            return _nothing()
        block_was = None if self._last is None else self._last // p.BLOCK_NS
        self._last = int(time[-1])
        start = self._last // p.BLOCK_NS * p.BLOCK_NS
        if block_was == self._last // p.BLOCK_NS:
            self._times.append(time)
            self._channels.append(channels)
            return _nothing()
        cut = int(np.searchsorted(time, start))
        out = np.concatenate([*self._times, time[:cut]]), np.concatenate([*self._channels, channels[:cut]])
        self._times, self._channels = [time[cut:]], [channels[cut:]]
        return out

    @property
    def under_way(self) -> int | None:
        """Time of the last sample of the block that is not over; None where there is none."""
        return self._last if self._times else None

    def flush(self) -> tuple[Int64s, Float64s]:
        """Return what is held: the block that was cut short."""
        if not self._times:
            return _nothing()
        out = np.concatenate(self._times), np.concatenate(self._channels)
        self._times, self._channels = [], []
        return out


def _nothing() -> tuple[Int64s, Float64s]:
    return np.empty(0, np.int64), np.empty((0, CHANNELS))
