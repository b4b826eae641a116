"""Trying again later: the one back-off, used around a link, around `put` and around everything that can be away."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TypeVar

from firmware_bridge.errors import Unavailable

_T = TypeVar("_T")

TELL_AFTER_S = 60.0
LONGEST_ASKED_S = 300.0
"""Who asks to be left alone for longer is asked again after this."""

STEADY_S = 10.0
"""A link that lived this long starts its back-off anew."""

_log = logging.getLogger(__name__)


class Backoff:
    """Delays that grow from `first_s` by `factor` up to `most_s`.

    Args:
        what: is away, for the log.
        first_s: the first delay.
        factor: by which the next one is longer.
        most_s: the longest.
        spread: by what share they are made longer or shorter by chance, so that two never march in step.
        tell_after_s: how much waiting lies between two lines of the log that say the same.
    """

    def __init__(
        self,
        what: str,
        first_s: float = 0.25,
        factor: float = 1.7,
        most_s: float = 8.0,
        *,
        spread: float = 0.2,
        tell_after_s: float = TELL_AFTER_S,
    ) -> None:
        self._what, self._first, self._factor, self._most = what, first_s, factor, most_s
        self._spread, self._tell_after_s = spread, tell_after_s
        self.reset()

    def reset(self) -> None:
        """Start over, after something has worked for a while."""
        self._next = self._first
        self._told, self._silent_s = "", 0.0

    def delay(self, error: Unavailable) -> float:
        """Return the seconds to wait before the next attempt; the log says why, but not the same all the time.

        Never less than what was asked for, up to `LONGEST_ASKED_S`.
        """
        delay = max(self._next * random.uniform(1 - self._spread, 1 + self._spread), min(error.wait_s, LONGEST_ASKED_S))
        self._next = min(self._next * self._factor, self._most)
        if str(error) != self._told or self._silent_s >= self._tell_after_s:
            _log.warning("%s: %s; trying again", self._what, error)
            self._told, self._silent_s = str(error), 0.0
        self._silent_s += delay
        return delay

    def delay_after(self, error: Unavailable, lived_s: float) -> float:
        """Return the delay behind a link that lived that long: a steady one starts over."""
        if lived_s > STEADY_S:
            self.reset()
        return self.delay(error)


async def persist(what: str, action: Callable[[], _T]) -> _T:
    """Run a blocking action in a thread until it works, waiting longer after every `Unavailable`.

    Any other exception is the caller's. Cancellation ends the waiting at once, but not a call that is running.
    """
    backoff = Backoff(what)
    while True:
        try:
            return await asyncio.to_thread(action)
        except Unavailable as error:
            await asyncio.sleep(backoff.delay(error))
