"""`?pace=`: let packets through at the speed at which they were received, or a multiple of it."""

from __future__ import annotations

from firmware_bridge.clock import Clock
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.sources.stream.inbox import HEARTBEAT_S
from firmware_bridge.sources.stream.packet_stream import PacketStream, Passing


class Paced(Passing):
    """Packets that keep their times and come when these times say, `pace` times as fast, the first one at once.

    Silence is reported in the packets' own time, as a live link does it.
    """

    def __init__(self, packets: PacketStream, pace: float, clock: Clock) -> None:
        super().__init__(packets)
        self._pace, self._clock = pace, clock
        self._began: int | None = None
        self._first = 0
        self._next: Packet | None = None

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
