"""What the two virtual insoles of one walk share in a program: the hour of its start, and their pace through the past.

A past is told flat out. Two feet that ran through it each for itself would be minutes apart, which no real pair of
radios ever is; so the one that is ahead waits for the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from firmware_bridge.model import SECOND, Side

ABREAST = SECOND // 4
_TOGETHER = 10 * SECOND
_PATIENCE_S = 30.0  # longer than a store is locked that is written to by others


class SharedWalk:
    """One walk in this program and how far each of its insoles has told it."""

    def __init__(self, start: int) -> None:
        self.start = start  # UTC ns that counts as now
        self._told: dict[Side, int] = {}
        self._waiting: dict[Side, asyncio.Event] = {}
        self._stuck_at: int | None = None

    @property
    def idle(self) -> bool:
        """Tell whether no insole is telling at present."""
        return not self._told

    def advance(self, side: Side, time: int) -> None:
        """Say that `side` tells `time` next."""
        self._told[side] = time
        if (waiting := self._waiting.get(side.other)) is not None:
            waiting.set()

    async def abreast(self, side: Side) -> None:
        """Wait while the other foot is more than 0.25 s behind.

        A foot that is not moving for that long (nobody listens to it) is not waited for until it does.
        """
        time = self._told[side]
        while (other := self._told.get(side.other)) is not None and time - other > ABREAST and other != self._stuck_at:
            event = self._waiting[side] = asyncio.Event()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await event.wait()
            except TimeoutError:
                self._stuck_at = self._told.get(side.other)
            finally:
                self._waiting.pop(side, None)

    def leave(self, side: Side) -> None:
        """Say that `side` tells nothing more."""
        self._told.pop(side, None)
        if (waiting := self._waiting.get(side.other)) is not None:
            waiting.set()


_PAIRS: dict[Hashable, SharedWalk] = {}


def join(walk: Hashable, now: int) -> SharedWalk:
    """Return the pair of a walk: the one under way or opened within the last 10 s, else a new one that starts now."""
    pair = _PAIRS.get(walk)
    if pair is None or (pair.idle and not 0 <= now - pair.start < _TOGETHER):
        pair = _PAIRS[walk] = SharedWalk(now)
    return pair
