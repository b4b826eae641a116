"""When an insole's clock had not settled: its steps lie beside the other foot's then, and are not compared."""

from __future__ import annotations

from firmware_bridge import SECOND, ClockState, Link
from service.gait import thresholds as p

SETTLING = "settling"
"""Reason why a block is void: most of its steps were made while a clock was settling."""


class Settling:
    """The seconds in which the account of either foot's link says that its clock was settling."""

    def __init__(self) -> None:
        self._seconds: set[int] = set()

    def hear(self, link: Link) -> None:
        """Take what was told of a second."""
        if link.clock is ClockState.SETTLING:
            self._seconds.add(link.time // SECOND)

    def covers(self, time: int) -> bool:
        """Tell whether a clock was settling at a time, or so shortly before or after that it matters."""
        if not self._seconds:
            return False
        first, last = (time - p.SETTLING_NS) // SECOND, (time + p.SETTLING_NS) // SECOND
        return any(second in self._seconds for second in range(first, last + 1))

    def forget(self, before: int) -> None:
        """Drop what is not asked for any more."""
        self._seconds = {s for s in self._seconds if (s + 1) * SECOND >= before - p.SETTLING_NS}
