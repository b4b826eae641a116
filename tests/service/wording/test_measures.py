"""Every measure has words of its own kind, and none is spoken of as another."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC

import pytest

from firmware_bridge import columns
from service.gait.detectors.measures import COMPARED
from service.gait.detectors.training_load import LONGEST_RUN
from service.records.rows import Block, Flag
from service.review.headline import headline
from service.wording.measure_kinds import Level, OneFoot, Symmetry
from service.wording.measures import MEASURE_WORDING
from service.wording.messages import flag_text, verdict_text
from tests.service.wording.test_messages import FLAG, NAN, VERDICT

_OF_THE_DATA = {"received_left", "received_right"}
_EVIDENCE = re.compile(r".*_(low|high)(_pct)?|.*_se")
CADENCE = replace(
    FLAG,
    topic="rhythm",
    measure="cadence_spm",
    value=160.4,
    low=158.0,
    high=162.8,
    normal=172.0,
    normal_low=167.9,
    normal_high=176.1,
)
JUDGED = replace(
    VERDICT,
    measure="cadence_spm",
    value=160.4,
    low=158.0,
    high=162.8,
    normal=172.0,
    normal_low=167.9,
    normal_high=176.1,
)


def test_every_measure_of_a_block_and_of_a_detector_has_words() -> None:
    measured = {column.name for column in columns(Block) if column.type is float} - _OF_THE_DATA
    of_blocks = {name for name in measured if not _EVIDENCE.fullmatch(name)}
    assert {measure.field for measure in COMPARED} < of_blocks
    assert set(MEASURE_WORDING) == of_blocks | {LONGEST_RUN}


def test_a_flag_on_cadence_is_about_cadence() -> None:
    message = flag_text(CADENCE, zone=UTC)
    assert message.title == "Your cadence differs from your usual"
    assert message.body == (
        "Your cadence was 160 steps a minute (95 % interval 158 to 163, 412 strides a foot), since 14:03. In your last "
        "5 runs it was 172 (usual range 168 to 176). A different surface, other shoes, or an insole that has shifted "
        "can be behind it. You can check that the insole lies flat and see whether it stays so on level ground. If "
        "something hurts, ease off and see a professional."
    )
    over = flag_text(replace(CADENCE, raised=False, value=171.0, low=169.0, high=173.0), zone=UTC)
    assert over.title == "Your cadence is back to your usual"
    assert over.body == (
        "Your cadence was 171 steps a minute (95 % interval 169 to 173, 412 strides a foot), since 14:04. In your last "
        "5 runs it was 172 (usual range 168 to 176)."
    )
    unknown = replace(CADENCE, normal=NAN, normal_low=NAN, normal_high=NAN)
    assert flag_text(unknown, zone=UTC).title == "Your cadence: 160 steps a minute"


def test_a_verdict_on_cadence_is_about_cadence() -> None:
    assert verdict_text(JUDGED).title == "Differs from your usual: cadence 160 steps a minute"
    assert headline(JUDGED) == "Your cadence was 12 steps a minute lower than your normal (9 to 14)"


def test_a_level_of_one_foot_names_it() -> None:
    flag = replace(FLAG, measure="contact_time_left_s", value=0.2512, low=0.25, high=0.2524, normal=0.24)
    message = flag_text(replace(flag, normal_low=0.235, normal_high=0.245), zone=UTC)
    assert message.title == "Your left foot's ground contact time differs from your usual"
    assert message.observation == (
        "Your left foot's ground contact time was 0.251 s (95 % interval 0.250 to 0.252, 412 strides), since 14:03."
    )
    assert message.context == "In your last 5 runs it was 0.240 (usual range 0.235 to 0.245)."


@pytest.mark.parametrize("measure", MEASURE_WORDING)
@pytest.mark.parametrize("raised", [True, False])
def test_left_and_right_are_compared_where_the_measure_compares_them(measure: str, raised: bool) -> None:
    said = flag_text(_flag(measure, raised=raised), zone=UTC)
    compares = isinstance(MEASURE_WORDING[measure], Symmetry)
    assert said.title.startswith("Left and right") is compares
    assert ("Your right foot" in said.observation and "than your left" in said.observation) is compares


def _flag(measure: str, *, raised: bool) -> Flag:
    return replace(FLAG, measure=measure, topic="something", raised=raised)


@pytest.mark.parametrize("measure", MEASURE_WORDING)
def test_a_judged_measure_reads_whole(measure: str) -> None:
    judged = replace(VERDICT, measure=measure)
    for text in (verdict_text(judged).title, verdict_text(judged).body, headline(judged)):
        assert not re.search(r"[{}_]|\s\s|nan|\( ", text)


@pytest.mark.parametrize(("measure", "words"), MEASURE_WORDING.items())
def test_a_measure_of_one_foot_is_told_apart_from_the_other_foot_s(measure: str, words: object) -> None:
    if isinstance(words, OneFoot | Level) and words.foot:
        other = {"left": "right", "right": "left"}[words.foot]
        assert MEASURE_WORDING[measure.replace(words.foot, other)].label == words.label.replace(words.foot, other)


def test_a_measure_of_another_version_is_not_spoken_of_as_one_of_this() -> None:
    flag = replace(FLAG, measure="something_new")
    expected = "A finding on something new", "This version has no words for something new"
    said = flag_text(flag, zone=UTC)
    assert (said.title, said.body) == (expected[0], f"{expected[1]}, since 14:03; the one that found it has.")
    judged = verdict_text(replace(VERDICT, measure="something_new"))
    assert (judged.title, judged.body) == (expected[0], f"{expected[1]}; the one that found it has.")
