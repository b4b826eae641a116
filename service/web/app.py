"""The web application: one page, the JSON API and the live event stream, behind the gate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from os import PathLike, stat_result
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from firmware_bridge import Log, Unavailable
from service.diary.red_flags import asked
from service.records.rows import Note
from service.records.topics import TOPICS
from service.web.api.mirror_in import archive
from service.web.api.notes import telling
from service.web.api.rows import api, known
from service.web.live.broadcaster import Closing, Tails
from service.web.live.stream import EventStream, events
from service.web.pages.diary import add_diary
from service.web.pages.runs import add_reviews, zone_here
from service.web.security import LOOPBACK, Gate
from service.wording import guidance
from service.wording.measure_cards import CARDS, card_lines
from service.wording.topics import TOPIC_WORDING

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MOST_STREAMS = 200  # those of one wearer share one reading of the log; each still is a connection and its buffer


def create_app(
    log: Log,
    *,
    token: str | None = None,
    mirror_token: str = "",
    allowed_hosts: Sequence[str] = LOOPBACK,
    closing: Closing | None = None,
    now: Callable[[], int] = time.time_ns,
) -> FastAPI:
    """Make the application that shows a log and takes notes; mirrors come in with a token of their own.

    Args:
        log: where everything is read from.
        token: what a caller has to know; None asks for none.
        mirror_token: what another service has to know that brings its log here; empty: none may.
        allowed_hosts: names, without port, under which the service may be called.
        closing: event streams end when it is set; without it a server waits for its readers when it stops.
        now: the wall clock, UTC ns.
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
    templates = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    add_reviews(app, log, templates, now)
    add_diary(app, log, templates, now)
    _add_pages(app, templates, log)
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
            await asyncio.to_thread(known, log, wearer)
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


class _Static(StaticFiles):
    """Files that a browser asks about every time, so that a new version is seen at once.

    Their types are said here: those that a machine has registered can be wrong, and then a page does not start.
    """

    def file_response(
        self, full_path: PathLike[str] | str, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        kind = _TYPES.get(Path(full_path).suffix, "application/octet-stream")
        response = FileResponse(
            full_path, status_code, {"Cache-Control": "no-cache"}, media_type=kind, stat_result=stat_result
        )
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


def _add_pages(app: FastAPI, templates: Environment, log: Log) -> None:
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page(wearer: Annotated[str | None, Query(max_length=200)] = None) -> HTMLResponse:
        known = log.wearers()
        shown = wearer if wearer in known else known[0] if known else ""
        asks = asked(log.read(Note, shown), zone_here()) if shown else None
        values = {"guidance": guidance, "cards": CARDS, "lines": card_lines, "here": "Live", "wearer": shown}
        judged = [(name, TOPIC_WORDING[name].title) for name, topic in TOPICS.items() if topic.has_verdict]
        text = templates.get_template("index.html").render(values | {"asks": asks, "judged": judged})
        return HTMLResponse(text, headers={"Cache-Control": "no-cache"})

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return RedirectResponse("/static/favicon.svg", 308)

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    app.mount("/static", _Static(directory=_HERE / "static", check_dir=False), name="static")
