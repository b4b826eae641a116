"""The one queue between a push link and the bridge, and so the one place where the program itself can lose data."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from firmware_bridge.clock import Clock
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Packet

CAPACITY = 4096
"""Packets: 40 s of a 100 Hz insole that sends each sample by itself."""

HEARTBEAT_S = 0.1


class Inbox:
    """A bounded queue that drops the oldest packet when full, counts it, and is iterated by one reader.

    Silence is reported: every `HEARTBEAT_S` without a packet yields an empty one, so that the reader needs no timers.
    After `stall_s` seconds of silence that the reader has listened to, the link counts as dead. Times never decrease,
    even if the host's clock is set back.

    Not thread-safe by itself. From a reader thread: `loop.call_soon_threadsafe(inbox.put, data, clock.now())`, and
    the same with `inbox.fail`.
    """

    battery_pct = math.nan  # packets alone tell it

    def __init__(self, clock: Clock, *, capacity: int = CAPACITY, stall_s: float = math.inf, advice: str = "") -> None:
        self.dropped = 0
        self._clock = clock
        self._queue: deque[Packet] = deque()
        self._capacity = capacity
        self._stall_s, self._advice = stall_s, advice
        self._silent_beats = 0
        self._last = 0
        self._error: Exception | None = None
        self._arrived = asyncio.Event()

    def put(self, data: bytes, time: int | None = None) -> None:
        """Take what has arrived, now or at `time` (UTC ns)."""
        if len(self._queue) >= self._capacity:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(self._stamped(data, time))
        self._silent_beats = 0
        self._arrived.set()

    def fail(self, error: Exception) -> None:
        """End the iteration with `error`, after what has arrived so far. The first error counts."""
        self._error = self._error or error
        self._arrived.set()

    def __aiter__(self) -> Inbox:
        return self

    async def __anext__(self) -> Packet:
        if not self._queue and self._error is None:
            self._arrived.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._arrived.wait()
            except TimeoutError:
                if not self._queue and self._error is None:
                    return self._silence()
        if self._queue:
            return self._queue.popleft()
        assert self._error is not None
        raise self._error

    def _silence(self) -> Packet:
        # Beats are counted, not time: a computer that slept or was busy must not take its own silence for the link's.
        self._silent_beats += 1
        if self._silent_beats * HEARTBEAT_S >= self._stall_s:
            raise Unavailable(f"no data for {self._stall_s:g} s", self._advice)
        return self._stamped(b"", None)

    def _stamped(self, data: bytes, time: int | None) -> Packet:
        self._last = max(self._last, self._clock.now() if time is None else time)
        return Packet(self._last, data)
