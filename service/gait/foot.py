"""One foot, from frames to measured stances."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firmware_bridge import Frames
from service.gait import parameters as p
from service.gait.events import Break, Finder
from service.gait.load import Float64s, Int64s, Layout
from service.gait.steps import Measures, measure
from service.gait.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Seen:
    """What one foot showed: a stance at its contact, or a hole in the data at its end (`measures` is None)."""

    time: int
    measures: Measures | None
    hole_ns: int = 0
    in_stance: bool = False


class Foot:
    """Turn the frames of one foot into what was seen, in order of time."""

    def __init__(self) -> None:
        self._timeline = Timeline()
        self._finder: Finder | None = None
        self._layout: Layout | None = None
        self.samples = Samples()

    @property
    def reached(self) -> int | None:
        """Time of the last sample that was looked at."""
        return self.samples.last

    @property
    def horizon(self) -> int | None:
        """Time before which everything was seen; None before the first block of samples."""
        return None if self._finder is None else self._finder.horizon

    def feed(self, frames: Frames, layout: Layout) -> list[Seen]:
        """Take frames, made by an insole of this layout; another one than before begins anew."""
        found = []
        if layout is not self._layout:
            found = self.flush()
            self._layout, self._finder = layout, Finder(layout.hole_ns)
        found += self._find(*self._timeline.feed(*layout.channels(frames)))
        return found

    def flush(self) -> list[Seen]:
        """Look at the block that was cut short, too."""
        return self._find(*self._timeline.flush())

    def _find(self, time: Int64s, channels: Float64s) -> list[Seen]:
        return list(self._seen(time, channels)) if time.size else []

    def _seen(self, time: Int64s, channels: Float64s) -> Iterator[Seen]:
        assert self._finder is not None
        assert self._layout is not None
        self.samples.add(time, self._layout.rate_hz)
        for found in self._finder.feed(time, channels):
            if isinstance(found, Break):
                yield Seen(found.stop, None, found.stop - found.start, found.in_stance)
            else:
                yield Seen(found.contact, measure(found, self._layout))


class Samples:
    """Count a foot's samples by block of event time, to tell which share of them arrived."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, int]] = deque()
        self._rate_hz = 0.0
        self.last: int | None = None

    def add(self, time: Int64s, rate_hz: float) -> None:
        """Count samples."""
        self._rate_hz = rate_hz
        self.last = int(time[-1])
        ids, counts = np.unique(time // p.BLOCK_NS, return_counts=True)
        self._blocks.extend(zip(ids.tolist(), counts.tolist(), strict=True))

    def share(self, start: int, stop: int) -> float:
        """Return the share of the samples expected between two times (whole blocks) that arrived, 0 to 1."""
        first, last = start // p.BLOCK_NS, stop // p.BLOCK_NS
        expected = (last - first) * p.BLOCK_NS * 1e-9 * self._rate_hz
        if expected <= 0:
            return math.nan
        return min(sum(n for i, n in self._blocks if first <= i < last) / expected, 1.0)

    def forget(self, before: int) -> None:
        """Drop the counts of blocks before a time."""
        while self._blocks and self._blocks[0][0] < before // p.BLOCK_NS:
            self._blocks.popleft()
