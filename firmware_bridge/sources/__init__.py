"""Where live packets come from: one file a link, and what wraps every link.

    ble:                        the insole that the profile describes, found by its name
    serial:/dev/serial/by-id/…  a USB insole
    udp:127.0.0.1:8888          datagrams that a vendor's program sends
    file:walk.packets           a recording
    virtual:                    a walker that does not exist

Every URL takes `?pace=1` (let packets through at the speed at which they came) and `?record=FILE` (write them).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.model import Packet
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources.address import WRAPPERS, Address
from firmware_bridge.sources.pacing import Paced
from firmware_bridge.sources.recording import recorded

__all__ = ["Address", "link_of", "open_source"]


@asynccontextmanager
async def open_source(url: str, insole: Insole, clock: Clock) -> AsyncIterator[AsyncIterator[Packet]]:
    """Open the source that `url` names and yield its packets, times never decreasing.

    A live source yields an empty packet at least every 100 ms of silence. `Unavailable` from the iterator means that
    the link is lost: opening again is the caller's. The iterator may have `dropped`, the number of packets lost here.

    Raises:
        ConfigError: the scheme or an option is unknown or wrong.
        Unavailable: the link cannot be made at present.
    """
    address = Address.parse(url)
    pace = address.number("pace", 0.0)
    opener: Any = await asyncio.to_thread(SOURCES.load, address.scheme)  # imports the link's library
    async with AsyncExitStack() as stack:
        packets: Any = await stack.enter_async_context(opener(address.without(WRAPPERS), insole, clock))
        if path := address.options.get("record"):
            link = await asyncio.to_thread(link_of, url)
            packets = await stack.enter_async_context(recorded(packets, path, link, insole))
        yield Paced(packets, pace, clock) if pace else packets


def link_of(url: str) -> str:
    """Return which framing of the profile the packets of a source have: "ble", "serial" or "udp". Opens `file:` URLs.

    A link that is installed beside this package says so by an attribute `link` of its opener; without one it is "ble",
    where a packet is one notification.

    Raises:
        ConfigError: the scheme is unknown, or the file is not a recording.
    """
    address = Address.parse(url)
    if address.scheme == "file":
        from firmware_bridge.sources.file import header_of  # noqa: PLC0415

        return header_of(address.without(WRAPPERS)).link
    if address.scheme in ("ble", "serial"):
        return address.scheme
    return str(getattr(SOURCES.load(address.scheme), "link", "ble"))
