"""The diary in a real browser: on a phone, by keyboard alone, without scripts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import SECOND, Log
from service.records.notes import standing
from service.records.rows import Note
from service.web.pages.navigation import NAVIGATION
from tests.service.web.pages.test_live_page import _served, browser
from tests.walkers.sole_rows import put_bout
from tests.walkers.web_rows import WEARER, a_log

__all__ = ["browser"]
PHONE = {"width": 390, "height": 844}
SMALL = """[...document.querySelectorAll('main button:not(.hidden), main .places label, main .picks label')]
  .filter(e => e.getClientRects().length && Math.min(e.offsetHeight, e.offsetWidth) < 44)
  .map(e => e.textContent.trim())"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    put_bout(log, time.time_ns() - 3600 * SECOND, seed=1, frames=False)
    yield log
    log.close()


async def _said(log: Log, topic: str) -> list[str]:
    return [note.text for note in standing(await asyncio.to_thread(log.read, Note, WEARER)) if note.topic == topic]


async def test_pain_takes_two_taps_on_a_phone_without_scripts(browser: Any, log: Log) -> None:
    await asyncio.to_thread(log.put, [Note(1, WEARER, "signs", "none")])
    with _served(log) as url:
        context = await browser.new_context(
            java_script_enabled=False, color_scheme="dark", viewport=PHONE, has_touch=True
        )
        page = await context.new_page()
        await page.goto(f"{url}/diary")
        for name in ("Hip left", "10 of 10"):
            where = page.get_by_role("radio" if name == "Hip left" else "button", name=name, exact=True)
            box = await where.bounding_box()
            assert box["y"] + box["height"] <= PHONE["height"], "seen without scrolling"
            await where.tap()
        await page.get_by_text("Noted: pain hip left 10.").wait_for()
        assert await _said(log, "pain") == ["hip left 10"]
        await page.get_by_role("button", name="Take it back").tap()
        await page.get_by_text("Taken back.").wait_for()
        assert await _said(log, "pain") == []
        await context.close()


async def test_everything_is_large_enough_and_nothing_sticks_out(browser: Any, log: Log) -> None:
    await asyncio.to_thread(log.put, [Note(time.time_ns(), WEARER, "shoes", "a long name of shoes " * 5)])
    with _served(log) as url:
        page = await browser.new_page(viewport=PHONE)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        for path in [page.path for page in NAVIGATION if not page.figures]:
            await page.goto(url + path)
            assert await page.evaluate(SMALL) == []
            for width in (340, 390, 768, 1280):
                await page.set_viewport_size({"width": width, "height": 844})
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.close()
    assert complaints == []


async def test_the_keyboard_alone_answers_the_signs_and_notes_pain(browser: Any, log: Log) -> None:
    with _served(log) as url:
        page = await browser.new_page(viewport=PHONE)
        await page.goto(f"{url}/diary")
        await _tab_to(page, "e => e.value === 'none' && e.name === 'signs'")
        await page.keyboard.press("Enter")
        await page.get_by_text("signs that need a doctor: none").first.wait_for()
        await _tab_to(page, "e => e.name === 'place'")
        await page.keyboard.press("ArrowRight")
        await _tab_to(page, "e => e.name === 'level' && e.value === '6'")
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await page.keyboard.press("Enter")
        await page.get_by_text("Noted: pain hip left 6.").wait_for()
        await page.get_by_role("radio", name="Other").focus()
        await page.keyboard.press("Space")
        await page.get_by_label("Other place").fill("knee")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").filter(has_text="Choose a number").wait_for()
        assert await page.get_by_label("Other place").input_value() == "knee"
        await page.close()
    assert await _said(log, "pain") == ["hip left 6"]
    assert await _said(log, "signs") == ["none"]


async def _tab_to(page: Any, is_it: str) -> None:
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate(f"({is_it})(document.activeElement)"):
            return
    pytest.fail(f"the keyboard never gets to {is_it}")


async def test_the_live_page_asks_first_and_its_form_is_taken(browser: Any, log: Log) -> None:
    with _served(log) as url:
        page = await browser.new_page(viewport=PHONE)
        await page.goto(url)
        signs, value = await page.locator(".asks").bounding_box(), await page.locator("#verdict").bounding_box()
        assert signs["y"] + signs["height"] <= value["y"]
        await page.get_by_role("button", name="One of these applies", exact=True).click()
        await page.get_by_text("You said that one of these applies to you.").wait_for()
        await page.close()
    assert await _said(log, "signs") == ["some"]
