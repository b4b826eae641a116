"""Who works on a store: one service at a time, told by a lock that the system takes back however a process ends.

The lock is on a file beside the store, not on the store: readers, bridges and imports go on. The file stays when the
lock is gone, since taking it away could take it from under somebody who has just opened it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from firmware_bridge.errors import ConfigError

SUFFIX = "-service"

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        os.lseek(file, 1 << 30, os.SEEK_SET)  # far behind the number in the file, which others have to read
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


class Claim:
    """The right to be the one service of a store, held until `release` or the end of the process.

    Raises:
        ConfigError: another process (or another claim of this one) has it, or the file system keeps no locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()  # the same store by another name is the same store
        self._file = self._take()

    def release(self) -> None:
        """Let somebody else be it."""
        os.close(self._file)

    def _take(self) -> int:
        try:
            file = self._open()
            try:
                self._hold(file)
                os.ftruncate(file, 0)
                os.write(file, str(os.getpid()).encode())
            except BaseException:
                os.close(file)
                raise
        except OSError as error:
            raise ConfigError(
                f"store {self._path}: {self._path.name}{SUFFIX} beside it cannot be locked: {error.strerror}; keep the "
                "store in a local directory that may be written"
            ) from error
        return file

    def _open(self) -> int:
        return os.open(self._path.with_name(self._path.name + SUFFIX), os.O_RDWR | os.O_CREAT, 0o600)

    def _hold(self, file: int) -> None:
        if not _lock(file):
            owner = os.read(file, 20).decode(errors="replace").strip() or "?"
            raise ConfigError(
                f"another insole service (pid {owner}) works on this store; end it or use another --store "
                f"than {self._path}"
            )
        again = self._open()
        try:
            if _lock(again):  # a share that grants everything to everybody
                raise ConfigError(
                    f"store {self._path}: its file system gives the same lock twice, as a network share may; keep the "
                    "store on a local disk"
                )
        finally:
            os.close(again)
