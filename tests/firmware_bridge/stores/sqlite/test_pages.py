"""Pages of a SQLite log: read along the index and no further, whatever in it is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contracts.logs.items import Mark, Reading, number
from firmware_bridge.model import END, Frames, Side, item_key
from firmware_bridge.stores.sqlite.log import SqliteLog


def chunk(start: int) -> Frames:
    return Frames("anna", Side.LEFT, "d", start + np.arange(10), np.ones((10, 4), np.float32))


@pytest.mark.parametrize(
    ("kind", "after"), [(Reading, (5, "anna", "a")), (Mark, (5, "anna")), (Frames, (5, "anna", "left"))]
)
def test_a_page_is_read_along_the_index(
    kind: type, after: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite tells so of its plan: a search by wearer and time, and nothing that has to be sorted first."""
    path = tmp_path / "log.db"
    asked: list[str] = []
    with closing(SqliteLog(f"sqlite:///{path}")) as log:
        log.put([number(1), Mark(1, "anna"), chunk(1)])
        log.read(kind, "anna")
        for idle in log._idle:
            idle.set_trace_callback(asked.append)
        log.read(kind, "anna", 2, END, limit=3, after=after)
    (query,) = [text for text in asked if text.startswith("SELECT _arrival,")]
    with closing(sqlite3.connect(path)) as look:
        plan = [row[3] for row in look.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert len(plan) == 1
    assert f"INDEX {kind.__name__.lower()}_key (wearer=? AND " in plan[0]
    assert "time>?" in plan[0] or "(time," in plan[0]


def test_what_cannot_be_read_does_not_shorten_a_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else a page with less than its limit would be taken for the last one."""
    path = tmp_path / "log.db"
    with closing(SqliteLog(f"sqlite:///{path}")) as log:
        log.put([chunk(i * 10) for i in range(8)])
    with closing(sqlite3.connect(path)) as harm:
        harm.execute("UPDATE frames SET codec = 'of-tomorrow' WHERE time IN (10, 20, 70)")
        harm.commit()
    with closing(SqliteLog(f"sqlite:///{path}")) as log:
        pages = [log.read(Frames, "anna", limit=2)]
        while len(pages[-1]) == 2:
            pages.append(log.read(Frames, "anna", limit=2, after=item_key(pages[-1][-1])))
    assert [[int(c.time[0]) for c in page] for page in pages] == [[0, 30], [40, 50], [60]]
    assert "of-tomorrow" in caplog.text
