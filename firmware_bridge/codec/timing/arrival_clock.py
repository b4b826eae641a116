"""The time of packets without a clock that can be believed: when they came, spread by the rate that is declared.

A link delivers in bursts, so that arrivals lie at 0, 0, 0, 30, 30, 30 ms where samples were taken every 10 ms. A loop
of the first order goes on by the declared period and gives way to the arrivals a little at a time: it follows a rate
that is somewhat off, and smooths what is shorter than its memory.
"""

from __future__ import annotations

from firmware_bridge.model import SECOND

GAIN = 0.05
"""How much of what a packet came later or earlier than expected moves the time at once: a memory of 20 packets, which
is longer than a burst of one connection event and shorter than the wandering of a wrong rate (choice)."""
HOLE = SECOND // 10
"""Later than expected by more than this, and by more than `HOLE_PERIODS`, packets are missing (choice)."""
HOLE_PERIODS = 4
AHEAD = SECOND // 20
"""How far ahead of its arrival a sample's time may run, after a backlog that came at once (choice)."""


class ArrivalClock:
    """Spreads what came, one packet after the other; strictly increasing."""

    settled = True

    def __init__(self, last: int | None = None) -> None:
        """Begin, behind the time `last` that was given before, if any."""
        self._last = last
        self._gap = 0

    def place(self, arrival: int, period: int, latest: int | None = None) -> int:
        """Return the UTC ns of a packet that arrived at `arrival`; the next one is expected `period` ns later.

        `latest`: where the packets that came next are known as well, the latest time that they allow.
        """
        if self._last is None:
            time = arrival if latest is None else latest
        else:
            expected = self._last + self._gap
            late = arrival - expected
            if latest is not None or late > max(HOLE, HOLE_PERIODS * self._gap):
                time = arrival if latest is None else latest
            else:
                time = min(expected + round(GAIN * late), arrival + AHEAD)
            time = max(time, self._last + 1)
        self._last, self._gap = time, period
        return time
