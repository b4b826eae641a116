"""The clock that the program asks: UTC that never goes back, and sleep."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from firmware_bridge.model import SECOND

SET_BACK = SECOND // 2
"""A computer's clock that was set back by less is not worth a word."""
CATCH_UP = 100e-6
"""How much slower time goes until a clock that was set back has caught up: no more than a crystal may be off."""

_log = logging.getLogger(__name__)


class Clock(Protocol):
    """What sources, alerts and notes ask for the time."""

    def now(self) -> int:
        """Return UTC ns."""

    async def sleep(self, seconds: float) -> None:
        """Return after that time on this clock."""


def _steady() -> int:
    """Return ns since some moment, nights in which the computer slept included where the system can tell."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if boot is None else time.clock_gettime_ns(boot)


class SystemClock:
    """The computer's clock, but it never goes back: two samples at one time could not be told apart any more.

    Set forward, as by the first answer of a time server, it follows at once. Set back, time goes on from where it
    was, a little slower, until the computer's clock has caught up or the program is started again.
    """

    def __init__(self, wall: Callable[[], int] = time.time_ns, steady: Callable[[], int] = _steady) -> None:
        self._wall, self._steady = wall, steady
        self._told = wall(), steady()
        self._back = 0

    def now(self) -> int:
        """Return UTC ns."""
        wall, steady = self._wall(), self._steady()
        before, since = self._told
        passed = steady - since
        told = max(wall, before + passed - round(passed * CATCH_UP))
        self._told = told, steady
        if told - wall > self._back + SET_BACK:
            _log.warning(
                "this computer's clock was set back by %.1f s; times go on", (told - wall - self._back) / SECOND
            )
        self._back = told - wall
        return told

    async def sleep(self, seconds: float) -> None:
        """Sleep for real."""
        await asyncio.sleep(seconds)
