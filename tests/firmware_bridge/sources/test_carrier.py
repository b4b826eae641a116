"""The loop around a link: what it brings is handed over, and it is opened again until it ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from firmware_bridge.errors import CorruptData, Unavailable
from firmware_bridge.model import Packet
from firmware_bridge.sources.stream.carrier import carry
from firmware_bridge.sources.stream.packet_stream import Lossless, PacketStream
from tests.stand_ins.timewarp import warped

LOST = Unavailable("it was lost", "is it on?")


class Link:
    """Attempts to open it, one after the other: what each brings, and how it ends."""

    def __init__(self, *attempts: tuple[list[bytes], Exception | None], lives_s: float = 0.0) -> None:
        self._attempts, self._lives_s = list(attempts), lives_s
        self.closed = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PacketStream]:
        brings, ends = self._attempts.pop(0)
        try:
            yield Lossless(self._packets(brings, ends))
        finally:
            self.closed += 1

    async def _packets(self, brings: list[bytes], ends: Exception | None) -> AsyncIterator[Packet]:
        for data in brings:
            yield Packet(1, data)
        await asyncio.sleep(self._lives_s)
        if ends is not None:
            raise ends


class Taker:
    """Notes all that it is told."""

    def __init__(self, enough: bytes = b"-") -> None:
        self.told: list[str | bytes | float] = []
        self._enough = enough

    def begin(self, packets: PacketStream) -> None:
        assert packets.dropped == 0
        self.told.append("begin")

    async def take(self, packet: Packet) -> bool:
        self.told.append(packet.data)
        return packet.data == self._enough

    def end(self) -> None:
        self.told.append("end")

    async def lost(self, error: Unavailable, lived_s: float) -> None:
        if str(error) != str(LOST):
            raise error
        self.told.append(lived_s)


def test_a_lost_link_is_opened_again_until_it_ends_by_itself() -> None:
    link, taker = Link(([b"a"], LOST), ([b"b"], LOST), ([b"c"], None), lives_s=3.0), Taker()
    warped(lambda: carry(link.open, taker))
    assert taker.told == ["begin", b"a", "end", 3.0, "begin", b"b", "end", 3.0, "begin", b"c", "end"]
    assert link.closed == 3


async def test_it_ends_once_enough_was_taken() -> None:
    link, taker = Link(([b"a", b"b", b"c"], LOST)), Taker(enough=b"b")
    await carry(link.open, taker)
    assert taker.told == ["begin", b"a", b"b", "end"]
    assert link.closed == 1


async def test_whoever_takes_may_take_a_loss_for_the_end() -> None:
    link, taker = Link(([b"a"], Unavailable("the port is gone"))), Taker()
    with pytest.raises(Unavailable, match="the port is gone"):
        await carry(link.open, taker)
    assert taker.told == ["begin", b"a", "end"]


async def test_what_is_no_loss_is_not_tried_again() -> None:
    link, taker = Link(([b"a"], CorruptData("line 2: cut"))), Taker()
    with pytest.raises(CorruptData, match="line 2: cut"):
        await carry(link.open, taker)
    assert taker.told == ["begin", b"a", "end"]
    assert link.closed == 1
