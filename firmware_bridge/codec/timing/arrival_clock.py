"""The time of packets without a clock that can be believed: when they came, spread by the rate that is declared.

A link delivers in bursts, so that arrivals lie at 0, 0, 0, 30, 30, 30 ms where samples were taken every 10 ms. A loop
of the first order goes on by the declared period and gives way to the arrivals a little at a time: it follows a rate
that is somewhat off, and smooths what is shorter than its memory.
"""

from __future__ import annotations

import numpy as np

from firmware_bridge.codec.timing.clock_rate import steady_rate
from firmware_bridge.codec.timing.stamps import BACKLOG
from firmware_bridge.model import SECOND, Int64s

_GAIN = 0.15
"""How much of what a packet came later or earlier than expected moves the time at once: a memory of 7 packets, which
is longer than a burst of one connection event and shorter than a contact (choice)."""
_HOLE = SECOND // 10
"""Later than expected by more than this, and by more than `_HOLE_PERIODS`, packets are missing (choice)."""
_HOLE_PERIODS = 4
_KEPT = 0.998
"""The true rate is that of the last 500 packets (choice), where none of them is missing."""
_LEARNED_AFTER = 50
"""Of fewer packets nothing is learned (choice)."""
_SEEN = SECOND // 40
"""What must have come apart within the first second before the declared rate is not believed (choice)."""
_MOST = 2.0
"""By which factor the true rate may differ from the declared one (choice)."""
RUNS_AHEAD = SECOND // 20
"""How far ahead of its arrival a sample's time may run, after a backlog that came at once (choice)."""


class ArrivalClock:
    """Spreads what came, one packet after the other; strictly increasing."""

    settled = True

    def __init__(self, last: int | None = None) -> None:
        """Begin, behind the time `last` that was given before, if any."""
        self.last = last
        """The UTC ns that was given last."""
        self._arrived = self._gap = self._declared_gap = 0
        self._passed = self._declared = 0.0  # time that packets took, and that they should have

    def place(self, arrival: int, period: int, latest: int | None = None) -> int:
        """Return the UTC ns of a packet that arrived at `arrival`; the next one is expected `period` ns later.

        `latest`: where the packets that came next are known as well, the latest time that they allow.
        """
        if self.last is None:
            time = arrival if latest is None else latest
        else:
            expected = self.last + self._gap
            late = arrival - expected
            hole = late > max(_HOLE, _HOLE_PERIODS * self._gap)
            if not hole:
                self._learn(arrival - self._arrived)
            if latest is not None or hole:
                time = arrival if latest is None else latest
            else:
                time = min(expected + round(_GAIN * late), arrival + RUNS_AHEAD)
            time = max(time, self.last + 1)
        self.last, self._arrived, self._declared_gap = time, arrival, period
        self._gap = round(period * self._stretch)
        return time

    def spread(self, arrivals: Int64s, periods: Int64s) -> Int64s:
        """Return the ns of packets since the first, by their declared periods or, where these are off, as they came.

        Args:
            arrivals: (n,) UTC ns of all packets with which a connection began.
            periods: (n,) the declared ones, each to the next packet, ns.
        """
        since = np.cumsum(periods) - periods
        if np.diff(arrivals).max(initial=0) > _HOLE:
            return since
        arrived = (arrivals - arrivals[0]).astype(np.float64)
        whole = arrived >= BACKLOG
        rate, apart = steady_rate(arrived[whole], since[whole].astype(np.float64))
        if not (apart > _SEEN and 1 / _MOST < rate < _MOST):
            return since
        self._passed, self._declared = float(periods.sum()) / rate, float(periods.sum())
        spread: Int64s = np.round(since / rate).astype(np.int64)
        return spread

    def _learn(self, passed: int) -> None:
        """Take how long a packet took, to know how long they take."""
        self._passed = self._passed * _KEPT + passed
        self._declared = self._declared * _KEPT + self._declared_gap

    @property
    def _stretch(self) -> float:
        """By how much packets lie further apart than declared."""
        if self._declared < _LEARNED_AFTER * self._declared_gap:
            return 1.0
        return min(max(self._passed / self._declared, 1 / _MOST), _MOST)
