"""The embedded log: one SQLite file, written by one process at a time and read by any.

`sqlite:///relative/path.db`, `sqlite:////absolute/path.db` or `sqlite:///~/path.db`. The file and what SQLite lays
beside it (`-wal`, `-shm`) belong together; so does `-spare`, which takes what bridges put while it is damaged.
`-service` and `-work-…` say who works on it and may be left out of a copy. Write-ahead log with a sync per commit:
what was acknowledged survives a power cut, and readers never wait for the writer.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from threading import Lock
from typing import Any, TypeVar, cast

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import BEGINNING, END, PARTITIONS, Frames, Item
from firmware_bridge.stores.log import refuse_no_page
from firmware_bridge.stores.log_file import Holding, Salvaged, Usage
from firmware_bridge.stores.sqlite import usage as space
from firmware_bridge.stores.sqlite.disk import free_bytes, network_share
from firmware_bridge.stores.sqlite.fallback_log import Recorder
from firmware_bridge.stores.sqlite.file import (
    BUSY_S,
    SPARE,
    beside,
    connect,
    create_file,
    ensure,
    explained,
    lacking,
    lasting,
    path_of,
    prepare,
    transaction,
    url_of,
)
from firmware_bridge.stores.sqlite.open_calls import Calls
from firmware_bridge.stores.sqlite.recovery import rescue
from firmware_bridge.stores.sqlite.tables import Relation, Values, encoded, table
from firmware_bridge.stores.sqlite.vacuum import vacuum
from firmware_bridge.stores.sqlite.worker_lock import UNNAMED, WorkerLock, workers

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class SqliteLog:
    """A log in one SQLite file, with all three faces: see `Log`, `LogFile` and `Claims` for their laws.

    The file is made, readable by its owner only, if absent.
    """

    def __init__(self, url: str) -> None:
        self.path = path_of(url)
        self._lock = Lock()  # of the writer
        self._version_lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._known: set[type] = set()  # kinds whose table is as it should be
        self._readable: set[type] = set()  # kinds whose table has every field
        self._calls = Calls(self.path)
        self._claims: dict[str, WorkerLock] = {}
        self._versions = 0  # of watchers before this one
        with explained(self.path, opening=True):
            create_file(self.path)
            self._connect()

    @classmethod
    def recorder(cls, url: str) -> Recorder:
        """Open it for bridges; see `stores.open_recorder`."""
        spare = beside(path_of(url), SPARE)
        return Recorder(lambda: cls(url), lambda: cls(url_of(spare)), lasting, str(spare))

    @classmethod
    def salvage(cls, url: str, kinds: Sequence[type], *, dry: bool) -> Salvaged:
        """Save what can be read of a damaged file; see `stores.salvage_log`."""
        return rescue(path_of(url), kinds, lambda path: cls(url_of(path)), dry=dry)

    def put(self, items: Iterable[Item]) -> None:
        """Store all items or none; see `Log.put`."""
        self._write(list(items), ())

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Let `rows` be all that the kinds hold in a range; see `Log.replace`."""
        query = "WHERE wearer = ? AND time >= ? AND time < ?"
        self._write(list(rows), [(table(kind), query, (wearer, start, stop)) for kind in self._there(kinds)])

    def after(
        self, kinds: Sequence[type], cursor: int, partitions: Collection[int] | None = None, limit: int = 1000
    ) -> list[tuple[int, Item]]:
        """Return what arrived after `cursor`, in order; see `Log.after`."""
        kinds = self._there(kinds)
        own = None if partitions is None or len(set(partitions)) >= PARTITIONS else sorted(set(partitions))
        with self._reading() as connection, ExitStack() as stack:
            # One ordered stream per kind and partition, each read no further than the merged result needs.
            streams = [s for kind in kinds for s in _arrivals(connection, table(kind), cursor, own, stack)]
            merged = merge(*streams, key=itemgetter(0))
            return list(islice(chain.from_iterable(map(_decoded, merged)), limit))

    def read(
        self,
        kind: type[_T],
        wearer: str,
        start: int = BEGINNING,
        stop: int = END,
        *,
        limit: int | None = None,
        after: Sequence[str | int | float] | None = None,
    ) -> list[_T]:
        """Return what lies in a range of time, ascending, or a page of it; see `Log.read`."""
        refuse_no_page(kind, wearer, limit, after)
        if not self._there([kind]):
            return []
        found = table(kind)
        with self._reading() as connection:
            where = "WHERE wearer = ? AND time >= ? AND time < ?"
            earliest: int = start
            more: Values = ()
            if kind is Frames:
                longest = connection.execute("SELECT longest FROM _arrival").fetchone()[0]
                where += " AND stop > ?"
                earliest, more = max(start - longest, BEGINNING), (start,)
            if after is not None:
                condition, key = found.behind(after)
                where += f" AND {condition}"
                earliest, more = max(earliest, int(after[0])), (*more, *key)
            query = f"{found.select} {where} ORDER BY {', '.join(found.keys)}"
            # In the order of the index, and no further than the page needs: what cannot be read does not shorten it.
            with closing(connection.execute(query, (wearer, earliest, stop, *more))) as rows:
                items = (item for row in rows for _, item in _decoded((row[0], found, row)))
                return cast("list[_T]", list(islice(items, limit)))

    def wearers(self) -> list[str]:
        """Return everybody of whom something is stored, sorted."""
        with self._reading() as connection:
            tables = connection.execute(space.TABLES).fetchall()
            found = {row[0] for (name,) in tables for row in connection.execute(space.WEARERS.format(name))}
        return sorted(found - {""})

    def head(self) -> int:
        """Return the highest arrival number given so far."""
        with self._reading() as connection:
            return int(connection.execute("SELECT number FROM _arrival").fetchone()[0])

    def version(self) -> int:
        """Return a number that changes with every commit of anybody."""
        # On a connection of its own: SQLite counts the commits of all others.
        with self._calls.running(), self._version_lock, explained(self.path):
            return self._versions + _data_version(self._watcher)

    def span(self, kind: type, wearer: str, arrived: int = END) -> tuple[int, int] | None:
        """Return the first and last time of what arrived up to a number; see `Log.span`."""
        if not self._there([kind]):
            return None
        with self._reading() as connection:
            return space.span(connection, table(kind).name, wearer, arrived)

    def forget(self, kinds: Sequence[type], wearer: str, before: int, arrived: int, limit: int = 1000) -> int:
        """Delete what is old, in one transaction; see `LogFile.forget`."""
        tables = [table(kind) for kind in self._there(kinds)]
        where = "WHERE wearer = ? AND time < ? AND _arrival <= ? ORDER BY time LIMIT ?"
        count = 0
        with self._writing() as connection:
            for found in tables:
                gone = connection.execute(f"{found.numbers} {where}", (wearer, before, arrived, limit)).fetchall()
                connection.executemany(found.delete, gone)
                count += len(gone)
        return count

    def give_back(self) -> int:
        """Give some empty room back to the disk; see `LogFile.give_back`."""
        with self._calls.running(), self._lock, explained(self.path):
            given = space.give_back(self._writer) if space.shrinks(self._writer) else 0
            if not given:
                space.settle(self._writer, BUSY_S)
        return given

    def usage(self) -> Usage:
        """Return how much room the log takes; see `LogFile.usage`."""
        with self._reading() as connection:
            used, reusable = space.pages(connection)
            shrinks = space.shrinks(connection)
        spare = beside(self.path, SPARE)
        aside = spare.stat().st_size if spare.exists() else 0
        return Usage(used, reusable, free_bytes(self.path), shrinks, network_share(self.path), aside)

    def holdings(self) -> list[Holding]:
        """Return what the log holds of each kind; see `LogFile.holdings`."""
        with self._reading() as connection:
            return space.holdings(connection)

    def compact(self) -> int:
        """Make the file as small as what it holds; see `LogFile.compact`."""
        with self._calls.running(), self._lock, self._version_lock, explained(self.path):
            self._versions += _data_version(self._watcher) + 1
            self._disconnect()
            try:
                return vacuum(self.path)
            finally:
                self._connect()

    def check(self, *, whole: bool = False) -> list[str]:
        """Return what is wrong in the file, having tried that it may be written; see `LogFile.check`."""
        with self._calls.running(), self._lock, explained(self.path):
            space.try_writing(self._writer)
        with self._reading() as connection:
            return space.wrong(connection) if whole else []

    def claim(self, work: str = UNNAMED) -> None:
        """Become the one that does this work on this log; see `Claims.claim`."""
        with self._calls.running(), self._lock:
            if work not in self._claims:
                self._claims[work] = WorkerLock(self.path, work)

    def workers(self) -> dict[str, str]:
        """Return who is at work on this log; see `Claims.workers`."""
        with self._calls.running():
            return workers(self.path)

    def close(self) -> None:
        """Wait for the calls that are running, then close."""
        if self._calls.end():
            self._disconnect()
            for claim in self._claims.values():
                claim.close()

    def _connect(self) -> None:
        self._writer = prepare(self.path)
        self._watcher = connect(self.path)

    def _disconnect(self) -> None:
        with suppress(sqlite3.Error):  # everything acknowledged is on the disk already
            while idle := self._lent():
                idle.close()
            self._watcher.close()
            self._writer.close()

    def _ensure(self, kinds: Iterable[type]) -> None:
        for kind in kinds:
            if kind not in self._known:
                wanted = table(kind)
                with self._writing() as connection:
                    ensure(connection, wanted)
                self._known.add(kind)

    def _there(self, kinds: Iterable[type]) -> list[type]:
        """Return which kinds the file has a table for; reading writes nothing unless an older table lacks a field."""
        found = []
        for kind in kinds:
            if kind not in self._readable:
                with self._reading() as connection:
                    missing = lacking(connection, table(kind))
                if missing is None:
                    continue
                if missing:
                    self._ensure([kind])
                self._readable.add(kind)
            found.append(kind)
        return found

    def _write(self, items: list[Item], replaced: Sequence[tuple[Relation, str, Values]]) -> None:
        self._ensure({type(item): None for item in items})
        with explained(self.path):
            rows = encoded(items)  # before the lock: this is most of the work
        with self._writing() as connection:
            number, longest = before = connection.execute("SELECT number, longest FROM _arrival").fetchone()
            kept: set[tuple[str, int]] = set()
            for found, owner, values in rows:
                if connection.execute(found.upsert, (number + 1, owner, *values)).rowcount > 0:
                    number += 1
                    kept.add((found.name, number))
                    if found is table(Frames):
                        longest = max(longest, values[5] - values[0])
                elif replaced:
                    kept.add((found.name, connection.execute(found.find, found.key_of(values)).fetchone()[0]))
            for found, where, values in replaced:
                there = connection.execute(f"{found.numbers} {where}", values).fetchall()
                gone = [row for row in there if (found.name, row[0]) not in kept]
                connection.executemany(found.delete, gone)
            if (number, longest) != before:
                connection.execute("UPDATE _arrival SET number = ?, longest = ?", (number, longest))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._calls.running(), self._lock, explained(self.path), transaction(self._writer):
            yield self._writer

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one state of the file, so that nothing arrives between two of its queries."""
        with self._calls.running(), explained(self.path):
            connection = self._lent() or connect(self.path)
            try:
                connection.execute("BEGIN")
                yield connection
            except BaseException:
                connection.close()
                raise
            connection.execute("ROLLBACK")
            self._idle.append(connection)

    def _lent(self) -> sqlite3.Connection | None:
        with suppress(IndexError):  # looking first would not do: another thread may take the last one in between
            return self._idle.pop()
        return None


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


_Stored = tuple[int, Relation, Sequence[Any]]


def _arrivals(
    connection: sqlite3.Connection,
    found: Relation,
    cursor: int,
    partitions: Sequence[int] | None,
    stack: ExitStack,
) -> Iterator[Iterator[_Stored]]:
    """Give streams of a kind's stored rows after `cursor`, each in order of arrival.

    The stack ends them: a query that is left unfinished would hold its connection to an old state.
    """
    if partitions is None:
        queries: list[tuple[str, Values]] = [("WHERE _arrival > ?", (cursor,))]
    else:
        queries = [("WHERE _partition = ? AND _arrival > ?", (number, cursor)) for number in partitions]
    for where, values in queries:
        rows = stack.enter_context(closing(connection.execute(f"{found.select} {where} ORDER BY _arrival", values)))
        yield ((row[0], found, row) for row in rows)


def _decoded(stored: _Stored) -> Iterator[tuple[int, Item]]:
    number, found, row = stored
    try:
        yield number, found.decode(row[1:])
    except CorruptData as error:
        _log.warning("skipped: %s", error)
