"""The live page for those who hear it, use keys, see little contrast or cannot bear motion.

The rules come from npm, at a version that is locked: `npm ci --prefix tests/service/web/pages/accessibility_rules`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import Log
from tests.service.web.pages.test_live_page import _bout, _page, _put, browser, log, url

RULES = Path(__file__).parent / "accessibility_rules" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
CONTRAST = """([name, ground]) => {
  const probe = document.body.appendChild(document.createElement('i'));
  const light = (variable) => {
    probe.style.color = `var(--${variable})`;
    const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map(Number)
      .map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(name), light(ground)].sort((x, y) => y - x);
  probe.remove();
  return (a + 0.05) / (b + 0.05);
}"""
TEXTS = {"text": 7, "soft": 4.5, "failing": 4.5, "differs": 4.5, "left": 4.5, "right": 4.5}
__all__ = ["browser", "log", "url"]


async def _complaints(page: Any) -> list[str]:
    if not RULES.exists():
        pytest.skip("the rules are absent: npm ci --prefix tests/service/web/pages/accessibility_rules")
    await page.evaluate(RULES.read_text())
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
async def test_no_rule_of_accessibility_is_broken(
    browser: Any, log: Log, url: str, scheme: str, size: dict[str, Any]
) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url, color_scheme=scheme, reduced_motion="reduce", **size) as page:
        await page.locator("#flags li").first.wait_for()
        assert await _complaints(page) == []
        await page.locator("#name-button").click()
        await page.locator("#name-input").wait_for()
        assert await _complaints(page) == []


async def test_a_broken_rule_would_be_found(browser: Any, url: str) -> None:
    async with _page(browser, url) as page:
        await page.evaluate(
            "document.querySelector('#look-map').closest('label').before(document.querySelector('#look-map'))"
        )
        assert any(said.startswith("label: ") for said in await _complaints(page))


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_text_stands_out_from_its_ground(browser: Any, url: str, scheme: str) -> None:
    """4.5 to 1 for text, 3 to 1 for what is no text (WCAG 2.2, 1.4.3 and 1.4.11)."""
    async with _page(browser, url, color_scheme=scheme) as page:
        for ground in ("card", "ground"):
            for name, least in (
                ("text", 7),
                ("soft", 4.5),
                ("failing", 4.5),
                ("differs", 4.5),
                ("left", 3),
                ("right", 3),
            ):
                assert await page.evaluate(CONTRAST, [name, ground]) >= least, f"{name} on {ground}"
        assert await page.evaluate(CONTRAST, ["faint", "card"]) >= 3, "lines and marks"


async def test_keys_reach_everything_and_it_shows_where_one_is(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url) as page:
        await page.locator("#flags li").first.wait_for()
        await page.wait_for_function("() => !document.querySelector('#run-button').disabled")
        wanted = await page.evaluate(
            "[...document.querySelectorAll('a, button, input, select, summary')]"
            ".filter(e => !e.disabled && e.checkVisibility({visibilityProperty: true})).length"
        )
        seen = set()
        for _ in range(wanted):
            await page.keyboard.press("Tab")
            place, outline = await page.evaluate(
                "[[...document.querySelectorAll('*')].indexOf(document.activeElement),"
                " getComputedStyle(document.activeElement).outlineStyle]"
            )
            seen.add(place)
            assert outline != "none", "one has to see where one is"
        assert len(seen) == wanted


async def test_a_name_is_given_and_left_by_keys_alone(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url) as page:
        await page.wait_for_function("() => !document.querySelector('#name-button').disabled")
        await page.locator("#name-button").focus()
        await page.keyboard.press("Enter")
        await page.locator("#name-input").wait_for()
        await page.keyboard.press("Escape")
        await page.locator("#name-input").wait_for(state="hidden")
        assert await page.evaluate("document.activeElement.id") == "name-button"


async def test_nothing_moves_for_who_does_not_want_it(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url, reduced_motion="reduce") as page:
        await page.locator("#flags li").first.wait_for()
        assert await page.evaluate("document.getAnimations().length") == 0


async def test_what_is_read_from_afar_is_large(browser: Any, log: Log, url: str) -> None:
    """At one meter letters of 5 mm (19 px at 96 dpi) can be read: 0.3 degrees for a capital's height of 0.7 em."""
    await _put(log, *_bout(time.time_ns()))
    async with _page(browser, url) as page:
        for name in ("#cadence", "#elapsed", "#verdict-imbalance .headline", "#balance-contact .value b", ".letter"):
            size = await page.locator(name).first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
            assert size >= 19, name
