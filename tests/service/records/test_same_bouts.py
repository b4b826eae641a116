"""Command line, API, page and report say the same of a bout: one reader finds it for all of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from firmware_bridge import SECOND, Log, open_log
from service.cli import app
from service.pipeline.analysis import analyze_all
from service.records.bouts import read_bouts
from service.records.rows import Block, Note, Step
from service.records.timestamps import iso, parse_iso
from service.review.report.sheet import sheet
from service.web import create_app
from tests.service.pipeline.test_analysis import described, worn
from tests.walkers.sole_rows import DAY, FIRST, put_bout, steps_of
from tests.walkers.web_rows import WEARER, a_pace

STORE = "sqlite:///insole.sqlite"
MINUTE = 60 * SECOND


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    monkeypatch.chdir(tmp_path)
    with closing(open_log(STORE)) as log:
        yield log


def _by_command(*more: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["bouts", WEARER, "--json", "--store", STORE, *more])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.output.splitlines()]


def _get(log: Log, path: str, **query: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(log, now=lambda: FIRST + 40 * DAY))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, params={"wearer": WEARER, **query})

    return asyncio.run(asked())


def _by_api(log: Log, **query: str) -> list[dict[str, Any]]:
    """The bouts without the sentences of their verdicts, which the command line leaves out."""
    items: list[dict[str, Any]] = _get(log, "/api/bouts", **query).json()["items"]
    for verdict in (verdict for item in items for verdict in item["verdicts"]):
        del verdict["message"]
    return items


def _bare(bouts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the command line prints, without what it adds: whose bout, and what is noted."""
    return [{key: value for key, value in bout.items() if key not in {"wearer", "notes"}} for bout in bouts]


def _one_bout(log: Log) -> None:
    put_bout(log, FIRST, seed=1, frames=False)


def _with_a_pod(log: Log) -> None:
    _one_bout(log)
    log.put(a_pace(FIRST + k * SECOND, speed_mps=2.5 + k % 3 / 2) for k in range(-30, 900))


def _without_blocks(log: Log) -> None:
    log.put([*steps_of(FIRST, 5), a_pace(FIRST + SECOND, speed_mps=1.5)])


def _two(log: Log) -> None:
    _with_a_pod(log)
    put_bout(log, FIRST + DAY, seed=2, frames=False)
    log.put(steps_of(FIRST + 2 * DAY, 7))


def _one_deleted(log: Log) -> None:
    _two(log)
    log.put([Note(FIRST + DAY, WEARER, "delete", "yes")])


@pytest.mark.parametrize("fill", [_one_bout, _with_a_pod, _without_blocks, _two, _one_deleted])
def test_all_say_the_same_stop_speed_and_steps(log: Log, fill: Callable[[Log], None]) -> None:
    fill(log)
    shown, every = _by_command(), _by_command("--all")
    assert _by_api(log) == _bare(every)
    assert all(bout in every for bout in shown)
    for bout in every:
        page, there = _get(log, "/run", bout=bout["time"]), bout in shown
        assert (page.status_code == 200) is there
        if there:
            _agree(bout, page.text, sheet(log, WEARER, bout=bout["time"], now=FIRST + 40 * DAY))


def _agree(bout: dict[str, Any], page: str, report: str) -> None:
    speed = "" if bout["speed_mps"] is None else f" · {bout['speed_mps']:.2f} m/s"
    minutes = (parse_iso(bout["stop"]) - parse_iso(bout["time"])) / MINUTE
    assert f"run · {minutes:.0f} min · {bout['steps']} steps{speed}</p>" in page
    assert f"{bout['steps']} steps, {bout['valid_steps']} used{speed} · data quality" in report
    assert f"<td>{minutes:.0f}</td><td>{bout['valid_steps']} of {bout['steps']}</td>" in report


def test_a_part_of_the_time_shows_whole_bouts(log: Log) -> None:
    _two(log)
    whole = _by_command()
    begun = _by_api(log, start=iso(FIRST + 5 * MINUTE), stop=iso(FIRST + DAY + MINUTE))
    assert begun == _bare(whole[:2])
    assert _by_api(log, start=iso(FIRST + 60 * MINUTE), stop=iso(FIRST + DAY)) == []


def test_what_an_analysis_finds_is_counted_whole(log: Log) -> None:
    """The blocks hold every step that an analysis found, and the last foot-off is that of its steps."""
    log.put([*described(WEARER), *worn()])
    analyze_all(log)
    found, steps, blocks = read_bouts(log, WEARER), log.read(Step, WEARER), log.read(Block, WEARER)
    assert found
    assert {bout.time for bout in found} == {step.bout for step in steps}
    for bout in found:
        own = [step for step in steps if step.bout == bout.time]
        assert bout.stop == max(step.foot_off for step in own)
        assert bout.valid_steps == sum(step.valid for step in own)
        assert bout.steps >= len(own)
        assert bout.blocks == sum(block.bout == bout.time for block in blocks)
