"""What is SQLite's own: the file, older and foreign stores, and errors that the user can act upon."""

from __future__ import annotations

import logging
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.model import PARTITIONS, Frames, Key, Link, Side
from firmware_bridge.stores import open_archive, open_log
from firmware_bridge.stores.sqlite import file as sqlite_file
from firmware_bridge.stores.sqlite.log import SqliteLog
from firmware_bridge.stores.sqlite.tables import table


def reading(number: int, wearer: str = "anna") -> Link:
    return Link(number, wearer, Side.LEFT, "d", True, number, 0, 0, 0, 0, 1, 50.0, clock_rate=1.0)


def samples(start: int, n: int = 10, sensors: int = 4) -> Frames:
    pressure = np.arange(n * sensors, dtype=np.float32).reshape(n, sensors) + start
    return Frames("anna", Side.LEFT, "d", start + np.arange(n), pressure)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def opened(path: Path) -> SqliteLog:
    return SqliteLog(f"sqlite:///{path}")


def sql(path: Path, *statements: str) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements]


# --- the URL and the file ---


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:///a/b.db", Path("a/b.db")),
        ("sqlite:////a/b.db", Path("/a/b.db")),
        ("sqlite:///~/b.db", Path.home() / "b.db"),
        ("sqlite:///a%3Fb%20c.db", Path("a?b c.db")),
    ],
)
def test_the_url_names_a_file(url: str, wanted: Path) -> None:
    assert sqlite_file.path_of(url) == wanted


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/a.db", "sqlite:///a.db?mode=ro"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"sqlite:///file\.db"):
        open_log(url)


@pytest.mark.parametrize("url", ["insole.db", "/var/insole.db", ""])
def test_what_is_no_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match=r"sqlite:///insole\.db"):
        open_log(url)
    with pytest.raises(ConfigError, match="influx://"):
        open_archive(url)


def test_an_unknown_kind_of_log_is_refused() -> None:
    with pytest.raises(ConfigError, match="there are: sqlite"):
        open_log("postgres://host/db")


def test_directories_are_made_and_only_the_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "log.db"
    log = opened(path)
    log.put([reading(1)])
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    log.close()
    assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600}


def test_the_file_is_as_durable_as_it_says(path: Path) -> None:
    log = opened(path)
    assert log._writer.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: a sync per commit"
    log.close()
    assert sql(path, "PRAGMA journal_mode", "PRAGMA page_size") == [[("wal",)], [(8192,)]]


# --- stores that are not ours, newer or older ---


def test_a_file_that_is_no_database_is_left_as_it_is(path: Path) -> None:
    path.write_text("a letter to somebody\n" * 100)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"log\.db is not a database"):
        opened(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_left_as_it_is(path: Path) -> None:
    sql(path, "CREATE TABLE recipes (name TEXT)", "INSERT INTO recipes VALUES ('soup')")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="belongs to another program"):
        opened(path)
    assert path.read_bytes() == before


def test_a_newer_versions_store_is_left_as_it_is(path: Path) -> None:
    log = opened(path)
    log.put([reading(1)])
    log.close()
    sql(path, f"PRAGMA user_version = {sqlite_file.USER_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="newer version"):
        opened(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    log = opened(path)
    log.put([reading(1)])
    assert log.head() == 1
    log.close()


def row_class(*fields: Any) -> Any:
    """Return a row class `Weather` with more fields than time and wearer."""
    return make_dataclass("Weather", [("time", int), ("wearer", Key[str]), *fields], frozen=True)


def test_a_new_field_opens_an_old_store(path: Path) -> None:
    older = row_class(("warmth", float))
    newer = row_class(("warmth", float), ("wind", float), ("rain", bool), ("drops", int), ("text", str), ("side", Side))
    log = opened(path)
    log.put([older(1, "anna", 20.0)])
    log.close()
    log = opened(path)
    (old,) = log.read(newer, "anna")
    assert (old.warmth, old.rain, old.drops, old.text, old.side) == (20.0, False, 0, "", Side.LEFT)
    assert np.isnan(old.wind)
    assert type(old.rain) is bool
    new = newer(2, "anna", 21.0, 3.0, True, 7, "wet", Side.RIGHT)
    log.put([new])
    assert log.after([newer], 1) == [(2, new)]
    assert log.read(older, "anna") == [older(1, "anna", 20.0), older(2, "anna", 21.0)], "an older program reads it too"
    log.put([older(3, "anna", 22.0)])
    assert [row.drops for row in log.read(newer, "anna")] == [0, 7, 0]
    log.close()


def test_a_new_key_widens_the_identity_of_an_old_store(path: Path) -> None:
    older = row_class(("warmth", float))
    newer = row_class(("warmth", float), ("place", Key[str]))
    log = opened(path)
    log.put([older(1, "anna", 20.0)])
    log.put([newer(1, "anna", 20.0, ""), newer(1, "anna", 5.0, "cellar")])
    assert log.after([newer], 0) == [(1, newer(1, "anna", 20.0, "")), (2, newer(1, "anna", 5.0, "cellar"))]
    log.close()


def test_a_number_with_fractions_is_no_identity() -> None:
    with pytest.raises(TypeError, match="float"):
        table(row_class(("warmth", Key[float])))


@dataclass(frozen=True, slots=True)
class Awkward:
    """A row whose fields are words of SQL and of the log itself."""

    time: int
    wearer: Key[str]
    order: Key[str]
    number: int
    select: str


def test_any_field_name_will_do(path: Path) -> None:
    log = opened(path)
    row = Awkward(1, "anna", "by", 5, "'; DROP TABLE awkward --")
    log.put([row])
    assert log.after([Awkward], 0) == [(1, row)]
    log.close()


# --- errors ---


def test_a_full_disk_is_told_and_costs_nothing(path: Path) -> None:
    log = opened(path)
    log.put([reading(1)])
    pages = log._writer.execute("PRAGMA page_count").fetchone()[0]
    log._writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable, match=r"no room left.*free some space"):
        log.put([samples(i * 100, sensors=900) for i in range(20)])
    assert log.after([Link, Frames], 0) == [(1, reading(1))]
    log._writer.execute("PRAGMA max_page_count = 100000")
    log.put([reading(2)])
    assert log.after([Link, Frames], 0) == [(1, reading(1)), (2, reading(2))]
    log.close()


def test_a_store_that_may_not_be_written_is_told(path: Path) -> None:
    log = opened(path)
    log.put([reading(1)])
    log._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(ConfigError, match=r"log\.db may not be written; change the permissions"):
        log.put([reading(2)])
    assert log.read(Link, "anna") == [reading(1)]
    log.close()


def test_a_locked_store_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.01)
    log = opened(path)
    log.put([reading(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match=r"log\.db is locked"):
            log.put([reading(2)])
        reader = opened(path)
        assert reader.after([Link, Frames], 0) == [(1, reading(1))], "reading goes on, also for who comes now"
        reader.close()
        other.execute("ROLLBACK")
    log.put([reading(2)])
    assert log.head() == 2
    log.close()


@pytest.mark.parametrize("place", ["", "file/log.db"])
def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot be (made|opened)"):
        opened(tmp_path / place)


def test_a_damaged_page_is_told_with_a_remedy(path: Path) -> None:
    log = opened(path)
    log.put([reading(i) for i in range(2000)])
    log.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(InsoleError, match=r"damaged.*--salvage") as raised:
        opened(path).read(Link, "anna")
    assert isinstance(raised.value, ConfigError)


def test_a_damaged_chunk_is_skipped_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = opened(path)
    log.put([samples(i * 100) for i in range(5)])
    sql(path, "UPDATE frames SET data = zeroblob(40) WHERE _arrival = 2")
    sql(path, "UPDATE frames SET codec = 'x' WHERE _arrival = 4")
    with caplog.at_level(logging.WARNING):
        assert [n for n, _ in log.after([Frames], 0, limit=3)] == [1, 3, 5]
        assert [int(c.time[0]) for c in log.read(Frames, "anna")] == [0, 200, 400]
    assert len(caplog.records) == 4
    assert "damaged" in caplog.text
    log.close()


def test_a_damaged_row_is_skipped_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = opened(path)
    log.put([*(reading(i) for i in range(3)), samples(0), samples(100)])
    sql(path, "UPDATE link SET side = 'lEft' WHERE _arrival = 2")
    sql(path, "UPDATE frames SET side = 'lEft' WHERE _arrival = 4")
    with caplog.at_level(logging.WARNING):
        assert [n for n, _ in log.after([Frames, Link], 0)] == [1, 3, 5]
    assert caplog.text.count("damaged") == 2
    log.close()


def test_a_text_that_is_damaged_is_told_with_a_remedy(path: Path) -> None:
    log = opened(path)
    log.put([reading(0)])
    sql(path, "UPDATE link SET device = CAST(x'ff41' AS TEXT)")
    with pytest.raises(ConfigError, match=r"damaged.*--salvage.*UTF-8"):
        log.read(Link, "anna")
    log.close()


def test_a_connection_that_another_thread_took_is_not_missed(path: Path) -> None:
    """Between looking whether one is idle and taking it, another thread may be quicker."""

    class Taken(list[sqlite3.Connection]):
        def __bool__(self) -> bool:
            return True

    log = opened(path)
    log._idle = Taken()
    assert log.head() == 0
    log.close()


# --- how much is read ---


def effort(log: SqliteLog, cursor: int, partitions: Any) -> int:
    """Return how many hundreds of SQLite's own steps a tail takes."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    log.head()  # leaves a connection to be lent
    log._idle[-1].set_progress_handler(count, 100)
    log.after([Link, Frames], cursor, partitions, 10)
    log._idle[-1].set_progress_handler(None, 0)
    return steps


@pytest.mark.parametrize("partitions", [None, range(PARTITIONS // 2)])
def test_a_tail_costs_the_same_in_a_large_store(path: Path, partitions: Any) -> None:
    log = opened(path)
    log.put([reading(i, f"w{i % 50}") for i in range(200)])
    at_first = effort(log, 0, partitions), effort(log, log.head() - 5, partitions)
    log.put([reading(i, f"w{i % 50}") for i in range(200, 20_000)])
    later = effort(log, 0, partitions), effort(log, log.head() - 5, partitions)
    log.close()
    assert all(b <= a + 10 for a, b in zip(at_first, later, strict=True)), (at_first, later)


def test_a_range_is_found_without_reading_the_rest(path: Path) -> None:
    log = opened(path)
    log.put([samples(i * 10) for i in range(3000)])
    log.head()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    log._idle[-1].set_progress_handler(count, 100)
    assert [int(c.time[0]) for c in log.read(Frames, "anna", 29_905, 29_915)] == [29_900, 29_910]
    log.close()
    assert steps < 10
