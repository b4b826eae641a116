"""Corrections: verdicts follow the notes, and what is found again is what was found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    ConfigError,
    Device,
    EmbeddedLog,
    Frames,
    Item,
    Link,
    Row,
    row_key,
    same_row,
)
from firmware_bridge.stores import open_embedded_log
from service.contracts.exchanged_feet import exchanged, rounded
from service.contracts.ordinary_blocks import NOW
from service.diary.corrections import Revision, analyze_again, tell
from service.diary.transfer import exchange, move
from service.pipeline.analysis import FED, analyze_all
from service.records.bouts import spans
from service.records.notes import parse_note
from service.records.rows import DERIVED, Alert, Block, Flag, Note, Progress, Replaced, Second, Step, Verdict
from tests.service.diary.test_stop_notes import replayed
from tests.service.pipeline.test_analysis import analyze_and_die
from tests.walkers.stories import told_and_analyzed

HOUR = 3600 * SECOND
Copy = Callable[[], EmbeddedLog]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(told_and_analyzed(tmp_path_factory.mktemp("story"), "limping", 1).removeprefix("sqlite:///"))


@pytest.fixture
def log(story: Path, tmp_path: Path) -> Iterator[EmbeddedLog]:
    with closing(open_embedded_log(f"sqlite:///{shutil.copy(story, tmp_path / 'log.sqlite')}")) as opened:
        yield opened


def rows_of(log: EmbeddedLog, wearer: str, kinds: Iterable[type[Row]] = DERIVED) -> list[str]:
    return [repr(row) for kind in kinds for row in log.read(kind, wearer)]


def said(changes: Sequence[Revision], topic: str = "imbalance") -> list[tuple[str, str]]:
    return [
        (f"{c.before.answer} {c.before.reason}".strip(), f"{c.after.answer} {c.after.reason}".strip())
        for c in changes if c.before and c.after and c.after.topic == topic
    ]  # fmt: skip


def test_shoes_entered_after_the_run_change_its_verdict_alone(log: EmbeddedLog) -> None:
    before, today = rows_of(log, "demo"), spans(log, "demo")[-1]
    blue = parse_note(today.stop + HOUR, "demo", "shoes", "blue")
    assert said(tell(log, blue)) == [("differs", "cannot_tell no_baseline")]
    assert rows_of(log, "demo", (Step, Second, Block, Flag)) == [r for r in before if not r.startswith("Verdict")]
    assert said(tell(log, replace(blue, text=""))) == [("cannot_tell no_baseline", "differs")]
    assert rows_of(log, "demo") == before
    assert tell(log, parse_note(today.start, "demo", "surface", "track")) == []


ALL: tuple[type, ...] = (*FED, *DERIVED, Alert, Progress, Replaced)


def arrived(log: EmbeddedLog) -> dict[int, str]:
    """Return everything in a log by its arrival number: what was not put again has the number that it had."""
    return {number: _told(item) for number, item in _everything(log, ALL)}


def _told(item: Item) -> str:
    return (
        f"Frames({item.side}, {item.time[0]}, {hash(item.pressure.tobytes())})"
        if isinstance(item, Frames)
        else repr(item)
    )


def test_a_deleted_bout_changes_the_baseline_of_those_after_it_and_nothing_else(log: EmbeddedLog) -> None:
    """All rows of all kinds are looked at: samples, steps, blocks and flags, of bouts before it and after it."""
    log.put([Alert(NOW, "demo", "imbalance", "m", "sent", NOW, "text"), Note(NOW, "demo", "remark", "windy")])
    before, bouts = arrived(log), spans(log, "demo")
    was = {row_key(v): v for v in log.read(Verdict, "demo")}
    deletion = parse_note(bouts[1].start, "demo", "delete")
    changes = tell(log, deletion)
    after = arrived(log)
    gone, new = before.items() - after.items(), after.items() - before.items()
    assert len(before) > 10_000
    later = {b.start for b in bouts[2:]}  # the next one has no usual before and now, but one earlier bout less
    assert {text for _, text in gone} == {repr(v) for v in was.values() if v.time in later}
    now = [v for v in log.read(Verdict, "demo") if v.time in later]
    assert {text for _, text in new} == {repr(deletion), *map(repr, now)}
    assert {c.after.time for c in changes if c.after} == later
    assert {v.bouts for v in now if v.time == bouts[5].start} == {4}
    assert [v.answer for v in now if v.time == bouts[3].start] == ["cannot_tell"] * 2  # two are no usual
    tell(log, replace(deletion, text=""))
    assert sorted(map(repr, log.read(Verdict, "demo"))) == sorted(map(repr, was.values()))


def test_exchanged_feet_change_sides_and_the_baseline_of_later_bouts_and_nothing_else(log: EmbeddedLog) -> None:
    bouts = spans(log, "demo")
    was: list[Step | Block] = [*log.read(Step, "demo"), *log.read(Block, "demo")]
    value = next(v.value for v in log.read(Verdict, "demo", bouts[5].start) if v.topic == "imbalance")
    _, changes = exchange(log, "demo", bouts[1])
    assert spans(log, "demo") == bouts
    now: list[Step | Block] = [*log.read(Step, "demo"), *log.read(Block, "demo")]
    expected = [exchanged(row) if row.bout == bouts[1].start else row for row in was]
    assert sorted(repr(rounded(row)) for row in now) == sorted(repr(rounded(row)) for row in expected)
    assert {c.after.time for c in changes if c.after} == {b.start for k, b in enumerate(bouts) if k in {1, 3, 4, 5}}
    _, changes = exchange(log, "demo", bouts[5])
    assert {c.after.time for c in changes if c.after} == {bouts[5].start}
    last = next(v for v in log.read(Verdict, "demo", bouts[5].start) if v.topic == "imbalance")
    assert (last.answer, round(last.value + value, 9)) == ("differs", 0)
    assert analyze_all(log) == 0


def notes_of_the_story(log: EmbeddedLog) -> list[Note]:
    bouts = spans(log, "demo")
    shoes = [parse_note(b.stop + 2 * HOUR, "demo", "shoes", "blue" if k != 1 else "red") for k, b in enumerate(bouts)]
    return [*shoes, Note(bouts[2].start, "demo", "delete", "yes"), Note(bouts[3].start, "demo", "pain", "low back 2")]


@pytest.mark.parametrize("seed", [None, 1])
def test_notes_that_came_before_or_among_the_frames_give_the_same_verdicts(
    seed: int | None, log: EmbeddedLog, tmp_path: Path
) -> None:
    notes = notes_of_the_story(log)
    items = [item for _, item in _everything(log)]
    log.put(notes)
    analyze_all(log)
    with closing(open_embedded_log(f"sqlite:///{tmp_path / 'other.sqlite'}")) as other:
        if seed is None:
            other.put([*notes, *items])
            analyze_all(other)
            assert [flag.bouts for flag in other.read(Flag, "demo")] == [3]  # live, too
        else:
            rng = np.random.default_rng(seed)
            for note, at in zip(notes, rng.integers(0, len(items), len(notes)).tolist(), strict=True):
                items.insert(at, note)
            other.put(items)
            analyze_and_die(other, rng, life=25)
        kinds = (Step, Block, Verdict)
        assert rows_of(other, "demo", kinds) == rows_of(log, "demo", kinds)
    verdicts = [v for v in log.read(Verdict, "demo") if v.topic == "imbalance"]
    assert [v.bouts for v in verdicts] == [0, 0, 1, 1, 2, 3]  # in the same shoes and not deleted; of the last: 0, 3, 4
    assert [v.answer for v in verdicts] == ["cannot_tell"] * 5 + ["differs"]


def _everything(log: EmbeddedLog, kinds: Sequence[type] = FED) -> Iterator[tuple[int, Item]]:
    cursor = 0
    while batch := log.after(kinds, cursor):
        yield from batch
        cursor = batch[-1][0]


def test_what_is_analyzed_again_is_what_was_found_and_notes_and_alerts_stay(log: EmbeddedLog) -> None:
    log.put([*notes_of_the_story(log), Alert(NOW, "demo", "imbalance", "m", "sent", NOW, "text")])
    analyze_all(log)
    kept = (Step, Block, Verdict, Note, Alert)
    before = rows_of(log, "demo", kept)
    assert analyze_again(log, "demo") == []
    assert rows_of(log, "demo", kept) == before
    assert [flag.bouts for flag in log.read(Flag, "demo")] == [3]  # now that the notes are known; it was 5
    assert replayed(log, "demo") == sorted(rows_of(log, "demo"))
    assert analyze_all(log) == 0


def test_from_a_moment_on_what_lies_before_is_left_alone(log: EmbeddedLog) -> None:
    before, bouts = rows_of(log, "demo"), spans(log, "demo")
    first, last = log.read(Step, "demo")[5], log.read(Step, "demo", bouts[-1].start)[50]
    wrong = [replace(first, peak=1.0), replace(last, peak=1.0), replace(last, time=last.time + 1)]
    log.put(wrong)
    assert analyze_again(log, "demo", bouts[-1].start + HOUR // 12) == []
    found = [step for step in log.read(Step, "demo") if any(same_row(step, each) for each in wrong)]
    assert len(found) == 1
    assert same_row(found[0], wrong[0])
    log.put([first])
    assert rows_of(log, "demo") == before


def test_frames_that_are_gone_are_no_reason_to_lose_what_was_found(log: EmbeddedLog) -> None:
    bouts = spans(log, "demo")
    log.replace([Frames], "demo", bouts[0].start - HOUR, bouts[0].stop + HOUR, [])
    with pytest.raises(ConfigError, match="give --since a moment after"):
        analyze_again(log, "demo")
    before = rows_of(log, "demo")
    analyze_again(log, "demo", bouts[0].stop + HOUR)
    assert rows_of(log, "demo") == before


def test_a_bout_moves_to_who_wore_the_insoles(log: EmbeddedLog) -> None:
    before, bouts = rows_of(log, "demo"), spans(log, "demo")
    mine, theirs = move(log, "demo", bouts[1], "eve")
    assert [b.start for b in spans(log, "demo")] == [b.start for k, b in enumerate(bouts) if k != 1]
    assert spans(log, "eve") == [bouts[1]]
    moved = [r.replace("'demo'", "'eve'") for r in before if f"bout={bouts[1].start}," in r and r.startswith("Step")]
    assert rows_of(log, "eve", (Step,)) == moved
    assert {c.before.time for c in mine if c.before and not c.after} == {bouts[1].start}
    assert {c.after.answer for c in theirs if c.after} == {"cannot_tell"}
    assert len(log.read(Device, "eve")) == 2
    assert log.read(Frames, "demo", bouts[1].start, bouts[1].stop) == []
    for wearer in ("demo", "eve"):
        assert replayed(log, wearer) == sorted(rows_of(log, wearer))
    assert analyze_all(log) == 0
    move(log, "eve", bouts[1], "demo")
    assert rows_of(log, "demo") == before
    assert log.read(Step, "eve") == []


def test_nothing_moves_onto_somebodys_own_data(log: EmbeddedLog) -> None:
    span, before = spans(log, "demo")[1], rows_of(log, "demo")
    log.put([Link(span.start, "eve", next(iter(log.read(Link, "demo"))).side, "x", True, 1, 0, 0, 0, 0, 0, 9.0)])
    with pytest.raises(ConfigError, match="eve has data of their own"):
        move(log, "demo", span, "eve")
    with pytest.raises(ConfigError, match="somebody else"):
        move(log, "demo", span, "demo")
    assert rows_of(log, "demo") == before
