"""How the log that is held to the contracts comes about."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from firmware_bridge.model import Item
from firmware_bridge.stores import EmbeddedLog, Log, open_log

few_examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


@dataclass(frozen=True, slots=True)
class LogRig:
    """A kind of log: `url` names a new one in an empty folder, and `open` opens what a URL names.

    Where the contracts start programs of their own, these open it by its URL alone: an installed package has it for an
    entry point of `insole.logs`, or it is in the table of logs.
    """

    url: Callable[[Path], str]
    open: Callable[[str], Log] = open_log

    @contextmanager
    def fresh(self) -> Iterator[Log]:
        """Lend an empty log."""
        with tempfile.TemporaryDirectory() as folder:
            log = self.open(self.url(Path(folder)))
            try:
                yield log
            finally:
                log.close()

    def open_embedded(self, url: str) -> EmbeddedLog:
        """Open a log that has all three faces."""
        log = self.open(url)
        assert isinstance(log, EmbeddedLog)
        return log


def drained(log: Log, kinds: Sequence[type], *, limit: int = 1000, partitions: Any = None) -> list[tuple[int, Item]]:
    """Follow until there is nothing more."""
    found: list[tuple[int, Item]] = []
    while part := log.after(kinds, found[-1][0] if found else 0, partitions, limit):
        assert len(part) <= limit
        found += part
    return found
