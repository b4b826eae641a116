"""Taking a mirror: who may, how much at once, and that the log tells whoever follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from firmware_bridge import Link, Log, Side, open_log, serialize
from service.records.rows import Note, Replaced, Step
from service.web import create_app
from service.web.api import mirror_in as taking

PAGE = {"Authorization": "Bearer page"}
MIRROR = {"Authorization": "Bearer mirror"}


def link(time: int) -> Link:
    return Link(time, "ada", Side.LEFT, "d", True, 1, 2, 3, 4, 5, 6, 7.0, clock_rate=1.0)


def body(*items: Any) -> bytes:
    return b"".join(serialize(items))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


def ask(log: Log, method: str, path: str, *, mirror_token: str = "mirror", **more: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        app = create_app(log, token="page", mirror_token=mirror_token)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, f"/api/archive{path}", **more)

    return asyncio.run(run())


def test_items_are_put_and_put_again_without_a_new_arrival(log: Log) -> None:
    for _ in range(2):
        answer = ask(log, "POST", "/put", content=body(link(1), link(2)), headers=MIRROR)
        assert (answer.status_code, answer.json()) == (200, {"items": 2})
    assert log.read(Link, "ada") == [link(1), link(2)]
    assert log.head() == 2


@pytest.mark.parametrize("headers", [{}, PAGE, {"Authorization": "Bearer mirro"}, {"Authorization": "Basic mirror"}])
@pytest.mark.parametrize(("method", "path"), [("POST", "/put"), ("GET", ""), ("GET", "/read?kind=link&wearer=ada")])
def test_only_the_mirrors_own_token_opens_it(log: Log, headers: dict[str, str], method: str, path: str) -> None:
    log.put([link(1)])
    answer = ask(log, method, path, content=body(link(5)), headers=headers)
    assert answer.status_code == 401
    assert log.read(Link, "ada") == [link(1)]
    assert "ada" not in answer.text


def test_the_mirrors_token_does_not_open_the_page(log: Log) -> None:
    async def run() -> int:
        transport = httpx.ASGITransport(app=create_app(log, token="page", mirror_token="mirror"))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=MIRROR) as client:
            return (await client.get("/api/wearers")).status_code + (await client.get("/api/archives")).status_code

    assert asyncio.run(run()) == 2 * 401


def test_without_a_token_of_its_own_nothing_is_taken(log: Log) -> None:
    for headers in (MIRROR, {"Authorization": "Bearer "}):
        answer = ask(log, "POST", "/put", mirror_token="", content=body(link(1)), headers=headers)
        assert answer.status_code == 403
        assert "INSOLE_WEB__MIRROR_TOKEN" in answer.text
    assert log.head() == 0


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_another_site_is_refused(log: Log, headers: dict[str, str]) -> None:
    answer = ask(log, "POST", "/put", content=body(link(1)), headers={**MIRROR, **headers})
    assert answer.status_code in {400, 403}
    assert log.head() == 0


def test_a_body_is_bounded_while_it_comes(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "MOST_BYTES", 1000)
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 100:
            given += 1
            yield b"x" * 100

    answer = ask(log, "POST", "/put", content=endless(), headers=MIRROR)
    assert answer.status_code == 413
    assert log.head() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (body(link(1))[:-5], "cut short|no items"),
        (b"hello", "no items of an insole log"),
        (body(link(1)).replace(b'"link"', b'"verse"'), "update this service"),
        (body(link(1), link(2))[:-5], "cut short|no items"),
    ],
)
def test_what_is_damaged_is_refused_as_a_whole(log: Log, content: bytes, said: str) -> None:
    answer = ask(log, "POST", "/put", content=content, headers=MIRROR)
    assert answer.status_code == 422
    assert any(part in answer.text for part in said.split("|"))
    assert log.head() == 0


@pytest.mark.parametrize(
    "query",
    [
        "kinds=verse&wearer=ada&start=0&stop=9",
        "kinds=&wearer=ada&start=0&stop=9",
        "kinds=link&wearer=&start=0&stop=9",
        "kinds=link&wearer=ada&start=x&stop=9",
        "kinds=link&wearer=ada&start=0&stop=9999999999999999999999",
        "kinds=progress&wearer=ada&start=0&stop=9",
    ],
)
def test_a_replacement_that_makes_no_sense_is_refused(log: Log, query: str) -> None:
    log.put([link(1)])
    assert ask(log, "POST", f"/replace?{query}", headers=MIRROR).status_code == 422
    assert log.head() == 1


def test_what_is_replaced_is_told_to_those_who_follow(log: Log) -> None:
    log.put([link(1), link(2), Note(1, "ada", "shoes", "red")])
    place = {"kinds": "link note", "wearer": "ada", "start": "1", "stop": "2"}
    assert ask(log, "POST", "/replace", params=place, content=body(link(1)), headers=MIRROR).status_code == 200
    assert log.read(Link, "ada") == [link(1), link(2)]
    assert log.read(Note, "ada") == []
    assert log.read(Replaced, "ada") == [Replaced(1, "ada", "link note", 2, restart=0, done=0, since=0, head=3)]


def test_what_was_found_and_is_replaced_is_analyzed_again_from_there(log: Log) -> None:
    log.put([link(1)])
    place = {"kinds": "step second block", "wearer": "ada", "start": "-5", "stop": "9"}
    assert ask(log, "POST", "/replace", params=place, headers=MIRROR).status_code == 200
    (told,) = log.read(Replaced, "ada")
    assert (told.restart, told.done, told.since) == (0, 1, -5)
    assert log.read(Step, "ada") == []
