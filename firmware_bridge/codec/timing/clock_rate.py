"""Whether a device's time passes as fast as the host's, judged on the sum of many packets and never on one step.

Single packets tell nothing: each comes late, by another delay. But a delay has an end, and a clock that is too fast
gets further ahead for ever, as steadily as it began.
"""

from __future__ import annotations

import math

import numpy as np

from firmware_bridge.model import SECOND, Float64s

_STEADY = 0.25
"""The middle third of a window may lie off the straight line between the outer ones by this part of what they differ:
a host's clock that was set, or a queue that filled and emptied, is a step and no line (choice)."""
_WAVERS = SECOND * 15 // 1000
"""So much the middle may be off in any case: the events of a radio come and go against a device's packets (choice)."""
_BLOCK = SECOND // 2
"""Of each such stretch the least delayed packet counts."""
_WINDOW_BLOCKS = 180
"""How far back it is looked: 90 s (choice)."""
_SEEN = SECOND * 12 // 100
"""So much must have come together between the outer thirds: no radio's delay wanders by it steadily (choice)."""
_UNLIKE_CRYSTALS = 0.002
"""A rate nearer to 1 is left to the recovery of the clock: crystals are within 0.0001, resonators within 0.005."""
_JUMP = SECOND // 2
"""Two least delays that differ by more are a clock that was set or a link that stood still: it is begun anew."""
_FEWEST = 6


def steady_rate(arrival: Float64s, time: Float64s) -> tuple[float, float]:
    """Return the seconds of `time` per second of `arrival`, and what they came apart by in ns; NaN where not steady.

    Args:
        arrival: (n,) ns, ascending.
        time: (n,) ns, of the same packets.
    """
    if len(arrival) < _FEWEST or arrival[-1] <= arrival[0]:
        return math.nan, math.nan
    third = np.minimum((arrival - arrival[0]) * 3 // (arrival[-1] - arrival[0]), 2)
    parts = [third == number for number in range(3)]
    if min(int(part.sum()) for part in parts) < 2:
        return math.nan, math.nan
    behind = arrival - time
    at, y = (np.array([np.median(values[part]) for part in parts]) for values in (arrival, behind))
    apart = y[2] - y[0]
    slope = apart / (at[2] - at[0])
    if abs(y[1] - y[0] - slope * (at[1] - at[0])) > max(_STEADY * abs(apart), _WAVERS):
        return math.nan, math.nan
    return float(1 - slope), float(abs(apart))


class RateJudge:
    """Compares a device's time with the arrivals for as long as the link lasts."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: the device's clock or the host's did."""
        self._blocks: list[tuple[int, int]] = []  # arrival and device time of the least delayed packet of each
        self._block, self._least = 0, (0, 0)

    def take(self, arrival: int, time: int) -> float:
        """Take a packet; return the rate once it is sure that it is not 1, else NaN. Then begins anew."""
        block = arrival // _BLOCK
        if block == self._block:
            if arrival - time < self._least[0] - self._least[1]:
                self._least = arrival, time
            return math.nan
        verdict = self._close() if self._block else math.nan
        self._block, self._least = block, (arrival, time)
        return verdict

    def _close(self) -> float:
        if self._blocks:
            (arrival, time), (last_arrival, last_time) = self._least, self._blocks[-1]
            if abs((arrival - time) - (last_arrival - last_time)) > _JUMP:
                self._blocks = []
        self._blocks = [*self._blocks[1 - _WINDOW_BLOCKS :], self._least]
        first = self._blocks[0][0]
        points = np.array([(arrival - first, time - first) for arrival, time in self._blocks], np.float64)
        rate, apart = steady_rate(points[:, 0], points[:, 1])
        if apart > _SEEN and abs(rate - 1) > _UNLIKE_CRYSTALS:
            self._blocks = []
            return rate
        return math.nan
