"""Alerts as separate programs: a phone and a mailbox get them while a third receiver hangs, and that one afterwards."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge import SECOND, open_log
from service.alerts.dispatcher import Dispatcher
from service.alerts.policy import AlertSettings
from service.records.notes import parse_note
from service.records.rows import Alert, Block, Flag
from tests.stand_ins.programs import eventually, free_port, running
from tests.stand_ins.servers.receivers import http, smtp
from tests.walkers.stories import told_and_analyzed

pytestmark = pytest.mark.slow


def alerts(store: str) -> list[Alert]:
    with closing(open_log(store)) as log:
        return log.read(Alert, "demo")


def test_a_limping_run_is_told_once_to_each_and_the_one_that_hung_gets_it_after_a_restart(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    page = ["--port", str(free_port()), "--store", store]
    with http() as phone, smtp() as mail, http() as away:
        away.answers.clear()
        env = {"INSOLE_ALERTS__URLS": json.dumps([away.url, phone.url, mail.url])}
        with running(tmp_path, "demo", "--gait", "limping", "--no-browser", *page, env=env) as demo:
            eventually("phone and mailbox have it", lambda: phone.messages and mail.mails, 90)
            eventually("it is on record", lambda: alerts(store))
            assert demo.stop() == 0, "a receiver that hangs does not keep the program from ending"
            assert "s3cret" not in demo.printed
        (row,) = alerts(store)
        assert (row.outcome, row.missed) == ("sent", "alerts.urls[0] (json://…)")
        away.answers.set()
        with running(tmp_path, "serve", *page, env=env) as serve:
            eventually("the third has it, too", lambda: not alerts(store)[0].missed)
            assert serve.stop() == 0
        assert (len(phone.messages), len(mail.mails)) == (1, 1)
        assert phone.said[-1] == away.said[-1] == row.text
        assert row.text == "\n".join(mail.mails[0])
        assert len(alerts(store)) == 1


def test_a_limping_run_reaches_phone_and_mailbox_with_what_else_was_different(tmp_path: Path) -> None:
    with closing(open_log(told_and_analyzed(tmp_path, "limping", 1))) as log, http() as one, smtp() as mail:
        (raised,) = (each for each in log.read(Flag, "demo") if each.raised and each.topic == "imbalance")
        for bout in sorted({block.bout for block in log.read(Block, "demo")}):
            log.put([parse_note(bout + SECOND, "demo", "surface", "trail" if bout == raised.bout else "road")])
        dispatcher = Dispatcher(log, AlertSettings(urls=(one.url, mail.url)), now=lambda: raised.time + 5 * SECOND)
        dispatcher.hear([raised])
        dispatcher.again()
        (row,) = log.read(Alert, "demo")
    (said,) = one.said
    assert row.text == said
    ((subject, text),) = mail.mails
    assert f"{subject}\n{text}" == said
    assert "Left and right differ from your usual" in said
    assert "95 % interval" in said
    assert "your last 5 runs" in said
    assert "Also different this time: another surface (trail) than last time (road)" in said
    assert "If something hurts, ease off" in said
