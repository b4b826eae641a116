"""Stances of one foot: an adaptive two-level detector on the causal envelope of its load.

No body mass, no filter: levels are fractions of the range that the load itself had in the last 2.5 s. So a drifting or
raised unloaded level is followed. Newtons, where the load is in newtons, only tell what is too small for a foot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firmware_bridge import SECOND, Float64s, Int64s
from service.gait import thresholds as p
from service.gait.signal.edges import falling_edge, quiet_level, rising_edge
from service.gait.signal.envelope import Envelope
from service.gait.signal.load import CHANNELS, LOAD
from service.gait.signal.step_likeness import like_a_step

_QUIET_NS = round(p.QUIET_S * SECOND)
_GUARD_NS = round(p.GUARD_S * SECOND)
_LONGEST_NS = round(p.MAX_STANCE_S * SECOND)
_BRIEF_NS = round(p.MIN_STANCE_S * SECOND)
_UP, _DOWN, _IDLE = 1, -1, 2

BOTH_FEET = "both_feet"
"""Nobody knows which foot it was."""
RATE = "rate"
"""Too few samples to time anything."""
GAP = "gap"
"""Data is missing right before the contact."""


@dataclass(frozen=True, slots=True, eq=False)
class Stance:
    """One stance: its events, its samples, and the unloaded level of each channel before it."""

    contact: int  # UTC ns
    foot_off: int
    time: Int64s  # (n,) samples strictly between the events
    channels: Float64s  # (n, CHANNELS)
    quiet: Float64s  # (CHANNELS,)
    doubt: str = ""  # why its measures do not count: BOTH_FEET, RATE, GAP; "" mostly


@dataclass(frozen=True, slots=True)
class Break:
    """Missing data: from the last sample before until the first one after it."""

    start: int
    stop: int
    in_stance: bool


class Finder:
    """Find one foot's stances in its samples.

    Law: the same samples, in whole blocks and however grouped, give the same stances. What is found depends on
    nothing before the last multiple of `RESET_NS` at which the foot had not stepped for as long as that.
    """

    def __init__(self, hole_ns: int, *, both_feet: bool = False, least: float = 0.0) -> None:
        """Begin.

        Args:
            hole_ns: samples further apart have missing data between them.
            both_feet: the load is that of both feet in one signal.
            least: smallest range of load that can be a step's, in its unit; 0 where neither scale nor zero is known.
        """
        self._hole_ns = hole_ns
        self._both_feet = both_feet
        self._merge_ns = round((p.MERGE_BOTH_S if both_feet else p.MERGE_S) * SECOND)
        self._least = least
        self._last_step: int | None = None
        self._grid: int | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if the next sample were the first one."""
        self._envelope = Envelope(self._least)
        self._time: Int64s = np.empty(0, np.int64)
        self._channels: Float64s = np.empty((0, CHANNELS))
        self._forget_stance()

    def _forget_stance(self) -> None:
        self._state = _IDLE
        self._rise: int | None = None  # index of the first loaded sample; None where the rise was not seen
        self._fall: int | None = None  # index of the first unloaded sample after it
        self._low = self._span = 0.0

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

    def close(self) -> Iterator[Stance]:
        """End the input; yield the stance that is final since nothing follows."""
        if self._time.size:
            yield from self._settle(len(self._time) - 1, self._merge_ns)

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
                yield from self._settle(base + i, self._merge_ns if state == _UP else _GUARD_NS)
                self._expire(base + i)
                self._change(base + i, state, float(low[i]), float(span[i]))
        yield from self._settle(len(self._time) - 1, _GUARD_NS)
        self._trim()

    def _change(self, index: int, state: int, low: float, span: float) -> None:
        was, self._state = self._state, state
        if state == _UP:
            if self._fall is not None and self._rise is not None:
                if self._scuffed(self._rise, self._fall, index, low + p.LOADED * span):
                    self._rise = index
                self._fall = None  # the valley of mid-stance, or else it was noise up to here
            else:
                self._rise = index if was == _DOWN else None
        elif state == _DOWN:
            if self._rise is not None and self._fall is None:
                self._fall, self._low, self._span = index, low, span
        elif self._fall is None:
            self._rise = None

    def _scuffed(self, rise: int, fall: int, now: int, level: float) -> bool:
        """Tell whether what came before a valley was noise, or a toe that touched the ground in swing."""
        held, gap = int(self._time[fall] - self._time[rise]), int(self._time[now] - self._time[fall])
        brief = held < _BRIEF_NS <= gap
        return brief or float(self._channels[rise:fall, LOAD].max()) <= level

    def _settle(self, now: int, least_ns: int) -> Iterator[Stance]:
        """Yield the stance whose unloading has lasted until the sample `now` for long enough."""
        if self._fall is None or self._rise is None or self._time[now] - self._time[self._fall] < least_ns:
            return
        rise, fall = self._rise, self._fall
        self._rise = self._fall = None
        stance = self._stance(rise, fall, now) if self._time[fall] - self._time[rise] <= _LONGEST_NS else None
        if stance is not None:
            self._last_step = stance.contact
            yield stance

    def _stance(self, rise: int, fall: int, now: int) -> Stance | None:
        """Return the stance between two samples, seen with the levels at its end; None where it is none."""
        risen = self._risen(rise, fall)
        if risen is None:
            return None
        first, rise = risen
        time, origin = self._time, int(self._time[rise])
        last = min(int(np.searchsorted(time, int(time[fall]) + _GUARD_NS, side="right")), now + 1)
        seconds = (time[first:last] - origin).astype(np.float64) * 1e-9
        load = self._channels[first:last, LOAD]
        span = float(load[rise - first : fall - first].max()) - quiet_level(load[: rise - first + 1])
        up = rising_edge(seconds[: rise - first + 3], load[: rise - first + 3], rise - first, span)
        held = max(fall - 3, rise) - first
        down = falling_edge(seconds[held:], load[held:], fall - 1 - first - held, span)
        if up is None or down is None or not p.MIN_STANCE_S <= down.time - up.time <= p.MAX_STANCE_S:
            return None
        begin, end, calm = up.inside, held + down.inside + 1, held + down.calm + 1
        parts = load[up.calm : begin], load[begin:end], load[end:calm]
        if not like_a_step(*parts, max(up.lasts, down.lasts), self._span, self._least):
            return None
        quiet = self._channels[first + up.calm : first + max(begin - 1, up.calm + 1)]
        known = np.isfinite(quiet[:, -1])
        return Stance(
            contact=origin + round(up.time * SECOND),
            foot_off=origin + round(down.time * SECOND),
            time=time[first + begin : first + end].copy(),
            channels=self._channels[first + begin : first + end].copy(),
            quiet=(quiet[known] if known.any() else quiet).mean(axis=0),
            doubt=self._doubt((end - begin) / (down.time - up.time), up.time - float(seconds[0])),
        )

    def _risen(self, rise: int, fall: int) -> tuple[int, int] | None:
        """Return the first sample of the unloaded stretch before a stance, and the first loaded one after it.

        By the levels at its end: the first steps after a rest rose through levels that were too low. None where it
        was not seen to rise.
        """
        load = self._channels[:, LOAD]
        up, down = (self._low + part * self._span for part in (p.LOADED, p.UNLOADED))
        loaded = rise + np.flatnonzero(load[rise:fall] > up)
        if not loaded.size:
            return None
        rise = int(loaded[0])
        start = int(np.searchsorted(self._time, int(self._time[rise]) - _QUIET_NS))
        unloaded = start + np.flatnonzero(load[start:rise] < down)
        if not unloaded.size:
            return None
        loaded = start + np.flatnonzero(load[start : unloaded[-1]] > up)
        first = int(unloaded[np.searchsorted(unloaded, loaded[-1] if loaded.size else start)])
        return (first, rise) if load[unloaded].min() < self._low + p.CORNER * self._span else None

    def _doubt(self, rate_hz: float, quiet_s: float) -> str:
        """Return why a stance cannot be measured, "" where it can."""
        if self._both_feet:
            return BOTH_FEET
        if rate_hz < p.MIN_RATE_HZ:
            return RATE
        return GAP if quiet_s < p.NEAR_S else ""

    def _expire(self, now: int) -> None:
        """Forget a rise that is too old at the sample `now`: the foot stands."""
        if self._rise is not None and self._time[now] - self._time[self._rise] > _LONGEST_NS + SECOND:
            self._rise = self._fall = None

    def _trim(self) -> None:
        """Drop samples that nothing can need any more."""
        self._expire(len(self._time) - 1)
        since = int(self._time[-1 if self._rise is None else self._rise])
        drop = min(int(np.searchsorted(self._time, since - _QUIET_NS)), len(self._time) - 1)
        if drop <= 0:
            return
        self._time, self._channels = self._time[drop:], self._channels[drop:]
        if self._rise is not None:
            self._rise -= drop
        if self._fall is not None:
            self._fall -= drop
