"""The file of the embedded log: where it is, how it is opened, and what its errors mean to the user."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, Unavailable
from firmware_bridge.stores.log import Damaged
from firmware_bridge.stores.sqlite.tables import Relation
from firmware_bridge.stores.sqlite.worker_lock import workers

APPLICATION = 0x494E534C  # "INSL" in the file's head: tells it from other programs' SQLite files
USER_VERSION = 1  # raised when older versions of this program could no longer use the file
BUSY_S = 10.0
ALONE_S = 1.0  # the patience of who wants a store for itself
SALVAGED = "-salvaged"  # what was saved of a damaged store, until it takes that one's place
SPARE = "-spare"  # what bridges have put since a store is damaged

_CREATE = (
    # `number`: the highest arrival number given; `longest`: the longest chunk of frames, ns, which bounds searches
    "CREATE TABLE _arrival (number INTEGER NOT NULL, longest INTEGER NOT NULL)",
    "INSERT INTO _arrival VALUES (0, 0)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {USER_VERSION}",
)


_ILL = ("cannot be reached", "is the disk full, ill or unplugged?")
_LATER = {
    sqlite3.SQLITE_BUSY: ("is locked", "another program keeps it to itself"),
    sqlite3.SQLITE_LOCKED: ("is locked", "another program keeps it to itself"),
    sqlite3.SQLITE_FULL: ("has no room left", "free some space on its disk; nothing that is stored is lost"),
    sqlite3.SQLITE_IOERR: _ILL,
    sqlite3.SQLITE_NOMEM: _ILL,
    sqlite3.SQLITE_PROTOCOL: _ILL,
}
_SHUT = "may not be written; change the permissions of the file and its directory, or choose another place"
_CHANGE = {
    sqlite3.SQLITE_READONLY: _SHUT,
    sqlite3.SQLITE_PERM: _SHUT,
    sqlite3.SQLITE_AUTH: _SHUT,
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; is it a file, and may it and its directory be written?",
    sqlite3.SQLITE_NOTADB: "is not a database; it was left as it is; choose another file",
}
_HURT = (
    "is damaged; `insole check --salvage` brings what can still be read into a new file and keeps the old one; or put "
    "a backup in its place, and what lies beside it (-wal, -shm) out of the way"
)
_MARKS = (b"CREATE TABLE _arrival", b'CREATE TABLE "frames"')
_SICK = {  # what a bad sector gives: it may pass, but not by waiting
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
}
_SHARED = {  # what locks, or memory shared by processes, failed with
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
    sqlite3.SQLITE_PROTOCOL,
}
_NOT_HERE = "lies on a network share, or on another file system that processes cannot share; keep it on a local disk"


def path_of(url: str) -> Path:
    """Return the file that a `sqlite:` URL names.

    Raises:
        ConfigError: the URL names a host, an option or nothing.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite" or parts.netloc or parts.query or parts.fragment or parts.path in {"", "/"}:
        raise ConfigError(
            f"store {url!r}: write sqlite:///file.db, sqlite:////absolute/file.db or sqlite:///~/file.db (a ? or # "
            "in the name as %3F or %23)"
        )
    path = Path(unquote(parts.path[1:]))
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ConfigError(f"store {url!r}: no home directory is known; write the whole path") from error


def url_of(path: Path) -> str:
    """Return the URL that names a file."""
    return f"sqlite:///{quote(str(path))}"


def beside(path: Path, ending: str) -> Path:
    """Return the file whose name is that of another one with an ending."""
    return path.with_name(path.name + ending)


def create_file(path: Path) -> None:
    """Make the file, and its directory, if absent: a person's data, for nobody else to read."""
    if not path.exists() and beside(path, SALVAGED).exists():
        raise Damaged(f"store {path}: its salvage was interrupted; `insole check --salvage` finishes it")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable(
                f"store {path} cannot be made: {error.strerror}", "free some space on its disk"
            ) from error
        raise ConfigError(f"store {path}: cannot be made: {error.strerror}; choose another place") from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection that may be used from any thread, by one at a time; transactions are begun by hand."""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(path: Path) -> sqlite3.Connection:
    """Open the writer's connection on a store of ours, making it one if the file is empty.

    Raises:
        ConfigError: it is another program's file, or a newer version's; it is left as it is.
    """
    connection = connect(path)
    try:
        if _is_new(connection, path):
            connection.execute("PRAGMA page_size = 8192")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # cannot be decided later without copying it all
            with transaction(connection):
                if _is_new(connection, path):  # no other process was quicker
                    for statement in _CREATE:
                        connection.execute(statement)
        _log_ahead(connection, path)
        connection.execute("PRAGMA journal_size_limit = 67108864")
    except BaseException:
        connection.close()
        raise
    return connection


def ensure(connection: sqlite3.Connection, wanted: Relation) -> None:
    """Make a kind's table, or add to an older one what it lacks; within a transaction."""
    missing = lacking(connection, wanted)
    if missing is None:
        for statement in (wanted.create, *wanted.indexes):
            connection.execute(statement)
        return
    for name in missing:
        connection.execute(f'ALTER TABLE "{wanted.name}" ADD COLUMN "{name}" {wanted.columns[name]}')
    keys = tuple(row[2] for row in connection.execute(f'PRAGMA index_info("{wanted.name}_key")'))
    if keys != wanted.keys:
        connection.execute(f'DROP INDEX IF EXISTS "{wanted.name}_key"')
        connection.execute(wanted.indexes[0])


def lacking(connection: sqlite3.Connection, wanted: Relation) -> list[str] | None:
    """Return the fields that a kind's table lacks, or None where there is no table."""
    there = {row[1] for row in connection.execute(f'PRAGMA table_info("{wanted.name}")')}
    return [name for name in wanted.columns if name not in there] if there else None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path, *, opening: bool = False) -> Iterator[None]:
    """Say SQLite's errors in the program's own; what may pass in a store that works will not in one being opened."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise CorruptData(f"a text that is not Unicode cannot be stored: {error}") from error
    except UnicodeDecodeError as error:  # SQLite quotes a damaged schema as it finds it
        raise _garbled(path) from error
    except sqlite3.Error as error:
        known = _meaning(path, error, opening=opening)
        if known is None:
            raise
        raise known from error


def lasting(error: BaseException) -> bool:
    """Tell whether a file cannot take anything any more, however long one waits."""
    return isinstance(error, Damaged) or getattr(error.__cause__, "sqlite_errorcode", 0) in _SICK


@contextmanager
def alone(path: Path) -> Iterator[sqlite3.Connection]:
    """Lend a connection that keeps everybody else out of the file.

    Raises:
        ConfigError: somebody has it open, in this process or another one.
    """
    with explained(path, opening=True), closing(connect(path)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {round(ALONE_S * 1000)}")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise ConfigError(f"store {path} is open in another program; end that first{_by_whom(path)}") from error
        connection.execute("ROLLBACK")
        yield connection


def _by_whom(path: Path) -> str:
    others = {work: owner for work, owner in workers(path).items() if owner != str(os.getpid())}
    found = [f"{work or 'the service'}, pid {owner}" for work, owner in others.items()]
    return f" ({'; '.join(found)})" if found else ""


def _meaning(path: Path, error: sqlite3.Error, *, opening: bool) -> InsoleError | None:
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if opening and extended in _SHARED:
        return ConfigError(f"store {path} {_NOT_HERE} ({error})")
    if str(error).startswith("Could not decode to UTF-8"):  # Python's own error, without a code; it quotes the text
        return _garbled(path)
    if code == sqlite3.SQLITE_CORRUPT or (code == sqlite3.SQLITE_NOTADB and _was_ours(path)):
        return Damaged(f"store {path} {_HURT} ({error})")
    if extended in _SICK:
        return Unavailable(
            f"store {path} cannot be read everywhere ({error})",
            "is its disk ill? `insole check --salvage` brings what can still be read into a new file",
        )
    if code in _LATER:
        what, advice = _LATER[code]
        return Unavailable(f"store {path} {what} ({error})", advice)
    return ConfigError(f"store {path} {_CHANGE[code]} ({error})") if code in _CHANGE else None


def _garbled(path: Path) -> Damaged:
    return Damaged(f"store {path} {_HURT} (a text in it is no UTF-8)")


def _was_ours(path: Path) -> bool:
    """Tell whether a file that is no database any more was a store."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    if not any(head[:100]):  # a lost block reads as zeros
        return bool(head)
    return head[68:72] == APPLICATION.to_bytes(4, "big") or any(mark in head for mark in _MARKS)


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application == APPLICATION and version > USER_VERSION:
        raise ConfigError(
            f"store {path} was made by a newer version (format {version}, this one knows {USER_VERSION}); it was left "
            "as it is; update this program or choose another file"
        )
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if not application and "_arrival" in names:
        raise Damaged(f"store {path} {_HURT} (it has lost its mark)")
    if application != APPLICATION and (names or application or version):
        raise ConfigError(f"store {path} belongs to another program; it was left as it is; choose another file")
    return not names


def _log_ahead(connection: sqlite3.Connection, path: Path) -> None:
    """Switch to the write-ahead log, which SQLite refuses for a moment while other processes open the file."""
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
            continue
        if mode != "wal":
            raise ConfigError(f"store {path} {_NOT_HERE}")
        return
