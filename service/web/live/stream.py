"""The live event stream: server-sent events of one wearer, from the present on.

Who comes back after a drop, or after a phone has slept, gets a snapshot again: it says what was missed, so that no
event needs a number to go on from. What has become old by then is not painted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Send

from firmware_bridge import SECOND, Link, Log, Unavailable
from service.pipeline.tail import rest
from service.web.live.broadcaster import Tails, written

BEAT_S = 5.0  # silence after which a comment is sent, so that both ends notice a dead connection
SEND_S = 5.0  # a reader that takes nothing for so long is let go; its browser comes back by itself
BEAT = ": still here\n\nevent: beat\ndata: {}\n\n"  # a browser hides comments from its page, and events it tells
RETRY_MS = 1000
HEARD_NS = 60 * SECOND  # an insole told of within this time is heard now


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


async def events(tails: Tails, wearer: str | None) -> AsyncGenerator[str, None]:
    """Yield a wearer's events as text: first `snapshot`, then what happens; end when the service closes.

    Without a wearer, yield `waiting` until there is one, and take that one. A store that is busy at the start ends
    it: the browser comes back by itself.
    """
    yield f"retry: {RETRY_MS}\n\n"
    with suppress(Unavailable):
        async with aclosing(_events(tails, wearer)) as texts:
            async for text in texts:
                yield text


async def _events(tails: Tails, wearer: str | None) -> AsyncGenerator[str, None]:
    waited = False
    while wearer is None:
        wearer = await asyncio.to_thread(_somebody, tails.log, tails.now())
        if wearer is None:
            if not waited:
                waited = True
                yield written("waiting", {})
            await rest(BEAT_S / 5, tails.closing)
            if tails.closing.is_set():
                return
            yield ": waiting\n\n"
    tail = tails.of(wearer)
    with tail.seat() as seat:
        yield await tail.snapshot()
        while (text := await seat.take(BEAT_S)) is not None:
            if seat.missed:
                seat.missed = False
                text = await tail.snapshot()
            yield text or BEAT
        tail.check()


def _somebody(log: Log, now: int) -> str | None:
    """Return who is heard just now, else whoever comes first, else nobody."""
    wearers = log.wearers()
    heard = (wearer for wearer in wearers if log.read(Link, wearer, now - HEARD_NS))
    return next(heard, wearers[0] if wearers else None)
