"""From a foot pod to the log: what it tells of pace, beside the insoles; again after a lost link.

One coroutine a pod. A row a second says all: a silent second has none, so there is no account of the link.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from firmware_bridge.bridge.outbox import Outbox
from firmware_bridge.bridge.retry import Backoff
from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.devices.running_speed_cadence import pace_of
from firmware_bridge.errors import Unavailable
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.plugins import PODS
from firmware_bridge.sources import Address
from firmware_bridge.sources.stream.carrier import carry
from firmware_bridge.sources.stream.packet_stream import PacketStream
from firmware_bridge.stores import Log

PodOpener = Callable[[str, Clock], AbstractAsyncContextManager[PacketStream]]

_log = logging.getLogger(__name__)


async def bridge_foot_pod(wearer: str, url: str, log: Log, clock: Clock | None = None) -> None:
    """Carry what a foot pod tells to the log until cancelled.

    A lost link is opened again with a capped back-off. Of several measurements in a second the first one counts.

    Raises:
        ConfigError: the URL or the store is wrong; trying again would not help.
    """
    opener = await asyncio.to_thread(pod_opener, url)
    carrier = _PodCarrier(wearer, url, opener, log, clock or SystemClock())
    try:
        await carry(carrier.opened, carrier)
    finally:
        await asyncio.shield(carrier.outbox.put_last())


def pod_opener(url: str) -> PodOpener:
    """Return what opens the link that a pod's URL names.

    Raises:
        ConfigError: the URL is none, or a pod is not heard over such a link.
    """
    opener: PodOpener = PODS.load(Address.parse(url).scheme)
    return opener


class _PodCarrier:
    """The state of one pod's bridge."""

    def __init__(self, wearer: str, url: str, opener: PodOpener, log: Log, clock: Clock) -> None:
        self._name = f"{wearer}'s foot pod"
        self.outbox = Outbox(self._name, log)
        self._backoff = Backoff(self._name)
        self._wearer, self._url, self._opener, self._clock = wearer, url, opener, clock
        self._second = -1  # of the last row

    def opened(self) -> AbstractAsyncContextManager[PacketStream]:
        return self._opener(self._url, self._clock)

    def begin(self, packets: PacketStream) -> None:
        _log.info("%s: connected", self._name)
        self._link = packets
        self._corrupt = 0  # of this connection

    async def take(self, packet: Packet) -> bool:
        if not self._keep(packet, self._link.battery_pct):
            self._corrupt += 1
            if self._corrupt == 1:
                _log.warning("%s: skipped what is no measurement: %s", self._name, packet.data.hex())
        await self.outbox.put()
        return False

    def end(self) -> None:
        if self._corrupt:
            _log.warning("%s: %d measurements of this connection were malformed", self._name, self._corrupt)

    async def lost(self, error: Unavailable, lived_s: float) -> None:
        await self._clock.sleep(self._backoff.delay_after(error, lived_s))

    def _keep(self, packet: Packet, battery_pct: float) -> bool:
        """Keep what a packet tells, if it is the first of its second; return whether it could be understood."""
        if not packet.data:
            return True
        pace = pace_of(packet.data, packet.time, self._wearer, battery_pct)
        second = packet.time // SECOND
        if pace is not None and second != self._second:
            self._second = second
            self.outbox.items.append(pace)
        return pace is not None
