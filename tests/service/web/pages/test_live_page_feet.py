"""How the feet are drawn: the map between many cells, the two scales, the center of pressure, one foot, raw counts."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from firmware_bridge import ClockState, Insole, Log, Side, load_profile, parse_profile
from tests.service.web.pages.test_live_page import DEAD, Feed, _devices, _page, _put, browser, log, url
from tests.walkers.web_rows import WEARER, a_device, a_link, an_insole

RAW = an_insole().profile.text.replace('unit = "kPa"', 'unit = "raw"').replace('id = "demo-16"', 'id = "raw-16"')
SIX = load_profile("orphe-6")
MAP = """async ([values, inSteps]) => {
  const [{ Foot }, { even, stepped }] = await Promise.all([import('/static/feet.js'), import('/static/palette.js')]);
  const svg = document.querySelector('.foot[data-side=left] .plate svg');
  const canvas = document.querySelector('.foot[data-side=left] .map');
  const device = (await (await fetch('/api/devices?wearer=ada')).json()).find(d => d.side === 'left');
  const foot = new Foot(svg, 'left', canvas);
  foot.setDevice({ ...device, scale: { unit: 'kPa', max: 400, label: 'pressure' } });
  foot.setLook({ map: true, stepped: inSteps });
  const scale = inSteps ? stepped : even(400);
  foot.map.paint(values, scale.rgb, 'rgb(1, 2, 3)');
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const at = (x, y) => {
    const from = 4 * (Math.round((y + 6) * 3) * width + Math.round((x + 6) * 3));
    return [...data.slice(from, from + 4)];
  };
  const { ml, ap } = device.sensors;
  return {
    cells: ml.map((_, i) => at(...foot.place(ml[i], ap[i]))),
    wanted: values.map(value => value === null ? null : scale.rgb(value)),
    arch: at(...foot.place(0.72, 0.53)), outside: at(...foot.place(1.04, 0.1)),
  };
}"""
GLOW = """async () => {
  const { Foot } = await import('/static/feet.js');
  const svg = document.querySelector('.foot[data-side=left] .plate svg');
  const device = (await (await fetch('/api/devices?wearer=ada')).json()).find(d => d.side === 'left');
  const foot = new Foot(svg, 'left', null);
  foot.setDevice({ ...device, scale: { unit: 'kPa', max: 400, label: 'pressure' } });
  const pictures = [];
  for (let at = 0; at < 8000; at += 50) pictures.push({ at, cells: Array(16).fill(at >= 5000 ? 300 : 0) });
  const iso = at => new Date(at).toISOString().replace('Z', '000000Z');
  const color = () => svg.querySelector('.cell').getAttribute('fill');
  const bare = color();
  for (let now = 0; now < 8000; now += 1000 / 60) {
    // a put holds 100 ms of samples; it is seen by the next look at the log, up to 30 ms later
    while (pictures.length && now >= (Math.floor(pictures[0].at / 100) + 1) * 100 + (pictures[0].at * 7) % 30) {
      const { at, cells } = pictures.shift();
      foot.hear({ side: 'left', time: iso(at), cells, saturated: [], cop: null }, now);
    }
    foot.draw(now, true);
    if (color() !== bare) return now - 5000;
  }
  return Infinity;
}"""
__all__ = ["browser", "log", "url"]


def _near(one: list[int], other: list[int]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=False)) <= 12


@pytest.mark.parametrize("steps", [False, True], ids=["even", "stepped"])
async def test_the_map_has_each_cell_s_own_color_there_and_none_where_there_is_no_cell(
    browser: Any, log: Log, url: str, steps: bool
) -> None:
    values = [float(20 + 25 * i) for i in range(16)]
    await _put(log, *_devices())
    async with _page(browser, url) as page:
        await page.locator(".cell").nth(31).wait_for(state="attached")
        drawn = await page.evaluate(MAP, [values, steps])
    for got, wanted in zip(drawn["cells"], drawn["wanted"], strict=True):
        assert _near(got[:3], wanted), (got, wanted)
    assert drawn["arch"] == [1, 2, 3, 255], "the sole's own color, where no cell lies near"
    assert drawn["outside"][3] == 0


async def test_around_a_cell_without_a_reading_the_map_is_bare(browser: Any, log: Log, url: str) -> None:
    values: list[float | None] = [200.0] * 16
    values[DEAD] = None
    await _put(log, *_devices())
    async with _page(browser, url) as page:
        await page.locator(".cell").nth(31).wait_for(state="attached")
        drawn = await page.evaluate(MAP, [values, False])
    assert drawn["cells"][DEAD] == [1, 2, 3, 255]
    assert _near(drawn["cells"][0][:3], drawn["wanted"][0])


async def test_the_map_is_chosen_said_to_be_one_and_remembered(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_devices())
    async with _page(browser, url) as page:
        await page.locator(".cell").nth(31).wait_for(state="attached")
        assert not await page.locator(".map").first.is_visible(), "cells, until somebody chooses"
        await page.get_by_label("Map between cells").check()
        await page.get_by_label("Stepped scale").check()
        for _ in range(2):
            await page.locator(".map").nth(1).wait_for()
            await page.get_by_text("pressure, kPa, interpolated between 16 cells").wait_for()
            ticks = await page.locator("#legend-ticks span").all_inner_texts()
            assert ticks == ["0", "40", "60", "100", "150", "220", "300+"]
            await page.reload()


async def test_the_steps_are_those_of_clinics(browser: Any, url: str) -> None:
    async with _page(browser, url) as page:
        found = await page.evaluate(
            "import('/static/palette.js').then(({stepped: c}) =>"
            " [0, 39, 40, 59, 60, 99, 100, 149, 150, 219, 220, 299, 300, 1200].map(c.css))"
        )
    assert [found[k] == found[k + 1] for k in range(0, 14, 2)] == [True] * 7
    assert len(set(found)) == 7


async def test_few_cells_are_no_map(browser: Any, log: Log, url: str) -> None:
    worn = Insole(WEARER, Side.LEFT, SIX, "unused:")
    await _put(log, worn.device_row(time.time_ns()))
    async with _page(browser, url) as page:
        await page.locator(".foot[data-side=left] .cell").nth(5).wait_for(state="attached")
        await page.get_by_text("(from 12 cells on)").wait_for()
        assert await page.locator("#look-map").is_disabled()


async def test_raw_counts_are_shares_and_have_no_stepped_scale(browser: Any, log: Log, url: str) -> None:
    worn = [Insole(WEARER, side, parse_profile(RAW, "test"), "unused:") for side in Side]
    await _put(log, *(one.device_row(time.time_ns()) for one in worn))
    async with _page(browser, url) as page:
        await page.get_by_text("share of this foot's load, %").wait_for()
        await page.get_by_text("Not calibrated").wait_for()
        assert await page.locator("#look-stepped").is_disabled()
        assert "kPa" not in await page.locator(".legend").inner_text()


async def test_one_foot_alone_is_said(browser: Any, log: Log, url: str) -> None:
    await _put(log, a_device(Side.RIGHT), a_link(time.time_ns(), Side.RIGHT))
    async with _page(browser, url) as page:
        await page.get_by_text("No left insole yet").wait_for()
        assert await page.locator(".alone:visible").count() == 1
        await page.locator("#balance-contact .value", has_text="needs both feet").wait_for()
        await _put(log, a_device(Side.LEFT))
        await page.get_by_text("No left insole yet").wait_for(state="hidden")


async def test_no_center_is_shown_before_there_is_one(browser: Any, log: Log, url: str) -> None:
    await _put(log, *_devices())
    async with _page(browser, url, viewport={"width": 390, "height": 844}) as page:
        await page.locator(".cell").nth(31).wait_for(state="attached")
        assert await page.locator(".plate .cop:visible").count() == 0
        with Feed(log):
            await page.locator(".foot[data-side=left] .plate .cop:visible").wait_for()
            await page.wait_for_function("() => document.querySelector('.trail').getAttribute('d').length > 20")


async def test_connection_loss_and_battery_have_a_sign_and_a_word(browser: Any, log: Log, url: str) -> None:
    now = time.time_ns()
    good = a_link(now, Side.LEFT, received=100, lost=0, battery_pct=80.0)
    bad = a_link(now, Side.RIGHT, received=80, lost=20, battery_pct=9.0, connected=False)
    await _put(log, *_devices(), good, bad)
    async with _page(browser, url) as page:
        for side, name, state, word in (
            ("left", "heard", "well", "^connected$"),
            ("left", "loss", "well", "^nothing lost$"),
            ("left", "battery", "well", "^battery 80.%$"),
            ("right", "heard", "failing", "^not heard$"),
            ("right", "loss", "failing", "^20.% lost$"),
            ("right", "battery", "failing", "^battery 9.%, low$"),
        ):
            light = page.locator(f".foot[data-side={side}] .{name}[data-state={state}]")
            await light.filter(has_text=re.compile(word.replace("^", r"^\s*").replace("$", r"\s*$"))).wait_for()
            assert await light.locator("svg").is_visible()


async def test_a_clock_that_is_wrong_is_said_under_its_foot(browser: Any, log: Log, url: str) -> None:
    now = time.time_ns()
    fast = a_link(now, Side.RIGHT, clock=ClockState.RESCALED, clock_rate=1.1)
    await _put(log, *_devices(), a_link(now, Side.LEFT), fast)
    async with _page(browser, url) as page:
        said = page.locator(".foot[data-side=right] .clock:visible")
        await said.filter(has_text="The device's time runs 1.10 times too fast; it is divided by 1.10.").wait_for()
        assert await page.locator(".clock:visible").count() == 1


async def test_a_press_glows_within_a_quarter_of_a_second(browser: Any, log: Log, url: str) -> None:
    """On a clock of its own, where samples are put every 100 ms and looked for every 30 ms."""
    await _put(log, *_devices())
    async with _page(browser, url) as page:
        await page.locator(".cell").nth(31).wait_for(state="attached")
        assert 0 < await page.evaluate(GLOW) <= 250
