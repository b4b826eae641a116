"""From a log to real receivers: what is held, failed, over or told late reaches everybody, and nobody twice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware_bridge import SECOND, Log, Unavailable, open_log
from service.alerts.dispatcher import Dispatcher
from service.alerts.policy import AlertRule, AlertSettings
from service.alerts.quiet_hours import parse_quiet
from service.records.notes import parse_note
from service.records.rows import Alert, Flag
from tests.service.alerts.test_episodes import DAY, flag, verdict
from tests.service.wording.test_messages import FLAG
from tests.stand_ins.servers.receivers import Http, Smtp, http, smtp

MINUTE = 60 * SECOND


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


@pytest.fixture
def one() -> Iterator[Http]:
    with http() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[Smtp]:
    with smtp() as server:
        yield server


def outcomes(log: Log) -> list[str]:
    return [alert.outcome for alert in log.read(Alert, "me")]


def heard(log: Log, settings: AlertSettings, clock: Clock, *flags: Flag) -> Dispatcher:
    dispatcher = Dispatcher(log, settings, now=clock)
    log.put(flags)
    dispatcher.hear(flags)
    return dispatcher


def at(flag: Flag, text: str) -> Flag:
    """Return a flag as if it had been raised at a time of day."""
    time = round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND
    return replace(flag, time=time, bout=time - 900 * SECOND, since=time - 90 * SECOND)


QUIET = AlertSettings(quiet=parse_quiet("22:00-07:00"), zone=UTC)


def test_quiet_hours_hold_an_alert_and_tell_it_late(log: Log, one: Http) -> None:
    raised = at(FLAG, "2026-05-01 22:30")
    clock = Clock(raised.time + SECOND)
    dispatcher = heard(log, replace(QUIET, urls=(one.url,)), clock, raised)
    for _ in range(2):
        dispatcher.again()
    assert outcomes(log) == ["held"]
    clock.now = raised.time + 8 * 60 * MINUTE + 29 * MINUTE
    dispatcher.again()
    assert one.said == []
    clock.now += MINUTE
    for _ in range(2):
        dispatcher.again()
    (said,) = one.said
    assert said.startswith("Told later: one finding\n01 May, 22:30: Left and right differ from your usual. Your right")
    assert outcomes(log) == ["sent"]


def test_what_still_stands_when_the_quiet_hours_end_is_an_alert_as_any(log: Log, one: Http) -> None:
    raised = at(FLAG, "2026-05-02 06:50")
    clock = Clock(raised.time + SECOND)
    dispatcher = heard(log, replace(QUIET, urls=(one.url,)), clock, raised)
    clock.now = raised.time + 10 * MINUTE
    dispatcher.again()
    assert [said.split("\n")[0] for said in one.said] == ["Left and right differ from your usual"]
    assert outcomes(log) == ["sent"]


def test_what_is_over_when_the_quiet_hours_end_is_said_to_be_over(log: Log, one: Http) -> None:
    raised = at(FLAG, "2026-05-02 06:50")
    over = replace(raised, raised=False, time=raised.time + 2 * MINUTE)
    clock = Clock(raised.time + SECOND)
    dispatcher = heard(log, replace(QUIET, urls=(one.url,)), clock, raised, over)
    clock.now = raised.time + 10 * MINUTE
    for _ in range(2):
        dispatcher.again()
    (said,) = one.said
    assert "Left and right differ from your usual (over at 06:52)" in said
    assert outcomes(log) == ["resolved"]


def test_several_held_findings_are_one_message(log: Log, one: Http) -> None:
    first = at(FLAG, "2026-05-01 22:30")
    flags = [first, replace(first, topic="over_pronation", measure="medial_lateral_left")]
    clock = Clock(first.time + SECOND)
    dispatcher = heard(log, replace(QUIET, urls=(one.url,)), clock, *flags)
    clock.now = first.time + 9 * 60 * MINUTE
    dispatcher.again()
    (said,) = one.said
    assert said.startswith("Told later: 2 findings\n")
    assert outcomes(log) == ["sent", "sent"]


def test_after_the_quiet_hours_a_restart_finds_what_was_held(log: Log, one: Http) -> None:
    raised = at(FLAG, "2026-05-01 22:30")
    settings = replace(QUIET, urls=(one.url,))
    heard(log, settings, Clock(raised.time), raised)
    Dispatcher(log, settings, now=Clock(raised.time + 9 * 60 * MINUTE)).again()
    assert len(one.messages) == 1


# ── receivers that are away ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("restart", [False, True])
def test_the_one_that_was_away_gets_it_later_and_the_other_once(log: Log, one: Http, mail: Smtp, restart: bool) -> None:
    one.status = 503
    clock = Clock(FLAG.time + SECOND)
    settings = AlertSettings(urls=(one.url, mail.url))
    dispatcher = heard(log, settings, clock, FLAG)
    (row,) = log.read(Alert, "me")
    assert (row.outcome, row.missed) == ("sent", "alerts.urls[0] (json://…)")
    with pytest.raises(Unavailable, match="answers 503"):
        dispatcher.again()
    one.status = 200
    clock.now += 60 * MINUTE
    again = Dispatcher(log, settings, now=clock) if restart else dispatcher
    for _ in range(2):
        again.again()
    assert (len(one.said), len(mail.mails)) == (1, 1)
    assert one.said[0] == log.read(Alert, "me")[0].text
    assert log.read(Alert, "me")[0].missed == ""


def test_who_is_away_holds_up_neither_other_wearers_nor_what_comes_later(log: Log, one: Http) -> None:
    with http() as away:
        away.status = 429
        clock = Clock(FLAG.time + SECOND)
        rules = (AlertRule(wearer="me", urls=(away.url,)),)
        other = replace(FLAG, wearer="you")
        dispatcher = heard(log, AlertSettings(urls=(one.url,), rules=rules), clock, FLAG, other)
        assert outcomes(log) == ["failed"]
        assert len(one.said) == 1
        with pytest.raises(Unavailable, match="asks to wait") as failure:
            dispatcher.again()
        assert failure.value.wait_s == 60
        away.status = 200
        clock.now += MINUTE
        dispatcher.again()
        assert [said.split("\n")[0] for said in away.said] == ["Left and right differ from your usual"]
        assert outcomes(log) == ["sent"]


def test_one_that_is_away_for_hours_is_told_late(log: Log, one: Http) -> None:
    one.status = 500
    clock = Clock(FLAG.time + SECOND)
    dispatcher = heard(log, AlertSettings(urls=(one.url,)), clock, FLAG)
    clock.now += 3 * 60 * MINUTE
    with pytest.raises(Unavailable):
        dispatcher.again()
    one.status = 200
    dispatcher.again()
    dispatcher.again()
    (said,) = one.said
    assert said.startswith("Told later: one finding\n")
    assert "nobody could be reached" in said
    clock.now += 2 * DAY
    dispatcher.again()
    assert len(one.said) == 1


def test_who_missed_a_message_is_not_woken_and_one_that_is_gone_stays_on_record(
    log: Log, one: Http, mail: Smtp
) -> None:
    one.status = 503
    raised = at(FLAG, "2026-05-01 21:55")
    clock = Clock(raised.time + SECOND)
    settings = replace(QUIET, urls=(mail.url, one.url))
    heard(log, settings, clock, raised)
    one.status, clock.now = 200, raised.time + 10 * MINUTE
    Dispatcher(log, settings, now=clock).again()
    Dispatcher(log, replace(settings, urls=(mail.url,), quiet=None), now=clock).again()
    assert one.said == []
    assert log.read(Alert, "me")[0].missed == "alerts.urls[1] (json://…)"
    clock.now += 10 * 60 * MINUTE
    Dispatcher(log, settings, now=clock).again()
    assert (len(one.said), len(mail.mails)) == (1, 1)


def test_a_receiver_that_is_away_is_asked_less_and_less(log: Log, one: Http, caplog: pytest.LogCaptureFixture) -> None:
    one.status = 500
    dispatcher = heard(log, AlertSettings(urls=(one.url,)), Clock(FLAG.time + SECOND), FLAG)
    assert [dispatcher.step() for _ in range(7)] == [20, 40, 80, 160, 300, 300, 300]
    assert caplog.text.count("answers 500") == 1, "said once"
    assert "s3cret" not in caplog.text
    one.status = 429
    assert Dispatcher(log, AlertSettings(urls=(one.url,)), now=Clock(FLAG.time + SECOND)).step() == 60
    one.status = 200
    assert dispatcher.step() == 10
    assert len(one.said) == 1


def test_a_store_that_is_away_loses_no_alert(log: Log, one: Http) -> None:
    clock = Clock(FLAG.time + SECOND)
    dispatcher = Dispatcher(log, AlertSettings(urls=(one.url,)), now=clock)
    log.put([FLAG])
    real = log.put

    def away(items: object) -> None:
        raise Unavailable("the store is locked")

    log.put = away  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="locked"):
        dispatcher.hear([FLAG])
    log.put = real  # type: ignore[method-assign]
    dispatcher.hear([FLAG])
    assert outcomes(log) == ["sent"]


def test_a_power_cut_behind_the_sending_sends_once_more_at_most(log: Log, one: Http) -> None:
    settings = AlertSettings(urls=(one.url,))
    clock = Clock(FLAG.time + SECOND)
    log.put([FLAG])
    real, lost = log.put, True

    def put(items: list[Alert]) -> None:
        if lost:
            raise OSError("the power is gone")
        real(items)

    log.put = put  # type: ignore[method-assign,assignment]
    with pytest.raises(OSError, match="power"):
        Dispatcher(log, settings, now=clock).hear([FLAG])
    lost = False
    for _ in range(3):
        Dispatcher(log, settings, now=clock).hear([FLAG])
        Dispatcher(log, settings, now=clock).again()
    assert len(one.said) == 2


# ── the end of an episode ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_episode_is_told_once_and_so_is_its_end(log: Log, one: Http) -> None:
    settings = AlertSettings(urls=(one.url,), zone=UTC)
    clock = Clock(0)
    dispatcher = Dispatcher(log, settings, now=clock)
    for day in range(3):
        clock.now = flag(day).time + SECOND
        log.put([flag(day), verdict(day, "differs")])
        dispatcher.hear([flag(day)])
        dispatcher.again()
    assert outcomes(log) == ["sent", "same_episode", "same_episode"]
    log.put([verdict(3)])
    clock.now = verdict(3).stop + MINUTE
    dispatcher.again()
    assert len(one.said) == 1, "the bout may go on, and differ"
    clock.now += 20 * MINUTE
    for _ in range(2):
        dispatcher.again()
        dispatcher = Dispatcher(log, settings, now=clock)
    _, end = one.said
    assert end.startswith("Left and right: back to your usual\nThe run of 27 Nov, 13:48: Your right foot")
    assert "resolved" in outcomes(log)
    clock.now = flag(4).time + SECOND
    log.put([flag(4)])
    dispatcher.hear([flag(4)])
    assert len(one.said) == 3, "a new episode"


def test_a_muted_topic_stays_silent_when_it_ends(log: Log, one: Http) -> None:
    raised, over = flag(0), flag(0, raised=False)
    clock = Clock(raised.time + SECOND)
    dispatcher = heard(log, AlertSettings(urls=(one.url,)), clock, raised)
    log.put([over, parse_note(clock.now, "me", "mute", "imbalance")])
    clock.now += 2 * MINUTE
    dispatcher.again()
    assert len(one.said) == 1


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rules_send_to_others_turn_off_and_leave_the_rest_as_it_is(log: Log, one: Http) -> None:
    with http() as coach:
        rules = (AlertRule(wearer="ann", urls=(coach.url,)), AlertRule(topic="insole", off=True))
        insole = replace(FLAG, topic="insole", measure="dead_insole_left", value=math.nan)
        heard(
            log,
            AlertSettings(urls=(one.url,), rules=rules),
            Clock(FLAG.time + SECOND),
            insole,
            FLAG,
            replace(FLAG, wearer="ann"),
            replace(insole, wearer="ann"),
        )
        assert len(one.said) == 1
        assert [said.split("\n")[0] for said in coach.said] == [
            "Left insole gives no reading",
            "Left and right differ from your usual",
        ]
    assert sorted(outcomes(log)) == ["off", "sent"]
