"""The archive: where a copy of a log goes, for others to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from firmware_bridge.model import Item


class Archive(Protocol):
    """A store without arrival order, to which a log is mirrored. Putting twice is putting once.

    Every call may raise `Unavailable` (down; try again), `ConfigError` (wrong token or name) or `CorruptData` (the
    archive refuses these items, and would again). Reading is no part of it, whole or by pages: an archive that can be
    read has a `read` of its own, which takes a kind, a wearer and a range of time as that of a log does.
    """

    def put(self, items: Iterable[Item]) -> None:
        """Store items; when it raises, any part of them may be there already."""

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Let `rows` be all that these kinds hold of the wearer in [start, stop)."""

    def check(self) -> str:
        """Say in one line what answers there, having tried that it may be read and written."""

    def setup(self, keep_days: float | None = None) -> str:
        """Create what the URL names unless it is there, and say in one line what is there now.

        Args:
            keep_days: for how long the archive keeps items; 0: for ever; None: as it does, or for ever where it is new.
        """

    def close(self) -> None:
        """Let go of connections."""
