"""Every page there is, by the one list: it is served, is found in the navigation, and stands in the README."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from firmware_bridge import Log
from service.web import create_app
from service.web.pages.navigation import NAVIGATION
from service.web.pages.page import Needs, Page
from service.web.pages.shell import TEMPLATES
from tests.conftest import PROJECT
from tests.walkers.sole_rows import DAY, FIRST, put_bout
from tests.walkers.web_rows import WEARER, a_device, a_log

LINK = re.compile(r'<a href="([^"]*)"( aria-current="page")?>([^<]*)</a>')
every_page = pytest.mark.parametrize("page", NAVIGATION, ids=[page.title for page in NAVIGATION])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


@pytest.fixture
async def client(log: Log) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(log, now=lambda: FIRST + 40 * DAY))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


def _links(text: str) -> list[tuple[str, bool, str]]:
    nav = text[text.index('<nav class="nav"') : text.index("</nav>")]
    return [(unescape(path), bool(current), title) for path, current, title in LINK.findall(nav)]


def test_each_has_an_address_and_a_title_of_its_own() -> None:
    for values in (
        [page.path for page in NAVIGATION],
        [page.title for page in NAVIGATION],
        [page.template for page in NAVIGATION],
    ):
        assert len(set(values)) == len(values)


@every_page
async def test_it_leads_to_all_the_others_of_the_same_wearer(client: httpx.AsyncClient, log: Log, page: Page) -> None:
    await asyncio.to_thread(put_bout, log, FIRST, seed=1, frames=False)
    answer = await client.get(page.path, params={"wearer": WEARER})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert _links(answer.text) == [(f"{one.path}?wearer={WEARER}", one is page, one.title) for one in NAVIGATION]
    assert {name: answer.headers[name] for name in page.headers} == dict(page.headers)
    assert "Signs that need a doctor, whatever this page shows" in answer.text
    assert "Before anything is measured: does one of these apply to you?" in answer.text


@every_page
async def test_it_says_what_it_lacks(client: httpx.AsyncClient, log: Log, page: Page) -> None:
    nothing = await client.get(page.path)
    assert nothing.status_code == 200
    assert _links(nothing.text) == [(one.path, one is page, one.title) for one in NAVIGATION]
    assert (page.empty in nothing.text) is (page.needs is not Needs.NOTHING)
    await asyncio.to_thread(log.put, [a_device()])
    without = await client.get(page.path)
    assert without.status_code == 200
    assert ("There is no run or walk yet" in without.text) is (page.needs is Needs.BOUT)


@every_page
async def test_nobody_of_that_name(client: httpx.AsyncClient, log: Log, page: Page) -> None:
    await asyncio.to_thread(put_bout, log, FIRST, seed=1, frames=False)
    answer = await client.get(page.path, params={"wearer": "<eve>"})
    assert "<eve>" not in answer.text
    if page.needs is Needs.NOTHING:
        assert (answer.status_code, _links(answer.text)[0][0]) == (200, f"/?wearer={WEARER}")
    else:
        assert answer.status_code == 404
        assert "Nothing is stored of a wearer called &lt;eve&gt;." in answer.text


@every_page
@pytest.mark.parametrize("name", ["wearer", "anything"])
async def test_an_address_is_bounded(client: httpx.AsyncClient, page: Page, name: str) -> None:
    assert (await client.get(page.path, params={name: "x" * 201})).status_code == 422


def test_every_template_is_that_of_a_page_or_shared() -> None:
    shared = {"notice.html"}
    found = {path.name for path in TEMPLATES.glob("*.html") if not path.name.startswith("_")}
    assert found == {page.template for page in NAVIGATION} | shared


def test_the_readme_tells_of_each() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| page | what it is for |") :].partition("\n\n")[0].splitlines()[2:]
    assert [line.split("|")[1].strip() for line in table] == [page.title for page in NAVIGATION]
