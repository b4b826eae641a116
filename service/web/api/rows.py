"""The JSON API: everything that is stored of a wearer, by time range.

Moments are ISO 8601, UTC; a missing number is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from firmware_bridge import BEGINNING, END, ConfigError, Device, Log
from service.records.bouts import Bout, mean_speed, plain_bout, read_bouts
from service.records.timestamps import iso, parse_iso
from service.web.api.response_models import (
    ROW_LISTS,
    BoutPage,
    DeviceView,
    WearerView,
    device_view,
    page_model,
    row_json,
    stored_profile,
)

_LIMIT = 1000
_MOST = 10_000

_Wearer = Annotated[str, Query(description="the wearer's pseudonym", min_length=1)]
Start = Annotated[str | None, Query(description="first moment, ISO 8601; without it, from the beginning")]
Stop = Annotated[str | None, Query(description="first moment after the range, ISO 8601; without it, to the end")]
Limit = Annotated[int, Query(ge=1, le=_MOST, description="rows in a page, those of one moment staying together")]


def api(log: Log) -> APIRouter:
    """Return the routes below /api that answer at once."""
    router = APIRouter(prefix="/api", responses={404: {"description": "nothing is stored of this wearer"}})

    @router.get("/wearers", response_model=list[WearerView], summary="Who has something stored")
    def list_wearers() -> list[dict[str, str]]:
        return [{"wearer": wearer} for wearer in sorted(log.wearers())]

    @router.get("/devices", response_model=list[DeviceView], summary="A wearer's insoles and their geometry")
    def list_devices(wearer: _Wearer) -> list[dict[str, Any]]:
        require_wearer(log, wearer)
        found = []
        for row in log.read(Device, wearer):
            try:
                found.append(device_view(row, stored_profile(row)))
            except ConfigError:  # written by a newer version, or by hand: the others are still of use
                continue
        return found

    @router.get("/bouts", response_model=BoutPage, summary="A wearer's runs and walks, computed from what is stored")
    def list_bouts(wearer: _Wearer, start: Start = None, stop: Stop = None, limit: Limit = _LIMIT) -> dict[str, Any]:
        require_wearer(log, wearer)
        found = _within(read_bouts(log, wearer), *between(start, stop))
        return _page(found, limit, lambda bout: plain_bout(bout, mean_speed(log, wearer, bout), row_json))

    for name, kind in ROW_LISTS.items():
        _add_rows(router, log, name, kind)
    return router


def _add_rows(router: APIRouter, log: Log, name: str, kind: type) -> None:
    summary = f"A wearer's {name} of a time range"

    @router.get(f"/{name}", response_model=page_model(kind), summary=summary, name=f"list_{name}")
    def list_rows(wearer: _Wearer, start: Start = None, stop: Stop = None, limit: Limit = _LIMIT) -> dict[str, Any]:
        require_wearer(log, wearer)
        rows: list[Any] = log.read(kind, wearer, *between(start, stop))
        return _page(rows, limit, row_json)


def require_wearer(log: Log, wearer: str) -> None:
    """Answer 404 if nothing is stored of the wearer."""
    if wearer not in log.wearers():
        raise HTTPException(404, f"nothing is stored of a wearer {wearer!r}")


def between(start: str | None, stop: str | None) -> tuple[int, int]:
    """Return a time range in UTC ns; answer 422 if it is none."""
    try:
        first = BEGINNING if start is None else parse_iso(start)
        last = END if stop is None else parse_iso(stop)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    if last <= first:
        raise HTTPException(422, f"the range is empty: stop {stop} is not after start {start}")
    return first, last


def _within(bouts: Sequence[Bout], first: int, last: int) -> list[Bout]:
    """Return the bouts that begin in a range, and the one that goes on at its first moment, all of them whole.

    Where one begins at that very moment, as on the next page, the one before was told already: a stop note may part
    two within a stance, which then ends after the later one has begun.
    """
    found = [bout for bout in bouts if first <= bout.time < last]
    if any(bout.time == first for bout in found):
        return found
    return [*(bout for bout in bouts if bout.time < first <= bout.stop), *found]


def _page(rows: Sequence[Any], limit: int, show: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    end = min(limit, len(rows))
    while 0 < end < len(rows) and rows[end].time == rows[end - 1].time:
        end += 1
    following = iso(rows[end].time) if end < len(rows) else None
    return {"items": [show(row) for row in rows[:end]], "next": following}
