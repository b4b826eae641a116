"""Virtual insoles that send datagrams, as a vendor's program does that has both feet: the other end of `udp:`."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress

from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.devices.profile import Profile
from firmware_bridge.devices.schema.text import TextTable
from firmware_bridge.errors import ConfigError
from firmware_bridge.virtual.insole.firmware import Firmware, WornInsole
from firmware_bridge.virtual.links.play import Played

PATIENCE = 3


class UdpSender:
    """Sends what the firmwares of one or both feet give, to one address.

    Where a line of the profile has columns of both feet, what both give at a time goes in one datagram; a foot that
    has given nothing for `PATIENCE` samples has `nan` there.
    """

    def __init__(self, feet: Sequence[WornInsole], clock: Clock) -> None:
        profile = feet[0].profile
        if profile.transport.udp is None:
            raise ConfigError(f"profile {profile.id} has no udp link")
        self.sent = 0
        self.firmwares = [Firmware(foot, "udp", clock) for foot in feet]
        text = profile.table.text
        self._joint = text if text is not None and text.sides != (None,) else None
        self._held: list[list[bytes]] = [[] for _ in feet]

    def start(self) -> None:
        """Begin to send."""
        for firmware in self.firmwares:
            firmware.start()

    def datagrams(self) -> list[bytes]:
        """Return the datagrams that have become complete."""
        each = [firmware.packets() for firmware in self.firmwares]
        if self._joint is None:
            return [packet for packets in each for packet in packets]
        self._held = [held + packets for held, packets in zip(self._held, each, strict=True)]
        fewest, most = (of(map(len, self._held)) for of in (min, max))
        ready = fewest if most - fewest <= PATIENCE else most
        rows = [[held[i] for held in self._held if i < len(held)] for i in range(ready)]
        self._held = [held[ready:] for held in self._held]
        return [joined(self._joint, lines) for lines in rows]

    async def run(self, host: str, port: int) -> None:
        """Send in real time until cancelled."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, port))
        self.start()
        try:
            while True:
                await asyncio.sleep(min(firmware.wait_s for firmware in self.firmwares))
                for datagram in self.datagrams():
                    with suppress(ConnectionError):  # nobody listens yet
                        transport.sendto(datagram)
                    self.sent += 1
        finally:
            transport.close()


def joined(table: TextTable, lines: Sequence[bytes]) -> bytes:
    """Put the lines of two feet into one: of each cell the one that is a number. The first one's time counts."""
    separator = " " if table.separator == "whitespace" else table.separator
    rows = [line.decode().rstrip("\n").split(separator) for line in lines]
    cells = [next((cell for cell in cells if not math.isnan(float(cell))), "nan") for cells in zip(*rows, strict=True)]
    return (separator.join(cells) + "\n").encode()


async def serve_udp(
    feet: Sequence[WornInsole], *, port: int = 0, clock: Clock | None = None, say: Callable[[str], None] = print
) -> None:
    """Send both feet's datagrams to where the profile listens, or to `port` of this computer, until cancelled.

    Raises:
        ConfigError: the profile has no udp link.
    """
    sender = UdpSender(feet, clock or SystemClock())
    host, own = address_of(feet[0].profile)
    target = (host, port or own)
    say(f"udp:{':'.join(map(str, target))}")
    await sender.run(*target)


def address_of(profile: Profile) -> tuple[str, int]:
    """Return the host and port at which the profile says to listen."""
    if profile.transport.udp is None:
        raise ConfigError(f"profile {profile.id} has no udp link")
    host, _, port = profile.transport.udp.listen.rpartition(":")
    return host.strip("[]"), int(port)


async def play_udp(played: Played) -> None:
    """Play virtual insoles that send datagrams (see `serve_udp`)."""
    await serve_udp(played.feet, port=played.port)
