"""The analysis of a whole log: it may die at any moment, and nobody's trouble is anybody else's."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import PARTITIONS, SECOND, Device, Frames, Item, Link, Log, Row, Side, open_log, partition_of
from service.contracts.ordinary_blocks import earlier
from service.pipeline.analysis import INPUTS, PROGRESS_EVERY, Analysis, analyze_all
from service.pipeline.replay import derive_rows
from service.records.rows import Block, Flag, Progress, Second, Step, Verdict
from tests.walkers.gait_walks import evenly, session
from tests.walkers.walks import START, devices

FOUND: tuple[type[Row], ...] = (Step, Second, Block, Flag, Verdict)
NEIGHBOR = next(name for k in range(10**6) if partition_of(name := f"bea{k}") == partition_of("ada"))
STRANGER = "cy"
DAY = 86_400 * SECOND


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


def links(wearer: str, start: int, seconds: int) -> list[Item]:
    return [
        Link(start + k * SECOND, wearer, side, "x", True, 100, 0, 0, 0, 0, 0, 90.0, clock_rate=1.0)
        for k in range(seconds)
        for side in Side
    ]


def described(wearer: str) -> list[Item]:
    return [*devices(wearer=wearer)]


@cache
def worn(wearer: str = "ada", shift: int = 0, seconds: float = 70, rest_s: int = 130) -> tuple[Item, ...]:
    """Return a walk as bridges put it: frames with the links' account, which goes on for a while after the last."""
    frames = [
        replace(piece, wearer=wearer, time=piece.time + shift)
        for foot in session(seconds=seconds)
        for piece in evenly(foot, 100)
    ]
    start = int(frames[0].time[0]) // SECOND * SECOND
    return tuple(arriving([*frames, *links(wearer, start, int(seconds) + rest_s)]))


def arriving(items: Iterable[Item]) -> list[Item]:
    """Return items in the order of their ends: several people's, both feet's."""
    return sorted(items, key=lambda i: int(i.time[-1]) if isinstance(i, Frames) else i.time + SECOND)


def crowd() -> list[Item]:
    """Return what three people did, two of them in one partition; one falls asleep over it and comes back."""
    everybody = [
        *worn("ada"),
        *worn("ada", 210 * SECOND),
        *worn(NEIGHBOR, 17 * SECOND, rest_s=0),
        *worn(NEIGHBOR, 400 * SECOND),
        *worn(STRANGER, 120 * SECOND, rest_s=20),
    ]
    return [*(d for name in ("ada", NEIGHBOR, STRANGER) for d in described(name)), *arriving(everybody)]


def rows_of(log: Log, *wearers: str) -> list[str]:
    """Return what was found as text, so that a missing number equals itself."""
    return [repr(row) for wearer in wearers or log.wearers() for kind in FOUND for row in log.read(kind, wearer)]


def progress_of(log: Log) -> dict[str, Progress]:
    return {p.stage: p for p in log.read(Progress, "")}


def analyze_and_die(log: Log, rng: np.random.Generator, life: int) -> None:
    """Analyze, dying at random: before or after what a batch gave was put; then begin again, until all is done."""
    while True:
        analysis = Analysis(log)
        cursor = analysis.resume()
        while batch := log.after(INPUTS, cursor, limit=int(rng.integers(1, 120))):
            cursor = batch[-1][0]
            rows = analysis.feed(batch)
            if rng.random() < 1 / life:
                break
            log.put(rows)
            if rng.random() < 1 / life:
                break
        else:
            return


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Give a log in which nothing is analyzed yet, and the rows of an analysis that never stopped."""
    path = tmp_path_factory.mktemp("told") / "log.sqlite"
    with closing(open_log(f"sqlite:///{path}")) as log:
        log.put(crowd())
    whole = shutil.copy(path, path.with_name("whole.sqlite"))
    with closing(open_log(f"sqlite:///{whole}")) as log:
        analyze_all(log)
        return path, rows_of(log)


@pytest.mark.parametrize("seed", range(6))
def test_however_often_it_dies_the_rows_are_those_of_a_run_that_never_stopped(
    seed: int, told: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, whole = told
    with closing(open_log(f"sqlite:///{shutil.copy(path, tmp_path / 'log.sqlite')}")) as log:
        analyze_and_die(log, np.random.default_rng(seed), life=(5, 12, 40)[seed % 3])
        assert rows_of(log) == whole
    assert Counter(row.split("(")[0] for row in whole)["Step"] > 400


def test_a_death_within_a_long_run_changes_nothing_of_what_is_said_of_it(log: Log, tmp_path: Path) -> None:
    known = [replace(block, sensors_left=16, sensors_right=16) for block in earlier(5)]
    items = [*known, *described("ada"), *worn(seconds=430)]
    log.put(items)
    analyze_and_die(log, np.random.default_rng(1), life=6)
    with closing(open_log(f"sqlite:///{tmp_path / 'other.sqlite'}")) as other:
        other.put(items)
        analyze_all(other)
        assert rows_of(log) == rows_of(other)
    assert {v.bouts for v in log.read(Verdict, "ada")} == {5}


def test_everybody_is_analyzed_as_if_alone(told: tuple[Path, list[str]], log: Log) -> None:
    log.put([item for item in crowd() if item.wearer == NEIGHBOR])
    analyze_all(log)
    assert rows_of(log) == [row for row in told[1] if f"wearer='{NEIGHBOR}'" in row]
    assert partition_of(STRANGER) != partition_of(NEIGHBOR)


class Reading:
    """A log that notes what is read of it by arrival."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.numbers: list[int] = []
        self.read = log.read

    def after(
        self, kinds: Sequence[type], cursor: int, partitions: Collection[int] | None = None, limit: int = 1000
    ) -> list[tuple[int, Item]]:
        batch = self._log.after(kinds, cursor, partitions, limit)
        self.numbers += [number for number, _ in batch]
        return batch


def test_nobody_waits_for_the_past_of_an_idle_neighbor(log: Log) -> None:
    log.put([*described(NEIGHBOR), *worn(NEIGHBOR, rest_s=0)])
    log.put([*described("ada"), *worn("ada", 200 * SECOND, rest_s=1500)])
    before = log.head()
    analyze_all(log)
    log.put(worn("ada", DAY, rest_s=0))
    reading = Reading(log)
    analysis = Analysis(reading)  # type: ignore[arg-type]
    cursor = analysis.resume()
    assert cursor >= before - 1
    analysis.feed(log.after(INPUTS, cursor, limit=1))
    assert min(reading.numbers, default=before) > before - 250  # of 3,000 that ada's links said


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_import_after_import_gives_the_rows_of_one_analysis(order: Sequence[int], log: Log, tmp_path: Path) -> None:
    recordings = [[*described("ada"), *worn("ada", k * DAY, rest_s=182)] for k in range(3)]
    for k in order:
        log.put(recordings[k])
        analyze_all(log)
    with closing(open_log(f"sqlite:///{tmp_path / 'other.sqlite'}")) as other:
        for k in order:
            other.put(recordings[k])
        analyze_all(other)
        assert rows_of(log) == rows_of(other)
    assert len({step.bout for step in log.read(Step, "ada")}) == 3


def test_replay_equals_what_was_stored_live(log: Log) -> None:
    log.put(crowd())
    analyze_and_die(log, np.random.default_rng(3), life=10)
    for wearer in ("ada", NEIGHBOR):
        last = {
            (type(row), row.time, getattr(row, "side", getattr(row, "topic", ""))): row
            for row in derive_rows(log, wearer)
        }
        assert sorted(map(repr, last.values())) == sorted(rows_of(log, wearer))


def test_progress_is_put_with_results_and_now_and_then_without_them(log: Log) -> None:
    log.put([*described("ada"), *links("ada", START, PROGRESS_EVERY)])
    analysis = Analysis(log)
    batch = log.after(INPUTS, analysis.resume())
    assert analysis.feed(batch[:10]) == []
    rows = analysis.feed(batch[10:])
    assert {type(row) for row in rows} == {Progress}
    log.put(rows)
    assert Analysis(log).resume() == batch[-1][0]
    assert {p.partition for p in progress_of(log).values()} <= set(range(PARTITIONS))


def test_a_link_without_steps_leaves_nothing_to_be_read_again(log: Log) -> None:
    log.put([*described("ada"), *worn(), *links("ada", START + 200 * SECOND, 5000)])
    assert analyze_all(log) > 100
    assert analyze_all(log) == 0
    mine = progress_of(log)["analysis ada"]
    assert mine.done - mine.restart < 250
    assert START + 5000 * SECOND < mine.since < START + 5200 * SECOND


def test_a_new_session_that_overlaps_the_last_samples_is_no_trouble(log: Log, tmp_path: Path) -> None:
    plain = [*described("ada"), *worn()]
    at = next(k for k, item in enumerate(plain) if isinstance(item, Frames) and item.time[0] > START + 30 * SECOND)
    last = plain[at]
    assert isinstance(last, Frames)
    log.put(plain)
    analyze_all(log)
    for name, again in (("same", last[90:]), ("between", replace(last[90:], time=last.time[90:] - 3_000_000))):
        with closing(open_log(f"sqlite:///{tmp_path / name}.sqlite")) as other:
            other.put([*plain[: at + 1], again, *plain[at + 1 :]])
            analyze_all(other)
            assert rows_of(other) == rows_of(log)


def test_frames_of_an_insole_that_nobody_described_still_have_steps(log: Log) -> None:
    log.put(worn())
    analyze_all(log)
    assert {step.unit for step in log.read(Step, "ada")} == {"raw"}


def test_an_insole_that_is_described_late_begins_anew(log: Log) -> None:
    half = len(worn()) // 3
    log.put([*worn()[:half], *described("ada"), *worn()[half:]])
    analyze_all(log)
    units = [step.unit for step in log.read(Step, "ada") if step.side is Side.LEFT]
    assert units == sorted(units, reverse=True)
    assert set(units) == {"raw", "N"}


@pytest.mark.parametrize("text", ["", "no = [toml", "[device]\nid = 3\n"])
def test_a_description_that_cannot_be_read_is_nobody_elses_trouble(
    text: str, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    torn = [replace(d, profile=text) if isinstance(d, Device) else d for d in described("ada")]
    log.put([*torn, *described(NEIGHBOR), *arriving([*worn("ada"), *worn(NEIGHBOR)])])
    with caplog.at_level(logging.WARNING):
        analyze_all(log)
    assert len([r for r in caplog.records if "ada's" in r.getMessage()]) == 2
    assert {step.unit for step in log.read(Step, "ada")} == {"raw"}
    assert {step.unit for step in log.read(Step, NEIGHBOR)} == {"N"}
