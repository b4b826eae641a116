"""The page in a real browser, fed through the log by frames that go on."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import uvicorn

from firmware_bridge import SECOND, Frames, Log, Side
from service.web import create_app
from tests.conftest import absent
from tests.walkers.web_rows import WEARER, a_block, a_device, a_flag, a_link, a_log, a_step, a_verdict, an_insole

try:
    from playwright.async_api import async_playwright
except ImportError:
    async_playwright = None  # type: ignore[assignment]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DEAD, FULL = 3, 9  # cells without a reading, and at the end of their range
PAINTED = """side => new Set(
  [...document.querySelectorAll(`.foot[data-side=${side}] .cell`)].map(c => c.getAttribute('fill'))).size > 3"""
COLORS = (
    "side => [...document.querySelectorAll(`.foot[data-side=${side}] .cell`)].map(c => c.getAttribute('fill')).join()"
)


class Feed:
    """Puts a rolling load under both feet into a log, 100 ms at a time, until it is told to stop."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            start = time.time_ns() // (SECOND // 10) * (SECOND // 10) - SECOND // 10
            links = [a_link(start // SECOND * SECOND, side, battery_pct=80.0) for side in Side]
            self._log.put([*(_rolling(side, start) for side in Side), *links])


def _rolling(side: Side, start: int) -> Frames:
    worn = an_insole(side)
    moment = start + np.arange(10, dtype=np.int64) * (SECOND // 100)
    center = (moment % SECOND / SECOND)[:, None]
    pressure = 300.0 * np.exp(-(((worn.profile.sensors.ap[None, :] - center) / 0.2) ** 2))
    pressure[:, DEAD] = np.nan
    pressure[:, FULL] = 1200.0
    return Frames(WEARER, side, worn.device, moment, pressure.astype(np.float32))


@contextmanager
def _served(log: Log, port: int = 0) -> Iterator[str]:
    """Serve the log on a port of this machine (0: a free one), from a thread; stop although a page is listening."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        closing = asyncio.Event()
        app = create_app(log, closing=closing)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            closing.set()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "an open event stream must not keep the server from stopping"


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    if async_playwright is None:
        absent("playwright")
    if CHROMIUM is None:
        absent("Chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


@pytest.fixture
def url(log: Log) -> Iterator[str]:
    with _served(log) as url:
        yield url


@asynccontextmanager
async def _page(browser: Any, url: str, **options: Any) -> AsyncIterator[Any]:
    """Open the page; nothing may be complained of, and nothing asked of anybody else."""
    page = await browser.new_page(**options)
    page.set_default_timeout(15_000)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    yield page
    await page.close()
    assert complaints == []
    assert asked
    assert [one for one in asked if not one.startswith(url)] == []


def _bout(now: int) -> list[Any]:
    bout = now - 300 * SECOND
    steps = [a_step(bout + k * SECOND, side, bout=bout) for k in range(299) for side in Side]
    verdict = replace(a_verdict(stop=now), time=bout)
    return [*_devices(), *steps, a_block(bout, bout=bout), verdict, a_flag(now - 60 * SECOND, bout=bout)]


def _devices() -> list[Any]:
    return [a_device(side) for side in Side]


async def _put(log: Log, *items: Any) -> None:
    await asyncio.to_thread(log.put, items)


async def test_both_feet_are_painted_and_what_is_known_is_said(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url) as page:
        with Feed(log):
            for side in Side:
                await page.wait_for_function(PAINTED, arg=str(side))
                before = await page.evaluate(COLORS, str(side))
                await page.wait_for_function(f"side => ({COLORS})(side) !== '{before}'", arg=str(side))
                assert await page.locator(f".foot[data-side={side}] .cell").count() == 16
                assert await page.locator(f".foot[data-side={side}] .cell.dead").count() == 1
                assert await page.locator(f".foot[data-side={side}] .cross").nth(DEAD).is_visible()
                assert await page.locator(f".foot[data-side={side}] .limit").nth(FULL).is_visible()
                assert not await page.locator(f".foot[data-side={side}] .limit").nth(FULL - 1).is_visible()
            await page.get_by_role("status").filter(has_text=re.compile("^Live$")).wait_for()
            await page.locator(".foot[data-side=left] .link", has_text="lost").wait_for()
        assert await page.locator("#verdict-imbalance .headline").inner_text() == "Differs from your usual"
        assert await page.locator("#cadence").inner_text() == "166"
        assert await page.locator("#contact-left").inner_text() == "250"
        assert await page.locator("#balance-contact .value b").inner_text() == "right 4.0 %"
        assert await page.locator("#balance-contact .band").is_visible()
        assert await page.locator("#flags li.raised").count() == 1


async def test_the_feet_lie_as_one_sees_one_s_own(browser: Any, log: Log, url: str) -> None:
    """Toes up, left on the left, and the inner edge of each foot faces the other."""
    await _put(log, *_devices())
    async with _page(browser, url) as page:
        await page.locator(".cell").nth(31).wait_for(state="attached")

        async def middle(side: Side, cell: int) -> tuple[float, float]:
            box = await page.locator(f".foot[data-side={side}] .cell").nth(cell).bounding_box()
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        toe, heel = 12, 0  # of demo-16: the big toe, and the outer half of the heel
        (left_toe, left_heel), (right_toe, right_heel) = [
            (await middle(side, toe), await middle(side, heel)) for side in Side
        ]
        assert left_heel[0] < left_toe[0] < right_toe[0] < right_heel[0]
        assert left_toe[1] < left_heel[1]
        assert right_toe[1] < right_heel[1]


async def test_more_load_is_lighter_on_the_whole_scale(browser: Any, url: str) -> None:
    async with _page(browser, url) as page:
        colors = await page.evaluate(
            "import('/static/palette.js').then(p => Array.from({length: 65}, (_, i) => p.colorOf(i, 64)))"
        )
        parts = [[int(part) / 255 for part in color[4:-1].split()] for color in colors]
        light = [0.2126 * r**2.2 + 0.7152 * g**2.2 + 0.0722 * b**2.2 for r, g, b in parts]
        assert light == sorted(light)
        assert len(set(light)) == 65
        cube_roots = np.diff(np.cbrt(light))
        assert cube_roots.max() < 3 * np.median(cube_roots), "no step of the scale stands out"
        red = [r > 1.3 * max(g, b) for r, g, b in parts]
        assert not any(red), "red is kept for failing devices"


async def test_an_empty_log_says_what_is_waited_for_until_there_is_somebody(browser: Any, log: Log, url: str) -> None:
    async with _page(browser, url) as page:
        await page.get_by_text("Waiting for the first insole").wait_for()
        await _put(log, a_device())
        await page.locator("#waiting").wait_for(state="hidden")


async def test_the_service_stops_although_a_page_listens_and_the_page_says_so(browser: Any, log: Log) -> None:
    await _put(log, *_devices())
    page = await browser.new_page()
    with _served(log) as url:
        await page.goto(url)
        await page.locator(".cell").first.wait_for()
    await page.get_by_text("Reconnecting").wait_for()
    await page.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_nothing_sticks_out_sideways(browser: Any, log: Log, url: str, scheme: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url, color_scheme=scheme, reduced_motion="reduce") as page:
        await page.locator("#flags li").first.wait_for()
        for width in (340, 390, 768, 1280, 1920):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
