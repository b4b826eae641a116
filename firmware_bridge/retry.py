"""Trying again later: the one back-off, used around a link, around `put` and around everything that can be away."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TypeVar

from firmware_bridge.errors import Unavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Backoff:
    """Delays that grow from `first_s` by `factor` up to `most_s`, spread by ±20 % so that two never march in step."""

    def __init__(self, first_s: float = 0.25, factor: float = 1.7, most_s: float = 8.0) -> None:
        self._first, self._factor, self._most = first_s, factor, most_s
        self._next = first_s

    def reset(self) -> None:
        """Start over, after something has worked for a while."""
        self._next = self._first

    def delay(self) -> float:
        """Return the seconds to wait before the next attempt."""
        delay = self._next * random.uniform(0.8, 1.2)
        self._next = min(self._next * self._factor, self._most)
        return delay


async def persist(what: str, action: Callable[[], T]) -> T:
    """Run a blocking action in a thread until it works, waiting longer after every `Unavailable`.

    Any other exception is the caller's. Cancellation ends the waiting at once, but not a call that is running.
    """
    backoff = Backoff()
    while True:
        try:
            return await asyncio.to_thread(action)
        except Unavailable as error:
            delay = backoff.delay()
            _log.warning("%s: %s; trying again in %.1f s", what, error, delay)
            await asyncio.sleep(delay)
