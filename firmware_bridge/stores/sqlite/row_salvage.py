"""Saving what can still be read of a damaged store: every row that is whole goes into a new file.

A row keeps its arrival number, so that the analysis and the mirrors go on where they were. Frames are checked against
the digest that was stored with them; of other rows it cannot be told that a number or a text was another one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from firmware_bridge.model import Frames, kind_name
from firmware_bridge.stores import frames_blob
from firmware_bridge.stores.sqlite.file import create_file, ensure, prepare, transaction
from firmware_bridge.stores.sqlite.raw_pages import Cell, Pages, Value
from firmware_bridge.stores.sqlite.tables import table

_BATCH = 5000
"""Rows in one transaction."""
BEYOND = 1 << 20
"""How far arrival numbers go on beyond those that were found, where their count was lost: others may have been told."""
OWN = "_arrival"  # of this name is the log's own table, and the first column of every other
_FRAMES = kind_name(Frames)
FITS: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (float, int, type(None)),
    "TEXT": (str,),
    "BLOB": (bytes,),
}


@dataclass(frozen=True)
class Shape:
    """One table of a damaged file."""

    name: str
    root: int  # 0 where unknown
    indexes: tuple[int, ...]  # their roots
    create: tuple[str, ...]  # the statements that make it and its indexes
    columns: dict[str, str]  # name → SQL type

    def fits(self, cell: Cell) -> bool:
        """Tell whether a row can be one of this table; one from before a column was added has fewer."""
        values = cell.values
        if not 2 < len(values) <= len(self.columns) or values[0] is not None or cell.number < 1:
            return False
        kinds = list(self.columns.values())[1:]
        return all(isinstance(value, FITS.get(kind, ())) for value, kind in zip(values[1:], kinds, strict=False))

    def whole(self, cell: Cell | None) -> bool:
        """Tell whether a row can be saved."""
        if cell is None or not self.fits(cell):
            return False
        return self.name != _FRAMES or self._sound(cell)

    def _sound(self, cell: Cell) -> bool:
        if len(cell.values) < len(self.columns):
            return False
        named: dict[str, Any] = dict(zip(self.columns, cell.values, strict=True))
        return frames_blob.sound(named["codec"], named["data"], named["digest"], start=named["time"])


@dataclass(frozen=True)
class _Found:
    """What can be read of a store."""

    rows: dict[str, int]  # by kind
    stored: dict[str, int]  # about as many were there

    @property
    def lost(self) -> dict[str, int]:
        """How many rows of each kind cannot be read, about."""
        return {kind: most - self.rows[kind] for kind, most in self.stored.items() if most > self.rows[kind]}


def readable(path: Path, kinds: Sequence[type] = ()) -> _Found:
    """Return how much of a file can be read; see `copy`."""
    with closing(Pages(path)) as pages:
        shapes = _shapes(pages, kinds)
        counts = Counter(shape.name for shape, _ in _rows(pages, shapes))
        return _found(pages, shapes, counts)


def copy(path: Path, into: Path, kinds: Sequence[type]) -> _Found:
    """Put every row of a damaged file that can be read into a new store; the old one is only read.

    Args:
        path: the damaged file; what its write-ahead log holds counts.
        into: the new one.
        kinds: whose tables there may be, for a file that does not tell itself any more.
    """
    create_file(into)
    with closing(Pages(path)) as pages, closing(prepare(into)) as store:
        shapes = _shapes(pages, kinds)
        with transaction(store):
            for shape in shapes:
                for statement in shape.create:
                    store.execute(statement)
            for kind in kinds:
                ensure(store, table(kind))  # what the file did not tell any more
        rows = _rows(pages, shapes)
        counts: Counter[str] = Counter()
        while batch := list(islice(rows, _BATCH)):
            with transaction(store):
                for shape, cell in batch:
                    counts[shape.name] += _insert(store, shape, cell)
        with transaction(store):
            own = _own(pages)
            if own is not None:
                store.execute("UPDATE _arrival SET number = ?, longest = ?", own)
            _raise(store, shapes, 0 if own else BEYOND)
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return _found(pages, shapes, counts)


def _found(pages: Pages, shapes: Sequence[Shape], counts: Counter[str]) -> _Found:
    stored = {shape.name: max([counts[shape.name], *map(pages.entries, shape.indexes)]) for shape in shapes}
    return _Found({shape.name: counts[shape.name] for shape in shapes}, stored)


def _insert(store: sqlite3.Connection, shape: Shape, cell: Cell) -> int:
    names = list(shape.columns)[: len(cell.values)]
    marks = ", ".join("?" * len(names))
    fields = ", ".join(f'"{name}"' for name in names)
    statement = f'INSERT OR IGNORE INTO "{shape.name}" ({fields}) VALUES ({marks})'  # noqa: S608
    return store.execute(statement, (cell.number, *cell.values[1:])).rowcount


def _raise(store: sqlite3.Connection, shapes: Sequence[Shape], beyond: int) -> None:
    """Let no arrival number be given twice, and no search be too short, though the count of them was lost."""
    for shape in shapes:
        last = f'SELECT max(_arrival) + {beyond} FROM "{shape.name}"'  # noqa: S608
        store.execute(f"UPDATE _arrival SET number = max(number, ifnull(({last}), 0))")  # noqa: S608
        if shape.name == _FRAMES:
            longest = f'SELECT max(stop - time) FROM "{_FRAMES}"'  # noqa: S608
            store.execute(f"UPDATE _arrival SET longest = max(longest, ifnull(({longest}), 0))")  # noqa: S608


def _own(pages: Pages) -> tuple[int, int] | None:
    """Return the highest arrival number and the longest chunk, as the file says."""
    roots = [root for kind, name, _, root, _ in _schema(pages) if (kind, name) == ("table", OWN)]
    for leaf in [leaf for root in roots if isinstance(root, int) for leaf in pages.leaves(root)]:
        for cell in pages.cells(leaf):
            match cell:
                case Cell(_, [int(number), int(longest)]) if number >= 0 and longest >= 0:
                    return number, longest
    return None


def _rows(pages: Pages, shapes: Sequence[Shape]) -> Iterator[tuple[Shape, Cell]]:
    """Yield the rows of all tables: those to which their table leads, then those of stray pages."""
    seen: set[int] = set()
    for shape in shapes:
        for leaf in pages.leaves(shape.root):
            seen.add(leaf)
            for cell in pages.cells(leaf):
                if cell is not None and shape.whole(cell):
                    yield shape, cell
    roots = {shape.root: shape for shape in shapes if shape.root}
    for leaf, root in pages.strays(seen):
        cells = [cell for cell in pages.cells(leaf) if cell is not None]
        fitting = [one for one in shapes if cells and all(map(one.fits, cells))]
        if root in roots:
            fitting = [roots[root]]
        if len(fitting) == 1:
            yield from ((fitting[0], cell) for cell in cells if fitting[0].whole(cell))


def _schema(pages: Pages) -> Iterator[list[Value]]:
    for leaf in pages.leaves(1):
        for cell in pages.cells(leaf):
            if cell is not None and len(cell.values) == 5:
                yield cell.values


def _shapes(pages: Pages, kinds: Sequence[type]) -> list[Shape]:
    """Return the tables that hold items: those that the file names, and those of `kinds` that it does not."""
    rows = [row for row in _schema(pages) if row[1] != OWN and isinstance(row[3], int)]
    found = []
    for kind, name, _, root, sql in rows:
        if kind == "table" and isinstance(name, str) and isinstance(root, int):
            indexes = [row for row in rows if row[0] == "index" and row[2] == name]
            create = (sql, *(row[4] for row in indexes))
            found.append(_shape(name, root, [row[3] for row in indexes], create))
    shapes = [shape for shape in found if shape is not None]
    for wanted in map(table, kinds):
        if wanted.name not in {shape.name for shape in shapes}:
            made = _shape(wanted.name, 0, (), (wanted.create, *wanted.indexes))
            shapes += [made] if made else []
    return shapes


def _shape(name: str, root: int, indexes: Sequence[Value], create: Sequence[Value]) -> Shape | None:
    """Return a table, by having it made; None where its statements make none of ours."""
    statements = tuple(text for text in create if isinstance(text, str))
    with closing(sqlite3.connect(":memory:")) as trial:
        try:
            for statement in statements:
                trial.execute(statement)
            columns = {row[1]: row[2] for row in trial.execute(f'PRAGMA table_info("{name}")')}
        except (sqlite3.Error, sqlite3.Warning):
            return None
    if next(iter(columns), "") != OWN:
        return None
    return Shape(name, root, tuple(index for index in indexes if isinstance(index, int)), statements, columns)
