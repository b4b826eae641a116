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
from service.cli import app
from service.contracts.ordinary_blocks import DAY, NOW, bout, earlier
from service.gait import Baseline, History, verdicts
from service.pipeline.analysis import analyze_all
from service.records.bouts import spans
from service.records.notes import NOTABLE, standing
from service.records.rows import DERIVED, Note, Progress, Step, Verdict
from service.records.timestamps import iso
from tests.service.pipeline.test_analysis import described, worn
from tests.walkers.gait_rows import step
from tests.walkers.walks import START

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


def test_a_note_for_a_bout_that_is_gone_names_the_nearest_and_writes_nothing(log: Log) -> None:
    """Never there, deleted, or somebody else's by now: whatever is said of it, by its name or at its time."""
    gone = iso(NOW - 2 * DAY)
    insole("note", "ada", "delete", "--bout", gone)
    head, notes = log.head(), log.read(Note, "ada")
    for topic, text in (("shoes", "red"), ("surface", "track"), ("pain", "knee 2"), ("remark", "x"), ("stop", "yes")):
        said = refused("note", "ada", topic, text, "--bout", gone)
        assert (
            f"ada's bout of {gone} is deleted; `insole note ada delete --at {gone} --withdraw` brings it back" in said
        )
        near = [iso(NOW + k * DAY) for k in (-3, -1)]
        assert all(time in said.partition("the nearest are: ")[2] for time in near)
        assert gone not in said.partition("the nearest are: ")[2]
        assert "ada has no bout then; the nearest are: " in refused("note", "ada", topic, text, "--bout", "2020-01-01")
    for topic in ("shoes", "surface"):
        assert "is deleted" in refused("note", "ada", topic, "red", "--at", iso(NOW - 2 * DAY + 60 * SECOND))
    assert (log.head(), log.read(Note, "ada")) == (head, notes)
    insole("note", "ada", "delete", "--bout", gone)  # to say it again is no news
    assert log.head() == head
    insole("note", "ada", "pain", "knee 2", "--at", gone)  # pain is somebody's, not a bout's
    back = insole("note", "ada", "delete", "--at", gone, "--withdraw")
    assert back.startswith("withdrawn: ")
    insole("note", "ada", "shoes", "red", "--bout", gone)


def test_a_note_for_a_bout_that_somebody_else_wore_is_refused_and_an_old_one_can_be_withdrawn(walked: Log) -> None:
    begun = iso(spans(walked, "ada")[0].start)
    insole("note", "ada", "shoes", "red", "--bout", begun)
    insole("move", "ada", "--bout", begun, "--to", "eve")
    head = walked.head()
    assert "ada has no bout then; the nearest are: none" in refused("note", "ada", "shoes", "blue", "--bout", begun)
    late = iso(spans(walked, "eve")[0].stop)
    assert "no bout to which shoes" in refused("note", "ada", "shoes", "blue", "--at", late)
    assert walked.head() == head
    assert insole("note", "ada", "shoes", "--at", begun, "--withdraw").startswith("withdrawn: ")
    assert insole("note", "eve", "shoes", "blue", "--bout", begun).startswith("noted: ")


def test_a_bout_whose_samples_were_forgotten_is_still_there_to_be_noted(log: Log) -> None:
    """Its steps and blocks stay for ever, and verdicts follow the notes; what needs its samples is refused."""
    log.put([Progress(0, "", "retain ada", 0, restart=0, done=0, since=NOW - DAY // 2)])
    old = iso(NOW - DAY)
    assert f"{TODAY} Left and right: {USUAL}" in insole("note", "ada", "delete", "--bout", old)
    insole("note", "ada", "delete", "--bout", old, "--withdraw")
    said = insole("note", "ada", "stop", "--at", iso(NOW - DAY + 20 * SECOND))
    assert said.splitlines()[-1].endswith("are not kept any more: what was found stays as it is")
    before = found(log)
    for change in (["--to", "eve"], ["--swap-feet"]):
        assert "not kept any more; nothing was changed" in refused("move", "ada", "--bout", old, *change)
        assert "are not stored, and it would be lost" in refused("move", "ada", "--bout", TODAY, *change)
    assert found(log) == before


def test_a_note_from_the_future_is_refused(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    now = NOW + 2 * DAY
    monkeypatch.setattr("service.cli.actions.notes.clock.time_ns", lambda: now)
    head = log.head()
    for topic, text in (("start", "yes"), ("stop", "yes"), ("name", "Ada"), ("mass", "70 kg"), ("mute", "all"),
                        ("pain", "knee 3"), ("units", "lb"), ("remark", "x")):  # fmt: skip
        late = iso(now + 31 * 60 * SECOND)
        said = refused("note", "ada", topic, text, "--at", late)
        assert f"{late} is yet to come: a {topic} note lies before {iso(now + 30 * 60 * SECOND)[:19]}Z" in said
    assert "is yet to come" in refused("note", "ada", "shoes", "red", "--at", "2200-01-01")
    assert "outside the years" in refused("note", "ada", "shoes", "red", "--at", "2300-01-01")
    assert log.head() == head
    insole("note", "ada", "start", "--at", iso(now + 20 * 60 * SECOND))
    late = iso(now + DAY)
    log.put([Note(now + DAY, "ada", "remark", "of an older version")])
    assert insole("note", "ada", "remark", "--at", late, "--withdraw").startswith("withdrawn: ")


def test_every_topic_is_noted_corrected_and_withdrawn(log: Log) -> None:
    said = {
        "start": ("yes", "yes"),
        "stop": ("yes", "yes"),
        "name": ("Ada", "Ada L."),
        "shoes": ("blue", "red"),
        "surface": ("track", "trail"),
        "pain": ("low back 3", "low back 4"),
        "mass": ("70.0 kg", "71.0 kg"),
        "units": ("kg", "lb"),
        "mute": ("all", "imbalance 2"),
        "delete": ("yes", "yes"),
        "remark": ("windy", "calm"),
        "insert": ("cork", "felt"),
        "signs": ("none", "some"),
    }
    assert said.keys() == NOTABLE.keys()
    before = [repr(row) for row in log.read(Verdict, "ada")]
    for topic, texts in said.items():
        for text in texts:
            insole("note", "ada", topic, text, "--bout", TODAY)
            assert [(n.topic, n.text) for n in standing(log.read(Note, "ada"))] == [(topic, text)]
        insole("note", "ada", topic, "--bout", TODAY, "--withdraw")
        assert standing(log.read(Note, "ada")) == []
    assert [repr(row) for row in log.read(Verdict, "ada")] == before


def test_the_help_tells_every_topic_in_plain_words() -> None:
    shown = " ".join(insole("note", "--help").split())
    for topic, meaning in NOTABLE.items():
        assert f"{topic}: {meaning}." in shown


def test_kilograms_are_not_taken_for_pounds(log: Log) -> None:
    insole("note", "ada", "mass", "70", "--at", "2024-01-01")
    assert "far from the 70.0 kg before; write the unit: 154 kg or 154 lb" in refused("note", "ada", "mass", "154")
    assert "mass 69.9 kg" in insole("note", "ada", "mass", "154 lb")
    insole("note", "ada", "units", "lb")
    assert "mass 70.3 kg" in insole("note", "ada", "mass", "155")
    assert "far from the 70.3 kg" in refused("note", "ada", "mass", "70")
    assert "mass 90.0 kg" in insole("note", "ada", "mass", "90 kg")
    assert [n.text for n in standing(log.read(Note, "ada")) if n.topic == "mass"] == [
        *("70.0 kg", "69.9 kg", "70.3 kg", "90.0 kg")
    ]


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
    assert "nothing to note in ' '" in refused("note", "ada", "shoes", " ", "--bout", TODAY)
    assert "--withdraw takes a note back" in refused("note", "ada", "delete", "no", "--bout", TODAY)
    assert "15 to 350 kg" in refused("note", "ada", "mass", "900 kg")
    assert "0 to 10" in refused("note", "ada", "pain", "low back 11", "--bout", TODAY)
    assert "control a terminal" in refused("note", "ada", "shoes", "\x1b[2J", "--bout", TODAY)
    assert "nobody is called" in refused("note", "bob", "shoes", "red")
    assert log.read(Note, "ada") == []


def test_what_has_no_frames_is_not_analyzed_again(log: Log) -> None:
    before = found(log)
    assert "are not stored" in refused("analyze", "ada", "--again")
    assert "--again only" in refused("analyze", "ada")
    assert found(log) == before


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
    said = insole("note", "ada", "stop", "--at", stop, "--withdraw")
    assert said.splitlines()[-1] == f"it joins what was parted with: insole {command}"
    insole(*command.split())
    assert len(listed()) == 1
    assert insole("note", "ada", "stop", "--at", iso(START - 60 * SECOND)).count("\n") == 1, "there was nothing to part"


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


def found(log: Log) -> list[str]:
    return [repr(row) for kind in DERIVED for row in log.read(kind, "ada")]


def test_the_command_says_what_it_exchanged(walked: Log) -> None:
    bout = spans(walked, "ada")[0]
    before = found(walked)
    minute = f"{iso(bout.start)[:16].replace('T', ' ')}"
    said = insole("move", "ada", "--bout", minute, "--swap-feet")
    assert said.startswith("ada: left and right exchanged from ")
    assert "ada: analyzed again, " in said
    assert found(walked) != before
    insole("move", "ada", "--bout", minute, "--swap-feet")
    assert found(walked) == before
    since = iso(bout.start + 20 * SECOND)
    said = insole("move", "ada", "--bout", minute, "--swap-feet", "--from", since, "--to", "eve")
    assert "eve: analyzed again" in said
    assert "ada: identical" in insole("replay", "ada", "--check")
    assert "eve: identical" in insole("replay", "eve", "--check")


def test_what_cannot_be_exchanged_is_one_clear_line(walked: Log) -> None:
    bout = spans(walked, "ada")[0]
    which = ("move", "ada", "--bout", iso(bout.start))
    early, late = iso(bout.start - SECOND), iso(bout.stop + SECOND)
    head = walked.head()
    assert "--swap-feet" in refused(*which)
    assert "go with --swap-feet" in refused(*which, "--to", "eve", "--from", early)
    for option, time, end in (("--from", early, "start"), ("--until", late, "end")):
        said = refused(*which, "--swap-feet", option, time)
        assert f"lasts from {iso(bout.start)} to {iso(bout.stop)}; leave {option} out for its {end}" in said
    inside = iso(bout.start + SECOND)
    assert "does not lie before" in refused(*which, "--swap-feet", "--from", inside, "--until", inside)
    assert "--from: 'noon' is not a moment" in refused(*which, "--swap-feet", "--from", "noon")
    assert "no bout then; the nearest are" in refused(*which[:3], "2020-01-01", "--swap-feet")
    assert walked.head() == head


def test_links_of_pain_are_told_as_far_as_there_are_days(log: Log) -> None:
    insole("note", "ada", "pain", "low back 2", "--bout", TODAY)
    assert insole("note", "ada", "--links").startswith("Too few days to look for a link yet (0 of 28)")
    assert json.loads(insole("note", "ada", "--links", "--json"))["found"] == []
    assert "nobody is called 'eve'" in refused("note", "eve", "--links")
