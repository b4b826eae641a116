"""The README of the dashboards: its table is the dashboards', and its example is one that shows what is stored."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards import build
from firmware_bridge import SECOND, Link, Row, Side
from tests.conftest import PROJECT
from tests.dashboards.test_dashboards import check_names, not_understood
from tests.stand_ins.servers.grafana import Reader, boards, put
from tests.stand_ins.servers.influx_front import running_influx
from tests.walkers.stories import NOW

README = PROJECT.joinpath("dashboards/README.md").read_text(encoding="utf-8")
MINUTE = 60 * SECOND


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Do with the example what the README says, and return the file that was made."""
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```$", README)
    entry, function = re.findall(r'`"([\w.-]+)": (\w+)` in `DASHBOARDS`', README)[0]
    made: dict[str, Any] = {"__name__": "dashboards.definitions.battery"}
    exec(compile(code, "README.md", "exec"), made)
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setattr(build, "DASHBOARDS", {entry: made[function]})
    monkeypatch.setattr(build, "FILES", (entry, build.ALERTING))
    build.main()
    assert build.differing() == []
    found: dict[str, Any] = json.loads((tmp_path / "generated" / entry).read_text(encoding="utf-8"))
    return found


def _battery(time: int, wearer: str, side: Side, percent: float) -> Row:
    return Link(time, wearer, side, "d", True, 100, 0, 0, 0, 0, 1, percent)


def test_its_table_has_the_dashboards_by_their_questions() -> None:
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+\?) \|$", README)
    assert rows == [(board["title"], board["description"]) for board in boards().values()]


def test_the_example_is_a_sound_dashboard(board: dict[str, Any]) -> None:
    assert not_understood(board) == []
    assert board["title"] not in {other["title"] for other in boards().values()}
    for panel in board["panels"]:
        for target in panel["targets"]:
            check_names(target["query"])


def test_the_example_shows_what_is_stored(board: dict[str, Any], tmp_path: Path) -> None:
    told = [("ann", Side.LEFT, 50.0), ("ann", Side.RIGHT, 60.0), ("bob", Side.LEFT, 5.0)]
    rows = [_battery(NOW - age * MINUTE, who, side, now + age) for age in range(3) for who, side, now in told]
    with running_influx(tmp_path) as front:
        put(front, rows)
        reader = Reader(front, "ann", NOW // 1_000_000)
        now, so_far = (reader.panel(board, panel) for panel in board["panels"])
    assert now == {"left": [50.0], "right": [60.0]}
    assert [x for x in so_far["left"] if x is not None] == [52.0, 51.0, 50.0]
