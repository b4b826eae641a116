r"""Bytes and lines of a file, packed or not, a piece at a time: whatever a file holds, little of it is in memory.

Text comes as UTF-8 without a mark before it, its lines ending in \n: what is in UTF-16, or ends its lines in \r
alone, is made so here, for all formats.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.format import untold

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What some programs put before the first byte of a text."""
_PIECE_BYTES = 1 << 14
HEAD_BYTES = 65536
LONGEST_LINE = 65536
UNREADABLE = b"\0\n"
"""Stands for a line that is too long to be one, and for the rest of a packed file that is cut off or damaged."""

BROKEN = (EOFError, OSError, zlib.error)  # what reading a packed file raises where it is damaged
TELL_BYTES = 1 << 18
_LATIN_BYTES = 16
"""How many bytes of a text without a mark show UTF-16 (choice)."""


def _text(source: BufferedIOBase) -> BufferedIOBase:
    """Return a reader of bytes that gives text as the module says, and anything else as it is."""
    first, broken = b"", None
    try:
        while len(first) < _PIECE_BYTES and (more := source.read1(_PIECE_BYTES - len(first))):
            first += more
    except BROKEN as error:
        broken = error
    mark = next((mark for mark in MARKS if first.startswith(mark)), b"")
    return BufferedReader(_Text(source, first.removeprefix(mark), MARKS[mark] if mark else _unmarked(first), broken))


def _unmarked(first: bytes) -> str:
    """Return the encoding of a text without a mark: in UTF-16 each other byte of its first line is 0."""
    pairs = first[:_LATIN_BYTES]
    low, high = pairs[::2], pairs[1::2]
    if len(pairs) == _LATIN_BYTES and not any(high) and all(low):
        return "utf-16-le"
    if len(pairs) == _LATIN_BYTES and not any(low) and all(high):
        return "utf-16-be"
    return "utf-8"


class _Text(RawIOBase):
    """The bytes of a text as the module says."""

    def __init__(self, source: BufferedIOBase, first: bytes, encoding: str, broken: Exception | None) -> None:
        self._source, self._ready = source, b""
        self._broken = broken  # what comes behind the first bytes
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
        start = first if self._decoder is None else first.decode(encoding, "replace").encode()
        self._returns = b"\r" in start and b"\n" not in start
        self._take(first)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer, see `RawIOBase`; what is damaged raises what the file underneath raises."""
        while not self._ready:
            if self._broken is not None:
                raise self._broken
            more = self._source.read1(_PIECE_BYTES)
            if not more:
                return 0
            self._take(more)
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._ready))
        view[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _take(self, more: bytes) -> None:
        if self._decoder is not None:
            more = self._decoder.decode(more).encode("utf-8", "replace")
        self._ready = more.replace(b"\r", b"\n") if self._returns else more


class Line(bytes):
    """A line that knows its number in the file, from 1."""

    number: int

    @classmethod
    def of(cls, content: bytes, number: int) -> Line:
        """Return the line."""
        line = cls(content)
        line.number = number
        return line


class Opened:
    """A file opened for reading, unpacked where it is gzip'ed; knows how far it has come."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            self._file = path.open("rb")
            packed = self._file.read(2) == b"\x1f\x8b"
            self._file.seek(0)
        except OSError as error:
            raise unreadable(path, error) from error
        self.size = path.stat().st_size
        self.bytes = _text(gzip.GzipFile(fileobj=self._file) if packed else self._file)

    @property
    def done(self) -> int:
        """Bytes of the file on the disk that were read."""
        return self._file.tell()

    def close(self) -> None:
        """Close it."""
        self._file.close()


@contextmanager
def _opened(path: Path) -> Iterator[Opened]:
    """Open a file for as long as the context lasts."""
    file = Opened(path)
    try:
        yield file
    finally:
        file.close()


def unreadable(path: Path, error: BaseException, advice: str = "") -> ConfigError:
    """Return the error that says why a file cannot be read."""
    return ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}{advice}")


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises:
        ConfigError: it cannot be read, or is empty.
    """
    head = b""
    with _opened(path) as file:
        try:
            while len(head) < HEAD_BYTES and (more := file.bytes.read1(HEAD_BYTES - len(head))):
                head += more
        except BROKEN as error:
            if not head:  # otherwise what there is, is read
                raise unreadable(path, error, "; is it cut off? Copy it again") from error
    if not head:
        raise ConfigError(f"{path}: the file is empty; copy it, or export it, again")
    return head


def lines_of(path: Path, progress: Callable[[int, int], None] = untold) -> Iterator[bytes]:
    r"""Yield a file's lines, each ending in \n, but perhaps the last; `UNREADABLE` for each that is none.

    Raises:
        ConfigError: the file cannot be opened.
    """
    with _opened(path) as file:
        told = number = 0
        try:
            while line := file.bytes.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    while (rest := file.bytes.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
                    line = UNREADABLE
                yield Line.of(line, number)
                if file.done >= told + TELL_BYTES:
                    told = file.done
                    progress(told, file.size)
        except BROKEN:
            yield Line.of(UNREADABLE, number + 1)
        progress(file.size, file.size)
