"""From one insole to the log: open, decode, batch, put, and again after a lost link.

One coroutine an insole. Time comes from the packets (a silent link sends empty ones), so a live radio, a recording
played flat out and a virtual past take the same way.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import AbstractAsyncContextManager

from firmware_bridge.bridge.outbox import Outbox
from firmware_bridge.bridge.retry import Backoff
from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.link_account import LinkAccount, LinkSeen
from firmware_bridge.codec.timing.clock_words import clock_in_words
from firmware_bridge.devices.insole import Insole
from firmware_bridge.errors import CorruptData, Unavailable
from firmware_bridge.model import SECOND, ClockState, Frames, Packet
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.sources.stream.carrier import carry
from firmware_bridge.sources.stream.packet_stream import PacketStream
from firmware_bridge.stores import Log

PUT_EVERY_S = 0.1
PUT_WITHIN = 10 * SECOND
"""Of a past that comes flat out no more is held, so that the two feet stay abreast in the log."""
LIVE_SLOT = SECOND // 10
"""Packets are decoded together that arrived in the same tenth of a second, or second where they are long past: by
their own time, so that a recording that is played again gives the same frames and the log stays as it is."""
LIVE_WITHIN = 5 * SECOND
STRANGE_BYTES = 4096
"""After so many bytes that hold no packet the profile is in doubt, and that is said."""

_log = logging.getLogger(__name__)


async def bridge_insole(insole: Insole, log: Log, clock: Clock | None = None) -> None:
    """Carry one insole's samples to the log until its recording ends or the task is cancelled.

    What was received is put before this returns, on cancellation too. A lost link is counted and opened again with a
    capped back-off; a log that is away holds the link back, it loses nothing that the link's inbox can keep.

    Raises:
        ConfigError: the URL, the profile or the store is wrong; trying again would not help.
    """
    link = await asyncio.to_thread(link_of, insole.url)
    carrier = _Carrier(insole, link, log, clock or SystemClock())
    try:
        await carrier.run()
    finally:
        await asyncio.shield(carrier.put_last())


class _Carrier:
    """The state of one bridge: packets not decoded yet, items not put yet."""

    def __init__(self, insole: Insole, link: str, log: Log, clock: Clock) -> None:
        self._insole, self._clock = insole, clock
        self._name = f"{insole.wearer}'s {insole.side} insole"
        self._outbox = Outbox(self._name, log)
        self._backoff = Backoff(self._name)
        self._decoder = Decoder(insole, link)
        self._account = LinkAccount(insole)
        self._packets: list[Packet] = []
        self._live = True
        self._described = False
        self._link_battery = math.nan  # what the link knows where packets do not tell
        self._trouble = self._clock_said = ""
        self._strange = 0  # bytes since the last one that belonged to a sample
        self._slot, self._ahead, self._due = -1, 0, 0.0  # of this connection: the slot under way, when to put next

    async def run(self) -> None:
        try:
            await carry(self._opened, self)
        except CorruptData as error:
            _log.error("%s: %s; what came before it is kept", self._name, error)
        self._decode()
        self._take_up(self._decoder.finish())
        self._outbox.items += self._account.end(self._seen)
        await self._outbox.put()

    def _opened(self) -> AbstractAsyncContextManager[PacketStream]:
        return open_source(self._insole.url, self._insole, self._clock)

    def begin(self, packets: PacketStream) -> None:
        if self._account.begun:
            self._advance(self._clock.now(), connected=False)  # what opening took
        self._account.open()
        _log.info("%s: connected", self._name)
        self._link = packets
        self._slot, self._ahead, self._due = -1, 0, asyncio.get_running_loop().time() + PUT_EVERY_S

    async def take(self, packet: Packet) -> bool:
        self._live = packet.time > self._clock.now() - LIVE_WITHIN
        slot = packet.time // (LIVE_SLOT if self._live else SECOND)
        begins, self._slot = slot != self._slot, slot
        if begins:
            self._decode()
            self._account.drop(self._link.dropped)
            self._link_battery = self._link.battery_pct
            self._advance(packet.time, connected=True)
        self._packets.append(packet)  # before a put, in which cancellation may strike
        loop = asyncio.get_running_loop()
        if begins and (loop.time() >= self._due or packet.time >= self._ahead):
            await self._outbox.put()
            self._ahead = packet.time + PUT_WITHIN
            self._due = loop.time() + PUT_EVERY_S
        return False

    def end(self) -> None:
        self._account.drop(self._link.dropped)

    async def lost(self, error: Unavailable, lived_s: float) -> None:
        """Sleep before the next attempt, in pieces of a second, so that every dead second is accounted."""
        delay_s = self._backoff.delay_after(error, lived_s)
        self._decode()
        self._take_up(self._decoder.reset())
        while delay_s > 0:
            self._advance(self._clock.now(), connected=False)
            await self._outbox.put()
            await self._clock.sleep(min(1.0, delay_s))
            delay_s -= 1.0

    def _advance(self, time: int, *, connected: bool) -> None:
        """Account for what is over; seconds of which samples are still held back wait for these."""
        if not (connected and self._decoder.holds):
            self._outbox.items += self._account.advance(time, self._seen, connected=connected)

    @property
    def _seen(self) -> LinkSeen:
        told = self._decoder.battery_pct
        battery_pct = self._link_battery if math.isnan(told) else told
        return LinkSeen(self._decoder.counts, battery_pct, self._decoder.clock)

    def _decode(self) -> None:
        packets, self._packets = self._packets, []
        frames = self._decoder.feed(packets) if packets else None
        self._doubt(packets, understood=frames is not None or self._decoder.holds)
        self._say_clock()
        self._take_up(frames)

    def _say_clock(self) -> None:
        """Say once what is wrong with the device's clock."""
        seen = self._decoder.clock
        if seen.state is ClockState.SETTLING:
            return
        said, self._clock_said = self._clock_said, clock_in_words(*seen)
        if self._clock_said and self._clock_said != said:
            _log.warning("%s: %s", self._name, self._clock_said)

    def _take_up(self, frames: Frames | None) -> None:
        if frames is None:
            return
        if not self._described:
            self._outbox.items.append(self._insole.device_row(int(frames.time[0])))
            self._described = True
        self._outbox.items.append(frames)

    def _doubt(self, packets: list[Packet], *, understood: bool) -> None:
        """Say once that what comes is not of this profile: the counts tell how much is skipped, but not why."""
        before, self._strange = self._strange, 0 if understood else self._strange + sum(len(p.data) for p in packets)
        told, self._trouble = self._trouble, self._decoder.trouble
        if self._trouble and self._trouble != told:
            _log.error("%s: nothing of it is stored: %s", self._name, self._trouble)
        elif before < STRANGE_BYTES <= self._strange and not self._trouble:
            _log.warning(
                "%s: %d bytes came, but no packet of profile %s in them; are its frame, head and checksum right, and "
                "the baud rate?",
                self._name,
                self._strange,
                self._insole.profile.id,
            )

    async def put_last(self) -> None:
        """Put what is left when the bridge ends.

        Of a past that can be told again the second under way is left out: half of it would replace the whole, which
        an earlier telling may have put.
        """
        if self._live:
            self._decode()
            self._take_up(self._decoder.finish())
            self._outbox.items += self._account.stop(self._seen)
        await self._outbox.put_last()
