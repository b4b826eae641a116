"""Making a store as small as what it holds, and one that shrinks from then on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from firmware_bridge.errors import Unavailable
from firmware_bridge.stores.sqlite import usage as space
from firmware_bridge.stores.sqlite.disk import free_bytes
from firmware_bridge.stores.sqlite.file import alone

_MARGIN = 64_000_000
_STEPS = 100_000
"""SQLite's own steps between two looks whether the user has had enough."""


def vacuum(path: Path) -> int:
    """Copy a file into itself without what is empty; return the bytes given back to the disk.

    Killed in the midst of it, the file is as it was. It takes the room of two copies of what is held, for a while: one
    aside, and one in the write-ahead log, out of which it comes into the file when it is whole.

    Raises:
        ConfigError: somebody else has the file open.
        Unavailable: the disk has not that much room.
    """
    with alone(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = path.stat().st_size
        _make_sure_of_room(path, 2 * space.pages(connection)[0] + _MARGIN)
        _keep_copies_beside(connection, path)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _copied(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return before - path.stat().st_size


def _copied(connection: sqlite3.Connection) -> None:
    connection.set_progress_handler(_go_on, _STEPS)
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from None
        raise


def _go_on() -> int:
    return 0  # what it is called for is that Ctrl-C gets its turn


def _make_sure_of_room(path: Path, needed: int) -> None:
    free = free_bytes(path)
    if free < needed:
        raise Unavailable(
            f"store {path}: there is no room to compact it: {needed / 1e9:.1f} GB are needed for a while, its disk has "
            f"{free / 1e9:.1f} GB",
            "free some space on it; nothing was changed",
        )


def _keep_copies_beside(connection: sqlite3.Connection, path: Path) -> None:
    """Let the copy lie on the disk whose room is known, not in a /tmp that may be kept in memory."""
    folder = str(path.absolute().parent).replace("'", "''")
    connection.execute(f"PRAGMA temp_store_directory = '{folder}'")
    connection.execute("PRAGMA temp_store = FILE")
