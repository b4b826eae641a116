"""What is one episode, when it is over, and that it is told once in whatever order its flags come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, Unavailable
from service.alerts.episodes import RECENT_NS, SETTLED_NS, began, ended
from service.alerts.policy import AlertSettings, Outcome, decide, process
from service.records.rows import Alert, Flag, Verdict
from tests.service.alerts.test_policy import Ears, alert_of
from tests.service.wording.test_messages import FLAG, VERDICT

DAY = 24 * 3600 * SECOND
SETTINGS = AlertSettings(urls=("json://127.0.0.1/",), cool_down_s=1.0)


def flag(day: int, *, raised: bool = True, topic: str = "imbalance", measure: str = FLAG.measure) -> Flag:
    time = FLAG.time + day * DAY + (0 if raised else 60 * SECOND)
    return replace(FLAG, time=time, bout=FLAG.bout + day * DAY, raised=raised, topic=topic, measure=measure)


def verdict(day: int, answer: str = "normal", *, activity: str = "running", topic: str = "imbalance") -> Verdict:
    stop = FLAG.time + day * DAY + 300 * SECOND
    return replace(VERDICT, time=FLAG.bout + day * DAY, stop=stop, answer=answer, activity=activity, topic=topic)


def test_an_episode_goes_back_to_the_last_normal_bout() -> None:
    flags = [flag(day) for day in (0, 2, 3, 5)]
    verdicts = [verdict(1), verdict(2, "differs"), verdict(3, "differs"), verdict(4, "cannot_tell")]
    assert began(flags[3], flags, verdicts) == flags[1].bout
    assert began(flags[0], flags, verdicts) == flags[0].bout


def test_a_walk_or_another_topic_does_not_end_what_shows_on_runs() -> None:
    flags = [flag(0), flag(2)]
    assert began(flags[1], flags, [verdict(1, activity="walking")]) == flags[0].bout
    assert began(flags[1], flags, [verdict(1, topic="over_pronation")]) == flags[0].bout
    assert began(flags[1], flags, [verdict(1)]) == flags[1].bout


def test_each_fault_of_an_insole_is_an_episode_of_its_own() -> None:
    left, right = (flag(n, topic="insole", measure=f"dead_sensor_{side}") for n, side in enumerate(("left", "right")))
    assert began(right, [left, right], []) == right.bout
    later = replace(right, measure=left.measure)
    assert began(later, [left, later], []) == left.bout
    further = replace(later, time=later.time + DAY, bout=later.bout + DAY)
    assert began(further, [left, further], [verdict(1, "differs")]) == further.bout, "the insoles were well between"


def test_a_later_bout_of_an_episode_is_not_told_and_a_new_episode_is() -> None:
    first, second = flag(0), flag(2)
    sent = alert_of(first, decided=first.time)
    now = second.time + SECOND
    for verdicts, outcome in (([], Outcome.SAME_EPISODE), ([verdict(1)], Outcome.SENT)):
        since = began(second, [first, second], verdicts)
        assert decide(second, [sent], now, SETTINGS, began=since) is outcome


# ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flag_that_is_cleared_has_ended() -> None:
    raised, over = flag(0), flag(0, raised=False)
    sent = alert_of(raised)
    assert ended([sent], [raised, over], [], over.time) == [(sent, over)]
    assert ended([sent], [raised], [], over.time) == []
    assert ended([sent], [raised, over], [], over.time + RECENT_NS + 1) == [], "no news any more"


def test_the_next_normal_bout_ends_it_once_that_bout_is_over() -> None:
    raised, normal = flag(0), verdict(1)
    sent = alert_of(raised)
    late = normal.stop + SETTLED_NS + 1
    assert ended([sent], [raised], [normal], late) == [(sent, normal)]
    assert ended([sent], [raised], [normal], normal.stop + SETTLED_NS) == [], "it may go on and differ"
    for other in (verdict(1, "cannot_tell"), verdict(1, "differs"), verdict(1, activity="walking")):
        assert ended([sent], [raised], [other], late) == []
    assert ended([sent], [raised, flag(2)], [normal], late) == [], "it goes on"


def test_an_end_is_told_once_and_only_of_what_was_told() -> None:
    raised, over = flag(0), flag(0, raised=False)
    for outcome in Outcome:
        found = ended([alert_of(raised, outcome)], [raised, over], [], over.time)
        assert bool(found) is (outcome is Outcome.SENT)
    told = alert_of(over, Outcome.RESOLVED)
    assert ended([alert_of(raised), told], [raised, over], [verdict(1)], verdict(1).stop + SETTLED_NS + 1) == []


def test_a_long_run_has_no_end_to_be_told() -> None:
    long = flag(0, topic="training_load", measure="longest_run")
    assert ended([alert_of(long)], [long], [verdict(1)], verdict(1).stop + SETTLED_NS + 1) == []


# ── whatever the order ──────────────────────────────────────────────────────────────────────────────────────────────


@given(st.data())
def test_an_episode_is_sent_at_most_once_in_whatever_order_its_flags_come(data: st.DataObject) -> None:
    days = data.draw(st.lists(st.sampled_from(["flag", "normal", "unknown"]), min_size=1, max_size=8))
    topics = ["imbalance", "over_pronation"]
    flags = [flag(day, topic=topic) for day, kind in enumerate(days) if kind == "flag" for topic in topics]
    verdicts = [
        verdict(day, "normal" if kind == "normal" else "cannot_tell", topic=topic)
        for day, kind in enumerate(days)
        if kind != "flag"
        for topic in topics
    ]
    order = data.draw(st.permutations(flags))
    deaf = data.draw(st.integers(0, 3))
    ears, stored = Ears(deaf), dict[tuple[int, str], Alert]()
    for _ in range(2):
        for each in order:
            got = process(
                [each],
                list(stored.values()),
                settings=replace(SETTINGS, stale_s=1e9),
                notifier=ears,
                now=flag(len(days)).time,
                began=lambda each: began(each, flags, verdicts),
            )
            _take(got, stored)
    assert len(flags) == len(stored), "every flag is on record"
    sent = [alert for alert in stored.values() if alert.outcome == "sent"]
    assert len(sent) == len(ears.heard)
    by_key = {(each.time, each.topic): each for each in flags}
    episodes = [(began(by_key[alert.time, alert.topic], flags, verdicts), alert.topic) for alert in sent]
    assert len(set(episodes)) == len(episodes)


def _take(alerts: Iterator[Alert], stored: dict[tuple[int, str], Alert]) -> None:
    with suppress(Unavailable):
        for alert in alerts:
            stored[alert.time, alert.topic] = alert
