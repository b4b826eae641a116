"""Follow what is put into a log: the one way in which stages and the page do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, Protocol

from firmware_bridge import Backoff, Item, Log, Unavailable

TAIL_POLL_S = 0.02
TAIL_LIMIT = 1000

_Arrivals = list[tuple[int, Item]]


class Closing(Protocol):
    """What tells that the program is about to stop; an `asyncio.Event` is one."""

    def is_set(self) -> bool:
        """Tell whether whoever follows has to end now."""


async def tail(
    log: Log,
    kinds: Sequence[type[Any]],
    cursor: int,
    partitions: Collection[int] | None = None,
    *,
    follow: bool = True,
    limit: int = TAIL_LIMIT,
    poll_s: float = TAIL_POLL_S,
    closing: Closing | None = None,
) -> AsyncIterator[_Arrivals]:
    """Yield what was put after `cursor` in batches of (arrival number, item); then wait for more, or end.

    A log that is away is asked again, less and less often. It ends when `closing` is set, too.
    """
    backoff = Backoff("store")
    seen: int | None = None
    while closing is None or not closing.is_set():
        try:
            seen, batch = await asyncio.to_thread(_news, log, kinds, cursor, partitions, limit, seen)
        except Unavailable as error:
            await rest(backoff.delay(error), closing)
            continue
        backoff.reset()
        if batch:
            cursor = batch[-1][0]
            yield batch
        elif not follow:
            return
        else:
            await asyncio.sleep(poll_s)


def _news(
    log: Log,
    kinds: Sequence[type[Any]],
    cursor: int,
    partitions: Collection[int] | None,
    limit: int,
    seen: int | None,
) -> tuple[int | None, _Arrivals]:
    """Look whether anybody has put something, and only then read; return the version that has nothing more."""
    version = log.version()
    if version == seen:
        return seen, []
    found = log.after(kinds, cursor, partitions, limit)
    return (None if found else version), found  # there may be more: look again before believing the version


async def rest(seconds: float, closing: Closing | None = None) -> None:
    """Wait, but no longer once `closing` is set."""
    for _ in range(max(1, round(seconds / TAIL_POLL_S))):
        if closing is not None and closing.is_set():
            return
        await asyncio.sleep(TAIL_POLL_S)
