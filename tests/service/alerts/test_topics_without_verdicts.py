"""A topic on which no bout is judged alerts, ends, and alerts again: an invented one, entered as any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from firmware_bridge import SECOND, open_log
from service.alerts.dispatcher import Dispatcher
from service.alerts.episodes import SETTLED_NS, began, ended
from service.alerts.policy import AlertSettings, muted
from service.records import topics
from service.records.rows import Alert, Flag, Note
from service.records.topics import WITHOUT_IT, Ending, Topic
from service.wording import topics as wording
from service.wording.topics import BEHIND_ANY, LOOK_AGAIN, TopicWording
from tests.service.alerts.test_dispatcher import Clock
from tests.service.alerts.test_episodes import DAY, flag, verdict
from tests.service.alerts.test_policy import alert_of
from tests.service.wording.test_measures import CADENCE
from tests.stand_ins.servers.receivers import http

RHYTHM = Topic(CADENCE.topic, "", has_verdict=False, ending=WITHOUT_IT)
WORDS = TopicWording("Rhythm", BEHIND_ANY, LOOK_AGAIN, "Rhythm: back to your usual")


def enter(monkeypatch: pytest.MonkeyPatch, topic: Topic) -> None:
    monkeypatch.setattr(topics, "TOPICS", {**topics.TOPICS, topic.name: topic})
    monkeypatch.setattr(wording, "TOPIC_WORDING", {**wording.TOPIC_WORDING, topic.name: WORDS})


@pytest.fixture(autouse=True)
def rhythm(monkeypatch: pytest.MonkeyPatch) -> None:
    enter(monkeypatch, RHYTHM)


def slow(day: int) -> Flag:
    return replace(CADENCE, time=CADENCE.time + day * DAY, bout=CADENCE.bout + day * DAY)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[list[str]]:
    """Go through nine days of runs, and give what a receiver got."""
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as log, http() as receiver:
        clock = Clock(0)
        settings = AlertSettings(urls=(receiver.url,), zone=UTC)
        for day, what in enumerate(["slow", "slow", "unknown", "slow", "as usual", "slow", "walk", "as usual", "slow"]):
            answer = {"as usual": "normal", "walk": "normal"}.get(what, "cannot_tell")
            row = verdict(day, answer, activity="walking" if what == "walk" else "running")
            log.put([row])
            dispatcher = Dispatcher(log, settings, now=clock)
            if what == "slow":
                clock.now = slow(day).time + SECOND
                log.put([slow(day)])
                dispatcher.hear([slow(day)])
            clock.now = row.stop + SETTLED_NS + 1
            dispatcher.again()
        assert [a.outcome for a in log.read(Alert, "me") if a.outcome != "resolved"] == [
            "sent",
            "same_episode",
            "same_episode",
            "sent",
            "sent",
        ]
        yield receiver.said


def test_it_alerts_ends_and_alerts_again(told: list[str]) -> None:
    alert = "Your cadence differs from your usual"
    over = "Rhythm: back to your usual"
    assert [said.split("\n")[0] for said in told] == [alert, over, alert, over, alert]
    assert told[1] == f"{over}\nIn the run of 28 Nov, 13:48 this was not seen: your cadence differs from your usual."


def test_nothing_of_it_is_in_the_table_and_it_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "TOPICS", {name: t for name, t in topics.TOPICS.items() if t is not RHYTHM})
    flags = [slow(0), slow(2)]
    assert began(slow(2), flags, [verdict(1)]) == slow(2).bout
    assert began(slow(2), flags, []) == slow(0).bout


@pytest.mark.parametrize(
    ("ending", "ends"),
    [
        (Ending(frozenset({"normal"})), {"normal run"}),
        (Ending(frozenset({"normal"}), same_activity=False), {"normal run", "normal walk"}),
        (Ending(frozenset({"normal", "differs"})), {"normal run", "differing run"}),
        (Ending(frozenset({"cannot_tell"})), {"unknown run"}),
        (Ending(frozenset({"normal"}), told=False), {"normal run"}),
    ],
)
def test_which_bout_ends_it_is_the_topic_s_own(monkeypatch: pytest.MonkeyPatch, ending: Ending, ends: set[str]) -> None:
    enter(monkeypatch, replace(RHYTHM, ending=ending))
    bouts = {
        "normal run": verdict(1),
        "normal walk": verdict(1, activity="walking"),
        "differing run": verdict(1, "differs"),
        "unknown run": verdict(1, "cannot_tell"),
    }
    flags = [slow(0), slow(2)]
    late = verdict(1).stop + SETTLED_NS + 1
    for name, between in bouts.items():
        assert (began(slow(2), flags, [between]) == slow(2).bout) is (name in ends), name
        end = ended([alert_of(slow(0))], [slow(0)], [between], late)
        assert bool(end) is (name in ends and ending.told), name


def test_each_measure_may_have_episodes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(slow(2), measure="contact_time_left_s")
    assert began(other, [slow(0), other], []) == slow(0).bout
    enter(monkeypatch, replace(RHYTHM, by_measure=True))
    assert began(other, [slow(0), other], []) == other.bout


def test_what_may_not_be_muted_is_told_whatever_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Note(CADENCE.time, "me", "mute", "all")
    assert muted(CADENCE, [asked], CADENCE.time + SECOND)
    enter(monkeypatch, replace(RHYTHM, may_be_muted=False))
    assert not muted(CADENCE, [asked], CADENCE.time + SECOND)


def test_a_flag_of_another_topic_is_none_of_its_episode() -> None:
    assert began(slow(2), [flag(0), slow(2)], []) == slow(2).bout
