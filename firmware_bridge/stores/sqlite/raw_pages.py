"""The pages of an SQLite file as they lie on the disk, read without SQLite, which gives up where one is damaged.

Layout: "Database File Format", https://www.sqlite.org/fileformat2.html. Whatever is in the file, nothing here raises:
a page that cannot be read or makes no sense is left out. Nothing is written, not even to the write-ahead log.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

MAGIC = b"SQLite format 3\0"
_PAGE = 8192
"""The page size of our stores; said by the file where its beginning can be read."""
TABLE, INDEX = {5, 13}, {2, 10}
LEAVES = {10, 13}
ROOT, CHILD = 1, 5  # in the page map: a tree's root; a page with a parent
LOCK_BYTE = 1 << 30  # the page with this byte is never used

Value = int | float | str | bytes | None


class Cell(NamedTuple):
    """One row as it lies in a table."""

    number: int
    values: list[Value]


class Nonsense(Exception):
    """A page or cell is not what it should be; never leaves this module."""


class Pages:
    """The pages of one file, with what its write-ahead log has committed since."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._ahead: FileIO | None = None
        self._newer: dict[int, int] = {}  # page → where it begins in the write-ahead log
        head = _read(self._file, 0, 100)
        size = int.from_bytes(head[16:18], "big") if head[:16] == MAGIC else 0
        self.size = 65536 if size == 1 else size if size >= 512 and size & (size - 1) == 0 else _PAGE
        beside = path.with_name(path.name + "-wal")
        if beside.exists():
            self._ahead = beside.open("rb", buffering=0)
            self._newer = _committed(self._ahead, self.size)
        self.count = max([-(-path.stat().st_size // self.size), *self._newer])
        self._mapped = self._is_mapped()

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._ahead is not None:
            self._ahead.close()

    def page(self, number: int) -> bytes:
        """Return a page; empty where there is none or the disk does not give it."""
        newer = self._newer.get(number)
        if newer is None or self._ahead is None:
            found = _read(self._file, (number - 1) * self.size, self.size)
        else:
            found = _read(self._ahead, newer, self.size)
        return found if len(found) == self.size else b""

    def leaves(self, root: int) -> Iterator[int]:
        """Yield the leaves of a table, as far as the pages between its root and them can be read."""
        for number, page, head in self._tree(root, TABLE):
            if page[head] in LEAVES:
                yield number

    def entries(self, root: int) -> int:
        """Return how many entries an index has, as far as its pages can be read: one for each row of its table."""
        return sum(int.from_bytes(page[head + 3 : head + 5], "big") for _, page, head in self._tree(root, INDEX))

    def cells(self, number: int) -> Iterator[Cell | None]:
        """Yield the rows of a leaf; None for each that makes no sense."""
        page, head = self.page(number), 100 * (number == 1)
        for place in self._places(page, head, 8):
            try:
                yield self._cell(page, place)
            except (Nonsense, IndexError, struct.error, UnicodeDecodeError):
                yield None

    def strays(self, known: set[int]) -> Iterator[tuple[int, int]]:
        """Yield the leaves that no table was found to lead to, each with the root of its table, or 0.

        The root is told by the page map of a file that can shrink. Pages that are free are left out.
        """
        free = set() if self._mapped else self._free()
        for number in range(2, self.count + 1):
            page = self.page(number) if number not in known and number not in free else b""
            if page[:1] == b"\x0d" and (not self._mapped or self._parent(number)[0] in {ROOT, CHILD}):
                yield number, self._root(number)

    def _tree(self, root: int, kinds: set[int]) -> Iterator[tuple[int, bytes, int]]:
        """Yield the pages below a root in their order: the number, the page, and where in it its head is."""
        seen: set[int] = set()
        ahead = [root]
        while ahead:
            number = ahead.pop()
            if number in seen or not 0 < number <= self.count:
                continue
            seen.add(number)
            page, head = self.page(number), 100 * (number == 1)
            if page and page[head] in kinds:
                yield number, page, head
                if page[head] not in LEAVES:
                    ahead += reversed(self._children(page, head))

    def _children(self, page: bytes, head: int) -> list[int]:
        places = self._places(page, head, 12)
        cells = [int.from_bytes(page[place : place + 4], "big") for place in places]
        return [*cells, int.from_bytes(page[head + 8 : head + 12], "big")]

    def _places(self, page: bytes, head: int, length: int) -> list[int]:
        """Return where the cells of a page begin, as far as that is within it."""
        if not page:
            return []
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        last = head + length + 2 * count
        if last > self.size:
            return []
        places = struct.unpack_from(f">{count}H", page, head + length)
        return [place for place in places if last <= place < self.size - 3]

    def _cell(self, page: bytes, place: int) -> Cell:
        length, place = _varint(page, place)
        number, place = _varint(page, place)
        most = self.size - 35
        if length <= most:
            payload = page[place : place + length]
        else:
            least = (self.size - 12) * 32 // 255 - 23
            local = least + (length - least) % (self.size - 4)
            local = local if local <= most else least
            payload = page[place : place + local]
            (following,) = struct.unpack_from(">I", page, place + local)
            payload += self._overflow(following, length - local)
        if len(payload) != length:
            raise Nonsense
        return Cell(number, _record(payload))

    def _overflow(self, number: int, length: int) -> bytes:
        found = b""
        while length > len(found):
            page = self.page(number) if 0 < number <= self.count else b""
            if not page:
                raise Nonsense
            number = int.from_bytes(page[:4], "big")
            found += page[4 : 4 + length - len(found)]
        return found

    def _map_of(self, number: int) -> int:
        """Return the page of the page map that tells of a page; that of a page of the map is itself."""
        told = self.size // 5 + 1
        found = (number - 2) // told * told + 2
        return found + 1 if found == LOCK_BYTE // self.size + 1 else found

    def _parent(self, number: int) -> tuple[int, int]:
        """Return what the page map says of a page: its kind and its parent."""
        told = self._map_of(number)
        place = 5 * (number - told - 1)
        page = self.page(told)
        if place < 0 or place + 5 > len(page):
            return 0, 0
        return page[place], int.from_bytes(page[place + 1 : place + 5], "big")

    def _is_mapped(self) -> bool:
        """Tell whether the file has a page map; by what lies there, since the file's beginning may be damaged."""
        kinds = [self._parent(number)[0] for number in range(3, min(self.count, 40) + 1)]
        return bool(kinds) and all(1 <= kind <= 5 for kind in kinds)

    def _root(self, number: int) -> int:
        for _ in range(20 if self._mapped else 0):  # no tree is that deep
            kind, parent = self._parent(number)
            if kind == ROOT:
                return number
            if kind != CHILD:
                return 0
            number = parent
        return 0

    def _free(self) -> set[int]:
        """Return the free pages, by the list that begins in the file's head."""
        found: set[int] = set()
        trunk = int.from_bytes(self.page(1)[32:36], "big")
        while trunk and trunk not in found and (page := self.page(trunk)):
            found.add(trunk)
            count = min(int.from_bytes(page[4:8], "big"), self.size // 4 - 2)
            found |= set(struct.unpack_from(f">{count}I", page, 8))
            trunk = int.from_bytes(page[:4], "big")
        return found


def _read(file: FileIO, place: int, size: int) -> bytes:
    try:
        file.seek(place)
        return file.read(size) or b""
    except OSError:  # a bad sector
        return b""


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    return _signed(value << 8 | data[place]), place + 1


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _record(payload: bytes) -> list[Value]:
    length, place = _varint(payload, 0)
    kinds = []
    while place < length:
        kind, place = _varint(payload, place)
        kinds.append(kind)
    if place != length or sum(_width(kind) for kind in kinds) != len(payload) - length:
        raise Nonsense
    values = []
    for kind in kinds:
        values.append(_value(kind, payload[place : place + _width(kind)]))
        place += _width(kind)
    return values


_WIDTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


def _width(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    if not 0 <= kind < len(_WIDTHS):
        raise Nonsense
    return _WIDTHS[kind]


def _value(kind: int, data: bytes) -> Value:
    if kind >= 12:
        return data.decode() if kind % 2 else data
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    if kind in {8, 9}:
        return kind - 8
    return int.from_bytes(data, "big", signed=True) if kind else None


def _committed(file: FileIO, size: int) -> dict[int, int]:
    """Return where the last committed state of each page lies in a write-ahead log."""
    head = _read(file, 0, 32)
    magic = int.from_bytes(head[:4], "big")
    order = ">" if magic & 1 else "<"
    if len(head) < 32 or magic | 1 != 0x377F0683 or int.from_bytes(head[8:12], "big") != size:
        return {}
    sums = _sums(order, head[:24], (0, 0))
    found: dict[int, int] = {}
    pending: dict[int, int] = {}
    place = 32
    while len(frame := _read(file, place, 24 + size)) == 24 + size:
        number, commits = struct.unpack_from(">II", frame)
        sums = _sums(order, frame[24:], _sums(order, frame[:8], sums))
        if frame[8:16] != head[16:24] or struct.unpack_from(">II", frame, 16) != sums:
            break
        pending[number] = place + 24
        if commits:
            found |= pending
            pending = {}
        place += 24 + size
    return found


def _sums(order: str, data: bytes, before: tuple[int, int]) -> tuple[int, int]:
    one, two = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
