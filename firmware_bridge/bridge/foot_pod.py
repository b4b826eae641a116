"""From a foot pod to the log: what it tells of pace, beside the insoles; again after a lost link.

One coroutine a pod. A row a second says all: a silent second has none, so there is no account of the link.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from firmware_bridge.bridge.outbox import Outbox
from firmware_bridge.bridge.retry import reopened
from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.devices.running_speed_cadence import pace_of
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.plugins import PODS
from firmware_bridge.sources import Address
from firmware_bridge.stores import Log

PodOpener = Callable[[str, Clock], AbstractAsyncContextManager[AsyncIterator[Packet]]]

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
        await reopened(carrier.name, carrier.session, carrier.lost)
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
        self.name = f"{wearer}'s foot pod"
        self.outbox = Outbox(self.name, log)
        self._wearer, self._url, self._opener, self._clock = wearer, url, opener, clock
        self._second = -1  # of the last row

    async def session(self) -> None:
        corrupt = 0
        async with self._opener(self._url, self._clock) as packets:
            _log.info("%s: connected", self.name)
            try:
                async for packet in packets:
                    understood = self._take(packet, float(getattr(packets, "battery_pct", math.nan)))
                    corrupt += not understood
                    if corrupt == 1 and not understood:
                        _log.warning("%s: skipped what is no measurement: %s", self.name, packet.data.hex())
                    await self.outbox.put()
            finally:
                if corrupt:
                    _log.warning("%s: %d measurements of this connection were malformed", self.name, corrupt)

    async def lost(self, delay_s: float) -> None:
        await self._clock.sleep(delay_s)

    def _take(self, packet: Packet, battery_pct: float) -> bool:
        """Keep what a packet tells, if it is the first of its second; return whether it could be understood."""
        if not packet.data:
            return True
        pace = pace_of(packet.data, packet.time, self._wearer, battery_pct)
        second = packet.time // SECOND
        if pace is not None and second != self._second:
            self._second = second
            self.outbox.items.append(pace)
        return pace is not None
