"""What an unknown stream of text brings, as bytes: for whoever wants to know what it is."""

from __future__ import annotations

from typing import NamedTuple

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.model import SECOND
from firmware_bridge.sources import open_source

_LINKS = ("serial", "udp", "file")
_MOST_BYTES = 1 << 22


class Heard(NamedTuple):
    """Lines that came, without the first one, which may be the rest of one."""

    data: bytes
    elapsed_s: float | None  # from the first arrival to the last one; None where all came at once


async def hear_lines(insole: Insole, seconds: float) -> Heard:
    """Return what the insole's link brings within some seconds; its profile tells no more than how to open the link.

    Raises:
        ConfigError: text cannot be listened to over such a link, or the URL is wrong.
        Unavailable: the link cannot be made, or it is lost.
        CorruptData: nothing came.
    """
    scheme = insole.url.partition(":")[0]
    if scheme not in _LINKS:
        raise ConfigError(f"{insole.url!r}: listening goes over {', '.join(_LINKS)}; save lines of others in a file")
    parts: list[tuple[int, bytes]] = []
    size, begun = 0, None
    async with open_source(insole.url, insole, SystemClock()) as packets:
        async for time, data in packets:
            begun = time if begun is None else begun
            if data:
                parts.append((time, data if scheme != "udp" or data.endswith(b"\n") else data + b"\n"))
                size += len(data)
            if time - begun > seconds * SECOND or size > _MOST_BYTES:
                break
    if not parts:
        raise CorruptData(f"{insole.url}: nothing came in {seconds:g} s; is the insole on, and is this its link?")
    whole = b"".join(data for _, data in parts)
    elapsed = (parts[-1][0] - parts[0][0]) / SECOND
    return Heard(whole if scheme == "udp" else whole.partition(b"\n")[2], elapsed or None)
