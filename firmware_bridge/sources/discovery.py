"""What could be an insole here: everything that advertises, and every serial port, with the URL that settings take."""

from __future__ import annotations

import asyncio

from firmware_bridge.devices.profile import builtin_profiles, load_profile
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources.source import Candidate, Listening, Source


async def find_devices(backend: str = "", seconds: float = 5.0) -> list[Candidate | Unavailable]:
    """Return what each link finds whose devices can be looked for: first what is plugged in, then what a radio hears.

    A link that cannot be looked at is there as its `Unavailable`; the others are listed all the same.

    Args:
        backend: `bumble:TRANSPORT` in place of the system's Bluetooth.
        seconds: how long to listen.

    Raises:
        ConfigError: the backend is wrong.
    """
    found: list[Candidate | Unavailable] = []
    profiles = await asyncio.to_thread(lambda: [load_profile(name) for name in builtin_profiles()])
    listening = Listening(profiles, seconds, backend)
    for name in await asyncio.to_thread(list, SOURCES):
        try:
            source = await asyncio.to_thread(SOURCES.load, name)
        except ConfigError as error:  # its library is not installed
            found.append(Unavailable(str(error)))
            continue
        if isinstance(source, Source) and source.look is not None:
            try:
                found += await source.look(listening)
            except Unavailable as error:
                found.append(error)
    return sorted(found, key=lambda one: isinstance(one, Unavailable) or one.rssi_dbm is not None)


def title_of(candidate: Candidate) -> str:
    """Return what people call the link of a device."""
    source: Source = SOURCES.load(candidate.link)
    return source.title
