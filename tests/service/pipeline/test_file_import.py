"""Recordings into a log: once, whole or not at all, nobody else's, and in little memory."""

from __future__ import annotations

import gc
import gzip
import math
import os
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from firmware_bridge import SECOND, Damaged, EmbeddedLog, Frames, Log, Side, open_embedded_log, salvage_log
from firmware_bridge.contracts.importers import FormatRig
from service.cli.checks.settings_check import _KINDS
from service.pipeline.file_import import import_files
from service.records.rows import Progress, Step
from tests.contracts.format_rigs import RIGS
from tests.stand_ins.recordings import ROWS, csv, gaitpdb, pedar


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.sqlite"


@pytest.fixture
def log(store: str) -> Iterator[Log]:
    with closing(open_embedded_log(store)) as log:
        yield log


@pytest.fixture
def take(store: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*files: Path, **options: object) -> tuple[int, str]:
        given = {"wearer": "ann", "start": None, "form": None, **options}
        failed = import_files(files, store, **given)  # type: ignore[arg-type]
        return failed, capsys.readouterr().err

    return run


Take = Callable[..., tuple[int, str]]


def samples(log: Log, wearer: str) -> int:
    return sum(len(frames) for frames in log.read(Frames, wearer))


@pytest.mark.parametrize("rig", RIGS.values(), ids=RIGS)
def test_the_same_file_again_changes_nothing(rig: FormatRig, take: Take, log: Log, tmp_path: Path) -> None:
    path = rig.write(tmp_path)
    failed, said = take(path)
    assert failed == 0
    assert f"{path.name}: {len(rig.sides) * rig.samples} samples of ann" in said
    head = log.head()
    failed, said = take(path)
    assert failed == 0
    assert "is there already, as a recording of ann; nothing new" in said
    assert log.head() == head


def test_the_same_content_under_another_name_changes_nothing(take: Take, log: Log, tmp_path: Path) -> None:
    path = gaitpdb(tmp_path)
    take(path)
    head = log.head()
    (other := tmp_path / "copy.gz").write_bytes(gzip.compress(path.read_bytes()))
    failed, said = take(other)
    assert (failed, log.head()) == (0, head)
    assert "copy.gz: is there already" in said


def test_what_was_broken_off_is_completed(take: Take, log: Log, tmp_path: Path) -> None:
    path = csv(tmp_path)
    whole = path.read_text()
    path.write_text("\n".join(whole.splitlines()[: 1 + ROWS * 2 // 3]) + "\n")
    take(path)
    assert samples(log, "ann") == 2 * ROWS * 2 // 3
    path.write_text(whole)
    failed, said = take(path)
    assert failed == 0, said
    assert samples(log, "ann") == 2 * ROWS


@pytest.mark.parametrize("rows", [ROWS // 3 + 7, ROWS - 1])
@pytest.mark.parametrize("packed", [False, True])
def test_what_was_broken_off_in_the_midst_of_a_second_is_completed(
    rows: int, packed: bool, take: Take, log: Log, tmp_path: Path
) -> None:
    whole = gaitpdb(tmp_path)
    cut = tmp_path / "cut.txt"
    text = "".join(whole.read_text().splitlines(keepends=True)[:rows]) + whole.read_text().splitlines()[rows][:11]
    cut.write_bytes(gzip.compress(text.encode())[:-8] if packed else text.encode())
    failed, said = take(cut)
    assert failed == 0
    assert f"{2 * rows} samples of ann, 2 malformed rows skipped" in said
    failed, said = take(whole)
    assert failed == 0, said
    assert samples(log, "ann") == 2 * ROWS
    head = log.head()
    failed, said = take(cut)
    assert (failed, log.head()) == (0, head), "the part that is there does not replace the whole"
    assert "is there already" in said


def test_a_recording_of_somebody_else_is_refused_until_it_is_said_again(take: Take, log: Log, tmp_path: Path) -> None:
    path = pedar(tmp_path)
    take(path)
    head = log.head()
    failed, said = take(path, wearer="bob")
    assert failed == 1
    assert "walk.asc: the same recording is already stored for ann from 2023-04-25T10:49:00Z on; if it is" in said
    assert "--again" in said
    assert log.head() == head
    failed, said = take(path, wearer="bob", again=True)
    assert failed == 0
    assert "(also stored for ann from" in said
    assert samples(log, "bob") == samples(log, "ann") == 2 * ROWS


@pytest.mark.parametrize("wearer", ["ann", "bob"])
def test_a_recording_that_is_stored_at_another_time_is_found(wearer: str, take: Take, log: Log, tmp_path: Path) -> None:
    path = csv(tmp_path)
    take(path)
    head = log.head()
    failed, said = take(path, wearer=wearer, start="2026-05-01T06:30:00.123456789Z")
    assert (failed, log.head()) == (1, head)
    assert "already stored for ann from 1970-01-01T00:00:00Z on; " in said
    assert take(path, wearer=wearer, start="2026-05-01T06:30:00.123456789Z", again=True)[0] == 0
    assert samples(log, "ann") + (samples(log, "bob") if wearer == "bob" else 0) == 4 * ROWS


def test_two_people_may_walk_at_the_same_time(take: Take, log: Log, tmp_path: Path) -> None:
    path = gaitpdb(tmp_path)
    take(path)
    path.write_text(path.read_text().replace(" 50 ", " 48 "))
    assert take(path, wearer="bob")[0] == 0


def test_empty_shoes_are_nobodys_recording(take: Take, log: Log, tmp_path: Path) -> None:
    path = tmp_path / "shelf.txt"
    path.write_text("".join(f"{i / 100} {' 0' * 18}\n" for i in range(ROWS)))
    assert take(path)[0] == 0
    assert take(path, wearer="bob")[0] == 0


@pytest.mark.parametrize("late", [0, 1, 2])
def test_an_overlap_anywhere_is_refused_before_anything_is_put(late: int, take: Take, log: Log, tmp_path: Path) -> None:
    take(gaitpdb(tmp_path), start=f"2026-05-01T06:30:0{late}.5Z")
    head = log.head()
    failed, said = take(csv(tmp_path, "other"), start="2026-05-01T06:30:00Z")
    assert failed == 1
    assert "other.csv: ann has another recording at that time; give this one another --start, or another" in said
    assert log.head() == head
    assert take(csv(tmp_path, "other"), start="2026-05-01T06:31:00Z")[0] == 0


def test_a_change_at_the_very_end_is_an_overlap(take: Take, log: Log, tmp_path: Path) -> None:
    path = gaitpdb(tmp_path)
    take(path)
    head = log.head()
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1].replace(" 1 ", " 9 ", 1), "3.00" + " 1" * 18]))
    failed, said = take(path)
    assert (failed, log.head()) == (1, head)
    assert "another recording at that time" in said


def test_one_bad_file_leaves_the_others_alone(take: Take, log: Log, tmp_path: Path) -> None:
    (odd := tmp_path / "odd.txt").write_text("hello\n")
    failed, said = take(odd, gaitpdb(tmp_path), wearer=None)
    assert failed == 1
    assert f"odd.txt: of no format that is known here ({', '.join(sorted(RIGS))})" in said
    assert log.wearers() == ["walk"]


def test_what_was_taken_for_granted_is_said_once(take: Take, tmp_path: Path) -> None:
    path = csv(tmp_path)
    path.write_text(path.read_text().replace("left_2", "left_3").replace("right_2", "right_3"))
    for _ in range(2):
        _, said = take(path, wearer="ann")
        assert said.count("the numbers of 'left_{n}' have gaps (1, 3): all 2 columns are taken") == 1


def test_a_service_that_is_at_work_analyzes_it(take: Take, log: EmbeddedLog, tmp_path: Path) -> None:
    log.claim()
    failed, said = take(gaitpdb(tmp_path))
    assert failed == 0
    assert f"analysis: left to the insole service that works on this store (pid {os.getpid()})" in said
    assert samples(log, "ann") == 2 * ROWS
    assert not [row for row in log.read(Progress, "") if row.stage.startswith("analysis")]


def test_a_damaged_store_is_told_once_and_no_file_is_blamed(store: str, take: Take, tmp_path: Path) -> None:
    take(gaitpdb(tmp_path))
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as look:
        (root,) = look.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'frames_key'").fetchone()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 8192 : (root - 1) * 8192 + 100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"log\.sqlite is damaged; `insole check --salvage`"):
        take(gaitpdb(tmp_path, "one"), csv(tmp_path, "two"))
    gc.collect()  # the query that failed, which keeps the file open
    salvage_log(store, _KINDS)
    assert take(gaitpdb(tmp_path))[1].startswith("walk.txt: is there already")


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (gzip.compress(gzip.compress(b"1 2 3\n")), "is packed twice; unpack it once"),
        (b"PK\x03\x04" + bytes(100), "is a zip archive or a spreadsheet; unpack it, or save it as CSV"),
        (b"SQLite format 3\0" + bytes(100), "is a database; if it is a store, it needs no import: name it by --store"),
        (
            gzip.compress(bytes(50_000))[:12],
            "ended before the end-of-stream marker was reached; is it cut off? Copy it",
        ),
        (b"", "the file is empty"),
    ],
    ids=["packed twice", "an archive", "a database", "cut", "empty"],
)
def test_what_is_no_recording_is_told_with_a_remedy(content: bytes, advice: str, take: Take, tmp_path: Path) -> None:
    (path := tmp_path / "odd.txt").write_bytes(content)
    failed, said = take(path)
    assert failed == 1
    assert f"odd.txt: {advice}" in said or (f"odd.txt: cannot be read: Compressed file {advice}" in said)


def test_what_brackets_enclose_is_shown(take: Take, tmp_path: Path) -> None:
    (path := tmp_path / "odd.csv").write_text("time[secs],l[1],r[1]\n0,1,2\n")
    assert "1 'time[secs]', 2 'l[1]', 3 'r[1]'" in take(path)[1]


def test_a_published_record_shows_the_published_contacts(take: Take, log: Log, shared: Callable[..., Path]) -> None:
    take(shared("data", "gaitndd", "control1.hea"))
    found = [step.time / SECOND for step in log.read(Step, "ann") if step.side is Side.LEFT]
    lines = shared("data", "gaitndd", "control1.ts").read_text().splitlines()
    published = [float(line.split()[0]) for line in lines]
    assert len(published) == 259
    near = [min(abs(time - one) for one in found) <= 0.05 for time in published]
    assert sum(near) >= 0.995 * len(published)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals(terminal: bool, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.pipeline.file_import.Console", partial(Console, force_terminal=terminal, width=100))
    failed, said = take(gaitpdb(tmp_path))
    assert failed == 0
    assert ("importing walk.txt" in said) is terminal


def long_walk(path: Path, minutes: int) -> Path:
    """Write a walk of two feet with one sensor each, 25 Hz, strides of 1.2 s, unlike one of another length."""
    cycle = [max(math.sin(2 * math.pi * i / 30), 0) * (300 + minutes) for i in range(30)]
    with path.open("w") as file:
        file.write("t,left_1,right_1\n")
        file.writelines(f"{i / 25:.2f},{cycle[i % 30]:.0f},{cycle[(i + 15) % 30]:.0f}\n" for i in range(minutes * 1500))
    path.with_suffix(".columns.toml").write_text('time = "t"\nleft = "left_{n}"\nright = "right_{n}"\nunit = "N"\n')
    return path


@pytest.mark.slow
def test_memory_does_not_grow_with_the_recording(take: Take, log: Log, tmp_path: Path) -> None:
    assert take(long_walk(tmp_path / "warm.csv", 8), wearer="warm")[0] == 0  # loads what is loaded once
    peaks = []
    for minutes in (9, 27):  # from about eight minutes on every batch is full
        path = long_walk(tmp_path / f"m{minutes}.csv", minutes)
        tracemalloc.start()
        failed, said = take(path, wearer=path.stem)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert failed == 0, said
    assert samples(log, "m27") == 2 * 27 * 1500
    assert peaks[1] < 1.5 * peaks[0], peaks  # for three times the walk


def test_a_file_with_many_bad_rows_is_refused_whole_unless_the_rest_is_wanted(
    take: Take, log: Log, tmp_path: Path
) -> None:
    path = gaitpdb(tmp_path)
    good, bad = path.read_text().splitlines()[:ROWS], ["?"] * (ROWS // 2)
    path.write_text("\n".join(good + bad) + "\n")
    failed, said = take(path)
    assert failed == 1
    why = f"{ROWS // 2} of {ROWS + ROWS // 2} rows (33 %), the first in line {ROWS + 1}"
    assert why in said
    assert "--skip-bad-rows" in said
    assert samples(log, "ann") == 0
    failed, said = take(path, skip_bad_rows=True)
    assert failed == 0
    assert f"walk.txt: skipped {why}" in said
    assert samples(log, "ann") == 2 * ROWS
