"""The files of one recording, in any order and grouping: the same rows as from one file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import Frames, Item, Link, Row, open_embedded_log
from firmware_bridge.stores.sqlite.log import SqliteLog
from service.cli.actions.recordings import check_replay
from service.pipeline.analysis import analyze_all
from service.pipeline.file_import import import_files
from service.records.rows import DERIVED, Step
from tests.service.pipeline.test_analysis import DAY, described, worn

RATE = 50


def load(foot: int, sample: int) -> float:
    """Return the force of a walk with strides of 1.2 s, no two of which are alike."""
    phase = (sample / RATE / 1.2 + 0.5 * foot) % 1
    stride = int(sample / RATE / 1.2 + 0.5 * foot)
    return max(math.sin(math.pi * phase / 0.62), 0) * (700 + 7 * (stride % 11)) if phase < 0.62 else 0.0


def part(folder: Path, name: str, start_s: int, stop_s: int) -> tuple[Path, str]:
    """Write what one foot did from a second to another; return the file, and when it began."""
    foot, side = ("L", "R").index(name[0]), {"L": "left", "R": "right"}[name[0]]
    path = folder / f"{name}.csv"
    rows = (f"{i / RATE:.2f},{load(foot, start_s * RATE + i):.1f}\n" for i in range((stop_s - start_s) * RATE))
    path.write_text("t,f_1\n" + "".join(rows))
    path.with_suffix(".columns.toml").write_text(f'time = "t"\n{side} = "f_{{n}}"\nunit = "N"\n')
    return path, f"2026-05-01T06:{30 + start_s // 60:02d}:{start_s % 60:02d}Z"


def imported(folder: Path, groups: Sequence[Sequence[tuple[Path, str]]], before: Sequence[Item] = ()) -> list[str]:
    """Import groups of files one after the other; return what was found, having tried that a replay finds the same."""
    store = f"sqlite:///{folder / 'log.sqlite'}"
    with closing(open_embedded_log(store)) as log:
        log.put(before)
        analyze_all(log)
    for group in groups:
        for began in sorted({began for _, began in group}):
            files = [path for path, own in group if own == began]
            assert import_files(files, store, wearer="ada", start=began, form=None) == 0
    assert check_replay(store, "ada")
    with closing(open_embedded_log(store)) as log:
        kinds: tuple[type[Row], ...] = (*DERIVED, Link)
        return [repr(row) for kind in kinds for row in log.read(kind, "ada")]


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    numbers = iter(range(99))

    def make() -> Path:
        (folder := tmp_path / str(next(numbers))).mkdir()
        return folder

    return make


SHORT = {"L": (0, 20), "R": (0, 20)}
LONG = {"L": (0, 190), "R": (0, 190)}
SHIFTED = {"L": (0, 60), "R": (40, 130)}
BETWEEN = {"L": (0, 60), "R1": (0, 20), "R2": (20, 40), "R3": (40, 60)}
APART = {"L1": (0, 30), "R1": (0, 30), "L2": (170, 200), "R2": (170, 200)}


@pytest.mark.parametrize(
    "parts", [SHORT, LONG, SHIFTED, BETWEEN, APART], ids=["short", "long", "shifted", "three", "apart"]
)
def test_any_order_and_grouping_gives_the_same_rows(
    parts: dict[str, tuple[int, int]], tmp_path: Path, fresh: Callable[[], Path]
) -> None:
    files = {name: part(tmp_path, name, *span) for name, span in parts.items()}
    whole = imported(fresh(), [list(files.values())])
    steps = [row for row in whole if row.startswith("Step(")]
    for side in ("LEFT", "RIGHT"):
        assert sum(f"Side.{side}" in row for row in steps) > 12
    orders = [*permutations(files)]
    for order in dict.fromkeys((orders[len(orders) // 2], orders[-1])):
        assert imported(fresh(), [[files[name]] for name in order]) == whole, order


def test_a_wearer_with_rows_of_today_keeps_them(tmp_path: Path, fresh: Callable[[], Path]) -> None:
    """A past that comes foot by foot is found beside what was found live, of which nothing changes."""
    left, right = part(tmp_path, "L", 0, 60), part(tmp_path, "R", 0, 60)
    live = [*described("ada"), *worn("ada", 3 * 365 * DAY)]
    alone = imported(fresh(), [], live)
    both = imported(fresh(), [[left, right]], live)
    assert imported(fresh(), [[right], [left]], live) == both
    assert set(alone) - {row for row in alone if "Verdict(" in row} <= set(both)
    assert sum("Step(" in row for row in both) > sum("Step(" in row for row in alone) + 60


def test_an_import_reads_what_it_touches_and_not_the_history(
    tmp_path: Path, fresh: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = part(tmp_path, "L", 0, 40), part(tmp_path, "R", 0, 40)
    counts: list[int] = []
    kind_read, kind_after = SqliteLog.read, SqliteLog.after

    def reading(self: SqliteLog, kind: type[Any], *args: Any, **more: Any) -> list[Any]:
        rows = kind_read(self, kind, *args, **more)
        counts[-1] += len(rows) if kind in (Frames, Link, Step) else 0
        return rows

    def arriving(self: SqliteLog, *args: Any, **more: Any) -> list[Any]:
        rows = kind_after(self, *args, **more)
        counts[-1] += len(rows)
        return rows

    for days in (1, 6):
        folder = fresh()
        before = [*described("ada"), *(item for day in range(-days, 0) for item in worn("ada", day * DAY))]
        imported(folder, [[left]], before)
        counts.append(0)
        with monkeypatch.context() as patch:
            patch.setattr(SqliteLog, "read", reading)
            patch.setattr(SqliteLog, "after", arriving)
            store = f"sqlite:///{folder / 'log.sqlite'}"
            assert import_files([right[0]], store, wearer="ada", start=right[1], form=None) == 0
    assert counts[1] <= 1.1 * counts[0]
