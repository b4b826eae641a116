"""The web application: the pages, the JSON API and the live event stream, behind the gate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from firmware_bridge import Log, Unavailable
from service.pipeline.tail import Closing
from service.web.api.mirror_in import archive
from service.web.api.notes import telling
from service.web.api.rows import api, require_wearer
from service.web.live.broadcaster import Tails
from service.web.live.stream import EventStream, events
from service.web.pages.navigation import NAVIGATION
from service.web.pages.page import Page
from service.web.pages.shell import add_pages
from service.web.security import LOOPBACK, Gate
from service.web.static_files import add_static_files

MOST_STREAMS = 200  # those of one wearer share one reading of the log; each still is a connection and its buffer


def create_app(
    log: Log,
    *,
    token: str | None = None,
    mirror_token: str = "",
    allowed_hosts: Sequence[str] = LOOPBACK,
    closing: Closing | None = None,
    now: Callable[[], int] = time.time_ns,
    pages: Sequence[Page] = NAVIGATION,
    templates: Sequence[Path] = (),
) -> FastAPI:
    """Make the application that shows a log and takes notes; mirrors come in with a token of their own.

    Args:
        log: where everything is read from.
        token: what a caller has to know; None asks for none.
        mirror_token: what another service has to know that brings its log here; empty: none may.
        allowed_hosts: names, without port, under which the service may be called.
        closing: event streams end when it is set; without it a server waits for its readers when it stops.
        now: the wall clock, UTC ns.
        pages: what there is to see, in the order of the navigation.
        templates: folders in which theirs are looked for, before this service's own.
    """
    app = FastAPI(
        title="insole",
        version="1",  # of the API
        description="Gait notes from pressure-sensing insoles. Moments are ISO 8601 in UTC, a missing number is null.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
    )
    app.add_middleware(Gate, token=token, allowed_hosts=allowed_hosts)
    app.add_exception_handler(Unavailable, _busy)
    app.include_router(api(log))
    app.include_router(telling(log))
    app.include_router(archive(log, mirror_token))
    _add_events(app, log, closing or asyncio.Event(), now)
    add_pages(app, log, pages, now, templates)
    add_static_files(app)

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _add_events(app: FastAPI, log: Log, closing: Closing, now: Callable[[], int]) -> None:
    streams, tails = _Streams(), Tails(log, closing=closing, now=now)

    @app.get(
        "/api/events",
        response_class=EventStream,
        summary="What happens now, as server-sent events",
        responses={200: {"content": {"text/event-stream": {}}}, 503: {"description": "too many streams"}},
    )
    async def stream(
        wearer: Annotated[str | None, Query(description="without it, the first wearer there is")] = None,
    ) -> Response:
        """Begin with `snapshot` (or `waiting`, while nobody is known), from the present on.

        Then `device`, `frame` (at most 20 a second and foot: cell values, force, center of pressure), `link`, `step`,
        `block`, `flag`, `verdict`, `note`; `catching_up` while history is being filled in, and `beat` in silence.
        """
        if wearer is not None:
            await asyncio.to_thread(require_wearer, log, wearer)
        if streams.open >= MOST_STREAMS:
            raise HTTPException(503, f"{MOST_STREAMS} pages are open already; close one", {"Retry-After": "10"})
        texts = streams.count(events(tails, wearer))
        return EventStream(texts, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _busy(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "5"})


class _Streams:
    """How many event streams are running."""

    def __init__(self) -> None:
        self.open = 0

    async def count(self, texts: AsyncGenerator[str, None]) -> AsyncIterator[str]:
        self.open += 1
        try:
            async with aclosing(texts):
                async for text in texts:
                    yield text
        finally:
            self.open -= 1
