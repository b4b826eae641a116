"""What an unknown stream of text brings, as bytes: for whoever wants to know what it is."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, CorruptData, Unavailable
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources import Address, open_source, source_of
from firmware_bridge.sources.source import USUAL_BAUD, Transport
from firmware_bridge.sources.stream.carrier import carry
from firmware_bridge.sources.stream.packet_stream import PacketStream

_MOST_BYTES = 1 << 22


class Heard(NamedTuple):
    """Lines that came, without the first one, which may be the rest of one."""

    data: bytes
    elapsed_s: float | None  # from the first arrival to the last one; None where all came at once
    transport: str  # what a profile says of this link, as TOML


async def hear_lines(insole: Insole, seconds: float) -> Heard:
    """Return what the insole's link brings within some seconds; its profile tells no more than how to open the link.

    Raises:
        ConfigError: text cannot be listened to over such a link, or the URL is wrong.
        Unavailable: the link cannot be made, or it is lost.
        CorruptData: nothing came.
    """
    address = Address.parse(insole.url)
    source = await asyncio.to_thread(source_of, address)
    if source.drafted is None:
        links = ", ".join(await asyncio.to_thread(_listened_to))
        raise ConfigError(f"{insole.url!r}: listening goes over {links}; save lines of others in a file")
    capture = _Capture(seconds, cut=not source.datagrams)
    await carry(lambda: open_source(insole.url, insole, SystemClock()), capture)
    if not capture.parts:
        raise CorruptData(f"{insole.url}: nothing came in {seconds:g} s; is the insole on, and is this its link?")
    whole = b"".join(packet.data for packet in capture.parts)
    elapsed = (capture.parts[-1].time - capture.parts[0].time) / SECOND
    first = 0 if source.datagrams else whole.find(b"\n") + 1 or len(whole)
    return Heard(whole[first:], elapsed or None, lines_transport(source.drafted(address)))


def lines_transport(transport: Transport | None = None) -> str:
    """Return what a profile for text lines says of its link, as TOML; without one it is a serial port."""
    lines = []
    for link, keys in (transport or {"serial": {"baud": USUAL_BAUD}}).items():
        said = [f"{key} = {value!r}".replace("'", '"') for key, value in keys.items()]
        lines += [f"[transport.{link}]", *said, 'frame = { kind = "lines" }', ""]
    return "\n".join(lines)


def _listened_to() -> list[str]:
    """Return the links over which unknown text can be listened to."""
    return [name for name in SOURCES if getattr(SOURCES.load(name), "drafted", None)]


class _Capture:
    """Holds what comes until the time is over; a lost link is the end.

    Args:
        seconds: how long to listen.
        cut: whether the link cuts lines anywhere; else what arrives together is whole lines.
    """

    def __init__(self, seconds: float, *, cut: bool) -> None:
        self.parts: list[Packet] = []
        self._seconds, self._cut = seconds, cut
        self._size, self._begun = 0, -1

    def begin(self, packets: PacketStream) -> None:
        """Wait for the first packet."""

    async def take(self, packet: Packet) -> bool:
        time, data = packet
        self._begun = time if self._begun < 0 else self._begun
        if data:
            self.parts.append(Packet(time, data if self._cut or data.endswith(b"\n") else data + b"\n"))
            self._size += len(data)
        return time - self._begun > self._seconds * SECOND or self._size > _MOST_BYTES

    def end(self) -> None:
        """Keep what was heard."""

    async def lost(self, error: Unavailable, lived_s: float) -> None:  # noqa: ARG002
        raise error
