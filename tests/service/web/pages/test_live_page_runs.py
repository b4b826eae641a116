"""A run is begun, ended and named on a phone, and the page comes back after a drop and after sleep."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from typing import Any

import pytest

from firmware_bridge import SECOND, ConfigError, Log
from service.records.notes import standing
from service.records.rows import Note
from tests.service.web.pages.test_live_page import _bout, _devices, _page, _put, _served, browser, log, url
from tests.walkers.web_rows import WEARER, a_flag

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
__all__ = ["browser", "log", "url"]


def _notes(log: Log) -> list[tuple[str, str]]:
    return [(note.topic, note.text) for note in standing(log.read(Note, WEARER))]


async def _noted(log: Log) -> list[tuple[str, str]]:
    return await asyncio.to_thread(_notes, log)


async def test_a_run_is_begun_named_ended_and_taken_back_on_a_phone(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_devices())
    async with _page(browser, url, **PHONE) as page, _page(browser, url) as laptop:
        start = page.get_by_role("button", name="Start", exact=True)
        box = await start.bounding_box()
        assert box["height"] >= 44, "a finger has to hit it"
        await start.tap()
        await page.get_by_role("status").filter(has_text="Start noted").wait_for()
        await page.get_by_role("button", name="Take back start").wait_for()
        await laptop.get_by_role("button", name="Take back start").wait_for()
        await page.get_by_role("button", name="Name").tap()
        await page.get_by_role("textbox").fill("to the <b>lake</b>")
        await page.get_by_role("button", name="Save").tap()
        await page.locator("#activity", has_text="to the <b>lake</b>").wait_for()
        await laptop.locator("#activity", has_text="to the <b>lake</b>").wait_for()
        assert await _noted(log) == [("remark", "to the <b>lake</b>"), ("start", "yes")]
        await page.get_by_role("button", name="Undo").tap()
        await page.get_by_text("Taken back").wait_for()
        await page.get_by_role("button", name="Take back start").tap()
        await start.wait_for()
        assert await _noted(log) == []


async def test_a_run_that_goes_on_is_ended(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url, **PHONE) as page:
        await page.get_by_role("button", name="Stop", exact=True).tap()
        await page.get_by_text("Stop noted").wait_for()
        await page.get_by_role("button", name="Start", exact=True).wait_for()
        assert await _noted(log) == [("stop", "yes")]
        await page.get_by_role("button", name="Undo").tap()
        await page.get_by_role("button", name="Stop", exact=True).wait_for()
        assert await _noted(log) == []


async def test_what_is_refused_is_said_and_a_store_that_may_not_be_written_is_not_asked_again(
    browser: Any, log: Log, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _put(log, *_devices())

    def refused(_: Any) -> None:
        raise ConfigError("store x may not be written; change the permissions")

    monkeypatch.setattr(log, "put", refused)
    page = await browser.new_page()
    await page.goto(url)
    await page.get_by_role("button", name="Start", exact=True).click()
    await page.get_by_text("Not noted: store x may not be written").wait_for()
    await page.wait_for_function("() => document.querySelector('#run-button').disabled")
    await page.close()


async def test_nobody_can_begin_a_run_before_there_is_somebody(browser: Any, url: str) -> None:
    async with _page(browser, url) as page:
        await page.get_by_text("Waiting for the first insole").wait_for()
        assert await page.locator("#run-button").is_disabled()
        assert await page.locator("#name-button").is_disabled()


async def test_after_a_drop_it_goes_on_with_what_was_missed(browser: Any, log: Log) -> None:
    now = time.time_ns()
    await _put(log, *_bout(now))
    page = await browser.new_page()
    with _served(log) as url:
        await page.goto(url)
        await page.locator("#flags li").first.wait_for()
    await page.get_by_text("Reconnecting").wait_for()
    missed = replace(a_flag(now, bout=now - 300 * SECOND), measure="impulse_si_pct")
    await _put(log, missed)
    with _served(log, int(url.rsplit(":", 1)[1])):
        await page.locator("#flags li").nth(1).wait_for(timeout=20_000)
        await page.get_by_text("Reconnecting").wait_for(state="hidden")
        await page.close()


async def test_a_page_that_nobody_sees_lets_go_and_catches_up_when_seen(browser: Any, log: Log, url: str) -> None:
    now = time.time_ns()
    await _put(log, *_bout(now))
    page = await browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.clock.install()
    await page.goto(url)
    await page.locator("#flags li").first.wait_for()

    def streams() -> int:
        return sum("/api/events" in one for one in asked)

    await page.evaluate(HIDE, True)
    await page.clock.fast_forward(3_600_000)
    await _put(log, replace(a_flag(now, bout=now - 300 * SECOND), measure="impulse_si_pct"))
    assert streams() == 1
    assert await page.locator("#flags li").count() == 1, "it listens no more"
    await page.evaluate(HIDE, False)
    await page.locator("#flags li").nth(1).wait_for()
    assert streams() == 2
    await page.close()


async def test_a_connection_that_died_without_a_word_is_made_anew(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    page = await browser.new_page()
    await page.clock.install()
    await page.goto(url)
    await page.locator("#flags li").first.wait_for()
    async with page.expect_request(re.compile("/api/events")):
        await page.clock.run_for(20_000)  # of which no beat is heard
    await page.close()
