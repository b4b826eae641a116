"""A message reaches real receivers, each by itself: one that fails, hangs or asks to wait stops no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from service.alerts.apprise_notifier import WAIT_S, AppriseNotifier, Missed
from service.wording.messages import Message
from tests.stand_ins.servers.receivers import Http, Smtp, http, mute_port, smtp

MESSAGE = Message("Left and right differ", "Your right foot stayed longer, since 14:03.", "It was even.")


@pytest.fixture
def one() -> Iterator[Http]:
    with http() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[Smtp]:
    with smtp() as server:
        yield server


def test_a_mail_and_a_post_say_the_same(one: Http, mail: Smtp) -> None:
    AppriseNotifier([one.url, mail.url]).send(MESSAGE)
    assert one.said == [f"{MESSAGE.title}\n{MESSAGE.body}"]
    ((subject, text),) = mail.mails
    assert subject == MESSAGE.title
    assert MESSAGE.body in text


def test_one_that_hangs_is_left_and_the_others_have_it(one: Http, mail: Smtp) -> None:
    with mute_port() as mute:
        notifier = AppriseNotifier([mute, one.url, mail.url], timeout_s=0.3)
        with pytest.raises(Missed, match=r"alerts\.urls\[0\] \(json://…\): no answer within") as missed:
            notifier.send(MESSAGE)
    assert missed.value.some
    assert missed.value.names == "alerts.urls[0] (json://…)"
    assert (len(one.messages), len(mail.mails)) == (1, 1)


def test_one_that_took_it_late_is_not_sent_it_again(one: Http) -> None:
    one.answers.clear()
    notifier = AppriseNotifier([one.url], timeout_s=0.2)
    for _ in range(3):
        with pytest.raises(Missed):
            notifier.send(MESSAGE)
    assert one.asked == 1, "the first call hangs yet, and may arrive"
    one.answers.set()
    notifier._timeout_s = 30.0
    notifier.send(MESSAGE)
    assert (one.asked, len(one.messages)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "says", "wait_s"),
    [
        (429, "asks to wait", WAIT_S),
        (401, "token or password", 0.0),
        (404, "topic or path", 0.0),
        (500, "it answers 500", 0.0),
    ],
)
def test_a_refusal_says_what_to_look_at_and_no_secret(one: Http, status: int, says: str, wait_s: float) -> None:
    one.status = status
    with pytest.raises(Missed, match=says) as missed:
        AppriseNotifier([one.url]).send(MESSAGE)
    assert missed.value.wait_s == wait_s
    assert not missed.value.some
    assert "s3cret" not in str(missed.value)
    assert str(one.server_port) not in str(missed.value)


def test_at_the_end_of_the_program_nobody_is_waited_for(one: Http) -> None:
    one.answers.clear()
    closing = threading.Event()
    closing.set()
    with pytest.raises(Missed, match="at the next start"):
        AppriseNotifier([one.url], timeout_s=1e9, closing=closing).send(MESSAGE)


def test_after_a_restart_only_those_without_it_get_it(one: Http) -> None:
    with http() as other:
        notifier = AppriseNotifier([one.url, other.url])
        notifier.send(MESSAGE, only={"alerts.urls[1] (json://…)"})
        assert (len(one.messages), len(other.messages)) == (0, 1)


def test_a_trial_goes_on_behind_one_that_fails(one: Http) -> None:
    with http() as other:
        one.status = 503
        found = list(AppriseNotifier([one.url, other.url]).trial(MESSAGE))
    assert [bool(wrong) for _, wrong in found] == [True, False]
    assert len(other.messages) == 1
