"""What a link is: how it is opened, which framing its packets have, what its URLs may say, and how it is looked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import Side
from firmware_bridge.sources.address import Address
from firmware_bridge.sources.stream.packet_stream import PacketStream

Transport = Mapping[str, Mapping[str, int | str]]  # by the link's name, its keys
USUAL_BAUD = 115200
"""What a drafted profile says where nobody said another speed."""
Opener = Callable[[Address, Insole, Clock], AbstractAsyncContextManager[PacketStream]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that could be an insole, and how it is written in settings."""

    link: str  # the scheme of its URL
    url: str
    name: str
    profiles: tuple[str, ...]  # the built-in profiles that fit
    side: Side | None  # as far as the name tells
    rssi_dbm: int | None  # of a radio
    battery_pct: int | None  # where it is advertised
    pod: bool  # whether it tells pace, as a foot pod or a watch


@dataclass(frozen=True, slots=True)
class Listening:
    """How to look for devices."""

    profiles: Sequence[Profile]  # those that may fit
    seconds: float  # how long to listen
    backend: str  # `bumble:TRANSPORT` in place of the system's Bluetooth, "" for that


@dataclass(frozen=True, slots=True)
class Source:
    """One link.

    `open(address, insole, clock)` is an asynchronous context manager around a `PacketStream`; it may raise
    `ConfigError` and `Unavailable`, and its packets `Unavailable` once the link is lost.
    """

    open: Opener
    link: str | Callable[[Address], str]  # NAME of the `[transport.NAME]` whose framing its packets have
    options: tuple[str, ...] = ()  # what its URLs may say behind `?`, beside pace= and record=
    title: str = ""  # what people call it
    look: Callable[[Listening], Awaitable[list[Candidate]]] | None = None  # None: its devices cannot be looked for
    # `[transport]` of a drafted profile, but for `frame`; None: unknown text lines cannot be listened to over it
    drafted: Callable[[Address], Transport] | None = None
    datagrams: bool = False  # whether what arrives together is whole lines
