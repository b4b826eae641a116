"""The one loop around a link: open it, hand over what it brings, and open it again once it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from firmware_bridge.errors import Unavailable
from firmware_bridge.model import Packet
from firmware_bridge.sources.stream.packet_stream import PacketStream


class Carrier(Protocol):
    """Who takes the packets of a link."""

    def begin(self, packets: PacketStream) -> None:
        """Note that the link was made."""

    async def take(self, packet: Packet) -> bool:
        """Take a packet; return whether that is enough."""

    def end(self) -> None:
        """Note that the link is about to be closed, for whatever reason."""

    async def lost(self, error: Unavailable, lived_s: float) -> None:
        """Wait until it is time to open the link again, or raise; `lived_s`: since the opening began."""


async def carry(opened: Callable[[], AbstractAsyncContextManager[PacketStream]], carrier: Carrier) -> None:
    """Open a link and hand over its packets, again after each loss, until it ends by itself or enough was taken."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            async with opened() as packets:
                carrier.begin(packets)
                try:
                    async for packet in packets:
                        if await carrier.take(packet):
                            break
                finally:
                    carrier.end()
            return
        except Unavailable as error:
            loss = error
        await carrier.lost(loss, loop.time() - began)
