"""What an unknown stream of text brings, as bytes: for whoever wants to know what it is."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.schema.profile import LinesFrame
from firmware_bridge.errors import ConfigError, CorruptData, Unavailable
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.sources import Address, link_of, open_source, source_of
from firmware_bridge.sources.stream.carrier import carry
from firmware_bridge.sources.stream.packet_stream import PacketStream

_MOST_BYTES = 1 << 22


class Heard(NamedTuple):
    """Lines that came, without the first one, which may be the rest of one."""

    data: bytes
    elapsed_s: float | None  # from the first arrival to the last one; None where all came at once
    transport: str  # the `[transport...]` table of a profile for this link, as TOML


async def hear_lines(insole: Insole, seconds: float) -> Heard:
    """Return what the insole's link brings within some seconds; its profile tells no more than how to open the link.

    Raises:
        ConfigError: text cannot be listened to over such a link, or the URL is wrong.
        Unavailable: the link cannot be made, or it is lost.
        CorruptData: nothing came.
    """
    address = Address.parse(insole.url)
    source, link = await asyncio.to_thread(lambda: (source_of(address), link_of(insole.url)))
    frame = insole.profile.frames.get(link)
    if not isinstance(frame, LinesFrame):
        links = ", ".join([*insole.profile.frames, "file"])
        raise ConfigError(f"{insole.url!r}: listening goes over {links}; save lines of others in a file")
    capture = _Capture(seconds, cut=frame.cut)
    await carry(lambda: open_source(insole.url, insole, SystemClock()), capture)
    if not capture.parts:
        raise CorruptData(f"{insole.url}: nothing came in {seconds:g} s; is the insole on, and is this its link?")
    whole = b"".join(packet.data for packet in capture.parts)
    elapsed = (capture.parts[-1].time - capture.parts[0].time) / SECOND
    transport = lines_transport(link, **source.drafted(address))
    return Heard(whole.partition(b"\n")[2] if frame.cut else whole, elapsed or None, transport)


def lines_transport(link: str, **keys: int | str) -> str:
    """Return a link's table in a profile for text lines, as TOML."""
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in keys.items()]
    return "\n".join([f"[transport.{link}]", *lines, 'frame = { kind = "lines" }', ""])


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
