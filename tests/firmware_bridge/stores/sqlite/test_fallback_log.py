"""What arrives at a damaged store: it is kept beside it, and brought in when that is mended."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.model import SECOND, Frames, Link, Pace
from firmware_bridge.stores import Damaged, Log, open_embedded_log, open_recorder, salvage_log
from firmware_bridge.stores.sqlite import file as sqlite_file
from firmware_bridge.stores.sqlite.log import SqliteLog
from tests.firmware_bridge.stores.sqlite.test_recovery import COUNT, KINDS, chunk, hurt, link, made, names, numbers, url


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made(tmp_path / "log.db")


@pytest.mark.parametrize("what", ["", "frames", "frames_key"])
def test_what_arrives_at_a_damaged_store_is_kept_beside_it_and_brought_in(
    path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    hurt(path, what)
    with caplog.at_level(logging.ERROR):
        for start in (COUNT, COUNT + 5):  # the bridge is started twice
            with closing(open_recorder(url(path))) as log:
                log.claim("anna's left insole")
                for i in range(start, start + 5):
                    log.put([link(i), chunk(i)])
    (said, _) = [record.getMessage() for record in caplog.records]
    assert "is damaged; `insole check --salvage` brings" in said
    assert said.endswith(f"what the insoles send goes to {path}-spare from now on")
    found = salvage_log(url(path), KINDS)
    assert found.spare == 20
    assert found.rows["frames"] == COUNT
    with closing(open_embedded_log(url(path))) as log:
        assert [row.time for row in log.read(Link, "anna")] == list(range(COUNT + 10))
        assert [int(c.time[0]) for c in log.read(Frames, "anna")] == [100 * i for i in range(COUNT + 10)]
        assert log.head() == 2 * COUNT + 20
        assert log.usage().spare == 0
    assert names(path) == {"log.db", Path(found.kept).name, *(n for n in names(path) if n.startswith("log.db-work"))}


def test_what_a_foot_pod_tells_is_kept_too(path: Path) -> None:
    hurt(path, "")
    pace = Pace(SECOND, "anna", 3.0, 172.0, 1.05, 1234.5, running=True, battery_pct=87.0)
    with closing(open_recorder(url(path))) as log:
        log.put([pace])
    assert salvage_log(url(path), KINDS).spare == 1
    with closing(open_embedded_log(url(path))) as log:
        assert log.read(Pace, "anna") == [pace]


def test_where_a_backup_was_put_back_it_is_brought_in_too(path: Path) -> None:
    backup = path.read_bytes()
    hurt(path)
    with closing(open_recorder(url(path))) as log:
        log.put([chunk(COUNT)])
    path.write_bytes(backup)
    with closing(open_embedded_log(url(path))) as log:
        assert log.usage().spare > 0
    found = salvage_log(url(path), KINDS)
    assert (found.kept, found.spare) == ("", 1)
    assert len(numbers(path)) == 2 * COUNT + 1
    assert salvage_log(url(path), KINDS).spare == 0


def test_a_spare_store_that_is_damaged_itself_is_saved_first(path: Path) -> None:
    hurt(path)
    with closing(open_recorder(url(path))) as log:
        log.put([chunk(COUNT + i) for i in range(50)])
    hurt(path.with_name("log.db-spare"))
    assert salvage_log(url(path), KINDS).spare == 50
    assert len(numbers(path)) == 2 * COUNT + 50


def test_nothing_is_brought_in_while_a_bridge_puts_it(path: Path) -> None:
    hurt(path, "")
    with closing(open_recorder(url(path))) as log:
        log.claim("anna's left insole")
        log.put([chunk(COUNT)])
        with pytest.raises(ConfigError, match=rf"end that first \(anna's left insole, pid {os.getpid()}\)"):
            salvage_log(url(path), KINDS)
    assert salvage_log(url(path), KINDS).spare == 1


def test_a_sound_store_needs_no_spare_one(path: Path) -> None:
    with closing(open_recorder(url(path))) as log:
        log.put([chunk(COUNT)])
        assert log.head() == 2 * COUNT + 1
        assert names(path) & {"log.db-spare"} == set()


def failing(code: int) -> Callable[..., None]:
    def put(*_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        with sqlite_file.explained(Path("log.db")):
            raise error

    return put


def test_a_bad_sector_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_recorder(url(path))) as log:
        with monkeypatch.context() as patched:
            patched.setattr(log._log, "put", failing(sqlite3.SQLITE_IOERR_READ))  # type: ignore[attr-defined]
            log.put([chunk(COUNT)])
        log.put([chunk(COUNT + 1)])
    assert salvage_log(url(path), KINDS).spare == 2


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE])
def test_what_may_pass_is_waited_for(path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_recorder(url(path))) as log:
        monkeypatch.setattr(log._log, "put", failing(code))  # type: ignore[attr-defined]
        with pytest.raises(Unavailable):
            log.put([chunk(COUNT)])
        assert not path.with_name("log.db-spare").exists()


def test_where_there_can_be_no_spare_one_the_trouble_is_told_as_it_is(path: Path) -> None:
    hurt(path)
    path.with_name("log.db-spare").mkdir()
    with closing(open_recorder(url(path))) as log, pytest.raises(Damaged, match=r"log\.db is damaged"):
        log.put([chunk(COUNT)])
    hurt(path, "")
    with pytest.raises(Damaged, match=r"log\.db is damaged"):
        open_recorder(url(path))


def test_two_bridges_of_one_program_share_it(path: Path) -> None:
    hurt(path)
    with closing(open_recorder(url(path))) as log, ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(log.put, [chunk(COUNT + i), link(COUNT + i)]) for i in range(40)]:
            done.result()
    with closing(SqliteLog(url(path.with_name("log.db-spare")))) as spare:
        assert spare.head() == 80


def test_wrong_settings_are_told_by_a_recorder_as_by_a_log(tmp_path: Path) -> None:
    openers: list[Callable[[str], Log]] = [open_embedded_log, open_recorder]
    (tmp_path / "letter.db").write_text("dear\n" * 99)
    for open_it in openers:
        for wrong in ("insole.db", "sqlite://host/a.db", url(tmp_path / "letter.db")):
            with pytest.raises(InsoleError) as raised:
                open_it(wrong)
            assert isinstance(raised.value, ConfigError)
            assert not isinstance(raised.value, Damaged)
