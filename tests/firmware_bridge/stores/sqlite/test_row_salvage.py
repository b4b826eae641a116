"""What can be read of a damaged file: one bad page costs no more than the rows that lie on it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.model import Device, Frames, Item, Link, Side
from firmware_bridge.stores import open_embedded_log
from firmware_bridge.stores.sqlite import file as sqlite_file
from firmware_bridge.stores.sqlite import row_salvage as salvage
from firmware_bridge.stores.sqlite.raw_pages import Pages

KINDS: tuple[type, ...] = (Device, Frames, Link)
PAGE = 8192
FEW = settings(max_examples=15, deadline=None)
FILLS = {"zeros": b"\0" * PAGE, "ones": b"\xff" * PAGE, "noise": np.random.default_rng(1).bytes(PAGE)}


def chunk(number: int, samples: int = 50) -> Frames:
    noise = np.random.default_rng(number).random((samples, 16), np.float32)
    return Frames(f"w{number % 3}", Side.LEFT, "d", number * 1000 + np.arange(samples), noise)


def link(number: int) -> Link:
    return Link(number, f"w{number % 3}", Side.LEFT, "d", number % 2 == 0, 100, 0, 0, 0, 0, 1, float("nan"))


def make(path: Path, *, shrinks: bool) -> None:
    """Make a store with chunks of one page and of many, and with pages that became free."""
    if not shrinks:
        with closing(sqlite3.connect(path, isolation_level=None)) as older:
            older.execute("PRAGMA page_size = 8192")
            older.execute("PRAGMA auto_vacuum = NONE")
            for statement in sqlite_file._CREATE:
                older.execute(statement)
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        log.put([Device(0, "w0", Side.LEFT, "d", "x" * 9000, "")])
        for start in range(0, 300, 100):
            log.put([item for i in range(start, start + 100) for item in (chunk(i, 20 if i % 10 else 400), link(i))])
        log.put([link(i) for i in range(300, 1500)])
        log.forget([Frames, Link], "w0", 60_000, log.head())


@pytest.fixture(scope="module", params=[True, False], ids=["shrinks", "older"])
def good(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "log.db"
    make(path, shrinks=request.param)
    return path


@pytest.fixture
def path(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(good, tmp_path))


def told(item: Item) -> tuple[object, ...]:
    if isinstance(item, Frames):
        return (item.wearer, item.time.tobytes(), item.pressure.tobytes())
    return (repr(item),)


def held(path: Path) -> dict[int, tuple[object, ...]]:
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        assert log.check(whole=True) == []
        return {n: told(item) for n, item in log.after(KINDS, 0, limit=10**6)}


def saved(damaged: Path, kinds: Sequence[type] = KINDS) -> dict[int, tuple[object, ...]]:
    """Save what can be read, which leaves the damaged file as it is."""
    before, new = damaged.read_bytes(), damaged.with_name("new.db")
    for file in new.parent.glob("new.db*"):
        file.unlink()
    salvage.copy(damaged, new, kinds)
    assert damaged.read_bytes() == before
    return held(new)


def places(path: Path) -> dict[int, set[int]]:
    """Return on which pages each row lies, by its arrival number."""
    with closing(Pages(path)) as pages:
        read = pages.page
        found: dict[int, set[int]] = {}
        seen: set[int] = set()

        def page(number: int) -> bytes:
            seen.add(number)
            return read(number)

        pages.page = page  # type: ignore[method-assign]
        for leaf in [leaf for shape in salvage._shapes(pages, ()) for leaf in pages.leaves(shape.root)]:
            count = int.from_bytes(read(leaf)[3:5], "big")
            for place in struct.unpack_from(f">{count}H", read(leaf), 8):
                seen = {leaf}
                found[pages._cell(read(leaf), place).number] = seen
    return found


def test_one_bad_page_costs_only_the_rows_on_it(good: Path, tmp_path: Path) -> None:
    whole, lies, content = held(good), places(good), good.read_bytes()
    damaged = tmp_path / "log.db"

    @FEW
    @given(number=st.integers(1, len(content) // PAGE), fill=st.sampled_from(list(FILLS)))
    def check(number: int, fill: str) -> None:
        damaged.write_bytes(content[: (number - 1) * PAGE] + FILLS[fill] + content[number * PAGE :])
        back = saved(damaged)
        assert {n: item for n, item in back.items() if number not in lies[n]} == {
            n: item for n, item in whole.items() if number not in lies[n]
        }
        assert all(len(whole[n]) == 1 for n in back if number in lies[n]), "but for texts that are another now"

    check()
    assert set(lies) == set(whole)


@FEW
@given(
    wounds=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 20_000), st.sampled_from(list(FILLS))), max_size=4),
    cut=st.floats(0.2, 1),
)
def test_whatever_is_damaged_what_is_saved_was_there(
    wounds: list[tuple[float, int, str]], cut: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    good = tmp_path_factory.getbasetemp() / "wounded.db"
    if not good.exists():
        make(good, shrinks=True)
    whole, content = held(good), bytearray(good.read_bytes())
    for where, length, fill in wounds:
        start = int(where * len(content))
        content[start : start + length] = (FILLS[fill] * 3)[: len(content[start : start + length])]
    damaged = tmp_path_factory.mktemp("damaged") / "log.db"
    damaged.write_bytes(content[: int(cut * len(content))])
    for n, item in saved(damaged).items():
        assert n in whole
        assert len(item) == 1 or item == whole[n], "frames are what they were, bit by bit"


def test_what_the_write_ahead_log_holds_counts(path: Path) -> None:
    """As it is after a power cut: committed, but not yet in the file."""
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        log.put([link(i) for i in range(5000, 5400)])
        log.put([chunk(i) for i in range(5000, 5030)])
        whole = {n: told(item) for n, item in log.after(KINDS, 0, limit=10**6)}
        cut = path.with_name("cut.db")
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", f"{cut}{ending}")
    assert cut.with_name("cut.db-wal").stat().st_size > 100_000
    content = cut.read_bytes()
    cut.write_bytes(FILLS["zeros"][:100] + content[100:])
    assert saved(cut) == whole
    ahead = cut.with_name("cut.db-wal")
    ahead.write_bytes(ahead.read_bytes()[:-3000])
    with closing(Pages(cut)) as pages:
        assert pages._newer, "the commits before the one that is torn count"
    assert len(saved(cut)) == len(whole) - 30
    for damage in (b"", b"\0" * 32, b"\xff" * 100_000):
        ahead.write_bytes(damage)
        assert len(saved(cut)) == len(whole) - 430


def test_a_chunk_that_is_not_what_was_stored_is_not_saved(path: Path) -> None:
    whole = held(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as harm:
        one, two, three, four = (row[0] for row in harm.execute("SELECT _arrival FROM frames ORDER BY 1 LIMIT 4"))
        harm.execute("UPDATE frames SET time = time + 1 WHERE _arrival = ?", (one,))
        harm.execute("UPDATE frames SET data = zeroblob(50) WHERE _arrival = ?", (two,))
        harm.execute("UPDATE frames SET data = CAST(substr(data, 1, 3) || x'99' AS BLOB) WHERE _arrival = ?", (three,))
        harm.execute("UPDATE frames SET codec = 'of the future' WHERE _arrival = ?", (four,))
        harm.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    found = salvage.readable(path)
    assert found.lost == {"frames": 3}
    back = saved(path)
    assert back == {n: item for n, item in whole.items() if n not in {one, two, three, four}}
    with closing(sqlite3.connect(path.with_name("new.db"))) as new:
        kept = new.execute("SELECT count(*) FROM frames WHERE _arrival = ?", (four,)).fetchone()
    assert kept == (1,), "what only a later version can read is kept for it"


def test_columns_and_tables_that_this_version_does_not_know_are_saved(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute("ALTER TABLE link ADD COLUMN warmth REAL")
        newer.execute("UPDATE link SET warmth = 20.5 WHERE time = 703")
        newer.execute("CREATE TABLE weather (_arrival INTEGER PRIMARY KEY, _partition INTEGER NOT NULL, wearer TEXT)")
        newer.execute("INSERT INTO weather VALUES (9000, 1, 'w0')")
        newer.execute("CREATE TABLE recipes (name TEXT)")
        newer.execute("INSERT INTO recipes VALUES ('soup')")
        newer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    whole = held(path)
    assert saved(path) == whole
    with closing(sqlite3.connect(path.with_name("new.db"))) as new:
        assert new.execute("SELECT time FROM link WHERE warmth = 20.5").fetchall() == [(703,)]
        assert new.execute("SELECT * FROM weather").fetchall() == [(9000, 1, "w0")]
        assert new.execute("SELECT number FROM _arrival").fetchone() == (9000,)
        names = {name for (name,) in new.execute("SELECT name FROM sqlite_schema")}
    assert "recipes" not in names


def test_arrival_numbers_go_on_though_their_count_was_lost(path: Path) -> None:
    with closing(Pages(path)) as pages:
        (root,) = [row[3] for row in salvage._schema(pages) if row[1] == "_arrival"]
    assert isinstance(root, int)
    content = bytearray(path.read_bytes())
    content[(root - 1) * PAGE : root * PAGE] = FILLS["zeros"]
    path.write_bytes(content)
    last = max(saved(path))
    with closing(open_embedded_log(f"sqlite:///{path.with_name('new.db')}")) as log:
        assert log.head() == last + salvage.BEYOND, "others may have been told higher ones"
        log.put([link(9999)])
        assert [(n, item.time) for n, item in log.after([Link], last) if isinstance(item, Link)] == [(log.head(), 9999)]
        overlapping = log.read(Frames, "w1", 280_399, 280_400)
        assert [int(c.time[0]) for c in overlapping] == [280_000], "the longest chunk is known again"


@pytest.mark.parametrize(
    "content", [b"", b"x" * 50_000, b"\0" * 50_000, os.urandom(50_000), b"SQLite format 3\0" * 999]
)
def test_of_what_was_no_store_nothing_is_saved(content: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "log.db").write_bytes(content)
    assert salvage.readable(path, KINDS).rows == {"device": 0, "frames": 0, "link": 0}


def test_a_page_that_leads_to_itself_ends(path: Path) -> None:
    with closing(Pages(path)) as pages:
        roots = [row[3] for row in salvage._schema(pages) if row[0] == "table"]
        inner = [root for root in roots if isinstance(root, int) and pages.page(root)[0] == 5]
    content = bytearray(path.read_bytes())
    for root in inner:
        content[(root - 1) * PAGE + 8 : (root - 1) * PAGE + 12] = root.to_bytes(4, "big")
    path.write_bytes(content)
    assert inner
    assert len(saved(path)) > 1000
