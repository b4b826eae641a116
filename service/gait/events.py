"""Stances of one foot: an adaptive two-level detector on the causal envelope of its load.

No newtons, no body mass, no filter: levels are fractions of the range that the load itself had in the last 2.5 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from firmware_bridge import SECOND
from service.gait import parameters as p
from service.gait.edges import falling_edge, rising_edge
from service.gait.load import CHANNELS, LOAD, Float64s, Int64s

_QUIET_NS = round(p.QUIET_S * SECOND)
_GUARD_NS = round(p.MERGE_S * SECOND)
_UP, _DOWN, _IDLE = 1, -1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Stance:
    """One stance: its events, its samples, and the unloaded level of each channel before it."""

    contact: int  # UTC ns
    foot_off: int
    time: Int64s  # (n,) samples strictly between the events
    channels: Float64s  # (n, CHANNELS)
    quiet: Float64s  # (CHANNELS,)


@dataclass(frozen=True, slots=True)
class Break:
    """Missing data: from the last sample before until the first one after it."""

    start: int
    stop: int
    in_stance: bool


@dataclass
class Envelope:
    """The lowest and highest load of the last blocks."""

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

        bottom = sliding_window_view(low, p.ENVELOPE_BLOCKS)[at - p.ENVELOPE_BLOCKS + 1].min(axis=1)
        top = sliding_window_view(high, p.ENVELOPE_BLOCKS)[at - p.ENVELOPE_BLOCKS + 1].max(axis=1)
        memory = sliding_window_view(high, p.MEMORY_BLOCKS)[at - p.MEMORY_BLOCKS + 1].max(axis=1)
        span = top - bottom
        gait = (span >= p.MIN_RANGE_OF_HIGH * top) & (span >= p.MIN_RANGE_OF_MEMORY * memory) & (span > 0)
        counts = np.diff(np.append(starts, len(time)))
        return np.repeat(bottom, counts), np.repeat(span, counts), np.repeat(gait, counts)


class Finder:
    """Find one foot's stances in its samples.

    Law: the same samples, in whole blocks and however grouped, give the same stances. What is found depends on
    nothing before the last multiple of `RESET_NS` at which the foot had not stepped for as long as that.
    """

    def __init__(self, hole_ns: int) -> None:
        self._hole_ns = hole_ns
        self._last_step: int | None = None
        self._grid: int | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if the next sample were the first one."""
        self._envelope = Envelope()
        self._time: Int64s = np.empty(0, np.int64)
        self._channels: Float64s = np.empty((0, CHANNELS))
        self._forget_stance()

    def _forget_stance(self) -> None:
        self._state = _IDLE
        self._rise: int | None = None  # index of the first loaded sample; None where the rise was not seen
        self._fall: int | None = None  # index of the first unloaded sample after it
        self._span = 0.0

    @property
    def horizon(self) -> int | None:
        """Time before which no stance will be found any more; None before the first sample."""
        if not self._time.size:
            return None
        at = self._time[-1] if self._rise is None else self._time[self._rise]
        return int(at) - _QUIET_NS

    def feed(self, time: Int64s, channels: Float64s) -> Iterator[Stance | Break]:
        """Take the samples of whole blocks; yield stances that are final, and breaks."""
        for start, stop, broken in self._pieces(time):
            if self._forgets(int(time[start]) // p.RESET_NS):
                self.reset()
            elif broken:
                yield Break(int(self._time[-1]), int(time[start]), self._rise is not None)
                self._cut()
            yield from self._extend(time[start:stop], channels[start:stop])

    def _forgets(self, grid: int) -> bool:
        """Tell whether the foot comes to a new place on the resets' grid without a step for as long."""
        before, self._grid = self._grid, grid
        if before is None or before == grid:
            return False
        return self._last_step is None or self._last_step < (grid - 1) * p.RESET_NS

    def _pieces(self, time: Int64s) -> list[tuple[int, int, bool]]:
        """Return (start, stop, whether data is missing before it), cut at holes and at the resets' grid."""
        if not time.size:
            return []
        before = np.concatenate((self._time[-1:] if self._time.size else time[:1], time[:-1]))
        broken = (time - before) > self._hole_ns
        cut = broken | (time // p.RESET_NS != before // p.RESET_NS)
        cut[0] = True
        starts = np.flatnonzero(cut)
        return [
            (int(a), int(b), bool(broken[a])) for a, b in zip(starts, np.append(starts[1:], len(time)), strict=True)
        ]

    def _cut(self) -> None:
        """Drop a stance in progress, and the samples before the hole."""
        self._forget_stance()
        self._time, self._channels = self._time[:0], self._channels[:0]

    def _extend(self, time: Int64s, channels: Float64s) -> Iterator[Stance]:
        base = len(self._time)
        self._time = np.concatenate((self._time, time))
        self._channels = np.concatenate((self._channels, channels))
        load = channels[:, LOAD]
        low, span, gait = self._envelope.levels(time, load)
        code = np.zeros(len(time), np.int8)
        code[load > low + p.LOADED * span] = _UP
        code[load < low + p.UNLOADED * span] = _DOWN
        code[~gait] = _IDLE
        told = np.flatnonzero(code)
        if told.size:
            states = code[told]
            changed = states != np.concatenate(([self._state], states[:-1]))
            for i, state in zip(told[changed].tolist(), states[changed].tolist(), strict=True):
                yield from self._settle(int(self._time[base + i]))
                self._change(base + i, state, float(low[i]), float(span[i]))
        yield from self._settle(int(self._time[-1]))
        self._trim()

    def _change(self, index: int, state: int, low: float, span: float) -> None:
        was, self._state = self._state, state
        if state == _UP:
            if self._fall is not None and self._rise is not None:
                loaded = float(self._channels[self._rise : self._fall, LOAD].max()) > low + p.LOADED * span
                self._fall = None  # the valley of mid-stance, or else it was noise up to here
                self._rise = self._rise if loaded else index
            else:
                self._rise = index if was == _DOWN else None
        elif state == _DOWN:
            if self._rise is not None:
                self._fall, self._span = index, span
        elif self._fall is None:
            self._rise = None

    def _settle(self, now: int) -> Iterator[Stance]:
        """Yield the stance whose unloading has lasted until `now` for long enough."""
        if self._fall is None or self._rise is None or now - int(self._time[self._fall]) < _GUARD_NS:
            return
        rise, fall = self._rise, self._fall
        self._rise = self._fall = None
        stance = self._stance(rise, fall)
        if stance is not None:
            self._last_step = stance.contact
            yield stance

    def _stance(self, rise: int, fall: int) -> Stance | None:
        time, origin = self._time, int(self._time[rise])
        first = int(np.searchsorted(time, origin - _QUIET_NS))
        last = int(np.searchsorted(time, int(time[fall]) + _GUARD_NS, side="right"))
        seconds = (time[first:last] - origin).astype(np.float64) * 1e-9
        load = self._channels[first:last, LOAD]
        up = rising_edge(seconds[: rise - first + 1], load[: rise - first + 1], self._span)
        down = falling_edge(seconds[fall - 1 - first :], load[fall - 1 - first :], self._span)
        if up is None or down is None or not p.MIN_STANCE_S <= down[0] - up[0] <= p.MAX_STANCE_S:
            return None
        begin, end = first + up[1], fall - 1 + down[1] + 1
        calm = self._channels[first : max(begin - 1, first + 1)]
        known = np.isfinite(calm[:, -1])
        quiet = (calm[known] if known.any() else calm).mean(axis=0)
        return Stance(
            contact=origin + round(up[0] * SECOND),
            foot_off=origin + round(down[0] * SECOND),
            time=time[begin:end].copy(),
            channels=self._channels[begin:end].copy(),
            quiet=quiet,
        )

    def _trim(self) -> None:
        """Drop samples that nothing can need any more."""
        now = int(self._time[-1])
        if self._rise is not None and now - int(self._time[self._rise]) > (p.MAX_STANCE_S + 1) * SECOND:
            self._rise = self._fall = None
        since = now if self._rise is None else int(self._time[self._rise])
        drop = min(int(np.searchsorted(self._time, since - _QUIET_NS)), len(self._time) - 1)
        if drop <= 0:
            return
        self._time, self._channels = self._time[drop:], self._channels[drop:]
        if self._rise is not None:
            self._rise -= drop
        if self._fall is not None:
            self._fall -= drop
