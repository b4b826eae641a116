"""How much a store's file holds of what, and how room that became free is given back to the disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from firmware_bridge.model import BEGINNING, END
from firmware_bridge.stores.log_file import Holding

SAMPLES = 40
"""Places of a table at which the size of its rows is looked at; counting every byte would read the whole file."""
_ROWS = 5
COMPLAINTS = 5
PAGES = 128
"""Pages (of 8 KB) that are moved in one transaction."""

# Those of kinds: others are the log's own, or were put there by another program.
TABLES = """
    SELECT name FROM sqlite_schema AS found WHERE type = 'table' AND 2 = (
      SELECT count(*) FROM pragma_table_info(found.name) WHERE name IN ('_arrival', 'wearer')
    ) ORDER BY name
"""
# Hops from one wearer to the next along the index, however many rows there are.
WEARERS = """
    WITH RECURSIVE found(wearer) AS (
      SELECT min(wearer) FROM "{0}"
      UNION ALL SELECT (SELECT min(wearer) FROM "{0}" WHERE wearer > found.wearer) FROM found WHERE wearer IS NOT NULL
    ) SELECT wearer FROM found WHERE wearer IS NOT NULL
"""


def pages(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the bytes of the pages that hold something, and of those that are free."""
    size, count, free = (_pragma(connection, name) for name in ("page_size", "page_count", "freelist_count"))
    return (count - free) * size, free * size


def shrinks(connection: sqlite3.Connection) -> bool:
    """Tell whether free pages can be given back; it is decided when a store is made."""
    return _pragma(connection, "auto_vacuum") == 2


def holdings(connection: sqlite3.Connection) -> list[Holding]:
    """Return what each kind holds; the bytes are estimated from some rows of each, their sum is exact."""
    names = [name for (name,) in connection.execute(TABLES)]
    counts = {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names}  # noqa: S608
    sizes = {name: counts[name] * _row_bytes(connection, name) for name in names}
    scale = pages(connection)[0] / (sum(sizes.values()) or 1.0)
    return [Holding(name, counts[name], *_times(connection, name), round(sizes[name] * scale)) for name in names]


def try_writing(connection: sqlite3.Connection) -> None:
    """Write, and take it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE _arrival SET number = number")
    finally:
        connection.execute("ROLLBACK")


def wrong(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong when it looks through the whole file."""
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({COMPLAINTS})")]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return [str(error)]
    return [] if found == ["ok"] else found


def give_back(connection: sqlite3.Connection) -> int:
    """Move some pages from the file's end into free ones and cut the file there; return the bytes given back."""
    before = _pragma(connection, "page_count")
    # As a script: a statement that gives rows without columns is stopped by `execute` after its first page.
    connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")
    return (before - _pragma(connection, "page_count")) * _pragma(connection, "page_size")


def settle(connection: sqlite3.Connection, wait_s: float) -> None:
    """Bring the write-ahead log into the file and empty it, unless somebody is reading just now.

    Args:
        connection: the writer's.
        wait_s: the patience that the connection is to have again afterwards.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")


def _row_bytes(connection: sqlite3.Connection, name: str) -> float:
    first, last = connection.execute(
        f'SELECT (SELECT min(_arrival) FROM "{name}"), (SELECT max(_arrival) FROM "{name}")'  # noqa: S608
    ).fetchone()
    if first is None:
        return 0.0
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
    size = " + ".join(f'coalesce(length(CAST("{column}" AS BLOB)), 0)' for column in columns)
    query = f'SELECT {size} FROM "{name}" WHERE _arrival >= ? LIMIT {_ROWS}'  # noqa: S608
    found: list[int] = []
    for i in range(SAMPLES):
        with closing(connection.execute(query, (first + (last - first) * i // SAMPLES,))) as rows:
            found += [row[0] for row in rows]
    return sum(found) / len(found)


def _times(connection: sqlite3.Connection, name: str) -> tuple[int | None, int | None]:
    index = [row[2] for row in connection.execute(f'PRAGMA index_info("{name}_key")')]
    if index[:2] != ["wearer", "time"]:
        return None, None
    spans = [span(connection, name, wearer) for (wearer,) in connection.execute(WEARERS.format(name)).fetchall()]
    known = [found for found in spans if found is not None]
    return min((a for a, _ in known), default=None), max((b for _, b in known), default=None)


def span(connection: sqlite3.Connection, name: str, wearer: str, arrived: int = END) -> tuple[int, int] | None:
    """Return the first and last time that a table has of a wearer."""
    query = f'SELECT time FROM "{name}" WHERE wearer = ? AND time >= ? AND _arrival <= ? ORDER BY time'  # noqa: S608
    values = (wearer, BEGINNING, arrived)
    ends = [connection.execute(f"{query} {order} LIMIT 1", values).fetchone() for order in ("ASC", "DESC")]
    return None if ends[0] is None else (ends[0][0], ends[1][0])


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
