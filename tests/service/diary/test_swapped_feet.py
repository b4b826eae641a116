"""Feet that were swapped in a bout, or in a part of it, and are exchanged afterwards."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, ConfigError, Device, EmbeddedLog, Frames, Item, Link, Row, Side
from firmware_bridge import open_embedded_log as opened_log
from service.diary import corrections, transfer
from service.diary.corrections import analyze_again
from service.diary.transfer import exchange, move
from service.pipeline.analysis import INPUTS, Analysis, analyze_all
from service.pipeline.mirror import mirror
from service.pipeline.mirror_selection import MirrorTarget
from service.records.bouts import spans
from service.records.rows import DERIVED, Progress, Replaced, Step
from tests.service.diary.test_stop_notes import replayed, rows_of
from tests.service.pipeline.test_analysis import arriving, described, worn
from tests.service.pipeline.test_mirror_again import Memory, held
from tests.walkers.walks import START

LATER = 400 * SECOND
BOTH = [*DERIVED, Frames, Link, Device]
Feet = tuple[int | None, int | None]
Open = Callable[[str | bool], EmbeddedLog]
EVERYWHERE: Feet = (None, None)
RANGES: dict[str, Feet] = {
    "all": EVERYWHERE,
    "from": (31_234_567_891, None),
    "until": (None, 31_234_567_891),
    "between": (20_504_000_001, 50 * SECOND),
}
ranges = pytest.mark.parametrize("feet", RANGES.values(), ids=RANGES.keys())


def at(feet: Feet, walk: int = LATER) -> Feet:
    """Return moments within the second walk, or the one that begins as long after the first one does."""
    return (feet[0] and START + walk + feet[0], feet[1] and START + walk + feet[1])


@cache
def walked(*, alike: bool = True) -> tuple[Item, ...]:
    """Return two walks; insoles that are not alike have a device row of their own each, once."""
    return tuple(item if alike else _own(item) for item in [*described("ada"), *worn("ada"), *worn("ada", LATER)])


def _own(item: Item) -> Item:
    assert isinstance(item, Device | Frames | Link)
    return replace(item, device=f"the {item.side} one")


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Two stores with two walks each, analyzed."""
    folder = tmp_path_factory.mktemp("walks")
    for alike in (True, False):
        with closing(opened_log(f"sqlite:///{folder / f'{alike}.sqlite'}")) as log:
            log.put(walked(alike=alike))
            analyze_all(log)
    return {alike: folder / f"{alike}.sqlite" for alike in (True, False)}


@pytest.fixture
def open_log(stores: dict[bool, Path], tmp_path: Path) -> Iterator[Open]:
    """Open a copy of the walks, or an empty log of a name."""
    opened: list[EmbeddedLog] = []

    def make(what: str | bool) -> EmbeddedLog:
        path = tmp_path / f"{what}.sqlite"
        if isinstance(what, bool):
            shutil.copy(stores[what], path)
        opened.append(opened_log(f"sqlite:///{path}"))
        return opened[-1]

    yield make
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: Open) -> EmbeddedLog:
    return open_log(True)


def samples(log: EmbeddedLog, wearer: str = "ada") -> dict[tuple[str, str], bytes]:
    """Return all samples of each foot and insole, however they are cut."""
    found: dict[tuple[str, str], bytes] = {}
    for frames in log.read(Frames, wearer):
        assert frames.acc is not None
        values = np.column_stack([frames.time, frames.pressure, frames.acc])
        found[frames.side, frames.device] = found.get((frames.side, frames.device), b"") + values.tobytes()
    return found


def others(log: EmbeddedLog, wearer: str = "ada") -> list[str]:
    kinds: tuple[type[Row], ...] = (*DERIVED, Link, Device)
    return [repr(row) for kind in kinds for row in log.read(kind, wearer)]


def chunks(log: EmbeddedLog) -> list[tuple[object, ...]]:
    return [(f.side, f.device, f.time.tobytes(), f.pressure.tobytes()) for f in log.read(Frames, "ada")]


def on_the_other_foot(items: Iterable[Item], start: int, stop: int) -> Iterator[Item]:
    """Give items as they would have come, had the feet been swapped meanwhile."""
    for item in items:
        if isinstance(item, Frames):
            inside = (item.time >= start) & (item.time < stop)
            for part, side in ((inside, item.side.other), (~inside, item.side)):
                if part.any():
                    a, b = np.flatnonzero(part)[[0, -1]].tolist()
                    yield replace(item[a : b + 1], side=side)
        else:
            assert isinstance(item, Link | Device)
            yield replace(item, side=item.side.other) if start <= item.time < stop else item


@ranges
@pytest.mark.parametrize("alike", [True, False], ids=["alike", "different"])
@pytest.mark.parametrize("number", [0, 1])
def test_to_exchange_feet_twice_is_never_to_have_done_it(number: int, alike: bool, feet: Feet, open_log: Open) -> None:
    log = open_log(alike)
    bout = spans(log, "ada")[number]
    there = at(feet, number * LATER)
    before, rows, whole = samples(log), others(log), chunks(log)
    (start, stop), _ = exchange(log, "ada", bout, there)
    assert samples(log) != before
    assert others(log) != rows
    assert exchange(log, "ada", bout, there)[0] == (start, stop)
    assert samples(log) == before
    assert others(log) == rows
    if feet == EVERYWHERE:
        assert chunks(log) == whole
    assert analyze_all(log) == 0
    assert others(log) == rows
    assert replayed(log, "ada") == sorted(rows_of(log, "ada"))


@ranges
def test_it_gives_what_an_analysis_of_swapped_feet_gives(feet: Feet, open_log: Open) -> None:
    log, fresh = open_log(False), open_log("fresh")
    bounds, _ = exchange(log, "ada", spans(log, "ada")[1], at(feet))
    swapped = [*on_the_other_foot(walked(alike=False), *bounds)]
    fresh.put([item for item in swapped if isinstance(item, Device)])
    fresh.put(arriving(item for item in swapped if not isinstance(item, Device)))
    analyze_all(fresh)
    assert rows_of(log, "ada") == rows_of(fresh, "ada")
    assert samples(log) == samples(fresh)
    assert log.read(Link, "ada") == fresh.read(Link, "ada")
    for frames in log.read(Frames, "ada"):
        assert all((frames.time[0] < bound) == (frames.time[-1] < bound) for bound in bounds)
    assert analyze_all(log) == 0
    assert replayed(log, "ada") == sorted(rows_of(log, "ada"))


def test_nothing_but_the_bout_is_touched(log: EmbeddedLog) -> None:
    first, second = spans(log, "ada")
    head = log.head()
    (start, stop), changes = exchange(log, "ada", second)
    assert start < second.start < second.stop < stop
    assert spans(log, "ada") == [first, second]
    assert all(change.after and change.after.time == second.start for change in changes)
    arrived = [item for _, item in log.after([Frames, Link], head, limit=10_000)]
    times = [int(item.time[0]) if isinstance(item, Frames) else item.time for item in arrived]
    assert all(start <= time < stop for time in times)
    assert len(times) == 140, "every chunk of both feet; link rows that say the same of both do not change"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("limit", [20, 1000])
def test_one_exchange_after_another_is_nothing_new_to_the_next_analysis(
    limit: int, order: tuple[int, int], log: EmbeddedLog
) -> None:
    """A part of a bout comes again, and is no bout of its own."""
    bouts = spans(log, "ada")
    for k in order:
        exchange(log, "ada", bouts[k], (bouts[k].start + 20 * SECOND, None))
    rows = others(log)
    assert len({step.bout for step in log.read(Step, "ada")}) == 2
    analysis = Analysis(log)
    cursor = analysis.resume()
    while batch := log.after(INPUTS, cursor, limit=limit):
        cursor = batch[-1][0]
        log.put(analysis.feed(batch))
    assert others(log) == rows


def test_what_was_never_analyzed_is_exchanged_with_the_rest_of_its_bout(open_log: Open) -> None:
    """A bridge alone has filled the log since the last analysis."""
    log, whole = open_log("late"), open_log(True)
    items = walked()
    cut = len(items) * 3 // 5
    log.put(items[:cut])
    analyze_all(log)
    bout = spans(log, "ada")[-1]
    log.put(items[cut:])
    exchange(log, "ada", bout)
    exchange(whole, "ada", spans(whole, "ada")[-1])
    assert bout.stop < spans(log, "ada")[-1].stop
    assert others(log) == others(whole)
    assert samples(log) == samples(whole)


def test_while_a_service_is_at_work_nothing_is_exchanged(log: EmbeddedLog, open_log: Open) -> None:
    other = opened_log(f"sqlite:///{log.path}")  # type: ignore[attr-defined]
    with closing(other):
        other.claim()
        head = log.head()
        with pytest.raises(ConfigError, match="another insole service"):
            exchange(log, "ada", spans(log, "ada")[0])
        assert log.head() == head
    exchange(log, "ada", spans(log, "ada")[0])


def test_what_is_interrupted_is_finished_and_not_undone(
    open_log: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = open_log(True)
    bout = spans(log, "ada")[1]
    before, rows = samples(log), rows_of(log, "ada")

    def power_cut(*_: object) -> list[corrections.Revision]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "find_anew", power_cut)
        with pytest.raises(KeyboardInterrupt):
            exchange(log, "ada", bout)
    assert rows_of(log, "ada") == rows
    exchange(log, "ada", bout)
    once = samples(log)
    assert once != before
    assert replayed(log, "ada") == sorted(rows_of(log, "ada"))
    exchange(log, "ada", bout)
    assert samples(log) == before
    with monkeypatch.context() as patch:
        patch.setattr(transfer, "find_anew", power_cut)
        with pytest.raises(KeyboardInterrupt):
            move(log, "ada", bout, "eve", EVERYWHERE)
    move(log, "ada", bout, "eve", EVERYWHERE)
    assert [b.start for b in spans(log, "eve")] == [bout.start]
    assert len(spans(log, "ada")) == 1


def test_to_exchange_and_to_give_away_go_together(open_log: Open) -> None:
    one, other = open_log(False), open_log("other")
    other.put(walked(alike=False))
    analyze_all(other)
    feet = at(RANGES["between"])
    move(one, "ada", spans(one, "ada")[1], "eve", feet)
    bout = spans(other, "ada")[1]
    exchange(other, "ada", bout, feet)
    move(other, "ada", bout, "eve")
    for wearer in ("ada", "eve"):
        assert rows_of(one, wearer) == rows_of(other, wearer)
        assert samples(one, wearer) == samples(other, wearer)
        assert replayed(one, wearer) == sorted(rows_of(one, wearer))
    said = {(row.side, row.device) for row in one.read(Device, "eve")}
    assert {(frames.side, frames.device) for frames in one.read(Frames, "eve")} <= said


@ranges
def test_a_mirror_follows(feet: Feet, open_log: Open) -> None:
    log, archive = open_log(False), Memory()
    for exchanged in range(3):
        if exchanged:
            exchange(log, "ada", spans(log, "ada")[1], at(feet))
        asyncio.run(mirror(log, MirrorTarget("memory:"), archive, follow=False))
        there = {key: item for key, item in archive.items.items() if key[0] in BOTH}
        stored = {key for key in held(log) if key[0] in BOTH}
        devices = {(Device, row.time, row.wearer, row.side, row.device) for row in log.read(Device, "ada")}
        assert there.keys() == stored | devices
        texts = {key: text for key, text in held(log).items() if key[0] in {Step, Link}}
        assert {key: repr(item) for key, item in there.items() if key[0] in {Step, Link}} == texts


@pytest.mark.parametrize("limit", [7, 1000])
def test_an_analysis_that_runs_follows_and_goes_on(limit: int, open_log: Open) -> None:
    """The feet of a walk are exchanged while the next one goes on."""
    log, items = open_log("live"), [*walked()]
    cut = len(items) * 4 // 5
    log.put(items[:cut])
    running = Analysis(log)
    cursor = running.resume()

    def go_on(cursor: int) -> int:
        while batch := log.after(INPUTS, cursor, limit=limit):
            cursor = batch[-1][0]
            log.put(running.feed(batch))
        return cursor

    cursor = go_on(cursor)
    exchange(log, "ada", spans(log, "ada")[0])
    cursor = go_on(cursor)
    log.put(items[cut:])
    go_on(cursor)
    whole = open_log(True)
    exchange(whole, "ada", spans(whole, "ada")[0])
    assert rows_of(log, "ada") == rows_of(whole, "ada")
    assert replayed(log, "ada") == sorted(rows_of(log, "ada"))


def test_what_is_not_stored_is_not_exchanged_or_lost(log: EmbeddedLog) -> None:
    first, second = spans(log, "ada")
    log.replace([Frames], "ada", second.start - SECOND, second.stop + 5 * SECOND, [])
    before = rows_of(log, "ada")
    for bout in (first, second):
        with pytest.raises(ConfigError, match="are not stored, and it would be lost"):
            exchange(log, "ada", bout)
        with pytest.raises(ConfigError, match="are not stored, and it would be lost"):
            move(log, "ada", bout, "eve")
    assert rows_of(log, "ada") == before
    log.put([Progress(0, "", "retain ada", 0, restart=0, done=0, since=second.start)])
    with pytest.raises(ConfigError, match="are not kept any more; nothing was changed"):
        exchange(log, "ada", second)
    with pytest.raises(ConfigError, match="are not stored, and it would be lost"):
        analyze_again(log, "ada")
    assert rows_of(log, "ada") == before
    assert log.read(Replaced, "ada") == []


moments = st.integers(0, 100).map(lambda k: 2 * k + 1)


@given(
    changed=st.lists(st.tuples(moments, st.sampled_from(Side), st.sampled_from("ABC")), max_size=8),
    bounds=st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda pair: (2 * min(pair), 2 * max(pair) + 2)),
)
def test_who_wears_what_is_exchanged_between_two_moments(
    changed: list[tuple[int, Side, str]], bounds: tuple[int, int]
) -> None:
    told = {(-1, Side.LEFT): "A", (-1, Side.RIGHT): "B"} | {(time, side): name for time, side, name in changed}
    rows = [Device(time, "ada", side, name, "", "") for (time, side), name in told.items()]
    once = transfer._devices_exchanged(rows, *bounds)
    for time in range(-1, 206):
        was, now = ({side: row.device for side, row in transfer._worn(r, time).items()} for r in (rows, once))
        assert now == ({side.other: name for side, name in was.items()} if bounds[0] <= time < bounds[1] else was)
    assert set(transfer._devices_exchanged(once, *bounds)) == set(rows)
