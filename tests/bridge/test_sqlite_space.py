"""Forgetting what is old: only that, in small pieces, and the room is given back to the disk."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.model import Device, Frames, Item, Link, Side
from firmware_bridge.stores import Usage, place, space
from firmware_bridge.stores.sqlite import SqliteLog

RAW = (Frames, Link)


def chunk(start: int, wearer: str = "anna", side: Side = Side.LEFT) -> Frames:
    noise = np.random.default_rng(start % 2**32).random((10, 16), np.float32)
    return Frames(wearer, side, "d", start + np.arange(10), noise)


def link(time: int, wearer: str = "anna") -> Link:
    return Link(time, wearer, Side.LEFT, "d", True, 100, 0, 0, 0, 0, 1, 50.0)


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


def test_only_what_is_old_and_arrived_long_ago_goes(log: SqliteLog) -> None:
    device = Device(0, "anna", Side.LEFT, "d", "", "")
    log.put([device, *(chunk(i * 10) for i in range(10)), *(link(i * 10) for i in range(10))])
    log.put([chunk(0, "bo"), chunk(-50)])  # of somebody else; and an older one that came later
    head = log.head()
    assert log.forget(RAW, "anna", 50, arrived=21) == 10
    assert [int(c.time[0]) for c in log.read(Frames, "anna")] == [-50, 50, 60, 70, 80, 90]
    assert [row.time for row in log.read(Link, "anna")] == [50, 60, 70, 80, 90]
    assert [int(c.time[0]) for c in log.read(Frames, "bo")] == [0]
    assert log.read(Device, "anna") == [device]
    assert log.forget(RAW, "anna", 50, arrived=21) == 0
    assert log.head() == head
    log.put([link(0)])
    assert log.after([Link], head) == [(head + 1, link(0))], "an arrival number is not given twice"


def test_the_oldest_go_first_and_no_more_than_asked(log: SqliteLog) -> None:
    log.put([chunk(i * 10) for i in (3, 1, 2, 0)])
    assert log.forget([Frames], "anna", 1000, arrived=99, limit=3) == 3
    assert [int(c.time[0]) for c in log.read(Frames, "anna")] == [30]
    assert log.forget([Frames], "anna", 1000, arrived=99, limit=3) == 1
    assert log.forget([Frames], "anna", 1000, arrived=99, limit=3) == 0


def test_what_was_never_stored_is_forgotten_at_once(log: SqliteLog) -> None:
    assert log.forget(RAW, "anna", 1000, arrived=99) == 0
    assert log.span(Frames, "anna") is None
    assert log.holdings() == []


def test_a_span_is_of_what_arrived_up_to_a_number(log: SqliteLog) -> None:
    log.put([chunk(100), chunk(50), chunk(200)])
    assert log.span(Frames, "anna") == (50, 200)
    assert log.span(Frames, "anna", 1) == (100, 100)
    assert log.span(Frames, "bo") is None


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


@settings(max_examples=25, deadline=None)
@given(
    put=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["anna", "bo"]), st.booleans()), max_size=25),
    before=st.integers(-5, 45),
    arrived=st.integers(0, 30),
    limit=st.integers(1, 5),
)
def test_again_and_again_it_forgets_exactly_what_was_named(
    put: list[tuple[int, str, bool]], before: int, arrived: int, limit: int
) -> None:
    items = [chunk(time, wearer) if raw else link(time, wearer) for time, wearer, raw in put]
    with tempfile.TemporaryDirectory() as folder, closing(SqliteLog(f"sqlite:///{folder}/log.db")) as log:
        for item in items:
            log.put([item])
        stored = log.after(RAW, 0)
        while log.forget(RAW, "anna", before, arrived, limit):
            pass

        def named(number: int, item: Item) -> bool:
            time = int(item.time[0]) if isinstance(item, Frames) else item.time
            return item.wearer == "anna" and time < before and number <= arrived

        assert [n for n, _ in log.after(RAW, 0)] == [n for n, item in stored if not named(n, item)]
