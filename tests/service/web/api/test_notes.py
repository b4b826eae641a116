"""Notes that come in by the page are those that `insole note` takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firmware_bridge import SECOND, ConfigError, Log, Unavailable
from service.records.notes import standing
from service.records.rows import Note
from service.records.timestamps import iso
from service.web import create_app
from tests.walkers.web_rows import WEARER, a_device, a_log, a_step

URL = "/api/notes"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    log.put([a_device()])
    yield log
    log.close()


@pytest.fixture
async def client(log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(log))
    page = {"Origin": "http://localhost"}  # as a browser says of a page of ours
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=page) as client:
        yield client


async def _noted(log: Log) -> list[Note]:
    return await asyncio.to_thread(log.read, Note, WEARER)


def _asked(topic: str, **more: Any) -> dict[str, Any]:
    return {"wearer": WEARER, "topic": topic, **more}


async def test_a_run_is_begun_named_and_ended(log: Log, client: httpx.AsyncClient) -> None:
    begun = (await client.post(URL, json=_asked("start"))).json()["note"]
    named = await client.post(URL, json=_asked("remark", text=" to the  lake ", time=begun["time"]))
    ended = await client.post(URL, json=_asked("stop"))
    assert (named.status_code, named.json()["note"]["text"], ended.json()["parting"]) == (200, "to the lake", "")
    notes = standing(await _noted(log))
    assert [note.topic for note in notes] == ["remark", "start", "stop"]
    assert notes[0].time == notes[1].time
    assert abs(notes[1].time - time.time_ns()) < 3600 * SECOND


async def test_it_is_taken_back_and_said_anew(log: Log, client: httpx.AsyncClient) -> None:
    when = (await client.post(URL, json=_asked("start"))).json()["note"]["time"]
    for text in ("one", "two"):
        assert (await client.post(URL, json=_asked("remark", text=text, time=when))).status_code == 200
    assert [n.text for n in standing(await _noted(log)) if n.topic == "remark"] == ["two"]
    assert (await client.post(URL, json=_asked("remark", time=when, withdraw=True))).status_code == 200
    assert [n.topic for n in standing(await _noted(log))] == ["start"]


async def test_a_late_stop_says_how_it_takes_effect(log: Log, client: httpx.AsyncClient) -> None:
    now = time.time_ns()
    steps = [a_step(now - k * SECOND, bout=now - 100 * SECOND) for k in range(100, 0, -1)]
    await asyncio.to_thread(log.put, steps)
    told = await client.post(URL, json=_asked("stop", time=iso(now - 50 * SECOND)))
    assert "insole analyze --again" in told.json()["parting"]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        (_asked("weather", text="rain"), 422, "no topic 'weather'"),
        (_asked("pain", text="12"), 422, "is no pain"),
        (_asked("shoes", text="blue"), 422, "no bout"),
        (_asked("start", time="2199-01-01T00:00:00Z"), 422, "yet to come"),
        (_asked("start", time="soon"), 422, "soon"),
        (_asked("remark", withdraw=True), 422, "to withdraw"),
        ({"wearer": "bo", "topic": "start"}, 404, "'bo'"),
        (_asked("start", more=1), 422, "extra"),
    ],
)
async def test_what_cannot_be_noted_is_said_and_not_noted(
    log: Log, client: httpx.AsyncClient, asked: dict[str, Any], status: int, said: str
) -> None:
    answer = await client.post(URL, json=asked)
    assert answer.status_code == status
    assert said in answer.text
    assert await _noted(log) == []


@pytest.mark.parametrize(("error", "status"), [(Unavailable("locked"), 503), (ConfigError("may not be written"), 422)])
async def test_a_store_that_takes_nothing_says_so(
    log: Log, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def refused(_: Any) -> None:
        raise error

    monkeypatch.setattr(log, "put", refused)
    answer = await client.post(URL, json=_asked("start"))
    assert (answer.status_code, str(error) in answer.text) == (status, True)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9"])
async def test_another_site_notes_nothing(log: Log, client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.post(URL, json=_asked("start"), headers={"Origin": origin})
    assert (answer.status_code, await _noted(log)) == (403, [])


async def test_without_the_token_nothing_is_noted(log: Log) -> None:
    transport = httpx.ASGITransport(app=create_app(log, token="secret"))
    page = {"Origin": "http://localhost"}  # as a browser says of a page of ours
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=page) as client:
        assert (await client.post(f"{URL}?token=secret", json=_asked("start"))).status_code == 401
        assert await _noted(log) == []
        answer = await client.post(URL, json=_asked("start"), headers={"Authorization": "Bearer secret"})
        assert answer.status_code == 200


async def test_what_a_form_of_another_site_can_send_is_no_note(log: Log, client: httpx.AsyncClient) -> None:
    text = '{"wearer": "ada", "topic": "start"}'
    answer = await client.post(URL, content=text, headers={"Content-Type": "text/plain"})
    assert (answer.status_code, await _noted(log)) == (422, [])
