"""What an open link gives, and what may stand between it and whoever takes the packets."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable
from typing import Protocol, Self

from firmware_bridge.model import Packet


class PacketStream(Protocol):
    """Packets of an open link, times never decreasing; a live one gives an empty packet every 100 ms of silence."""

    @property
    def dropped(self) -> int:
        """Packets that were lost on this side of the link since it was made."""
        ...

    @property
    def battery_pct(self) -> float:
        """What the link knows of the device's battery beside the packets, percent; NaN where it knows nothing."""
        ...

    def __aiter__(self) -> AsyncIterator[Packet]:
        """Return what gives the packets."""
        ...

    def __anext__(self) -> Awaitable[Packet]:
        """Return the next packet.

        Raises:
            Unavailable: the link is lost; to be opened again.
            CorruptData: a recording is damaged here.
        """
        ...


class Passing:
    """The packets of a link, and what it knows, passed on as they are; a wrapper changes what it is there for."""

    def __init__(self, packets: PacketStream) -> None:
        self._packets = packets

    @property
    def dropped(self) -> int:
        """See `PacketStream.dropped`."""
        return self._packets.dropped

    @property
    def battery_pct(self) -> float:
        """See `PacketStream.battery_pct`."""
        return self._packets.battery_pct

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Packet:
        return await anext(self._packets)


class Lossless:
    """Packets of any asynchronous iterator that drops none and knows of no battery."""

    dropped = 0
    battery_pct = math.nan

    def __init__(self, packets: AsyncIterator[Packet]) -> None:
        self._packets = packets

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Packet:
        return await anext(self._packets)
