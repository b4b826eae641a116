"""`?pace=`: let packets through at the speed at which they were received, or a multiple of it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

from firmware_bridge.clock import Clock
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.sources.inbox import HEARTBEAT_S


class Paced:
    """Packets that keep their times and come when these times say, `pace` times as fast, the first one at once.

    Silence is reported in the packets' own time, as a live link does it.
    """

    def __init__(self, packets: AsyncIterator[Packet], pace: float, clock: Clock) -> None:
        self._packets, self._pace, self._clock = packets, pace, clock
        self._began: int | None = None
        self._first = 0
        self._next: Packet | None = None

    @property
    def dropped(self) -> int:
        """Packets that the link behind it has dropped."""
        return int(getattr(self._packets, "dropped", 0))

    @property
    def battery_pct(self) -> float:
        """What the link behind it knows of the battery, NaN where it knows nothing."""
        return float(getattr(self._packets, "battery_pct", math.nan))

    def __aiter__(self) -> Paced:
        return self

    async def __anext__(self) -> Packet:
        if self._next is None:
            self._next = await anext(self._packets)
        if self._began is None:
            self._began, self._first = self._clock.now(), self._next.time
        wait = self._due(self._next.time) - self._clock.now()
        if wait > HEARTBEAT_S * SECOND:
            await self._clock.sleep(HEARTBEAT_S)
            heard = self._first + round((self._clock.now() - self._began) * self._pace)
            return Packet(min(heard, self._next.time), b"")
        if wait > 0:
            await self._clock.sleep(wait / SECOND)
        packet, self._next = self._next, None
        return packet

    def _due(self, time: int) -> int:
        assert self._began is not None
        return self._began + round((time - self._first) / self._pace)
