"""Notes and corrections on the command line: what changes is printed, what cannot be is one clear line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from firmware_bridge import SECOND, Log, open_log
from service.analysis import analyze_all
from service.cli import app
from service.corrections import spans
from service.gait import Baseline, History, verdicts
from service.rows import Note, Step
from service.when import iso
from tests.service.gait_rows import DAY, NOW, bout, earlier, step
from tests.service.test_analysis import described, worn
from tests.walks import START

TODAY = iso(NOW)
USUAL = "Differs from your usual: right foot"
UNKNOWN = "Cannot tell: your usual is not known yet"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Five ordinary walks and one that differs, without their frames."""
    blocks = [*earlier(5), *bout(0, si=6.0)]
    history = History(blocks)
    with closing(open_log("sqlite:///insole.sqlite")) as opened:
        for time in sorted({b.bout for b in blocks}):
            opened.put(verdicts([b for b in blocks if b.bout == time], Baseline(history, time)))
            opened.put([step(0, time=time, foot_off=time + SECOND, bout=time)])
        opened.put(blocks)
        yield opened


@pytest.fixture
def walked() -> Iterator[Log]:
    """A short walk with its frames."""
    with closing(open_log("sqlite:///insole.sqlite")) as opened:
        opened.put([*described("ada"), *worn()])
        analyze_all(opened)
        yield opened


def insole(*args: str) -> str:
    done = CliRunner().invoke(app, list(args))
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*args: str, code: int = 2) -> str:
    done = CliRunner().invoke(app, list(args))
    assert done.exit_code == code, done.output
    assert done.stdout == ""
    return done.stderr


def listed(*args: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in insole("bouts", "ada", "--json", *args).splitlines()]


def test_a_note_prints_the_verdicts_that_it_changes(log: Log) -> None:
    said = insole("note", "ada", "shoes", "Old blue", "--bout", TODAY)
    assert f"noted: {TODAY} shoes Old blue, ada's bout of {TODAY}" in said
    assert f"Left and right: {USUAL}" in said
    assert f"→ {UNKNOWN}" in said
    back = insole("note", "ada", "shoes", "--bout", TODAY[:16].replace("T", " "), "--withdraw")
    assert back.startswith("withdrawn: ")
    assert f"Left and right: {UNKNOWN} (0 earlier walks) → {USUAL}" in back
    assert "→" not in insole("note", "ada", "pain", "knee 3", "--bout", TODAY)


def test_notes_are_listed_as_they_stand(log: Log) -> None:
    insole("note", "ada", "mass", "154 lb", "--at", "2024-01-01")
    insole("note", "ada", "shoes", "red", "--bout", TODAY)
    insole("note", "ada", "shoes", "blue", "--bout", TODAY)
    insole("note", "ada", "remark", "windy", "--bout", TODAY)
    insole("note", "ada", "remark", "--bout", TODAY, "--withdraw")
    lines = insole("note", "ada", "--list").splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == ["mass     69.9 kg", "shoes    blue"]
    rows = [json.loads(line) for line in insole("note", "ada", "--list", "--json").splitlines()]
    assert {row["topic"]: row["text"] for row in rows} == {"mass": "69.9 kg", "shoes": "blue"}


def test_bouts_show_what_is_noted_and_leave_out_what_is_deleted(log: Log) -> None:
    first = iso(NOW - 5 * DAY)
    insole("note", "ada", "shoes", "blue [1]", "--bout", TODAY)
    insole("note", "ada", "pain", "hip left 2", "--bout", TODAY)
    said = insole("note", "ada", "delete", "--bout", first)
    assert first not in said.splitlines()[1:]
    assert [b["time"] for b in listed()] == [iso(NOW + k * DAY) for k in range(-4, 1)]
    shown = listed("--all")
    assert [b["notes"]["deleted"] for b in shown] == [True, *[False] * 5]
    assert (shown[-1]["notes"]["shoes"], shown[-1]["notes"]["pain"]) == ("blue [1]", "hip left 2")
    table = insole("bouts", "ada")
    assert "blue" in table
    assert "[1]" in table
    assert "hip" in table
    assert "deleted" not in table
    assert "deleted" in insole("bouts", "ada", "--all")


def test_what_cannot_be_noted_is_one_clear_line(log: Log) -> None:
    gone = refused("note", "ada", "delete", "--bout", "2020-01-01T00:00:00Z")
    assert "ada has no bout then; the nearest are: " in gone
    assert gone.count("Z, ") == 2
    late = iso(NOW + 3 * DAY)
    assert f"no bout to which shoes at {late} could belong" in refused("note", "ada", "shoes", "red", "--at", late)
    assert "there are: start, stop," in refused("note", "ada", "shoe", "red")
    assert "there are: start, stop," in refused("note", "ada")
    assert "low back 3" in refused("note", "ada", "pain", "much", "--bout", TODAY)
    assert "not both" in refused("note", "ada", "delete", "--bout", TODAY, "--at", TODAY)
    assert "no shoes note at" in refused("note", "ada", "shoes", "--bout", TODAY, "--withdraw")
    assert "needs no text" in refused("note", "ada", "shoes", "red", "--withdraw")
    assert "--at" in refused("note", "ada", "remark", "x", "--at", "noon")
    assert "nobody is called" in refused("note", "bob", "shoes", "red")
    assert log.read(Note, "ada") == []


def test_what_has_no_frames_is_not_analyzed_again(log: Log) -> None:
    before = log.read(Step, "ada")
    assert "are not stored" in refused("analyze", "ada", "--again")
    assert "--again only" in refused("analyze", "ada")
    assert log.read(Step, "ada") == before


def test_a_late_stop_note_says_how_it_takes_effect(walked: Log) -> None:
    stop = iso(START + 20 * SECOND)
    begun = iso(spans(walked, "ada")[0].start)
    said = insole("note", "ada", "stop", "--at", stop)
    command = said.splitlines()[-1].partition("insole ")[2]
    assert command == f"analyze --again ada --since {begun}"
    assert "ada: identical" in insole("replay", "ada", "--check")
    assert "nothing → " in insole(*command.split())
    assert len(listed()) == 2
    assert "ada: identical" in insole("replay", "ada", "--check")
    assert insole("analyze") == "analysis: 0 rows\n"


def test_a_replay_that_differs_says_what_does(walked: Log) -> None:
    wrong = walked.read(Step, "ada")[3]
    walked.put([replace(wrong, peak=1.0), replace(wrong, time=wrong.time + 1)])
    done = CliRunner().invoke(app, ["replay", "ada", "--check"])
    assert done.exit_code == 1
    assert f"ada: steps: 1 differ, 1 are gone; the first at {iso(wrong.time)}" in done.stdout
    insole("analyze", "ada", "--again")
    assert "ada: identical" in insole("replay", "ada", "--check")


def test_a_bout_is_handed_over(walked: Log) -> None:
    begun = iso(spans(walked, "ada")[0].start)
    said = insole("move", "ada", "--bout", begun, "--to", "eve")
    assert "eve: analyzed again" in said
    assert listed() == []
    assert "the nearest are: none" in refused("move", "ada", "--bout", begun, "--to", "bob")
    assert "somebody else" in refused("move", "eve", "--bout", begun, "--to", "eve")
