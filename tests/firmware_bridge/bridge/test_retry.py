"""The back-off: longer and longer, never more than the cap, and not the same line in the log all night."""

from __future__ import annotations

import logging
import math

import pytest

from firmware_bridge import Unavailable, persist
from firmware_bridge.bridge.retry import STEADY_S, TELL_AFTER_S, Backoff

AWAY = Unavailable("it is away", "is it on?")


def test_delays_grow_to_the_cap_and_start_over_after_a_reset() -> None:
    backoff = Backoff("link", first_s=0.25, factor=1.7, most_s=8.0)
    delays = [backoff.delay(AWAY) for _ in range(20)]
    assert 0.2 <= delays[0] <= 0.3
    assert all(6.4 <= delay <= 9.6 for delay in delays[10:])
    backoff.reset()
    assert backoff.delay(AWAY) <= 0.3


def test_who_asks_alone_waits_exactly_and_is_left_alone_for_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    backoff = Backoff("alert", 20, 2.0, 300, spread=0.0, tell_after_s=math.inf)
    assert [backoff.delay(AWAY) for _ in range(6)] == [20, 40, 80, 160, 300, 300]
    assert len(caplog.records) == 1, "said once, however long it lasts"
    backoff.reset()
    assert [backoff.delay(Unavailable("busy", wait_s=60)) for _ in range(3)] == [60, 60, 80]


def test_the_same_trouble_is_told_once_a_minute_and_another_at_once(caplog: pytest.LogCaptureFixture) -> None:
    backoff, waited = Backoff("link"), 0.0
    with caplog.at_level(logging.WARNING):
        while waited < 10 * TELL_AFTER_S:
            waited += backoff.delay(AWAY)
        assert 9 <= len(caplog.records) <= 11
        before = len(caplog.records)
        backoff.delay(Unavailable("the disk is full"))
    assert len(caplog.records) == before + 1
    assert "link: it is away (is it on?)" in caplog.text


async def test_it_goes_on_until_it_works_and_passes_on_what_is_no_matter_of_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Backoff, "delay", lambda self, error: 0.0)
    answers: list[str | Unavailable] = [AWAY, AWAY, "here"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert await persist("store", ask) == "here"
    with pytest.raises(ZeroDivisionError):
        await persist("store", lambda: str(1 // 0))


@pytest.mark.parametrize(("lived_s", "grows"), [(0.0, True), (STEADY_S + 1, False)])
def test_a_link_that_lived_for_a_while_is_opened_again_at_once(lived_s: float, grows: bool) -> None:
    backoff = Backoff("link")
    delays = [backoff.delay_after(AWAY, lived_s) for _ in range(12)]
    assert (max(delays) > 5) is grows
    assert delays[0] <= 0.3
