from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from firmware_bridge import Log
from service.web import create_app
from service.web.pages.navigation import NAVIGATION
from tests.walkers.web_rows import a_log

TOKEN = "a secret + more"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    log = a_log(tmp_path_factory.mktemp("log"))
    yield log
    log.close()


@asynccontextmanager
async def _client(log: Log, token: str | None = None, hosts: tuple[str, ...] = ()) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(log, token=token, allowed_hosts=hosts) if hosts else create_app(log, token=token)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
        yield client


PATHS = [
    *(page.path for page in NAVIGATION),
    "/api/wearers",
    "/static/main.js",
    "/api/openapi.json",
    "/healthz",
    "/nowhere",
]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "a@localhost"]
)
async def test_a_foreign_name_is_refused(log: Log, host: str) -> None:
    async with _client(log) as client:
        for path in PATHS:
            assert (await client.get(path, headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8321", "127.0.0.1:1", "[::1]:8321", "[::1]"])
async def test_this_machine_s_names_are_known(log: Log, host: str) -> None:
    async with _client(log) as client:
        assert (await client.get("/api/wearers", headers={"Host": host})).status_code == 200


async def test_a_name_can_be_allowed(log: Log) -> None:
    async with _client(log, hosts=("insole.local", "[fe80::1]")) as client:
        for host, status in (("insole.local:8321", 200), ("[fe80::1]:8321", 200), ("localhost", 400)):
            assert (await client.get("/", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:9999", "http://evil.example/localhost"]
)
async def test_another_site_is_refused(log: Log, origin: str) -> None:
    async with _client(log) as client:
        for path in PATHS:
            assert (await client.get(path, headers={"Origin": origin})).status_code == 403


async def test_the_page_s_own_origin_is_fine(log: Log) -> None:
    async with _client(log) as client:
        headers = {"Host": "127.0.0.1:8321", "Origin": "http://127.0.0.1:8321"}
        assert (await client.get("/api/wearers", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Cookie": "insole=wrong"},
        {"Cookie": f"insole={TOKEN}"},
        {"Cookie": 'insole="; ;;=,"'},
    ],
)
async def test_without_the_token_nothing_is_told(log: Log, headers: dict[str, str]) -> None:
    async with _client(log, TOKEN) as client:
        for path in (*PATHS, "/api/events"):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == (401 if path != "/healthz" else 200)
            assert TOKEN not in answer.text


async def test_a_program_sends_the_token(log: Log) -> None:
    async with _client(log, TOKEN) as client:
        answer = await client.get("/api/wearers", headers={"Authorization": f"bearer {TOKEN}"})
        assert answer.status_code == 200


async def test_a_browser_gets_a_cookie_for_it(log: Log) -> None:
    async with _client(log, TOKEN) as client:
        answer = await client.get("/", params={"token": TOKEN, "wearer": "a b"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/?wearer=a+b")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert TOKEN not in answer.headers["set-cookie"]
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/api/wearers")).status_code == 200


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example"])
async def test_the_redirect_stays_here(log: Log, path: str) -> None:
    async with _client(log, TOKEN) as client:
        answer = await client.get(httpx.URL(f"http://localhost{path}", params={"token": TOKEN}))
        assert answer.status_code == 303
        assert not answer.headers["location"].startswith(("//", "/\\"))


async def test_a_wrong_token_gives_no_cookie(log: Log) -> None:
    async with _client(log, TOKEN) as client:
        answer = await client.get("/", params={"token": "wrong"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


async def test_whether_it_is_up_may_be_asked_without_the_token(log: Log) -> None:
    async with _client(log, TOKEN) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}])
async def test_every_answer_forbids_foreign_content(log: Log, headers: dict[str, str]) -> None:
    async with _client(log) as client:
        for path in PATHS:
            answer = await client.get(path, headers=headers)
            assert answer.headers["content-security-policy"].startswith("default-src 'self'")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
