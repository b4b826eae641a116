"""The calls of a log that are running, so that closing can wait for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition


class Calls:
    """Counts them; once ended, it refuses new ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = Condition()
        self._count = 0
        self._ended = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be a call that is running."""
        with self._changed:
            if self._ended:
                raise RuntimeError(f"the log {self._path} is closed")
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def end(self) -> bool:
        """Refuse new calls and wait for the running ones; False if that was done before."""
        with self._changed:
            first, self._ended = not self._ended, True
            self._changed.wait_for(lambda: self._count == 0)
            return first
