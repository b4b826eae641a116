"""`insole check`: every part on a line, the store with its sizes, and exit 1 where one fails."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge import SECOND, ConfigError, Usage, open_log
from firmware_bridge.stores.sqlite import SqliteLog
from service import stages
from service.checks import check_all
from service.rows import Progress
from service.settings import KeepKeys, Settings, WebSettings
from tests.service.test_retention import DAY, NOW, analyzed, day


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings() -> Settings:
    return Settings(store="sqlite:///log.sqlite", insoles=(), web=WebSettings(port=0))


def filled(settings: Settings) -> None:
    with closing(open_log(settings.store)) as log:
        for number in (-500, -450, -100, 0):
            log.put(day(number, count=100))
        analyzed(log, "ada")


def said(settings: Settings, capsys: pytest.CaptureFixture[str], *, well: bool = True) -> str:
    assert check_all(settings) is well
    return capsys.readouterr().out


def test_an_empty_store_is_sound(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(settings, capsys)
    assert "sqlite:///log.sqlite, 0 wearers" in text
    assert "of 20 GB" in text
    assert "nothing has to go" in text
    assert "too new to say how long it fits" in text


def test_what_is_held_and_what_goes_next_is_said(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    filled(settings)
    text = said(settings, capsys)
    assert "  frames: 400 rows, about " in text
    assert "  link: 400 rows, about " in text
    assert "since 2023-05-23" in text
    assert "next to be forgotten: samples of ada before 2023-08-31 are older than 400 days and go next" in text
    assert "more days at this pace" in text


def test_what_waits_is_said(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    filled(settings)
    with closing(open_log(settings.store)) as log:
        (own,) = [row for row in log.read(Progress, "") if row.stage == "analysis ada"]
        log.put([replace(own, restart=0, done=0)])
    assert "older than 400 days and wait for the analysis" in said(settings, capsys)


def test_a_budget_that_is_spent_is_said(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    filled(settings)
    text = said(settings.model_copy(update={"keep": KeepKeys(budget_gb=1e-4, free_gb=0)}), capsys)
    assert "GB are too many; the oldest days go until there is room" in text
    assert "room for about 0 more days" in text


def test_a_share_and_an_older_file_are_named(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteLog, "usage", lambda log: Usage(10**6, 10**6, 10**12, shrinks=False, share="nfs4"))
    text = said(settings, capsys)
    assert "on a network share (nfs4): two computers may harm it" in text
    assert "leaves room within it (1.0 MB) but not on the disk" in text


def test_a_store_that_cannot_be_used_fails(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.sqlite").write_text("a letter\n" * 100)
    assert "fails store: store log.sqlite is not a database" in said(settings, capsys, well=False)


def test_the_keys_of_keep_are_the_retention_s() -> None:
    keep = KeepKeys(frames_days=30, budget_gb=2.5, free_gb=4).keep()
    assert (keep.frames_days, keep.budget_gb, keep.free_gb) == (30, 2.5, 4)


# --- the same in a service that runs ---


async def running(settings: Settings, until: str) -> None:
    """Run a service until one of its stages has told its progress, and end it."""
    async with asyncio.timeout(20):
        task = asyncio.ensure_future(stages.run(settings, []))
        while not (task.done() or await asyncio.to_thread(reached, settings, until)):  # noqa: ASYNC110 - by a thread
            await asyncio.sleep(0.02)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def reached(settings: Settings, until: str) -> bool:
    with closing(open_log(settings.store)) as log:
        return until in {row.stage for row in log.read(Progress, "")}


async def test_a_service_forgets_by_itself(settings: Settings) -> None:
    await asyncio.to_thread(filled, settings)
    await running(settings, "retain ada")
    with closing(await asyncio.to_thread(open_log, settings.store)) as log:
        (told,) = [row for row in await asyncio.to_thread(log.read, Progress, "") if row.stage == "retain ada"]
    newest = NOW + 99 * SECOND
    assert told.since == newest // (30 * SECOND) * 30 * SECOND - 400 * DAY


async def test_two_services_do_not_share_a_store(settings: Settings) -> None:
    with closing(await asyncio.to_thread(open_log, settings.store)) as other:
        await asyncio.to_thread(other.claim)
        with pytest.raises(ConfigError, match=r"another insole service \(pid \d+\) works on this store; end it"):
            await stages.run(settings, [])
    task = asyncio.ensure_future(stages.run(settings, []))
    done, _ = await asyncio.wait([task], timeout=0.3)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not done
