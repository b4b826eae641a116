"""Which flags reach a person, how often, and that what is sent says what, since when and how sure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, ConfigError, Unavailable
from service.alerts.apprise_notifier import AppriseNotifier, check_urls
from service.alerts.policy import AlertSettings, Outcome, decide, muted, process
from service.records.rows import Alert, Flag, Note
from service.wording.messages import Message
from tests.service.wording.test_messages import FLAG

NOW = FLAG.time + 5 * SECOND
HOUR = 3600 * SECOND
SETTINGS = AlertSettings(urls=("json://127.0.0.1/",))


def alert_of(flag: Flag, outcome: Outcome = Outcome.SENT, decided: int = NOW) -> Alert:
    return Alert(flag.time, flag.wearer, flag.topic, flag.measure, outcome.value, decided, "")


class Ears:
    """A notifier that remembers, and is deaf as often as it is told to be."""

    def __init__(self, deaf: int = 0) -> None:
        self.heard: list[Message] = []
        self.deaf = deaf

    def send(self, message: Message) -> None:
        if self.deaf:
            self.deaf -= 1
            raise Unavailable("nobody listens")
        self.heard.append(message)


# ── the decision ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_flag_is_sent() -> None:
    assert decide(FLAG, [], NOW, SETTINGS) is Outcome.SENT


def test_a_cleared_flag_is_nobody_s_business() -> None:
    assert decide(replace(FLAG, raised=False), [], NOW, SETTINGS) is None


def test_an_old_flag_is_stale_even_where_nobody_listens() -> None:
    late = FLAG.time + 900 * SECOND
    assert decide(FLAG, [], late, SETTINGS) is Outcome.SENT
    assert decide(FLAG, [], late + 1, SETTINGS) is Outcome.STALE
    assert decide(FLAG, [], late + 1, AlertSettings()) is Outcome.STALE


def test_nobody_is_told_where_nobody_is_configured() -> None:
    assert decide(FLAG, [], NOW, AlertSettings()) is Outcome.NOBODY


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.FAILED])
def test_what_was_decided_stays_decided(outcome: Outcome) -> None:
    assert decide(FLAG, [alert_of(FLAG, outcome)], NOW, SETTINGS) is None


def test_a_failed_one_is_tried_again_until_it_is_stale() -> None:
    failed = [alert_of(FLAG, Outcome.FAILED)]
    assert decide(FLAG, failed, NOW, SETTINGS) is Outcome.SENT
    assert decide(FLAG, failed, NOW + HOUR, SETTINGS) is None


def test_a_topic_cools_down_across_measures_and_bouts() -> None:
    before = replace(FLAG, time=FLAG.time - 2 * HOUR, bout=FLAG.bout - 2 * HOUR, measure="impulse_si_pct")
    sent = alert_of(before, decided=before.time)
    assert decide(FLAG, [sent], NOW, SETTINGS) is Outcome.COOLING_DOWN
    assert decide(FLAG, [sent], NOW, replace(SETTINGS, cool_down_s=3600)) is Outcome.SENT
    assert decide(replace(FLAG, topic="over_pronation"), [sent], NOW, SETTINGS) is Outcome.SENT
    assert decide(replace(FLAG, wearer="you"), [sent], NOW, SETTINGS) is Outcome.SENT


def test_one_bout_gives_at_most_one_message_on_a_topic() -> None:
    first = replace(FLAG, bout=FLAG.time - 8 * HOUR, time=FLAG.time - 7 * HOUR)
    long_run = replace(FLAG, bout=first.bout)
    assert decide(long_run, [alert_of(first, decided=first.time)], NOW, SETTINGS) is Outcome.COOLING_DOWN


def test_only_what_was_sent_cools_down() -> None:
    before = replace(FLAG, time=FLAG.time - 60 * SECOND)
    silent = [alert_of(before, o) for o in Outcome if o is not Outcome.SENT]
    assert decide(FLAG, silent, NOW, SETTINGS) is Outcome.SENT


def note(text: str, time: int = NOW - HOUR) -> Note:
    return Note(time, "me", "mute", text)


@pytest.mark.parametrize("text", ["all", "imbalance", "imbalance 2", "2 h", "1.5"])
def test_a_mute_is_heeded(text: str) -> None:
    assert muted(FLAG, [note(text)], NOW)


@pytest.mark.parametrize("text", ["", "over_pronation", "imbalance 0.5", "1", "0"])
def test_a_mute_of_something_else_or_one_that_is_over(text: str) -> None:
    assert not muted(FLAG, [note(text)], NOW)


def test_the_latest_mute_counts() -> None:
    assert not muted(FLAG, [note("0", NOW - 10), note("24", NOW - HOUR)], NOW)
    assert not muted(FLAG, [note("24", NOW + 1)], NOW)
    assert not muted(FLAG, [replace(note("24"), wearer="you"), replace(note("24"), topic="pain")], NOW)


# ── the way through ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_raised_flag_gets_one_alert_and_the_first_alone_is_sent() -> None:
    ears = Ears()
    flags = [FLAG, replace(FLAG, measure="impulse_si_pct"), replace(FLAG, raised=False, time=NOW)]
    alerts = list(process(flags, [], settings=SETTINGS, notifier=ears, now=NOW))
    assert [alert.outcome for alert in alerts] == ["sent", "cooling_down"]
    assert len(ears.heard) == 1
    assert alerts[0].text == f"{ears.heard[0].title}\n{ears.heard[0].body}"
    assert not list(process(flags, alerts, settings=SETTINGS, notifier=ears, now=NOW))


def test_a_muted_topic_is_recorded_and_not_sent() -> None:
    ears = Ears()
    (alert,) = process([FLAG], [], settings=SETTINGS, notifier=ears, now=NOW, notes=[note("imbalance")])
    assert (alert.outcome, ears.heard) == ("muted", [])


def test_a_failed_send_holds_up_nothing_and_is_tried_again() -> None:
    ears, stored = Ears(deaf=1), dict[tuple[int, str], Alert]()
    flags = [FLAG, replace(FLAG, wearer="you")]

    def stage() -> None:
        for alert in process(flags, list(stored.values()), settings=SETTINGS, notifier=ears, now=NOW):
            stored[alert.time, alert.wearer] = alert

    with pytest.raises(Unavailable, match="nobody listens"):
        stage()
    assert [alert.outcome for alert in stored.values()] == ["failed", "sent"]
    stage()
    assert [alert.outcome for alert in stored.values()] == ["sent", "sent"]
    assert len(ears.heard) == 2


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ab"), st.sampled_from(["imbalance", "over_pronation"]))))
def test_however_flags_come_a_bout_and_topic_is_told_once(seen: list[tuple[int, str, str]]) -> None:
    ears = Ears()
    flags = [replace(FLAG, time=FLAG.time + t, wearer=w, topic=topic) for t, w, topic in seen]
    alerts = list(process(flags, [], settings=SETTINGS, notifier=ears, now=NOW))
    assert len(ears.heard) == len({(w, topic) for _, w, topic in seen})
    assert sum(alert.outcome == "sent" for alert in alerts) == len(ears.heard)


# ── through Apprise to a real receiver ──────────────────────────────────────────────────────────────────────────────


class Receiver(HTTPServer):
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.messages: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/"


class Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if server.status == 200:
            server.messages.append(json.loads(body))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the standard library
        pass


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    servers = [Receiver(), Receiver()]
    threads = [Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}) for server in servers]
    for thread in threads:
        thread.start()
    yield servers
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_receiver_gets_exactly_one_message_that_says_what_since_when_and_how_sure(
    receivers: list[Receiver],
) -> None:
    receiver = receivers[0]
    settings = AlertSettings(urls=(receiver.url,))
    notifier = AppriseNotifier(settings.urls)
    old = replace(FLAG, time=FLAG.time - HOUR, wearer="imported")
    alerts: list[Alert] = []
    for _ in range(2):  # the second time all is known
        alerts += process(
            [old, FLAG, replace(FLAG, time=FLAG.time + 1)], alerts, settings=settings, notifier=notifier, now=NOW
        )
    assert [alert.outcome for alert in alerts] == ["stale", "sent", "cooling_down"]
    (message,) = receiver.messages
    assert message["title"] == "Left and right differ from your usual"
    for said in ("right foot", "7.9 %", "95 % interval 7.1 to 8.7", "412 strides", "since 14:03", "right 0.4 %"):
        assert said in message["message"]


def test_whom_a_message_reached_is_not_told_twice_while_another_is_away(receivers: list[Receiver]) -> None:
    here, away = receivers
    away.status = 503
    notifier = AppriseNotifier([here.url, away.url])
    message = Message("title", "observation")
    with pytest.raises(Unavailable, match=r"alerts\.urls\[1\] \(json://…\)") as failure:
        notifier.send(message)
    assert str(away.server_port) not in str(failure.value)
    away.status = 200
    notifier.send(message)
    assert (len(here.messages), len(away.messages)) == (1, 1)
    notifier.send(message)  # a new occasion
    assert (len(here.messages), len(away.messages)) == (2, 2)


def test_a_wrong_url_is_told_at_start_without_its_secret(caplog: pytest.LogCaptureFixture) -> None:
    check_urls(())
    check_urls(("json://127.0.0.1/", "ntfy://topic"))
    for wrong in ("tgram://s3cret", "nonsense://s3cret", "s3cret"):
        with pytest.raises(ConfigError, match=r"alerts\.urls\[1\]") as failure:
            check_urls(("json://127.0.0.1/", wrong))
        assert "s3cret" not in str(failure.value) + caplog.text


def test_secrets_are_not_in_the_settings_text() -> None:
    assert "s3cret" not in repr(AlertSettings(urls=("json://s3cret",)))
