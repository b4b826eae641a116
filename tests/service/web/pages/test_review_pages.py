"""The pages after the run, asked for as a browser does, and drawn in a real one."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firmware_bridge import SECOND, Log, Side
from service.records.rows import Note
from service.records.timestamps import iso
from service.web import create_app
from service.web.pages.navigation import NAVIGATION
from tests.service.web.pages.test_live_page import _served, browser
from tests.walkers.sole_rows import DAY, FIRST, put_bout, put_runs
from tests.walkers.web_rows import WEARER, a_log

__all__ = ["browser"]
LATER = FIRST + 40 * DAY


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def _client(log: Log, now: int = LATER) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(log, now=lambda: now))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.fixture
async def client(log: Log) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(log) as client:
        yield client


def _figures(text: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="figure-(\w+)">(.*?)</script>', text, re.DOTALL)
    return {name: json.loads(data) for name, data in found}


async def test_an_empty_store_loads_no_script(client: httpx.AsyncClient) -> None:
    assert "<script" not in (await client.get("/run")).text


async def test_the_latest_run_is_shown_with_every_figure_in_both_themes(client: httpx.AsyncClient, log: Log) -> None:
    bouts = await asyncio.to_thread(put_runs, log, medial=0.25)
    answer = await client.get("/run")
    drawn = _figures(answer.text)
    assert sorted(drawn) == ["force", "inner", "quality", "sole", "where"]
    assert all(set(figure) == {"light", "dark"} for figure in drawn.values())
    assert "Normal for you" in answer.text
    assert "Data quality A" in answer.text
    assert f"bout={iso(bouts[-2]).replace(':', '%3A')}" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert "script-src" not in answer.headers["content-security-policy"]


async def test_a_run_is_chosen_by_its_start(client: httpx.AsyncClient, log: Log) -> None:
    bouts = await asyncio.to_thread(put_runs, log)
    answer = await client.get("/run", params={"wearer": WEARER, "bout": iso(bouts[0])})
    assert answer.status_code == 200
    assert "Your usual is not known yet: 0 comparable earlier bouts of 3." in answer.text
    for wrong in (iso(bouts[0] + SECOND), "yesterday"):
        assert (await client.get("/run", params={"bout": wrong})).status_code == 404


async def test_one_foot_and_forgotten_samples_are_said(client: httpx.AsyncClient, log: Log) -> None:
    await asyncio.to_thread(put_bout, log, FIRST, seed=1, sides=(Side.LEFT,))
    assert "Only one foot was heard" in (await client.get("/run")).text
    await asyncio.to_thread(put_bout, log, FIRST + DAY, seed=2, frames=False)
    assert "samples of this bout are not kept any more" in (await client.get("/run")).text


async def test_a_run_under_way_says_so(log: Log) -> None:
    await asyncio.to_thread(put_bout, log, FIRST, seed=1, frames=False)
    async with _client(log, FIRST + 800 * 720_000_000 + 5 * SECOND) as client:
        assert "may still be going on" in (await client.get("/run")).text
    async with _client(log) as client:
        assert "may still be going on" not in (await client.get("/run")).text


async def test_the_trend_lists_every_run_and_draws_the_measure_that_is_asked_for(
    client: httpx.AsyncClient, log: Log
) -> None:
    bouts = await asyncio.to_thread(put_runs, log)
    await asyncio.to_thread(log.put, [Note(bouts[1], WEARER, "shoes", "</script><b>x")])
    answer = await client.get("/trend", params={"measure": "medial_lateral_left"})
    assert list(_figures(answer.text)) == ["trend"]
    assert answer.text.count('href="/run?') == len(bouts) + 1
    assert "Inner side load, left over time" in answer.text
    assert "</script><b>x" not in answer.text


async def test_the_library_comes_from_here_and_is_asked_for_once(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/plotly.min.js")
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/javascript")
    assert len(first.content) > 1_000_000
    again = await client.get("/static/plotly.min.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", [page.path for page in NAVIGATION if page.figures])
async def test_figures_are_drawn_in_the_reader_s_theme_and_nothing_sticks_out(
    browser: Any, log: Log, path: str
) -> None:
    await asyncio.to_thread(put_runs, log, medial=0.25)
    with _served(log) as url:
        page = await browser.new_page(color_scheme="dark", viewport={"width": 360, "height": 740})
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url + path)
        await page.wait_for_function("() => document.documentElement.dataset.drawn === 'dark'")
        assert await page.locator(".plot .main-svg").count() >= await page.locator(".plot").count() > 0
        ground = "getComputedStyle(document.querySelector('.plot .main-svg')).backgroundColor"
        assert await page.evaluate(ground) == "rgb(22, 26, 32)"
        await page.emulate_media(color_scheme="light")
        await page.wait_for_function("() => document.documentElement.dataset.drawn === 'light'")
        assert await page.evaluate(ground) == "rgb(255, 255, 255)"
        for width in (360, 768, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.evaluate("document.activeElement.blur()")
        await page.get_by_role("link", name="Live", exact=True).first.click()
        await page.get_by_role("link", name="Trend", exact=True).click()
        await page.wait_for_url("**/trend*")
        await page.locator(".plot .main-svg").first.wait_for()
        await page.close()
    assert complaints == []
    assert [one for one in asked if not one.startswith(url)] == []
