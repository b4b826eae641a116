"""Follow what is put into a log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial
from typing import Any

from firmware_bridge import (
    Item,
    Log,
    persist,
)

TAIL_POLL_S = 0.02


TAIL_LIMIT = 1000


async def tail(
    log: Log,
    kinds: Sequence[type[Any]],
    cursor: int,
    partitions: Collection[int] | None = None,
    *,
    follow: bool = True,
    limit: int = TAIL_LIMIT,
) -> AsyncIterator[list[tuple[int, Item]]]:
    """Yield what was put after `cursor` in batches of (arrival number, item); then wait for more, or end."""
    while True:
        version = await asyncio.to_thread(log.version)
        batch = await persist("store", partial(log.after, kinds, cursor, partitions, limit))
        if batch:
            cursor = batch[-1][0]
            yield batch
            continue
        if not follow:
            return
        while await asyncio.to_thread(log.version) == version:  # noqa: ASYNC110 - other processes put, too
            await asyncio.sleep(TAIL_POLL_S)
