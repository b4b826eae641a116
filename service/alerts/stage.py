"""The stage that brings flags to people."""

from __future__ import annotations

import asyncio
from functools import partial

from firmware_bridge import Log, persist
from service.alerts.dispatcher import Dispatcher
from service.pipeline.progress import progress_of, progress_row
from service.pipeline.tail import tail
from service.records.rows import Flag


async def hear(log: Log, dispatcher: Dispatcher) -> None:
    """Bring new flags to people: a row of each is put whether that works or not."""
    async for batch in tail(log, [Flag], await persist("store", partial(progress_of, log, "alert"))):
        flags = [flag for _, flag in batch if isinstance(flag, Flag)]
        await persist("store", partial(dispatcher.hear, flags))
        await persist("store", partial(log.put, [progress_row("alert", batch[-1][0])]))


async def remind(dispatcher: Dispatcher) -> None:
    """Bring to people what did not go out or was held, and what has ended; a receiver that is away is asked less."""
    while True:
        pause_s = await asyncio.to_thread(dispatcher.step)
        await asyncio.sleep(pause_s)
