"""Bytes and lines of a file, packed or not, a piece at a time: whatever a file holds, little of it is in memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.format import untold

BOM = b"\xef\xbb\xbf"
"""What some programs put before the first byte of UTF-8."""
HEAD_BYTES = 65536
LONGEST_LINE = 65536
UNREADABLE = b"\0\n"
"""Stands for a line that is too long to be one, and for the rest of a packed file that is cut off or damaged."""

BROKEN = (EOFError, OSError, zlib.error)  # what reading a packed file raises where it is damaged
TELL_BYTES = 1 << 18


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
        self.bytes: BufferedIOBase = gzip.GzipFile(fileobj=self._file) if packed else self._file

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
        raise ConfigError(f"{path}: the file is empty")
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
