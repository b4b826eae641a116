from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firmware_bridge import SECOND, Device, Log, Side, Unavailable
from service.records.rows import Alert, Note
from service.records.timestamps import iso, parse_iso
from service.web import create_app
from tests.walkers.web_rows import (
    BOUT,
    NAN,
    NOW,
    WEARER,
    a_block,
    a_device,
    a_flag,
    a_link,
    a_log,
    a_pace,
    a_step,
    a_verdict,
)

STEPS = [a_step(BOUT + k * SECOND, side) for k in range(6) for side in Side]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    log.put([a_device(side) for side in Side])
    log.put(
        [
            *STEPS,
            a_block(stop=BOUT + 5 * SECOND, strides_left=6, strides_right=6),
            a_verdict(),
            a_flag(NOW),
            a_link(NOW),
            a_pace(BOUT),
        ]
    )
    log.put([Alert(NOW, WEARER, "imbalance", "m", "sent", NOW, "text"), Note(NOW, WEARER, "pain", "low back 2")])
    yield log
    log.close()


@pytest.fixture
async def client(log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(log))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def _items(client: httpx.AsyncClient, name: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/{name}", params={"wearer": WEARER, **query})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert isinstance(items, list)
    return items


@pytest.mark.parametrize("name", ["steps", "blocks", "flags", "verdicts", "alerts", "notes", "links", "paces", "bouts"])
async def test_every_kind_is_listed(client: httpx.AsyncClient, name: str) -> None:
    items = await _items(client, name)
    assert items
    assert all(parse_iso(item["time"]) in {NOW, *range(BOUT, NOW, SECOND)} for item in items)


async def test_who_is_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/wearers")).json() == [{"wearer": WEARER}]


async def test_a_device_comes_with_its_geometry(client: httpx.AsyncClient) -> None:
    left, right = (await client.get("/api/devices", params={"wearer": WEARER})).json()
    assert (left["side"], right["side"], left["profile"], left["unit"]) == ("left", "right", "demo-16", "kPa")
    assert [len(left["sensors"][key]) for key in ("ml", "ap", "area_mm2")] == [16, 16, 16]
    assert left["full_scale"] == 1200
    assert left["sensors"] == right["sensors"]


async def test_a_device_that_cannot_be_read_does_not_hide_the_others(client: httpx.AsyncClient, log: Log) -> None:
    await asyncio.to_thread(log.put, [Device(NOW, WEARER, Side.LEFT, "broken", "not = [toml", "")])
    assert len((await client.get("/api/devices", params={"wearer": WEARER})).json()) == 2


async def test_a_missing_number_is_null(client: httpx.AsyncClient, log: Log) -> None:
    await asyncio.to_thread(log.put, [a_step(NOW, stride_time_s=NAN)])
    (item,) = await _items(client, "steps", start=iso(NOW))
    assert item["stride_time_s"] is None
    assert item["bout"] == iso(BOUT)
    assert item["contact_time_s"] == 0.25


async def test_flags_and_verdicts_come_with_their_sentences(client: httpx.AsyncClient) -> None:
    for name in ("flags", "verdicts"):
        (item,) = await _items(client, name)
        assert "differ" in item["message"]["title"].lower()
        assert "5.1 %" in item["message"]["observation"]
        assert "6 runs" in item["message"]["context"]


async def test_a_range_is_its_start_but_not_its_stop(client: httpx.AsyncClient) -> None:
    items = await _items(client, "steps", start=iso(BOUT + SECOND), stop=iso(BOUT + 3 * SECOND))
    assert [parse_iso(item["time"]) - BOUT for item in items] == [SECOND, SECOND, 2 * SECOND, 2 * SECOND]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 12, 100])
async def test_pages_follow_each_other_without_gap_or_repeat(client: httpx.AsyncClient, limit: int) -> None:
    found: list[tuple[str, str]] = []
    query: dict[str, Any] = {"wearer": WEARER, "limit": limit}
    while query.get("start", "") is not None:
        page = (await client.get("/api/steps", params=query)).json()
        found += [(item["time"], item["side"]) for item in page["items"]]
        query["start"] = page["next"]
    assert found == [(iso(step.time), str(step.side)) for step in STEPS]


async def test_a_bout_sums_up_its_steps(client: httpx.AsyncClient) -> None:
    (bout,) = await _items(client, "bouts")
    assert (bout["steps"], bout["blocks"], bout["activity"]) == (12, 1, "running")
    assert bout["verdicts"][0]["answer"] == "differs"


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_bouts_that_a_note_parted_within_a_stance_are_told_once(
    client: httpx.AsyncClient, log: Log, limit: int
) -> None:
    parted = BOUT + 5 * SECOND + SECOND // 8  # before the foot-off of the first one's last stance
    await asyncio.to_thread(log.put, [a_step(parted, bout=parted)])
    found: list[str] = []
    query: dict[str, Any] = {"wearer": WEARER, "limit": limit}
    while query.get("start", "") is not None:
        page = (await client.get("/api/bouts", params=query)).json()
        found += [item["time"] for item in page["items"]]
        query["start"] = page["next"]
    assert found == [iso(BOUT), iso(parted)]


@pytest.mark.parametrize("name", ["steps", "bouts", "devices", "events"])
async def test_a_stranger_is_not_found(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/{name}", params={"wearer": "nobody"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "nothing is stored of a wearer 'nobody'"})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"start": "yesterday"}, "not a moment"),
        ({"start": "2026-01-01T00:00:00"}, "write it like"),
        ({"start": iso(NOW), "stop": iso(NOW)}, "range is empty"),
        ({"limit": 0}, "greater than or equal to 1"),
        ({"limit": 10**9}, "less than or equal to"),
        ({"wearer": ""}, "at least 1 character"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(
    client: httpx.AsyncClient, query: dict[str, Any], said: str
) -> None:
    answer = await client.get("/api/steps", params={"wearer": WEARER} | query)
    assert answer.status_code == 422
    assert said in answer.text


async def test_nothing_stored_is_an_empty_answer(tmp_path: Path) -> None:
    log = await asyncio.to_thread(a_log, tmp_path)
    transport = httpx.ASGITransport(app=create_app(log))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/api/wearers")).json() == []
        assert (await client.get("/")).status_code == 200
    await asyncio.to_thread(log.close)


async def test_a_store_that_is_busy_is_said_to_be(
    client: httpx.AsyncClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> Any:
        raise Unavailable("the log is locked", "is another program copying it?")

    monkeypatch.setattr(log, "read", busy)
    answer = await client.get("/api/steps", params={"wearer": WEARER})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"detail": "the log is locked (is another program copying it?)"}


async def test_the_api_describes_every_answer(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    assert schema["openapi"].startswith("3.")
    names = {
        "wearers",
        "devices",
        "bouts",
        "steps",
        "blocks",
        "flags",
        "verdicts",
        "alerts",
        "notes",
        "links",
        "paces",
        "events",
    }
    assert set(schema["paths"]) == {f"/api/{name}" for name in names}
    for path, methods in schema["paths"].items():
        assert set(methods) == ({"get", "post"} if path == "/api/notes" else {"get"}), "only notes come in"
        content = methods["get"]["responses"]["200"]["content"]
        if path != "/api/events":
            assert content["application/json"]["schema"], path
    step = schema["components"]["schemas"]["Step"]["properties"]
    assert {"time", "contact_time_s", "medial_lateral_index"} <= set(step)
    assert {"type": "null"} in step["contact_time_s"]["anyOf"]
    known = schema["components"]["schemas"]
    text = (await client.get("/api/openapi.json")).text
    assert all(f"#/components/schemas/{name}" in text for name in known)


async def test_the_page_shows_the_signs_that_need_a_doctor(client: httpx.AsyncClient) -> None:
    text = (await client.get("/")).text
    assert "not a medical device" in text
    assert "saddle area" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "style=" not in text


async def test_a_static_file_is_asked_for_every_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/main.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "no-cache"
    assert (await client.get("/static/../app.py")).status_code == 404
