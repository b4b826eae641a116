from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from firmware_bridge import SECOND, Log, Side, Unavailable
from service.web import app as web_app
from service.web import create_app
from service.web.live import stream
from service.web.live.broadcaster import Tails, written
from service.web.live.stream import EventStream, events
from tests.walkers.web_rows import NOW, WEARER, a_device, a_link, a_log, a_step, some_frames

Told = tuple[str, dict[str, Any]]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def _parsed(text: str) -> list[Told]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


async def _told(texts: AsyncIterator[str], count: int) -> list[Told]:
    found: list[Told] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += _parsed(await anext(texts))
    return found


def _events(log: Log, closing: asyncio.Event, wearer: str | None = WEARER) -> AsyncIterator[str]:
    return events(Tails(log, closing=closing, now=lambda: NOW, poll_s=0), wearer)


async def _put(log: Log, *items: Any) -> None:
    await asyncio.to_thread(log.put, items)


async def test_it_begins_at_the_present(log: Log) -> None:
    await _put(log, a_device(), some_frames(NOW - SECOND), a_step(NOW - SECOND))
    async with aclosing(_events(log, asyncio.Event())) as texts:  # type: ignore[type-var]
        ((first, snapshot),) = await _told(texts, 1)
        assert (first, snapshot["wearer"], len(snapshot["steps"])) == ("snapshot", WEARER, 1)
        await _put(log, some_frames(NOW, 20), a_step(NOW))
        later = await _told(texts, 5)
        assert sorted(name for name, _ in later) == ["frame"] * 4 + ["step"]


async def test_everything_is_told_once_and_in_order(log: Log) -> None:
    await _put(log, a_device())
    async with aclosing(_events(log, asyncio.Event())) as texts:  # type: ignore[type-var]
        await _told(texts, 1)
        for k in range(1000):
            if k % 250 == 0:
                await _put(log, *(a_step(NOW + (k + j) * SECOND) for j in range(250)))
        found = await _told(texts, 1000)
    assert [told["cadence_spm"] for _, told in found] == [166.0] * 1000
    assert [told["time"] for _, told in found] == sorted({told["time"] for _, told in found})


async def test_it_waits_for_somebody(log: Log) -> None:
    async with aclosing(_events(log, asyncio.Event(), None)) as texts:  # type: ignore[type-var]
        assert await _told(texts, 1) == [("waiting", {})]
        await _put(log, a_device(Side.RIGHT))
        ((name, snapshot),) = await _told(texts, 1)
        assert (name, set(snapshot["devices"])) == ("snapshot", {"right"})


async def test_who_is_heard_just_now_is_shown(log: Log) -> None:
    await _put(log, a_device(wearer="aaron"), a_device(wearer="zoe"), a_link(NOW - 5 * SECOND, wearer="zoe"))
    async with aclosing(_events(log, asyncio.Event(), None)) as texts:  # type: ignore[type-var]
        assert (await _told(texts, 1))[0][1]["wearer"] == "zoe"


@pytest.mark.parametrize("wearer", [WEARER, None])
async def test_it_ends_when_the_service_closes(log: Log, wearer: str | None) -> None:
    closing = asyncio.Event()
    if wearer:
        await _put(log, a_device())
    texts = _events(log, closing, wearer)
    await _told(texts, 1)
    closing.set()
    async with asyncio.timeout(10):
        rest = [text async for text in texts]
    assert _parsed("".join(rest)) == []


async def test_silence_is_filled_with_comments(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT_S", 0.0)
    await _put(log, a_device())
    async with aclosing(_events(log, asyncio.Event())) as texts:  # type: ignore[type-var]
        await _told(texts, 1)
        assert (await anext(texts)).startswith(": ")


async def test_a_store_that_is_busy_is_asked_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    await _put(log, a_device())
    after, refused = log.after, [True, True]

    def busy(*args: Any, **kwargs: Any) -> Any:
        if refused and refused.pop():
            raise Unavailable("locked")
        return after(*args, **kwargs)

    monkeypatch.setattr(log, "after", busy)
    async with aclosing(_events(log, asyncio.Event())) as texts:  # type: ignore[type-var]
        await _told(texts, 1)
        await _put(log, a_step(NOW))
        assert [name for name, _ in await _told(texts, 1)] == ["step"]
    assert refused == []


async def test_a_store_that_is_busy_at_the_start_ends_it(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> int:
        raise Unavailable("locked")

    monkeypatch.setattr(log, "head", busy)
    assert _parsed("".join([text async for text in _events(log, asyncio.Event())])) == []


async def test_over_http_it_is_an_event_stream(log: Log) -> None:
    await _put(log, a_device())
    closing = asyncio.Event()
    closing.set()  # the test's transport gives an answer when it is complete
    transport = httpx.ASGITransport(app=create_app(log, closing=closing, now=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/api/events", params={"wearer": WEARER})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert [name for name, _ in _parsed(answer.text)] == ["snapshot"]


async def test_there_is_an_end_to_how_many_listen(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    await _put(log, a_device())
    monkeypatch.setattr(web_app, "MOST_STREAMS", 0)
    transport = httpx.ASGITransport(app=create_app(log))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/api/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


async def test_a_reader_who_stops_reading_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_S", 0.0)
    ended: list[bool] = []

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "event: frame\ndata: {}\n\n"
        finally:
            ended.append(True)

    async def stuck(_: Any) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        await EventStream(endless()).stream_response(stuck)
    assert ended in ([], [True])


def test_a_name_is_never_a_line_of_the_protocol() -> None:
    hostile: Sequence[str] = ("a\n\nevent: flag\ndata: 1", "é\r\n", "\u2028")
    for text in hostile:
        (found,) = _parsed(written("step", {"wearer": text}))
        assert found == ("step", {"wearer": text})
