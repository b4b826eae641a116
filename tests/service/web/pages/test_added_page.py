"""The README's example of a page is added to an application, by its own words, and asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from firmware_bridge import Log
from service import web
from service.records.rows import Note
from service.web import create_app
from service.web.pages import navigation
from service.web.pages.page import Page
from tests.walkers.sole_rows import DAY, FIRST, put_bout
from tests.walkers.web_rows import WEARER, a_log

TEXT = Path(web.__file__).with_name("README.md").read_text(encoding="utf-8")
MODULE, TEMPLATE, ENTRY = re.findall(r"^```\w+\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    put_bout(log, FIRST, seed=1, frames=False)
    yield log
    log.close()


@pytest.fixture
def pages() -> tuple[Page, ...]:
    """The pages by the example's entry, the new one among them."""
    added = ModuleType("service.web.pages.shoes")
    exec(MODULE, vars(added))  # the README's own words
    names = {**vars(navigation), "PAIRS": added.PAIRS}
    exec(ENTRY, names)
    found: tuple[Page, ...] = names["NAVIGATION"]
    return found


@pytest.fixture
def get(log: Log, pages: tuple[Page, ...], tmp_path: Path) -> Callable[[str], httpx.Response]:
    (tmp_path / "shoes.html").write_text(TEMPLATE, encoding="utf-8")

    def get(path: str) -> httpx.Response:
        async def asked() -> httpx.Response:
            app = create_app(log, now=lambda: FIRST + DAY, pages=pages, templates=[tmp_path])
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
                return await client.get(path)

        return asyncio.run(asked())

    return get


def test_the_page_is_there_and_every_other_leads_to_it(
    log: Log, pages: tuple[Page, ...], get: Callable[[str], httpx.Response]
) -> None:
    log.put([Note(FIRST, WEARER, "shoes", "<blue>")])
    answer = get("/shoes")
    assert answer.status_code == 200
    assert re.search(
        r"<li>&lt;blue&gt;: 1,4\d\d steps in 0\.2 h; last \w{3} \d+ \w+ \d{4}, \d\d:\d\d</li>", answer.text
    )
    assert f'<a href="/shoes?wearer={WEARER}" aria-current="page">Shoes</a>' in answer.text
    for page in pages:
        assert f'<a href="/shoes?wearer={WEARER}"' in get(page.path).text
