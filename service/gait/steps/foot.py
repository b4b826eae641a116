"""One foot, from frames to measured stances."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from firmware_bridge import Float64s, Frames, Int64s, Side
from service.gait import thresholds as p
from service.gait.sensor_health.fault_tracker import Findings, SensorSet
from service.gait.sensor_health.health import SensorMonitor
from service.gait.signal.chunk_alignment import Timeline
from service.gait.signal.events import Break, Finder, Stance
from service.gait.signal.load import Layout
from service.gait.steps.seconds import PerSecond
from service.gait.steps.stance_measures import Measures, measure, withheld

CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one foot showed: a stance at its contact, or a hole in the data at its end (`measures` is None)."""

    time: int
    measures: Measures | None
    hole_ns: int = 0
    in_stance: bool = False
    tier: int = 0  # as in `Step`
    sensors: int = 0
    faulty: str = ""
    doubt: str = ""  # as in `Stance`
    rate_hz: float = math.inf  # that the insole declares


class StanceStream:
    """Turn the frames of one foot into what was seen, in order of time.

    Frames are held until they are asked for, in stretches of `RESET_NS`: which sensors count may depend on what the
    other foot showed.
    """

    def __init__(self, side: Side = Side.LEFT, findings: Findings | None = None, wearer: str = "") -> None:
        self._side = side
        self._findings = Findings() if findings is None else findings
        self._held: deque[tuple[Frames, SensorSet]] = deque()
        self._until: int | None = None  # last sample that was held
        self._timeline = Timeline()
        self._finder: Finder | None = None
        self._insole: SensorSet | None = None
        self._watch: SensorMonitor | None = None
        self._layouts: deque[tuple[int, Layout]] = deque(maxlen=2)  # and from when on they count
        self._cell: int | None = None
        self._last_step: int | None = None
        self.samples = _Samples()
        self.seconds = PerSecond(wearer, side)

    @property
    def reached(self) -> int | None:
        """Time of the last sample that was looked at."""
        return self.samples.last

    @property
    def horizon(self) -> int | None:
        """Time before which everything was seen; None before the first block of samples."""
        return None if self._finder is None else self._finder.horizon

    @property
    def under_way(self) -> int | None:
        """Time of the last sample that waits for its block to be over; None where none does."""
        return self._timeline.under_way

    @property
    def held(self) -> int | None:
        """Time of the first sample that is held; None where none is."""
        return int(self._held[0][0].time[0]) if self._held else None

    @property
    def decided(self) -> int | None:
        """Time until which it is certain what is broken; None where nothing was looked at."""
        return None if self._cell is None else self._cell * p.RESET_NS

    def hold(self, frames: Frames, insole: SensorSet) -> None:
        """Take frames of an insole; another one than before begins anew. Samples that come too late are dropped."""
        if self._until is not None and frames.time[0] <= self._until:
            if frames.time[-1] <= self._until:
                return
            frames = frames[int(np.searchsorted(frames.time, self._until, side="right")) :]
        self._until = int(frames.time[-1])
        cells = frames.time // p.RESET_NS
        cuts = [0, *(np.flatnonzero(cells[1:] != cells[:-1]) + 1).tolist(), len(frames)]
        self._held.extend((frames[a:b], insole) for a, b in pairwise(cuts))

    def look(self) -> list[Seen]:
        """Look at what is held, as far as it lies in one stretch of `RESET_NS`."""
        frames, insole = self._held.popleft()
        time, found = int(frames.time[0]), list[Seen]()
        if insole is not self._insole:
            found += self.flush()
            self._begin(insole, time)
        if time // p.RESET_NS != self._cell:
            found += self.flush()
            self._enter(time // p.RESET_NS)
        if self._watch is not None:
            self._watch.add(frames.time, frames.pressure)
        return found + self._find(*self._timeline.feed(*self._layouts[-1][1].channels(frames)))

    def flush(self) -> list[Seen]:
        """Look at the block that was cut short, too."""
        return self._find(*self._timeline.flush())

    def close(self) -> list[Seen]:
        """End the input: look at what is held back, too."""
        found = self.flush()
        if self._finder is not None:
            found += [self._measured(stance) for stance in self._finder.close()]
        return found

    def _begin(self, insole: SensorSet, time: int) -> None:
        self._insole = insole
        self._finder = Finder(insole.layout.hole_ns, both_feet=insole.layout.both_feet, least=insole.layout.least)
        self._watch = None if insole.places is None else SensorMonitor(insole.places)
        self._findings.forget(self._side, time)
        self._layouts.clear()
        self._fit(time)
        self._cell = time // p.RESET_NS

    def _enter(self, cell: int) -> None:
        """Decide what the stretch before showed, and forget it after as many as no bout can span without a step."""
        self._cell, start = cell, cell * p.RESET_NS
        if self._watch is not None:
            assert self._insole is not None
            assert self._insole.places is not None
            for fault in self._watch.decide():
                self._findings.add(self._side, start, self._insole.places, fault)
        if self._last_step is None or self._last_step < (cell - p.FORGET_CELLS) * p.RESET_NS:
            self._findings.forget(self._side, start)
            if self._watch is not None:
                self._watch.reset()
        self._fit(start)

    def _fit(self, time: int) -> None:
        """Use the sensors that count from a time on."""
        assert self._insole is not None
        layout = self._insole.without(self._findings.dropped(self._side, time, self._insole))
        if not self._layouts or layout is not self._layouts[-1][1]:
            self._layouts.append((time, layout))

    def _find(self, time: Int64s, channels: Float64s) -> list[Seen]:
        return list(self._seen(time, channels)) if time.size else []

    def _seen(self, time: Int64s, channels: Float64s) -> Iterator[Seen]:
        assert self._finder is not None
        self.samples.add(time, self._layouts[-1][1].rate_hz)
        self.seconds.add(time, channels, self._layouts[-1][1])
        for found in self._finder.feed(time, channels):
            if isinstance(found, Break):
                yield Seen(found.stop, None, found.stop - found.start, found.in_stance)
            else:
                self._last_step = found.contact
                yield self._measured(found)

    def _measured(self, stance: Stance) -> Seen:
        layout = next((own for since, own in reversed(self._layouts) if since <= stance.contact), self._layouts[0][1])
        faulty = self._faulty(stance, layout)
        measures = measure(stance, layout)
        return Seen(
            stance.contact,
            withheld(measures) if faulty else measures,
            tier=int(layout.tier),
            sensors=layout.count - len(layout.dropped),
            faulty=faulty,
            doubt=stance.doubt,
            rate_hz=layout.rate_hz,
        )

    def _faulty(self, stance: Stance, layout: Layout) -> str:
        """Return why a stance's force is not to be believed, "" where it is."""
        if self._watch is None:
            return ""
        dropped = frozenset(layout.dropped)
        broken = self._findings.broken(self._side, stance.contact)
        for sensor, kind in broken.items():
            if sensor not in dropped:
                return kind
        if stance.contact < self._layouts[-1][0] <= stance.foot_off:
            return CHANGE
        return self._watch.doubt(stance.contact, stance.foot_off, dropped)


class _Samples:
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
