"""The laws of the whole way through a log, on two walkers; their table is in `tests/laws/test_analysis.py`."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import EmbeddedLog, Frames, Item, Log, open_embedded_log, open_recorder, salvage_log
from firmware_bridge.model import partition_of
from service.cli.checks.settings_check import _KINDS
from service.pipeline.analysis import INPUTS, Analysis, analyze_all
from service.pipeline.replay import derive_rows
from service.records.rows import Block, Flag, Progress, Second, Step, Verdict
from tests.walkers.gait_walks import evenly, merged, sets, silence
from tests.walkers.two_walkers import WALKERS, days, few, plain, session, story_rows
from tests.walkers.walks import devices

FOUND: list[type[Any]] = [Step, Second, Block, Flag, Verdict]
walkers = pytest.mark.parametrize("walker", WALKERS)


def told(walker: str, wearer: str = "ada") -> list[Item]:
    """Return what a bridge puts: devices, frames of both feet, and then the link's account of silence."""
    frames = merged(*(evenly(foot, 50) for foot in session(walker)))
    quiet = silence(int(frames[-1].time[-1]), 130)
    return [
        *devices(wearer=wearer),
        *(replace(piece, wearer=wearer) for piece in frames),
        *(replace(link, wearer=wearer) for link in quiet),
    ]


def live(log: Log, items: Sequence[Item], ends: Sequence[int], dies: Callable[[int], bool] = lambda _: False) -> None:
    """Put items in batches, and analyze each as the stage does; where it dies, what it just found is lost."""
    analysis = Analysis(log)
    cursor = analysis.resume()
    edges = sorted({0, len(items), *(e for e in ends if e < len(items))})
    for number, (a, b) in enumerate(pairwise(edges)):
        log.put(items[a:b])
        if dies(number):
            analysis.feed(log.after(INPUTS, cursor))
            analysis = Analysis(log)
            cursor = analysis.resume()
        while batch := log.after(INPUTS, cursor):
            cursor = batch[-1][0]
            log.put(analysis.feed(batch))


def stored(log: Log, wearer: str = "ada") -> list[str]:
    return sets([row for kind in FOUND for row in log.read(kind, wearer)])


def fresh(folder: str) -> EmbeddedLog:
    return open_embedded_log(f"sqlite:///{Path(folder)}/log.db")


ENDS = st.lists(st.integers(1, 600), max_size=25)


@walkers
@few(4)
@given(ends=ENDS)
def test_replay_gives_what_was_stored_live(walker: str, ends: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(fresh(folder)) as log:
        live(log, told(walker), ends)
        again = [row for row in derive_rows(log, "ada") if isinstance(row, Step | Second | Block | Flag | Verdict)]
        assert stored(log) == sets(again) == plain(walker)


@walkers
@few(4)
@given(ends=ENDS, dies=st.sets(st.integers(0, 25)))
def test_restart_goes_on_as_if_never_stopped(walker: str, ends: list[int], dies: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(fresh(folder)) as log:
        live(log, told(walker), ends, dies.__contains__)
        assert stored(log) == plain(walker)


@walkers
def test_compacting_and_salvage_in_the_midst_change_nothing(walker: str, tmp_path: Path) -> None:
    """What comes while the store is damaged is brought in when that is mended."""
    items, path = told(walker), tmp_path / "log.db"
    last = max(number for number, item in enumerate(items) if isinstance(item, Frames))
    cut, hurt = last // 3, last * 2 // 3
    with closing(fresh(str(tmp_path))) as log:
        live(log, items[:cut], range(7, cut, 31))
        log.compact()
        live(log, items[cut:hurt], range(7, hurt, 31))
    with closing(sqlite3.connect(path)) as look:
        (root,) = look.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'frames_key'").fetchone()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 8192 : (root - 1) * 8192 + 100] = bytes(100)
    path.write_bytes(content)
    with closing(open_recorder(f"sqlite:///{path}")) as recorder:
        recorder.put(items[hurt:])
    found = salvage_log(f"sqlite:///{path}", _KINDS)
    assert found.lost == {}
    assert found.spare == len(items) - hurt
    with closing(fresh(str(tmp_path))) as log:
        analyze_all(log)
        assert stored(log) == plain(walker)


def test_restart_in_the_midst_of_days_keeps_flags_and_verdicts(tmp_path: Path) -> None:
    walker = "second running"
    items: list[Item] = [*devices()]
    for both in days(walker):
        frames = merged(*(evenly(foot, 1000) for foot in both))
        items += [*frames, *silence(int(frames[-1].time[-1]), 130)]
    with closing(fresh(str(tmp_path))) as log:
        live(log, items, range(23, len(items), 41), lambda number: number % 5 == 4)
        assert stored(log) == sets([*story_rows(walker)])


@walkers
@few(3)
@given(ends=ENDS)
def test_analyzing_and_putting_again_changes_nothing(walker: str, ends: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(fresh(folder)) as log:
        live(log, told(walker), ends)
        found, inputs = stored(log), [item for _, item in log.after(INPUTS, 0, limit=10**6)]
        analyze_all(log)
        log.put(inputs)
        head = log.head()
        log.put([row for kind in FOUND for row in log.read(kind, "ada")])
        log.put(list(replay_last(log)))
        assert log.head() == head
        assert stored(log) == found


def replay_last(log: Log) -> list[Item]:
    """Return what replay gives, a verdict by its last version."""
    rows = {(type(r), r.time, getattr(r, "side", ""), getattr(r, "topic", "")): r for r in derive_rows(log, "ada")}
    return [*rows.values()]


@few(3)
@given(names=st.lists(st.text("abcXYZé _", min_size=1, max_size=5), min_size=2, max_size=4, unique=True), ends=ENDS,
       owners=st.lists(st.integers(0, 2), min_size=64, max_size=64), seed=st.integers(0, 99))  # fmt: skip
def test_partitions_are_disjoint_and_complete_and_wearers_alone(
    names: list[str], ends: list[int], owners: list[int], seed: int
) -> None:
    worn = dict(zip(names, WALKERS, strict=False))
    queues = [told(walker, name) for name, walker in worn.items()]
    turns = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(queues)), [len(q) for q in queues]))
    items = [queues[k].pop(0) for k in turns]
    with tempfile.TemporaryDirectory() as folder, closing(fresh(folder)) as log:
        live(log, items, ends)
        for name, walker in worn.items():
            assert [row.replace(f"wearer={name!r}", "wearer='ada'") for row in stored(log, name)] == plain(walker)
        kinds = [*INPUTS, *FOUND, Progress]
        parts = [log.after(kinds, 0, {p for p in range(64) if owners[p] == o}, 10**6) for o in range(3)]
        for owner, part in enumerate(parts):
            assert {owners[partition_of(item.wearer)] for _, item in part if item.wearer} <= {owner}
        assert sorted(n for part in parts for n, _ in part) == [n for n, _ in log.after(kinds, 0, limit=10**6)]
