"""Stop notes end a bout: live, when they come too late, and whatever dies or takes over in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Item, Log, open_log, row_key
from service.diary.corrections import analyze_again
from service.pipeline.analysis import INPUTS, Analysis, analyze_all
from service.pipeline.replay import derive_rows
from service.records.rows import DERIVED, Note, Progress, Step
from tests.service.pipeline.test_analysis import analyze_and_die, described, worn
from tests.walkers.walks import START

STOPPED = START + 20 * SECOND
Make = Callable[[], Log]


def rows_of(log: Log, wearer: str) -> list[str]:
    return [repr(row) for kind in DERIVED for row in log.read(kind, wearer)]


def replayed(log: Log, wearer: str) -> list[str]:
    last = {(type(row), *row_key(row)): row for row in derive_rows(log, wearer)}
    return sorted(map(repr, last.values()))


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Callable[[], Log]]:
    opened: list[Log] = []

    def make() -> Log:
        opened.append(open_log(f"sqlite:///{tmp_path / f'{len(opened)}.sqlite'}"))
        return opened[-1]

    yield make
    for log in opened:
        log.close()


def put_stop(items: Sequence[Item], at: int, text: str = "yes") -> list[Item]:
    """Return a walk during which a stop is noted when its frames have come to `at`."""
    index = next(k for k, i in enumerate(items) if isinstance(i, Frames) and i.time[0] >= at)
    return [*described("ada"), *items[:index], Note(STOPPED, "ada", "stop", text), *items[index:]]


def bouts_of(log: Log) -> list[int]:
    return sorted({step.bout for step in log.read(Step, "ada")})


def test_a_stop_note_ends_a_bout_live_or_when_analyzed_again(logs: Make) -> None:
    live, early, late = logs(), logs(), logs()
    live.put(put_stop(worn(), STOPPED))
    early.put([Note(STOPPED, "ada", "stop", "yes"), *described("ada"), *worn()])
    late.put(put_stop(worn(), STOPPED + 30 * SECOND))
    for log in (live, early, late):
        analyze_all(log)
    assert len(bouts_of(live)) == 2
    assert bouts_of(live)[0] < STOPPED <= bouts_of(live)[1] < STOPPED + 2 * SECOND
    assert all((step.time < STOPPED) == (step.bout < STOPPED) for step in live.read(Step, "ada"))
    assert rows_of(live, "ada") == rows_of(early, "ada")
    assert len(bouts_of(late)) == 1
    analyze_again(late, "ada")
    assert rows_of(late, "ada") == rows_of(early, "ada")
    late.put([Note(STOPPED, "ada", "stop", "")])
    analyze_all(late)
    analyze_again(late, "ada", STOPPED)
    assert len(bouts_of(late)) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at", [STOPPED, STOPPED + 30 * SECOND])
def test_however_often_it_dies_stop_notes_part_the_same_bouts(seed: int, at: int, logs: Make) -> None:
    whole, dying = logs(), logs()
    for log in (whole, dying):
        log.put([*put_stop(worn(), at), *worn("ada", 230 * SECOND)])
    analyze_all(whole)
    analyze_and_die(dying, np.random.default_rng(seed), life=8)
    assert rows_of(dying, "ada") == rows_of(whole, "ada")
    assert replayed(dying, "ada") == sorted(rows_of(dying, "ada"))


@pytest.mark.parametrize("limit", [7, 1000])
def test_an_analysis_that_runs_takes_over_what_was_found_again(limit: int, logs: Make) -> None:
    """It is in the middle of a bout that a late stop note parts; then the walk goes on."""
    log, whole = logs(), logs()
    items = put_stop(worn(), STOPPED + 30 * SECOND)
    cut = len(items) * 2 // 3
    log.put(items[:cut])
    running = Analysis(log)
    cursor = running.resume()

    def go_on(cursor: int) -> int:
        while batch := log.after(INPUTS, cursor, limit=limit):
            cursor = batch[-1][0]
            log.put(running.feed(batch))
        return cursor

    cursor = go_on(cursor)
    log.put(items[cut : cut + 9])
    analyze_again(log, "ada")
    log.put(items[cut + 9 :])
    go_on(cursor)
    whole.put([Note(STOPPED, "ada", "stop", "yes"), *described("ada"), *worn()])
    analyze_all(whole)
    assert rows_of(log, "ada") == rows_of(whole, "ada")
    assert replayed(log, "ada") == sorted(rows_of(log, "ada"))
    assert Analysis(log).resume() == max(p.done for p in log.read(Progress, ""))
