"""A store of the first version: it opens, what is in it counts, and the analysis goes on from there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    ClockState,
    ConfigError,
    Device,
    Frames,
    Insole,
    Item,
    Link,
    Side,
    columns,
    kind_name,
    load_profile,
    open_log,
    partition_of,
)
from firmware_bridge.stores import frames_blob
from firmware_bridge.stores.sqlite import file as sqlite_file
from service.contracts.ordinary_blocks import bout
from service.pipeline.analysis import analyze_all
from service.records.rows import Block, Flag, Note, Progress, Replaced, Step, Verdict
from tests.service.pipeline.test_analysis import worn
from tests.walkers.gait_rows import step
from tests.walkers.walks import START

FIRST = """
CREATE TABLE _arrival (number INTEGER NOT NULL, longest INTEGER NOT NULL);
INSERT INTO _arrival VALUES (0, 0);
CREATE TABLE "frames" (_arrival INTEGER PRIMARY KEY, _partition INTEGER NOT NULL, "time" INTEGER NOT NULL,
  "wearer" TEXT NOT NULL, "side" TEXT NOT NULL, "device" TEXT NOT NULL, "n" INTEGER NOT NULL, "stop" INTEGER NOT NULL,
  "codec" TEXT NOT NULL, "digest" BLOB NOT NULL, "data" BLOB NOT NULL);
CREATE UNIQUE INDEX "frames_key" ON "frames" ("wearer", "time", "side");
CREATE INDEX "frames_partition" ON "frames" (_partition);
"""
LATER = {  # fields that came after the first version, or that this test takes for such
    Device: ["calibration"],
    Link: ["dropped", "duplicate", "battery_pct", "restarts", "clock", "clock_rate"],
    Step: ["cop_ap_70", "reason", "valid", "unit"],
    Block: ["void", "reason", "unit", "cadence_spm"],
    Progress: ["since", "again", "notes"],
}
KINDS = (Device, Link, Step, Block, Progress)


class FirstVersion:
    """Writes a store as the first version did, without what came later; only what it has to be able to do."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA page_size = 8192")
        self._connection.executescript(FIRST)
        self._connection.execute(f"PRAGMA application_id = {0x494E534C}")
        self._connection.execute("PRAGMA user_version = 1")
        self._connection.execute("PRAGMA journal_mode = WAL")
        for kind in KINDS:
            self._create(kind)
        self._number = 0

    def _fields(self, kind: type) -> list[str]:
        return [column.name for column in columns(kind) if column.name not in LATER[kind]]

    def _create(self, kind: type) -> None:
        types = {str: "TEXT NOT NULL DEFAULT ''", float: "REAL", int: "INTEGER NOT NULL DEFAULT 0"}
        found = {c.name: c for c in columns(kind)}
        fields = ", ".join(
            f'"{name}" {next(sql for base, sql in types.items() if issubclass(found[name].type, base))}'
            for name in self._fields(kind)
        )
        keys = [c.name for c in columns(kind) if c.key]
        order = ["wearer", "time", *(k for k in keys if k != "wearer")] if "wearer" in keys else ["time", *keys]
        name = kind_name(kind)
        self._connection.execute(
            f'CREATE TABLE "{name}" (_arrival INTEGER PRIMARY KEY, _partition INTEGER NOT NULL, {fields})'
        )
        self._connection.execute(f'CREATE UNIQUE INDEX "{name}_key" ON "{name}" ({", ".join(order)})')
        self._connection.execute(f'CREATE INDEX "{name}_partition" ON "{name}" (_partition)')

    def put(self, *items: Item) -> None:
        self._connection.execute("BEGIN")
        for item in items:
            self._number += 1
            if isinstance(item, Frames):
                blob, digest = frames_blob.encode(item)
                first, last = int(item.time[0]), int(item.time[-1])
                values: list[Any] = [
                    first,
                    item.wearer,
                    item.side,
                    item.device,
                    len(item),
                    last + 1,
                    "f32-shuffle-zlib",
                ]
                values += [digest, blob]
                self._connection.execute("UPDATE _arrival SET longest = max(longest, ?)", (last + 1 - first,))
            else:
                values = [getattr(item, name) for name in self._fields(type(item))]
            own = getattr(item, "partition", partition_of(item.wearer))
            kind: type = type(item)
            marks = ", ".join("?" * (len(values) + 2))
            self._connection.execute(f'INSERT INTO "{kind_name(kind)}" VALUES ({marks})', (self._number, own, *values))
        self._connection.execute("UPDATE _arrival SET number = ?", (self._number,))
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def devices() -> list[Item]:
    profile = load_profile("demo-16")
    return [Insole("ada", side, profile, "virtual:").device_row(START - SECOND) for side in Side]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def test_what_an_old_store_holds_is_read_with_what_it_lacks_missing(path: Path) -> None:
    frames = next(item for item in worn() if isinstance(item, Frames))
    old = [Link(START, "ada", Side.LEFT, "d", True, 100, 3, 2, 1, 1, 1, 90.0), step(1.0), *bout(), *devices(), frames]
    with closing(FirstVersion(path)) as store:
        store.put(*old)
    with closing(open_log(f"sqlite:///{path}")) as log:
        (link,) = log.read(Link, "ada")
        assert (link.received, link.lost, link.corrupt, link.dropped, link.duplicate) == (100, 3, 2, 0, 0)
        assert (link.restarts, link.clock) == (0, ClockState.STEADY)
        assert np.isnan([link.battery_pct, link.clock_rate]).all()
        (first,) = log.read(Step, "ada")
        assert (first.peak, first.cop_ap_90, first.valid, first.reason, first.unit) == (800.0, 0.8, False, "", "")
        assert np.isnan(first.cop_ap_70)
        assert [block.number for block in log.read(Block, "ada")] == list(range(12))
        (back,) = log.read(Frames, "ada")
        assert back.pressure.tobytes() == frames.pressure.tobytes()
        assert back.time.tobytes() == frames.time.tobytes()
        assert len(log.after([Device, Link, Step, Block, Frames], 0)) == len(old)
        for kind in (Verdict, Flag, Note, Replaced):
            assert log.read(kind, "ada") == []
        log.put([first, link])
        assert log.head() == len(old), "what was read is equal to what is there"


def test_the_analysis_of_an_old_store_goes_on(path: Path, tmp_path: Path) -> None:
    """The first version kept another account of its progress: everything is looked at once more, and stands once."""
    day = 86_400 * SECOND
    with closing(FirstVersion(path)) as store:
        store.put(*devices(), *worn())
        store.put(Progress(0, "", "analyze", partition_of("ada"), restart=5, done=len(worn())))
    with closing(open_log(f"sqlite:///{path}")) as log, closing(open_log(f"sqlite:///{tmp_path / 'new.db'}")) as new:
        new.put([*devices(), *worn()])
        for one in (log, new):
            analyze_all(one)
            one.put(worn("ada", day))
            analyze_all(one)
        for kind in (Step, Block, Flag, Verdict):
            assert [repr(row) for row in log.read(kind, "ada")] == [repr(row) for row in new.read(kind, "ada")]
        assert len(log.read(Step, "ada")) > 150


def test_old_and_new_versions_of_a_row_live_side_by_side(path: Path) -> None:
    with closing(FirstVersion(path)) as store:
        store.put(Progress(0, "", "alert", 0, restart=7, done=7))
    with closing(open_log(f"sqlite:///{path}")) as log:
        (was,) = log.read(Progress, "")
        assert (was.restart, was.done, was.since) == (7, 7, 0)
        log.put([Progress(0, "", "alert", 0, restart=9, done=9, since=4)])
        assert [(p.done, p.since) for p in log.read(Progress, "")] == [(9, 4)]


@pytest.mark.parametrize("beyond", [1, 41])
def test_a_newer_format_is_refused_and_left_as_it_is(path: Path, beyond: int) -> None:
    with closing(FirstVersion(path)) as store:
        store.put(*devices())
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute("CREATE TABLE of_the_future (x)")
        newer.execute(f"PRAGMA user_version = {sqlite_file.USER_VERSION + beyond}")
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(
        ConfigError, match=rf"log\.db was made by a newer version \(format {sqlite_file.USER_VERSION + beyond}"
    ):
        open_log(f"sqlite:///{path}")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_what_is_added_for_a_new_field_is_not_made_by_reading_alone(path: Path) -> None:
    with closing(FirstVersion(path)) as store:
        store.put(*devices())
    with closing(open_log(f"sqlite:///{path}")) as log:
        assert log.read(Note, "ada") == []
        assert log.wearers() == ["ada"]
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert "note" not in tables
