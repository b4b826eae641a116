"""Forgetting what is old: only that, in small pieces, and the room is given back to the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.model import Frames, Link, Side
from firmware_bridge.stores import Usage
from firmware_bridge.stores.sqlite import disk as place
from firmware_bridge.stores.sqlite import usage as space
from firmware_bridge.stores.sqlite.log import SqliteLog


def chunk(start: int, wearer: str = "anna", side: Side = Side.LEFT) -> Frames:
    noise = np.random.default_rng(start % 2**32).random((10, 16), np.float32)
    return Frames(wearer, side, "d", start + np.arange(10), noise)


def link(time: int, wearer: str = "anna") -> Link:
    return Link(time, wearer, Side.LEFT, "d", True, 100, 0, 0, 0, 0, 1, 50.0, clock_rate=1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(f"sqlite:///{path}")) as opened:
        yield opened


def filled(log: SqliteLog, count: int = 2000) -> int:
    for start in range(0, count, 250):
        log.put([chunk(i * 10) for i in range(start, start + 250)])
    return count


def test_room_is_given_back_to_the_disk(log: SqliteLog, path: Path) -> None:
    count = filled(log)
    while log.give_back():
        pass
    full = path.stat().st_size
    before = log.usage()
    while log.forget([Frames], "anna", count * 9, arrived=log.head()):
        pass
    during = log.usage()
    assert during.used < before.used * 0.2
    assert during.reusable > 0
    pieces = 0
    while log.give_back():
        pieces += 1
    assert 1 < pieces <= during.reusable / 8192 / space.PAGES + 1, "in several short transactions"
    after = log.usage()
    assert after.shrinks
    assert after.reusable == 0
    assert path.stat().st_size < full * 0.2
    assert not path.with_name("log.db-wal").stat().st_size
    assert len(log.read(Frames, "anna")) == count // 10
    log.put([chunk(-100)])
    assert log.span(Frames, "anna") == (-100, count * 10 - 10)


def test_a_reader_does_not_wait_and_does_not_hold_it_up(log: SqliteLog, path: Path) -> None:
    count = filled(log, 500)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM frames").fetchone() == (count,)
        while log.forget([Frames], "anna", count * 10, arrived=log.head()):
            pass
        while log.give_back():
            pass
        assert reader.execute("SELECT count(*), sum(length(data)) > 0 FROM frames").fetchone() == (count, 1)
    assert log.read(Frames, "anna") == []
    assert log._writer.execute("PRAGMA busy_timeout").fetchone() == (10_000,), "the writer is patient again"


def test_a_file_from_before_reuses_what_it_cannot_give_back(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("PRAGMA auto_vacuum = NONE")
        older.execute("CREATE TABLE _arrival (number INTEGER NOT NULL, longest INTEGER NOT NULL)")
        older.execute("INSERT INTO _arrival VALUES (0, 0)")
        older.execute(f"PRAGMA application_id = {0x494E534C}")
        older.execute("PRAGMA user_version = 1")
    with closing(SqliteLog(f"sqlite:///{path}")) as log:
        count = filled(log, 500)
        while log.forget([Frames], "anna", count * 10, arrived=log.head()):
            pass
        usage = log.usage()
        assert not usage.shrinks
        assert usage.reusable > usage.used
        assert log.give_back() == 0


def test_what_is_held_is_told_by_kind(log: SqliteLog) -> None:
    filled(log, 500)
    log.put([*(link(i) for i in range(300)), chunk(-20, "bo")])
    frames, links = log.holdings()
    assert (frames.kind, frames.rows, frames.oldest, frames.newest) == ("frames", 501, -20, 4990)
    assert (links.kind, links.rows, links.oldest, links.newest) == ("link", 300, 0, 299)
    used = log.usage().used
    assert frames.bytes + links.bytes == pytest.approx(used, abs=2)
    assert frames.bytes > 0.8 * used


def test_tables_of_other_programs_are_nobody_s_kind(log: SqliteLog, path: Path) -> None:
    """As SQLite's own tools leave them: `lost_and_found`, `sqlite_stat1`."""
    log.put([link(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE lost_and_found (root INTEGER, c0)")
        other.execute("INSERT INTO lost_and_found VALUES (1, 2)")
        other.execute("ANALYZE")
    assert log.wearers() == ["anna"]
    assert [(held.kind, held.rows) for held in log.holdings()] == [("link", 1)]


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
/dev/sdb1 /home/me/disk ext4 rw 0 0
//nas/data /media/my\\040nas cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/var/log.db", ""),
        ("/home/me/log.db", "nfs4"),
        ("/home/me/disk/log.db", ""),
        ("/homes/log.db", ""),
        ("/media/my nas/deep/log.db", "cifs"),
    ],
)
def test_a_network_share_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    monkeypatch.setattr(place, "MOUNTS", mounts)
    assert place.network_share(Path(file)) == kind


def test_where_nothing_tells_it_is_taken_for_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MOUNTS", tmp_path / "absent")
    assert place.network_share(Path("/home/me/log.db")) == ""


def test_the_room_of_a_disk_is_known_before_the_directory_is(tmp_path: Path) -> None:
    assert place.free_bytes(tmp_path / "not" / "yet" / "log.db") > 0


def test_usage_is_plain_numbers(log: SqliteLog) -> None:
    filled(log, 250)
    assert isinstance(log.usage(), Usage)
    assert log.usage().used > 0
