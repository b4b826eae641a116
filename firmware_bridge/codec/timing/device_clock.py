"""How a device's own clock is brought to the host's.

A packet arrives some time after its samples were taken, never before, and that delay comes in bursts. So a device's
clock is found from the packets that were delayed least: the lower convex hull of (device time, arrival - device time),
not a mean of it, which would be late by the mean delay, another one for each foot.
"""

from __future__ import annotations

import itertools
import math

from firmware_bridge.model import SECOND

WINDOW = 600 * SECOND
"""How far back the device's clock is compared. A radio's events and a device's packets come at nearly commensurate
rates, so that the least delay of a second creeps through some milliseconds in minutes, as a vernier does: only over
several of its turns is it seen that the clock drifts, and not the delay."""
RECENT = 60 * SECOND
"""A longer silence begins anew. And where nothing of this time came near what is earlier, that counts no more."""
NEAR = SECOND * 3 // 100
"""The least delay of any link comes nearer than this: what stays away by more is a host's clock set forward."""
_BLOCK = SECOND
"""Of each such stretch the least delayed packet counts."""
_TREND = 5 * SECOND
"""Less than this tells an offset but no drift."""
RESYNC = 10 * SECOND
"""Arrival and device clock that differ by more do not belong together any more."""
MAX_DRIFT = 300e-6
"""Crystals are within 100 ppm; a steeper trend is a changing delay."""
SLEW = 0.004
"""How fast, at most, a better estimate moves the time of samples beside the drift: never back, no hole where nothing is
missing, and no contact time that is wrong by half a percent: one of 3 % matters."""
UNSETTLED_SLEW = 0.01
"""The same while the estimate is further off than `SETTLED`; meanwhile the link says that its clock is settling."""
SETTLED = SECOND * 15 // 1000
"""The estimate is settled where time is nearer to it than this: a tenth of what matters, 3 % of a contact time, once
it is divided among some steps (choice)."""
MOST_AHEAD = SECOND * 2 // 5
"""No sample is placed further ahead of its arrival than this: what contradicts arrival by more is wrong (choice)."""
RATED_DRIFT = 0.02
"""How far a rate that was measured against arrival may still be off."""
LEAP = SECOND // 2
"""An estimate that is ahead by more is leapt to: slewed, it would stretch the steps of minutes."""


class DeviceClock:
    """Brings device time (ns, unwrapped) to UTC ns, one packet after the other.

    Strictly increasing for increasing device time. A function of the packets alone, not of how they were batched.
    """

    def __init__(self, max_drift: float = MAX_DRIFT, last: int | None = None) -> None:
        """Begin, behind the time `last` that was given before, if any."""
        self._max_drift = max_drift
        self.last = last
        """The UTC ns that was given last."""
        self._running = False
        self._offset = self._target = 0.0
        self._points: list[tuple[float, float]] = []  # the least delayed packet of each block in the window
        self._lowest = (0.0, 0.0)

    def restart(self) -> None:
        """Forget the device's clock (it began anew), but not the time that was given last."""
        self._running = False

    @property
    def settled(self) -> bool:
        """Tell whether time is as near to the estimate as it will be."""
        return self._running and abs(self._target - self._offset) <= SETTLED

    def place(self, tick: int, arrival: int, latest: int | None = None) -> int:
        """Return the UTC ns of device time `tick` in a packet that arrived at `arrival`.

        `latest`: where the packets that came next are known as well, the latest time that they allow; time may step
        to it, since nothing of this connection is stored yet.

        Raises:
            ValueError: `tick` does not lie behind the last one, and there was no `restart`.
        """
        soonest = arrival if latest is None else latest
        if self._running:
            self._advance(tick, arrival, soonest, free=latest is not None)
        else:
            self._anchor(tick, soonest)
        self._last_tick = tick
        time = self._base + tick + round(self._offset)
        if self.last is None or self.last <= arrival + MOST_AHEAD:  # else the host's clock was set back
            time = min(time, arrival + MOST_AHEAD)
        self.last = time if self.last is None else max(time, self.last + 1)  # rounded, two may be one
        return self.last

    def rescale(self, rate: float) -> None:
        """Note that device time is told from the last packet on in units that are `rate` times as long."""
        self._max_drift = max(self._max_drift, RATED_DRIFT)
        if not self._running:
            return
        now = float(self._last_tick - self._tick0)
        again = [(now - (now - x) / rate, y + (x - now) * (1 - 1 / rate)) for x, y in [*self._points, self._lowest]]
        self._points, self._lowest = again[:-1], again[-1]
        self._block = int(now) // _BLOCK
        self._draw()
        self._above = 0.0
        self._target = self._level + self._drift * now

    def _anchor(self, tick: int, arrival: int) -> None:
        """Begin anew: this packet's delay is all that is known."""
        self._running = True
        self._tick0, self._base = tick, arrival - tick  # below: x = tick - tick0, y = arrival - tick - base
        self._level, self._drift = 0.0, 0.0  # the line under the points: level + drift * x
        self._points = []
        self._block, self._lowest, self._above = 0, (0.0, 0.0), 0.0  # of the running block, and its y above the line
        late = 0 if self.last is None else self.last + 1 - arrival
        self._offset = float(max(0, late))  # slewed estimate of y without delay
        self._target = 0.0

    def _advance(self, tick: int, arrival: int, soonest: int, *, free: bool) -> None:
        step = tick - self._last_tick
        if step <= 0:
            raise ValueError(f"device time must increase, not go from {self._last_tick} to {tick}")
        x, y = float(tick - self._tick0), float(arrival - tick - self._base)
        if step > RECENT or abs(y - self._level - self._drift * x) > RESYNC:
            self._anchor(tick, soonest)
            return
        if (block := int(x) // _BLOCK) != self._block:
            self._close_block(x)
            self._block = block
        line = self._level + self._drift * x
        if y - line < self._above:
            self._above, self._lowest = y - line, (x, y)
        below = min(self._above, float(soonest - tick - self._base) - line)
        target = line + min(0.0, below)  # a packet below the line tells at once that the line is too high
        self._target = target
        if free or target - self._offset > LEAP:  # the host's clock was set forward, or the device's went on in sleep
            self._offset = target
        self._offset += self._drift * step
        most = step * (SLEW if abs(target - self._offset) <= SETTLED else UNSETTLED_SLEW)
        self._offset = min(max(target, self._offset - most), self._offset + most)

    def _close_block(self, now: float) -> None:
        """Take the running block's least delayed packet into the window and draw the line anew."""
        self._points = [*(point for point in self._points if point[0] >= now - WINDOW), self._lowest]
        recent = [point for point in self._points if point[0] >= now - RECENT]
        if recent and min(y - self._level - self._drift * x for x, y in recent) > NEAR:
            self._points = recent
        self._above = math.inf
        self._draw()

    def _draw(self) -> None:
        """Draw the line under the points of the window."""
        self._drift = self._trend()
        self._level = min(y - self._drift * x for x, y in self._points)

    def _trend(self) -> float:
        """Return the slope of the hull's edge under the middle of the window."""
        first, last = self._points[0][0], self._points[-1][0]
        if len(self._points) < 2 or last - first < _TREND:
            return 0.0
        hull = lower_hull(self._points)
        middle = (first + last) / 2
        left, right = next(edge for edge in itertools.pairwise(hull) if middle <= edge[1][0])
        slope = (right[1] - left[1]) / (right[0] - left[0])
        return min(max(slope, -self._max_drift), self._max_drift)


def lower_hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the lower convex hull of points in order of x (monotone chain, Andrew 1979)."""
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])
