"""`insole check`: every part on a line, the store with its sizes, and exit 1 where one fails."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import SECOND, ClockState, ConfigError, Frames, Usage, open_embedded_log, open_recorder
from firmware_bridge.stores.sqlite.log import SqliteLog
from service import runtime as stages
from service.cli.checks.settings_check import _KINDS, check_all, salvage, shrink
from service.pipeline.mirror_selection import COPIED
from service.records.rows import Progress, Replaced
from service.settings import KeepKeys, PodSettings, Settings, WebSettings
from tests.service.pipeline.test_retention import DAY, NOW, analyzed, chunk, day
from tests.walkers.web_rows import a_link


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings() -> Settings:
    return Settings(store="sqlite:///log.sqlite", insoles=(), web=WebSettings(port=0))


def filled(settings: Settings) -> None:
    with closing(open_embedded_log(settings.store)) as log:
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
    with closing(open_embedded_log(settings.store)) as log:
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
    assert "warns store: on a network share (nfs4): two computers may harm it" in text
    assert "leaves room within it (1.0 MB) but not on the disk; `insole check --compact` changes that" in text


def test_locks_that_do_not_hold_are_told(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_bridge.stores.sqlite.worker_lock._lock", lambda file: True)
    text = said(settings, capsys)
    assert "ok    store: sqlite:///log.sqlite" in text
    assert "its file system gives the same lock twice, as a network share may; keep the store on a local disk" in text


def test_a_foot_pod_is_heard_over_bluetooth_alone(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    pods = PodSettings(url="ble:Stryd", wearer="ada"), PodSettings(url="serial:/dev/ttyS0", wearer="ben")
    text = said(settings.model_copy(update={"pods": pods}), capsys, well=False)
    assert "ok    ada's foot pod: at ble:Stryd" in text
    assert "fails ben's foot pod: unknown link of a foot pod 'serial'; there are: ble" in text


def test_a_store_that_cannot_be_used_fails(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.sqlite").write_text("a letter\n" * 100)
    assert "fails store: store log.sqlite is not a database" in said(settings, capsys, well=False)


def test_a_store_that_may_only_be_read_fails(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(settings)

    class ReadOnly(sqlite3.Connection):
        """A connection to a file without the right to write it."""

        def __init__(self, path: object, **options: Any) -> None:
            super().__init__(f"file:{path}?mode=ro", uri=True, **options)

    real = sqlite3.connect
    with closing(open_embedded_log(settings.store)):  # keeps what lies beside it, which cannot be made then
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, factory=ReadOnly, **k))
        text = said(settings, capsys, well=False)
    assert "fails store: store log.sqlite may not be written; change the permissions of the file and its dir" in text


def damage(what: str) -> None:
    """Overwrite the root page of a table or an index."""
    with closing(sqlite3.connect("log.sqlite")) as look:
        (root,) = look.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (what,)).fetchone()
    content = bytearray(Path("log.sqlite").read_bytes())
    content[(root - 1) * 8192 : (root - 1) * 8192 + 100] = bytes(100)
    Path("log.sqlite").write_bytes(content)


@pytest.mark.parametrize("what", ["frames", "frames_key", "frames_partition"])
def test_damage_is_found_in_the_whole_told_and_mended(
    settings: Settings, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    filled(settings)
    damage(what)
    assert not check_all(settings, whole=True)
    text = capsys.readouterr().out
    assert "is damaged; `insole check --salvage` brings what can still be read into a new file" in text
    assert "readable: 400 of frames, 400 of link, 2 of progress; lost, as far as known: none" in text
    salvage(settings.store)
    out = capsys.readouterr().out
    assert "saved 400 of frames, 400 of link, 2 of progress; lost, as far as known: none; the damaged one is" in out
    assert check_all(settings, whole=True)
    assert "frames: 400 rows" in capsys.readouterr().out
    salvage(settings.store)
    assert capsys.readouterr().out == "sqlite:///log.sqlite: is not damaged, and stays as it is\n"


def test_what_lies_beside_a_store_is_told_and_brought_in(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(settings)
    whole = Path("log.sqlite").read_bytes()
    damage("frames_key")
    with closing(open_recorder(settings.store)) as log:
        log.put(day(1))
    Path("log.sqlite").write_bytes(whole)
    assert "what the insoles sent while it was damaged lies beside it" in said(settings, capsys)
    salvage(settings.store)
    assert "8 items that had been put beside it are in it now" in capsys.readouterr().out
    assert "lies beside it" not in said(settings, capsys)


def test_a_store_from_before_is_compacted(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect("log.sqlite", isolation_level=None)) as older:
        older.execute("PRAGMA auto_vacuum = NONE")
        older.execute("CREATE TABLE _arrival (number INTEGER NOT NULL, longest INTEGER NOT NULL)")
        older.execute("INSERT INTO _arrival VALUES (0, 0)")
        older.execute(f"PRAGMA application_id = {0x494E534C}")
        older.execute("PRAGMA user_version = 1")
    filled(settings)
    assert "an older file" in said(settings, capsys)
    with closing(open_embedded_log(settings.store)) as log:
        log.forget([Frames], "ada", NOW, log.head())
        full = Path("log.sqlite").stat().st_size
    shrink(settings.store)
    assert "MB given back to the disk; from now on it shrinks by itself" in capsys.readouterr().out
    assert Path("log.sqlite").stat().st_size < 0.7 * full
    assert "an older file" not in said(settings, capsys)


def test_the_kinds_that_are_saved_are_those_that_are_stored() -> None:
    assert {*COPIED, Progress, Replaced} <= set(_KINDS)


@pytest.mark.parametrize(
    ("ahead", "said_so"), [(30, ""), (12 * 60, "12 min"), (5 * 3600, "5 h"), (3 * 86400, "3 days")]
)
def test_samples_of_the_future_make_the_clock_suspect(
    settings: Settings, capsys: pytest.CaptureFixture[str], ahead: int, said_so: str
) -> None:
    now = time.time_ns()
    with closing(open_embedded_log(settings.store)) as log:
        log.put([chunk(now - 900 * SECOND, "bo"), chunk(now + ahead * SECOND)])
    text = said(settings, capsys)
    assert ("in the future" in text) is bool(said_so)
    assert not said_so or (
        f"warns store: the newest sample of ada lies {said_so} in the future: is this computer's clock right?" in text
    )


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ({}, "its device's clock ran too fast, or its unit in the profile is wrong"),
        (
            {"clock": ClockState.RESCALED, "clock_rate": 1.1},
            "the device's time runs 1.10 times too fast; it is divided by 1.10",
        ),
    ],
)
def test_a_device_whose_clock_ran_ahead_is_not_taken_for_this_computer_s(
    settings: Settings, capsys: pytest.CaptureFixture[str], clock: dict[str, Any], words: str
) -> None:
    now = time.time_ns()
    with closing(open_embedded_log(settings.store)) as log:
        log.put([chunk(now + 3 * 3600 * SECOND), a_link(now - 5 * SECOND, wearer="ada", **clock)])
    assert (
        "warns store: the newest sample of ada lies 3 h in the future, but what was told of the links does not: "
        + words
    ) in said(settings, capsys)


def test_who_keeps_a_store_within_its_bounds_is_told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    filled(settings)
    spent = settings.model_copy(update={"keep": KeepKeys(budget_gb=1e-4, free_gb=0)})
    assert "nobody analyzes or forgets" not in said(settings, capsys), "nobody is at work, and there is room"
    assert "warns store: no service is at work; nobody analyzes or forgets" in said(spent, capsys)
    with closing(open_embedded_log(settings.store)) as bridge, closing(open_embedded_log(settings.store)) as service:
        bridge.claim("ada's left insole")
        text = said(settings, capsys)
        assert f"only bridges are at work: ada's left insole (pid {os.getpid()}); nobody analyzes or forgets" in text
        assert "in the end the disk is full: let `insole serve` run beside them on this computer" in text
        service.claim()
        assert "nobody analyzes or forgets" not in said(spent, capsys)


def test_what_brackets_enclose_is_shown(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(settings.model_copy(update={"store": "sqlite:///[bold]log.db"}), capsys)
    assert "sqlite:///[bold]log.db, 0 wearers" in text


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
    with closing(open_embedded_log(settings.store)) as log:
        return until in {row.stage for row in log.read(Progress, "")}


async def test_a_service_forgets_by_itself(settings: Settings) -> None:
    await asyncio.to_thread(filled, settings)
    await running(settings, "retain ada")
    with closing(await asyncio.to_thread(open_embedded_log, settings.store)) as log:
        (told,) = [row for row in await asyncio.to_thread(log.read, Progress, "") if row.stage == "retain ada"]
    newest = NOW + 99 * SECOND
    assert told.since == newest // (30 * SECOND) * 30 * SECOND - 400 * DAY


async def test_two_services_do_not_share_a_store(settings: Settings) -> None:
    with closing(await asyncio.to_thread(open_embedded_log, settings.store)) as other:
        await asyncio.to_thread(other.claim)
        with pytest.raises(ConfigError, match=r"another insole service \(pid \d+\) works on this store; end it"):
            await stages.run(settings, [])
    task = asyncio.ensure_future(stages.run(settings, []))
    done, _ = await asyncio.wait([task], timeout=0.3)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not done
