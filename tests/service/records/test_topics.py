"""The facts of topics hold together: what raises their flags is there, and what judges them is what they say."""

from __future__ import annotations

from dataclasses import fields

import pytest

from service.contracts.ordinary_blocks import NOW, bout
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import detectors
from service.gait.detectors.verdict import verdicts
from service.records.notes import parse_note
from service.records.topics import IMBALANCE, TOPICS, WITHOUT_IT, Topic, topic_of

BASELINE = Baseline(History([]), NOW)


def test_each_topic_has_its_detector_and_each_detector_its_topic() -> None:
    found = [detector.topic for detector in detectors(BASELINE)]
    assert sorted(found) == sorted(TOPICS)
    assert [TOPICS[name].about_insole for name in found] == sorted(
        (t.about_insole for t in TOPICS.values()), reverse=True
    )


def test_bouts_are_judged_on_the_topics_that_say_so() -> None:
    said = [verdict.topic for verdict in verdicts(bout(0, 12), BASELINE)]
    assert said == [name for name, topic in TOPICS.items() if topic.has_verdict]


def test_an_entry_stands_under_its_own_name() -> None:
    assert all(name == topic.name for name, topic in TOPICS.items())


def test_an_episode_cannot_end_by_a_verdict_that_there_never_is() -> None:
    with pytest.raises(ValueError, match="cadence has no verdicts: what raises no more flags has to end its episodes"):
        Topic("cadence", "", has_verdict=False, ending=IMBALANCE.ending)


def test_a_topic_of_another_version_is_taken_for_one_without_verdicts() -> None:
    assert topic_of("imbalance") is IMBALANCE
    unknown = topic_of("something_new")
    assert (unknown.name, unknown.has_verdict, unknown.ending) == ("something_new", False, WITHOUT_IT)
    assert {field.name for field in fields(Topic) if getattr(unknown, field.name) is True} == {
        "may_be_muted",
        "by_gait",
    }


@pytest.mark.parametrize("topic", [name for name, topic in TOPICS.items() if topic.may_be_muted])
def test_what_may_be_muted_can_be(topic: str) -> None:
    assert parse_note(0, "ada", "mute", f"{topic} 2").text == f"{topic} 2"
