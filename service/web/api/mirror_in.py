"""Taking a mirror: another insole service puts its log's items into this one's, where they stand once.

Apart from the page, with a token of its own: who may look need not be one who may write. Without a token nothing is
taken. A body is bounded, and read whole before any of it is put, so that one request is one transaction.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from firmware_bridge import (
    BEGINNING,
    END,
    SECOND,
    CorruptData,
    Frames,
    Log,
    deserialize,
    kind_name,
    serialize,
)
from service.pipeline.mirror_selection import COPIED
from service.records.rows import Replaced, Step, kind_names
from service.web.security import ARCHIVE_PATH

MOST_BYTES = 16 << 20
"""Of a request's body."""
MOST_AT_ONCE = 4
"""Bodies in memory: a Raspberry Pi serves a household."""
_WINDOW_NS = 600 * SECOND
"""Of frames that are read at once."""

Moment = Annotated[int, Query(ge=BEGINNING, le=END, description="UTC ns")]
_Wearer = Annotated[str, Query(min_length=1)]


def archive(log: Log, token: str, kinds: tuple[type, ...] = COPIED) -> APIRouter:
    """Return the routes by which a mirror comes in; with an empty token they refuse."""

    def allowed(request: Request) -> None:
        if not token:
            raise HTTPException(403, "this service takes no mirror; set INSOLE_WEB__MIRROR_TOKEN there")
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(offered.strip().encode(), token.encode()):
            raise HTTPException(401, "wrong token", {"WWW-Authenticate": "Bearer"})

    router = APIRouter(prefix=ARCHIVE_PATH, dependencies=[Depends(allowed)], include_in_schema=False)
    known = {kind_name(kind): kind for kind in kinds}
    bodies = asyncio.Semaphore(MOST_AT_ONCE)

    async def take(request: Request, put: Callable[[list[Any]], None]) -> dict[str, int]:
        if bodies.locked():
            raise HTTPException(503, "busy with other mirrors", {"Retry-After": "2"})
        async with bodies:
            data = await _body(request)
            return {"items": await asyncio.to_thread(_put, data, known, put)}

    @router.get("")
    def about() -> dict[str, str | int]:
        return {"product": "insole", "version": version("insole"), "head": log.head()}

    @router.post("/put")
    async def put(request: Request) -> dict[str, int]:
        return await take(request, log.put)

    @router.post("/replace")
    async def replace(request: Request, names: _Kinds, wearer: _Wearer, start: Moment, stop: Moment) -> dict[str, int]:
        wanted = _known(names, known)
        return await take(request, partial(_replace, log, wanted, wearer, start, stop))

    @router.get("/read")
    def read(kind: str, wearer: _Wearer, start: Moment = BEGINNING, stop: Moment = END) -> Response:
        (wanted,) = _known(kind, known)
        return StreamingResponse(serialize(_stored(log, wanted, wearer, start, stop)), media_type=_MEDIA)

    return router


_Kinds = Annotated[str, Query(alias="kinds")]
_MEDIA = "application/octet-stream"


async def _body(request: Request) -> bytes:
    """Return the body; answer 413 before more than `MOST_BYTES` of it are in memory."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                raise HTTPException(413, f"more than {MOST_BYTES} bytes in one request")
            parts.append(part)
    except ClientDisconnect as error:  # cut in the midst of it: nothing of it is put
        raise HTTPException(400, "cut short") from error
    return b"".join(parts)


def _put(data: bytes, known: Mapping[str, type], put: Callable[[list[Any]], None]) -> int:
    try:
        items = list(deserialize(data, known))
        put(items)
    except CorruptData as error:
        raise HTTPException(422, str(error)) from error
    return len(items)


def _replace(log: Log, kinds: list[type], wearer: str, start: int, stop: int, rows: list[Any]) -> None:
    """Replace, and tell whoever analyzes or copies this log; an analysis takes everything anew in order of time."""
    names, head = kind_names(kinds), log.head()
    found = Step in kinds
    told = Replaced(start, wearer, names, stop, 0, head if found else 0, start if found else 0, head)
    log.replace(kinds, wearer, start, stop, [*rows, told])


def _known(names: str, known: Mapping[str, type]) -> list[type]:
    unknown = [name for name in names.split() if name not in known]
    if unknown or not names.split():
        raise HTTPException(422, f"no kind {unknown[0] if unknown else names!r} is known here; update this service")
    return [known[name] for name in names.split()]


def _stored(log: Log, kind: type, wearer: str, start: int, stop: int) -> Iterator[Any]:
    """Give what is stored, frames window by window, so that hours of them are never in memory at once."""
    if kind is not Frames:
        yield from log.read(kind, wearer, start, stop)
        return
    span = log.span(Frames, wearer)
    if span is None:
        return
    at, end = max(start, span[0]), min(stop, span[1] + _WINDOW_NS)
    first = True
    while at < end:
        until = min(at + _WINDOW_NS, end)
        for frames in log.read(Frames, wearer, at, until):
            if first or frames.time[0] >= at:  # one that began in the window before was given there
                yield frames
        at, first = until, False
