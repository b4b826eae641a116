"""A clock that a test moves on by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from firmware_bridge.model import SECOND


class ManualClock:
    """A clock that stands still until it is told to advance: long stories in tests take no time."""

    def __init__(self, start: int = 1_700_000_000 * SECOND) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return UTC ns."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once `advance` has come that far."""
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + round(seconds * SECOND), next(self._order), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Move on, waking each sleeper at its time and letting it run before the next one."""
        end = self._now + round(seconds * SECOND)
        await asyncio.sleep(0)
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, wake = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not wake.done():
                wake.set_result(None)
            for _ in range(3):  # the sleeper, what it woke, and that it may sleep again
                await asyncio.sleep(0)
        self._now = end
