"""Who works on a store: one program at a time a piece of work, told by locks that the system takes back by itself.

A lock is on a file beside the store, not on the store: readers, other bridges and imports go on. The file stays when
the lock is gone, since taking it away could take it from under somebody who has just opened it.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from firmware_bridge.errors import ConfigError, Unavailable

UNNAMED = ""
"""The work of the one service; others are named as a person would call them."""
_PATIENCE_S = 0.3
"""Who only looks whether somebody is at work has the lock for a moment."""
_POLL_S = 0.02
FULL = {errno.ENOSPC, errno.EDQUOT}

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # far behind what is written in the file, which others have to read
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(file, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class WorkerLock:
    """The right to be the one that does a piece of work on a store, until `close` or the end of the process.

    Raises:
        ConfigError: another process (or another lock of this one) has it, or the file system keeps no locks.
    """

    def __init__(self, path: Path, work: str = UNNAMED) -> None:
        self._path = path.resolve()  # the same store by another name is the same store
        self._work = work
        with _locking(self._path):
            self._file = self._take()

    def close(self) -> None:
        """Let somebody else have it."""
        os.close(self._file)

    def _take(self) -> int:
        file = _open(_beside(self._path, self._work))
        try:
            self._hold(file)
            with _though_full():  # the service is who makes room
                os.ftruncate(file, 0)
                os.write(file, f"{os.getpid()} {self._work}".encode())
        except BaseException:
            os.close(file)
            raise
        return file

    def _hold(self, file: int) -> None:
        give_up = time.monotonic() + _PATIENCE_S
        while not _lock(file):
            if time.monotonic() > give_up:
                raise ConfigError(f"{self._taken(file)}; end it or use another --store than {self._path}")
            time.sleep(_POLL_S)
        again = _open(_beside(self._path, self._work))
        try:
            if _lock(again):  # a share that grants everything to everybody
                raise ConfigError(
                    f"store {self._path}: its file system gives the same lock twice, as a network share may; keep the "
                    "store on a local disk"
                )
        finally:
            os.close(again)

    def _taken(self, file: int) -> str:
        owner = _written(file)[0] or "?"
        if self._work == UNNAMED:
            return f"another insole service (pid {owner}) works on this store"
        return f"another program (pid {owner}) has {self._work} on this store"


def workers(path: Path) -> dict[str, str]:
    """Return the process numbers of those who are at work on a store, by what they have claimed.

    Raises:
        ConfigError: the locks of its file system are not to be trusted.
    """
    path = path.resolve()
    found = {}
    with _locking(path):
        for beside in (_beside(path, UNNAMED), *sorted(path.parent.glob(f"{path.name}-work-*"))):
            if beside.exists() and (told := _holder(beside)):
                found[told[1]] = told[0]
        look = f"a look from {os.getpid()}"
        WorkerLock(path, look).close()  # tells a share that keeps no locks
        _beside(path, look).unlink(missing_ok=True)
    return found


def _holder(beside: Path) -> tuple[str, str] | None:
    file = os.open(beside, os.O_RDWR)
    try:
        return None if _lock(file) else _written(file)
    finally:
        os.close(file)


def _written(file: int) -> tuple[str, str]:
    owner, _, work = os.read(file, 1000).decode(errors="replace").partition(" ")
    return owner.strip(), work


def _beside(path: Path, work: str) -> Path:
    ending = f"work-{blake2b(work.encode(), digest_size=6).hexdigest()}" if work else "service"
    return path.with_name(f"{path.name}-{ending}")


def _open(beside: Path) -> int:
    return os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def _though_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise


@contextmanager
def _locking(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Unavailable(
                f"store {path}: no file fits beside it: {error.strerror}", "free some space on its disk"
            ) from error
        raise ConfigError(
            f"store {path}: the files beside it that tell who is at work ({path.name}-service) cannot be locked: "
            f"{error.strerror}; keep the store in a local directory that may be written"
        ) from error
