"""`udp:HOST:PORT`: datagrams that a vendor's program, or an insole on the wireless network, sends to this computer.

`udp:` (where the profile says), `udp:8888` (this computer alone), `udp:127.0.0.1:8888`, `udp:[::1]:8888`. Options:
`from=` the sender's IP address, or `any`; anybody can send a datagram, so an address that others reach needs it;
`stall=` seconds of silence after which nobody is there (else the profile's).

Both feet of one sender, and several wearers, may share an address: one socket is opened, and every insole gets all.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from firmware_bridge.clock import Clock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.sources.address import Address
from firmware_bridge.sources.source import Source, Transport
from firmware_bridge.sources.stream.inbox import Inbox
from firmware_bridge.sources.stream.packet_stream import PacketStream
from firmware_bridge.sources.stream.shared_link import Stations

_LARGEST = 16_384
"""Bytes of a datagram; a longer one is no frame of an insole, and counts as a corrupt packet."""
_STALL_S = 5.0
_LOOPBACK = "127.0.0.1"
ANY = "any"
_PLACE = re.compile(r"(?:(\[[^\]]+\]|[^:\[\]]+):)?(\d{1,5})")
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EINVAL)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    port: int

    def __str__(self) -> str:
        return f"udp:[{self.host}]:{self.port}" if ":" in self.host else f"udp:{self.host}:{self.port}"


class _Ear:
    """One insole that listens, and whom it believes."""

    def __init__(self, inbox: Inbox, sender: str) -> None:
        self.inbox, self._sender = inbox, sender
        self._refused: set[str] = set()

    def take(self, data: bytes, sender: str, place: _Place) -> None:
        """Take a datagram unless it is somebody else's; each stranger is told once."""
        if self._sender in (ANY, sender):
            self.inbox.put(data)
        elif sender not in self._refused and len(self._refused) < 10:
            self._refused.add(sender)
            _log.warning("%s: datagrams of %s are left out, since from=%s", place, sender, self._sender)


class _Station(asyncio.DatagramProtocol):
    """The one socket of an address, and who listens to it."""

    def __init__(self, place: _Place) -> None:
        self._place = place
        self._ears: list[_Ear] = []
        self._large = False
        self._closed = asyncio.Event()

    @property
    def lost(self) -> bool:
        """Whether the socket is closed."""
        return self._closed.is_set()

    def add(self, ear: _Ear) -> None:
        """Let an insole listen."""
        self._ears.append(ear)

    def remove(self, ear: _Ear) -> bool:
        """Let an insole go; return whether others listen."""
        self._ears.remove(ear)
        return bool(self._ears)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        if not data:
            return  # an empty packet would be silence
        if len(data) > _LARGEST:
            if not self._large:
                _log.warning("%s: a datagram of %d bytes is no insole's; such are left out", self._place, len(data))
            self._large, data = True, b"\0"  # which no profile understands
        for ear in self._ears:
            ear.take(data, str(address[0]).partition("%")[0], self._place)

    def error_received(self, exc: Exception) -> None:
        """Take no notice: somebody's answer to a datagram that was not ours."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        for ear in self._ears:
            ear.inbox.fail(Unavailable(f"{self._place} was lost: {exc}", "did the network go away?"))

    async def close(self) -> None:
        """Close the socket, so that its port is free when this returns."""
        self._transport.close()
        await self._closed.wait()


@asynccontextmanager
async def open_udp(address: Address, insole: Insole, clock: Clock) -> AsyncIterator[PacketStream]:
    """Listen for datagrams; each is a packet. `Unavailable` comes from the iterator after a silence of `stall=`.

    Raises:
        ConfigError: the address or an option is wrong, or it is open to others and no sender is named.
        Unavailable: the port is in use or not permitted, or the address is not this computer's.
    """
    place, sender, stall = _asked(address, insole)
    inbox = Inbox(clock, stall_s=stall, advice=f"is the sender on, and does it send to {str(place)[4:]}?")
    ear = _Ear(inbox, sender)
    station = await _STATIONS.join(place, ear)
    try:
        yield inbox
    finally:
        await asyncio.shield(_STATIONS.leave(place, station, ear))


def _drafted(address: Address) -> Transport:
    return {"udp": {"listen": address.place if ":" in address.place else f"{_LOOPBACK}:{address.place}"}}


SOURCE = Source(open_udp, link="udp", options=("from", "stall"), drafted=_drafted, datagrams=True)


def _asked(address: Address, insole: Insole) -> tuple[_Place, str, float]:
    link = insole.profile.transport.udp
    listen = address.place or (link.listen if link else "")
    if not listen:
        raise ConfigError(f"{address.url!r} names no port, as udp:{_LOOPBACK}:8888 does, nor does the profile")
    found = _PLACE.fullmatch(listen)
    if found is None or not 0 < int(found[2]) < 1 << 16:
        raise ConfigError(f"{address.url!r}: {listen!r} is not HOST:PORT, as {_LOOPBACK}:8888 is")
    place = _Place((found[1] or _LOOPBACK).strip("[]"), int(found[2]))
    sender = address.options.get("from", "")
    if sender and sender != ANY:
        try:
            sender = str(ipaddress.ip_address(sender))
        except ValueError:
            raise ConfigError(f"{address.url!r}: from={sender} is neither an IP address nor {ANY!r}") from None
    if not sender and not _is_loopback(place.host):
        raise ConfigError(
            f"{address.url!r}: anybody who reaches {place.host} could send samples; add ?from= and the sender's IP "
            f"address, or ?from={ANY}"
        )
    return place, sender or ANY, address.number("stall", link.stall_s if link else _STALL_S, least=0.2)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _listening(place: _Place) -> _Station:
    loop = asyncio.get_running_loop()
    try:
        _, station = await loop.create_datagram_endpoint(lambda: _Station(place), (place.host, place.port))
    except OSError as error:
        raise _meaning(error, place) from error
    return station


_STATIONS = Stations(_listening)


def _meaning(error: OSError, place: _Place) -> InsoleError:
    """Say in the user's words why an address cannot be listened at."""
    if error.errno == errno.EADDRINUSE:
        return Unavailable(f"{place} is in use", "another program, or another bridge, listens there")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unavailable(f"{place}: no permission", "ports below 1024 are the system's: choose a higher one")
    if error.errno in _NOT_HERE:
        return Unavailable(f"{place}: {place.host} is no address of this computer", "is the network up?")
    return Unavailable(f"{place} cannot be listened at: {error}", "is the host's name right?")
