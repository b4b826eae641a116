"""What else was different in a bout is said as facts, and only where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

import pytest

from firmware_bridge import SECOND
from service.alerts.confounders import alongside, sentence
from service.contracts.ordinary_blocks import DAY, NOW, bout
from service.records.rows import Block, Flag, Note
from service.wording.messages import flag_text
from tests.service.wording.test_messages import FLAG

EARLIER = [each for day in range(-5, 0) for each in bout(day, seed=day + 9)]
TODAY = bout(0)
RAISED = replace(FLAG, wearer="ada", activity="walking", bout=NOW, time=TODAY[-1].stop)


def facts(
    today: Sequence[Block] = TODAY, notes: Sequence[Note] = (), flags: Sequence[Flag] = (), flag: Flag = RAISED
) -> str:
    return "; ".join(alongside(flag, [*EARLIER, *today], notes, [flag, *flags]))


def noted(topic: str, text: str, day: int = 0) -> Note:
    return Note(NOW + day * DAY + SECOND, "ada", topic, text)


def worse(**values: object) -> list[Block]:
    return [replace(each, **values) for each in TODAY]  # type: ignore[arg-type]


def test_a_day_as_any_has_nothing_else() -> None:
    assert facts() == ""
    assert sentence(()) == ""


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ([("Blue", 0), ("red", -1)], "new shoes (Blue)"),
        ([("Blue", 0), ("blue", -3), ("red", -1)], "other shoes (Blue) than last time (red)"),
        ([("blue", 0), ("Blue", -1)], ""),
        ([("blue", 0)], "shoes that were not named before (blue)"),
        ([("red", -1)], ""),
    ],
)
def test_shoes(notes: list[tuple[str, int]], said: str) -> None:
    assert facts(notes=[noted("shoes", text, day) for text, day in notes]) == said


def test_a_surface_is_compared_with_the_last_one_that_is_known() -> None:
    road = [noted("surface", "road", day) for day in (-5, -4)]
    assert facts(notes=[*road, noted("surface", "trail")]) == "another surface (trail) than last time (road)"
    assert facts(notes=[*road, noted("surface", "Road")]) == ""
    assert facts(notes=[noted("surface", "trail")]) == ""


@pytest.mark.parametrize(
    ("factor", "running", "walking"),
    [
        (1 / 1.08, "about 8 % faster", "a pace that was faster"),
        (1 / 1.02, "", ""),
        (1 / 0.9, "about 10 % slower", "a pace that was slower"),
    ],
)
def test_the_pace_goes_by_the_contact_times(factor: float, running: str, walking: str) -> None:
    usual = EARLIER[0].contact_time_left_s
    today = worse(contact_time_left_s=usual * factor, contact_time_right_s=usual * factor)
    assert facts(today) == (f"{walking}, by the contact times" if walking else "")
    runs = [replace(each, activity="running") for each in [*EARLIER, *today]]
    found = "; ".join(alongside(replace(RAISED, activity="running"), runs, [], [RAISED]))
    assert found == (f"{running}, by the contact times" if running else "")


def test_the_cadence() -> None:
    assert facts(worse(cadence_spm=EARLIER[0].cadence_spm * 1.1)) == "cadence 10 % higher"


def test_what_was_lost_and_what_could_not_be_used() -> None:
    assert facts(worse(received_right=0.85)) == "15 % of the right foot's data was lost"
    used = TODAY[0].strides_left
    assert facts(worse(rejected_left=used, rejected_right=used)).startswith("50 % of the steps could not be used")


def test_what_is_wrong_with_the_insoles_comes_first_while_it_stands() -> None:
    gain = replace(RAISED, topic="insole", measure="gain_ratio", time=RAISED.time - 60 * SECOND)
    dead = replace(gain, measure="dead_sensor_left")
    notes = [noted("shoes", "red", -1), noted("shoes", "blue")]
    found = facts(flags=[gain, dead], notes=notes)
    assert found == "the two insoles do not weigh alike; the left insole has a broken sensor; new shoes (blue)"
    over = replace(gain, raised=False, time=RAISED.time - SECOND)
    assert facts(flags=[gain, over], notes=notes) == "new shoes (blue)"
    assert facts(flags=[replace(gain, time=RAISED.time + SECOND)]) == "", "what comes later is not known yet"
    assert facts(flags=[dead], flag=gain) == "", "it is what is told"


def test_a_walk_is_not_compared_with_runs() -> None:
    assert facts(
        notes=[noted("shoes", "blue"), noted("shoes", "red", -1)], flag=replace(RAISED, activity="running")
    ) == ("shoes that were not named before (blue)")


def test_the_sentence_stands_behind_the_context_and_claims_nothing() -> None:
    said = flag_text(RAISED, zone=UTC).with_context(sentence(["new shoes (blue)", "cadence 10 % higher"]))
    assert "Also different this time: new shoes (blue), cadence 10 % higher. They went together" in said.body
    assert said.body.index("Also different") < said.body.index("can be behind it")
