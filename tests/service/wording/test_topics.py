"""Every topic that there are facts of has its sentences, and no other."""

from __future__ import annotations

import re

import pytest

from service.records.topics import TOPICS, Topic
from service.wording.topics import TOPIC_WORDING, words_of


def test_both_halves_have_the_same_topics_in_the_same_order() -> None:
    assert list(TOPIC_WORDING) == list(TOPICS)


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_the_sentences_are_whole(topic: Topic) -> None:
    words = TOPIC_WORDING[topic.name]
    assert all(words.title and text.endswith(".") for text in (words.behind, words.option))
    assert bool(words.over) is topic.ending.told, "who is told of an end is told in words"
    assert (words.pattern is None) is topic.about_insole, "guidance is about the wearer"


@pytest.mark.parametrize("name", [name for name, words in TOPIC_WORDING.items() if words.pattern])
def test_guidance_comes_with_what_is_known(name: str) -> None:
    pattern = TOPIC_WORDING[name].pattern
    assert pattern is not None
    assert pattern.heading.startswith("If ")
    assert pattern.guidance
    assert pattern.evidence
    assert all(re.search(r"\d{4}", evidence.source) for evidence in pattern.evidence)


def test_one_of_another_version_is_called_by_its_name() -> None:
    words = words_of("something_new")
    assert (words.title, words.over, words.pattern) == ("something new", "something new: not seen any more", None)
