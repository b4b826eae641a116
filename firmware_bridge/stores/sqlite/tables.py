"""How items lie in SQL tables: one table per kind, made from the row class itself.

Two columns are the log's own: `_arrival`, the primary key, and `_partition`. The rest are the fields of the row. A
missing number is NULL; a field that came later than a row reads as NaN, 0, "", False or an enumeration's first name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from operator import itemgetter
from typing import Any

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import BEGINNING, END, Column, Frames, Item, Side, columns, kind_name, partition_of
from firmware_bridge.stores import frames_blob

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Relation:
    """One kind of item as a table of SQL."""

    name: str
    columns: dict[str, str]  # field → SQL type with default
    keys: tuple[str, ...]  # identity, in the order of its index
    compared: tuple[str, ...]  # fields that make an item a changed one
    encode: Callable[[Any], Values]
    decode: Callable[[Sequence[Any]], Any]

    @cached_property
    def create(self) -> str:
        """The statement that makes the table."""
        fields = ", ".join(f'"{name}" {sql}' for name, sql in self.columns.items())
        return f'CREATE TABLE "{self.name}" (_arrival INTEGER PRIMARY KEY, _partition INTEGER NOT NULL, {fields})'

    @cached_property
    def indexes(self) -> tuple[str, ...]:
        """The statements that make the indexes; an index always ends with the primary key, here `_arrival`."""
        return (
            f'CREATE UNIQUE INDEX "{self.name}_key" ON "{self.name}" ({_names(self.keys)})',
            f'CREATE INDEX "{self.name}_partition" ON "{self.name}" (_partition)',
        )

    @cached_property
    def upsert(self) -> str:
        """The statement that stores an item; it changes no row where an equal one is there."""
        fields = ("_arrival", "_partition", *self.columns)
        marks = ", ".join("?" * len(fields))
        insert = f'INSERT INTO "{self.name}" ({_names(fields)}) VALUES ({marks}) ON CONFLICT ({_names(self.keys)}) DO '  # noqa: S608
        if not self.compared:
            return insert + "NOTHING"
        update = ", ".join(f'"{name}" = excluded."{name}"' for name in fields if name not in self.keys)
        old = ", ".join(f'"{self.name}"."{name}"' for name in self.compared)
        new = ", ".join(f'excluded."{name}"' for name in self.compared)
        return insert + f"UPDATE SET {update} WHERE ({old}) IS NOT ({new})"

    @cached_property
    def select(self) -> str:
        """The beginning of every query: the arrival number and the fields in their order."""
        return f'SELECT _arrival, {_names(self.columns)} FROM "{self.name}" '  # noqa: S608

    @cached_property
    def delete(self) -> str:
        """The statement that deletes one item by its arrival number."""
        return f'DELETE FROM "{self.name}" WHERE _arrival = ?'  # noqa: S608

    @cached_property
    def find(self) -> str:
        """The query for the arrival number of the item that has these keys."""
        wanted = " AND ".join(f'"{key}" = ?' for key in self.keys)
        return f"{self.numbers} WHERE {wanted}"

    @cached_property
    def numbers(self) -> str:
        """The beginning of a query for arrival numbers alone."""
        return f'SELECT _arrival FROM "{self.name}"'  # noqa: S608

    @cached_property
    def key_of(self) -> Callable[[Values], Values]:
        """Return the key among the encoded values of an item."""
        names = list(self.columns)
        return itemgetter(*(names.index(key) for key in self.keys))

    def behind(self, key: Sequence[str | int | float]) -> tuple[str, Values]:
        """Return the condition that an item of the same wearer comes behind an `item_key`, and its values."""
        found = dict(zip((name for name in self.columns if name in self.keys), key, strict=True))
        names = [name for name in self.keys if name != "wearer"]
        values = (str(value) if isinstance(value, str) else value for value in map(found.__getitem__, names))
        return f"({_names(names)}) > ({', '.join('?' * len(names))})", tuple(values)


def table(kind: type) -> Relation:
    """Return the table of a kind: a row class, or `Frames`.

    Raises:
        TypeError: the class is not a row, or has a float among its keys.
    """
    return _FRAMES if kind is Frames else _row_table(kind)


def _partition(item: Item) -> int:
    """Return the partition of an item: the one it names itself, or its wearer's."""
    own = getattr(item, "partition", None)
    return partition_of(item.wearer) if own is None else int(own)


def encoded(items: Iterable[Item]) -> list[tuple[Relation, int, Values]]:
    """Return each item's table, partition and values; of several with one identity only the last.

    Raises:
        CorruptData: an int that SQLite cannot hold.
    """
    rows: dict[tuple[str, Values], tuple[Relation, int, Values]] = {}
    for item in items:
        found = table(type(item))
        values = found.encode(item)
        if any(type(v) is int and not BEGINNING <= v <= END for v in values):
            raise CorruptData(f"{found.name} of {item.wearer}: an int of more than 64 bits cannot be stored")
        key = (found.name, found.key_of(values))
        rows.pop(key, None)  # so that it takes the last one's place
        rows[key] = (found, _partition(item), values)
    return list(rows.values())


def _names(names: Sequence[str] | dict[str, str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@cache
def _row_table(kind: type) -> Relation:
    found = columns(kind)
    keys = [c.name for c in found if c.key]
    if any(c.key and c.type is float for c in found):
        raise TypeError(f"{kind.__name__}: a float cannot be part of a row's identity")
    # The wearer leads, so that the index also serves every query for a wearer's range of time.
    order = ("wearer", "time", *(k for k in keys if k != "wearer")) if "wearer" in keys else ("time", *keys)
    to_sql = [_to_sql(c.type) for c in found]
    from_sql = [_from_sql(c.type) for c in found]
    names = [c.name for c in found]

    def encode(row: Any) -> Values:
        return tuple(convert(getattr(row, name)) for convert, name in zip(to_sql, names, strict=True))

    def decode(values: Sequence[Any]) -> Any:
        try:
            return kind(*(value if f is None else f(value) for f, value in zip(from_sql, values, strict=True)))
        except (TypeError, ValueError) as error:
            raise CorruptData(f"a stored {kind_name(kind)} is damaged: {error}") from error

    return Relation(
        name=kind_name(kind),
        columns={c.name: _declared(c) for c in found},
        keys=order,
        compared=tuple(c.name for c in found if not c.key and c.name != "time"),
        encode=encode,
        decode=decode,
    )


def _declared(column: Column) -> str:
    if issubclass(column.type, float):
        return "REAL"
    if issubclass(column.type, int):
        return "INTEGER NOT NULL DEFAULT 0"
    first = str(next(iter(column.type))) if issubclass(column.type, StrEnum) else ""
    return f"TEXT NOT NULL DEFAULT '{first}'"


def _to_sql(kind: type) -> Callable[[Any], Any]:
    # Not the class itself: numpy's numbers and enumerations become plain ones. SQLite makes NULL of NaN.
    return float if issubclass(kind, float) else int if issubclass(kind, int) else str


def _from_sql(kind: type) -> Callable[[Any], Any] | None:
    if issubclass(kind, float):
        return _number
    return None if kind in (int, str) else kind


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _encode_frames(frames: Frames) -> Values:
    blob, digest = frames_blob.encode(frames)
    first, last = int(frames.time[0]), int(frames.time[-1])
    side = str(frames.side)
    return (first, frames.wearer, side, frames.device, len(frames), last + 1, frames_blob.CODEC, digest, blob)


def _decode_frames(values: Sequence[Any]) -> Frames:
    time, wearer, side, device, _n, _stop, codec, _digest, blob = values
    if side not in list(Side):
        raise CorruptData(f"stored frames of {wearer} at {time} are damaged: {side!r} is no side")
    return frames_blob.decode(codec, blob, start=time, wearer=wearer, side=Side(side), device=device)


_FRAMES = Relation(
    name=kind_name(Frames),
    columns={
        "time": "INTEGER NOT NULL",  # of the first sample
        "wearer": "TEXT NOT NULL",
        "side": "TEXT NOT NULL",
        "device": "TEXT NOT NULL",
        "n": "INTEGER NOT NULL",
        "stop": "INTEGER NOT NULL",  # just after the last sample
        "codec": "TEXT NOT NULL",
        "digest": "BLOB NOT NULL",
        "data": "BLOB NOT NULL",
    },
    keys=("wearer", "time", "side"),
    compared=("device", "digest"),
    encode=_encode_frames,
    decode=_decode_frames,
)
