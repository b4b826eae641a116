"""The sheet for a professional: what it holds, that it needs no network, and that it prints."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import ConfigError, Log
from service.records.notes import About
from service.records.rows import Note
from service.records.timestamps import iso
from service.review.report import report
from service.review.report.bout_groups import chosen
from service.review.report.sheet import sheet
from service.wording.guidance import DISCLAIMER, RED_FLAGS
from tests.conftest import PROJECT
from tests.service.web.pages.test_live_page import browser
from tests.walkers.sole_rows import DAY, FIRST, put_runs
from tests.walkers.web_rows import WEARER, a_log

__all__ = ["browser"]
LATER = FIRST + 40 * DAY


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def _sheet(log: Log, **options: Any) -> str:
    return sheet(log, WEARER, now=LATER, zone=UTC, **options)


def _row(text: str, name: str) -> list[str]:
    found = re.search(rf'<th scope="row">{re.escape(name)}</th>(.*?)</tr>', text)
    assert found is not None
    return re.findall(r"<td>(.*?)</td>", found[1])


def _plates(text: str) -> list[str]:
    return re.findall(r'id="plate-([\w-]+)"', text)


def test_one_run_has_its_sentence_its_figures_and_the_signs(log: Log) -> None:
    put_runs(log, medial=0.25)
    text = _sheet(log)
    assert _plates(text) == ["where", "inner", "force", "sole", "trend"]
    assert "Normal for you" in text
    assert "data quality A" in text
    assert DISCLAIMER in text
    assert all(flag.sign in text for flag in RED_FLAGS)
    assert len(text.encode()) < 6_000_000


def test_two_pairs_of_shoes_stand_side_by_side_with_intervals(log: Log) -> None:
    put_runs(log, 7, medial=0.25, shoes=("blue", "red"))
    text = _sheet(log, a="shoes=red", b="shoes=blue")
    ours, theirs, apart = _row(text, "Inner minus outer load, left foot")
    numbers = [float(number) for number in re.findall(r"[+-]\d+\.\d", apart)]
    value, low, high = numbers
    assert low < 25 < high
    assert low > 15
    assert value == pytest.approx(25, abs=2)
    assert ours.startswith("+2")
    assert theirs.startswith("-")
    assert _plates(text) == ["force-a", "force-b", "sole"]
    assert "A: 4 runs" in text
    assert "score" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)


def test_two_runs_on_a_side_cannot_tell(log: Log) -> None:
    put_runs(log, 4, medial=0.25, shoes=("blue", "red"))
    text = _sheet(log, a="shoes=red", b="shoes=blue")
    assert _row(text, "Cadence")[2] == "cannot tell: 3 bouts on each side are needed"
    assert "No difference foot: Cannot tell: 2 and 3 bouts" in text
    assert _plates(text) == ["force-a", "force-b"]


def test_the_period_bounds_what_counts(log: Log) -> None:
    bouts = put_runs(log)
    text = _sheet(log, since=iso(bouts[1]), until=iso(bouts[3]))
    assert text.count("<td>run</td>") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"a": "shoes=red", "b": "shoes=green"}, "no bout of ada has that noted"),
        ({"a": "shoes=", "b": "shoes="}, "fit the same bouts"),
        ({"a": "size=4", "b": "shoes=red"}, "there are: shoes"),
        ({"bout": "2001-01-01T00:00:00Z"}, "no bout then"),
        ({"bout": "noon"}, "--bout"),
        ({"since": "2100-01-01"}, "no bout in this time"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(log: Log, options: dict[str, str], words: str) -> None:
    bouts = put_runs(log, 3)
    log.put([Note(bouts[0], WEARER, "shoes", "red")])
    with pytest.raises(ConfigError, match=re.escape(words)):
        _sheet(log, **options)


def test_a_comparison_has_two_sides(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give both"):
        report("sqlite:///x", WEARER, tmp_path / "out.html", a="shoes=red")


def test_notes_fit_whole_and_remarks_in_part() -> None:
    assert chosen("--a", "shoes=Blue").fits(About(shoes="blue"))
    assert not chosen("--a", "shoes=blue").fits(About(shoes="blue ones"))
    assert chosen("--a", "shoes=").fits(About())
    assert chosen("--a", "remark=insert").fits(About(remark="with the new insert"))
    assert not chosen("--a", "remark=").fits(About(remark="with the new insert"))


def test_the_command_writes_a_file(log: Log, tmp_path: Path) -> None:
    put_runs(log, 3)
    out = tmp_path / "sheet.html"
    command = [sys.executable, "-m", "service.cli", "report", WEARER, "--out", str(out)]
    command += ["--store", f"sqlite:///{tmp_path}/insole.sqlite"]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


async def test_the_sheet_opens_without_a_network_and_prints_on_a4(browser: Any, log: Log, tmp_path: Path) -> None:
    file = tmp_path / "sheet.html"

    def write() -> None:
        put_runs(log, medial=0.25)
        file.write_text(_sheet(log), encoding="utf-8")

    await asyncio.to_thread(write)
    context = await browser.new_context(offline=True, viewport={"width": 794, "height": 1123})
    page = await context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(file.as_uri())
    await page.wait_for_function("() => document.documentElement.dataset.drawn")
    assert asked == [file.as_uri()]
    assert complaints == []
    assert await page.locator(".plate .main-svg").count() >= 5
    assert await page.evaluate("document.documentElement.scrollWidth") <= 794
    await page.emulate_media(media="print")
    printed = await page.pdf(format="A4", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert len(printed) < 600_000
    pages = len(re.findall(rb"/Type\s*/Page[^s]", printed))
    assert 1 <= pages <= 4
    await context.close()
