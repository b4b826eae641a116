"""The live event stream: server-sent events of one wearer, from the present on.

Every stream reads the log itself and waits for its own reader only. A slow reader therefore holds nothing in memory
and holds up nobody: its next read of the log starts where it stopped, and what has become old by then is not painted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Protocol

from starlette.responses import StreamingResponse
from starlette.types import Send

from firmware_bridge import SECOND, Item, Link, Log, Unavailable, partition_of
from service.web.live import KINDS, Live

POLL_S = 0.03
BATCH = 400  # items at most between two looks at `closing`
BEAT_S = 5.0  # silence after which a comment is sent, so that both ends notice a dead connection
SEND_S = 5.0  # a reader that takes nothing for so long is let go; its browser comes back by itself
RETRY_MS = 1000
HEARD_NS = 60 * SECOND  # an insole told of within this time is heard now


class Closing(Protocol):
    """What tells that the service is about to stop; an `asyncio.Event` is one."""

    def is_set(self) -> bool:
        """Tell whether streams have to end now."""


class EventStream(StreamingResponse):
    """A stream of events that gives up on a reader who has stopped reading."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send the events as they come, each within `SEND_S`."""

        async def prompt(message: Any) -> None:
            async with asyncio.timeout(SEND_S):
                await send(message)

        with suppress(TimeoutError):
            await super().stream_response(prompt)


async def events(
    log: Log, wearer: str | None, *, closing: Closing, now: Callable[[], int], poll_s: float = POLL_S
) -> AsyncIterator[str]:
    """Yield a wearer's events as text: first `snapshot`, then what happens; end when `closing` is set.

    Without a wearer, yield `waiting` until there is one, and take that one. A store that is busy at the start ends
    it: the browser comes back by itself.
    """
    yield f"retry: {RETRY_MS}\n\n"
    with suppress(Unavailable):
        async for text in _events(log, wearer, closing=closing, now=now, poll_s=poll_s):
            yield text


async def _events(
    log: Log, wearer: str | None, *, closing: Closing, now: Callable[[], int], poll_s: float
) -> AsyncIterator[str]:
    waited = False
    while wearer is None:
        wearer = await asyncio.to_thread(_somebody, log, now())
        if wearer is None:
            if not waited:
                waited = True
                yield written("waiting", {})
            async for beat in _pause(closing, BEAT_S / 5):
                yield beat
            if closing.is_set():
                return
    live = Live(wearer)
    cursor = await asyncio.to_thread(log.head)  # before the snapshot: what comes between is told twice, never lost
    yield written("snapshot", await asyncio.to_thread(live.snapshot, log, now()))
    async for batch in _arrivals(log, partition_of(wearer), cursor, closing, poll_s):
        if not batch:
            yield ": still here\n\n"
            continue
        moment = now()
        text = "".join(written(*event) for item in batch for event in live.events(item, moment))
        if text:
            yield text


def written(name: str, data: dict[str, Any]) -> str:
    """Return one event in the wire format."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'), allow_nan=False)}\n\n"


async def _arrivals(
    log: Log, partition: int, cursor: int, closing: Closing, poll_s: float
) -> AsyncIterator[list[Item]]:
    """Yield what arrives, and an empty list after every `BEAT_S` without anything, until `closing` is set."""
    seen: int | None = None
    quiet = 0.0
    while not closing.is_set():
        seen, found = await asyncio.to_thread(_news, log, partition, cursor, seen)
        if found:
            cursor, quiet = found[-1][0], 0.0
            yield [item for _, item in found]
            continue
        quiet += poll_s
        if quiet >= BEAT_S:
            quiet = 0.0
            yield []
        await asyncio.sleep(poll_s)


def _news(log: Log, partition: int, cursor: int, seen: int | None) -> tuple[int | None, list[tuple[int, Item]]]:
    """Look whether anybody has put something, and only then read; a store that is busy is asked again later."""
    try:
        version = log.version()
        if version == seen:
            return seen, []
        found = log.after(KINDS, cursor, (partition,), BATCH)
    except Unavailable:
        return seen, []
    return (None if found else version), found  # there may be more: look again before believing the version


def _somebody(log: Log, now: int) -> str | None:
    """Return who is heard just now, else whoever comes first, else nobody."""
    wearers = log.wearers()
    heard = (wearer for wearer in wearers if log.read(Link, wearer, now - HEARD_NS))
    return next(heard, wearers[0] if wearers else None)


async def _pause(closing: Closing, seconds: float, step_s: float = 0.05) -> AsyncIterator[str]:
    """Wait, watching `closing`; then give a comment that keeps the connection alive."""
    for _ in range(max(1, round(seconds / step_s))):
        if closing.is_set():
            return
        await asyncio.sleep(step_s)
    yield ": waiting\n\n"
