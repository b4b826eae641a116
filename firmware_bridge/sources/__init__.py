"""Where live packets come from: one file a link, and what wraps every link.

Every URL takes `?pace=1` (let packets through at the speed at which they came) and `?record=FILE` (write them).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources.address import WRAPPERS, Address
from firmware_bridge.sources.source import Source
from firmware_bridge.sources.stream.pacing import Paced
from firmware_bridge.sources.stream.packet_stream import PacketStream
from firmware_bridge.sources.stream.recording import recorded

__all__ = ["Address", "Source", "link_of", "open_source", "source_of"]


@asynccontextmanager
async def open_source(url: str, insole: Insole, clock: Clock) -> AsyncIterator[PacketStream]:
    """Open the source that `url` names and yield its packets, times never decreasing.

    A live source yields an empty packet at least every 100 ms of silence. `Unavailable` from the iterator means that
    the link is lost: opening again is the caller's.

    Raises:
        ConfigError: the scheme or an option is unknown or wrong.
        Unavailable: the link cannot be made at present.
    """
    address = Address.parse(url)
    pace = address.number("pace", 0.0)
    source = await asyncio.to_thread(source_of, address)  # imports the link's library
    own = address.without(WRAPPERS)
    own.allow(source.options)
    async with AsyncExitStack() as stack:
        packets = await stack.enter_async_context(source.open(own, insole, clock))
        if path := address.options.get("record"):
            link = await asyncio.to_thread(link_of, url)
            packets = await stack.enter_async_context(recorded(packets, path, link, insole))
        yield Paced(packets, pace, clock) if pace else packets


def source_of(address: Address) -> Source:
    """Return the link that an address names. Imports its library.

    Raises:
        ConfigError: the scheme is unknown, its library is not installed, or what is installed under it is no link.
    """
    found = SOURCES.load(address.scheme)
    if not isinstance(found, Source):
        raise ConfigError(f"{address.url!r}: what is installed as {address.scheme!r} is no Source, but {found!r}")
    return found


def link_of(url: str) -> str:
    """Return which framing of the profile the packets of a source have: NAME of `[transport.NAME]`. May open a file.

    Raises:
        ConfigError: the scheme is unknown, or the file is not a recording.
    """
    address = Address.parse(url)
    link = source_of(address).link
    return link if isinstance(link, str) else link(address.without(WRAPPERS))
