"""A log in the memory of one process: `Log` and no more, as an engine without a file of its own would have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from threading import Lock
from typing import Any, TypeVar

from firmware_bridge import BEGINNING, END, CorruptData, Frames, Item, columns, item_key, partition_of, same_row
from firmware_bridge.stores.log import refuse_no_page

_T = TypeVar("_T")


class MemoryLog:
    """Items by identity, in the order of their arrival; see `Log` for its laws."""

    def __init__(self, url: str = "memory:") -> None:
        self.url = url
        self._held: dict[tuple[Any, ...], tuple[int, Item]] = {}
        self._head = self._version = 0
        self._lock = Lock()
        self._closed = False

    def put(self, items: Iterable[Item]) -> None:
        with self._lock:
            self._put(list(items))

    def after(
        self, kinds: Sequence[type], cursor: int, partitions: Collection[int] | None = None, limit: int = 1000
    ) -> list[tuple[int, Item]]:
        with self._lock:
            found = (
                (number, item)
                for number, item in self._items()
                if number > cursor and type(item) in kinds and (partitions is None or _partition(item) in partitions)
            )
            return list(islice(found, limit))

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
        refuse_no_page(kind, wearer, limit, after)
        with self._lock:
            own = [item for _, item in self._items() if isinstance(item, kind) and item.wearer == wearer]
        inside = [item for item in own if _started(item) < stop and _ended(item) >= start]
        behind = (item for item in sorted(inside, key=item_key) if after is None or item_key(item) > tuple(after))
        return list(islice(behind, limit))

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        with self._lock:
            kept = list(rows)
            self._put(kept)
            for key in {key for key, (_, item) in self._held.items()} - {*map(_identity, kept)}:
                item = self._held[key][1]
                if type(item) in kinds and item.wearer == wearer and start <= _started(item) < stop:
                    del self._held[key]
                    self._version += 1

    def span(self, kind: type, wearer: str, arrived: int = END) -> tuple[int, int] | None:
        with self._lock:
            own = [(n, item) for n, item in self._items() if type(item) is kind and item.wearer == wearer]
        times = [_started(item) for number, item in own if number <= arrived]
        return (min(times), max(times)) if times else None

    def head(self) -> int:
        with self._lock:
            self._items()
            return self._head

    def version(self) -> int:
        return self._version

    def wearers(self) -> list[str]:
        with self._lock:
            return sorted({item.wearer for _, item in self._items()} - {""})

    def close(self) -> None:
        self._closed = True

    def _items(self) -> list[tuple[int, Item]]:
        if self._closed:
            raise RuntimeError("the log is closed")
        return list(self._held.values())

    def _put(self, items: Sequence[Item]) -> None:
        for item in items:
            _refuse_corrupt(item)
        last = {_identity(item): place for place, item in enumerate(items)}
        for item in (items[place] for place in sorted(last.values())):
            there = self._held.get(_identity(item))
            if there is not None and _same(there[1], item):
                continue
            self._held.pop(_identity(item), None)  # it arrives anew
            self._head += 1
            self._version += 1
            self._held[_identity(item)] = self._head, item


def _identity(item: Item) -> tuple[Any, ...]:
    return type(item), *item_key(item)


def _same(one: Item, other: Item) -> bool:
    if not isinstance(one, Frames) or not isinstance(other, Frames):
        return not isinstance(one, Frames) and not isinstance(other, Frames) and same_row(one, other)
    arrays = [(getattr(one, name), getattr(other, name)) for name in ("time", "pressure", *Frames.OPTIONAL)]
    return one.device == other.device and all(_bits(a) == _bits(b) for a, b in arrays)


def _bits(array: Any) -> Any:
    return None if array is None else (array.shape, array.tobytes())


def _refuse_corrupt(item: Item) -> None:
    for value in [] if isinstance(item, Frames) else [getattr(item, column.name) for column in columns(type(item))]:
        if isinstance(value, int) and not BEGINNING <= value <= END:
            raise CorruptData("an int of more than 64 bits")
        if isinstance(value, str) and not value.isprintable() and value != value.encode(errors="replace").decode():
            raise CorruptData("a text that is not Unicode")


def _partition(item: Item) -> int:
    return int(getattr(item, "partition", partition_of(item.wearer)))


def _started(item: Any) -> int:
    return int(item.time[0]) if isinstance(item, Frames) else int(item.time)


def _ended(item: Any) -> int:
    return int(item.time[-1]) if isinstance(item, Frames) else int(item.time)
