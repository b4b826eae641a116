"""The upkeep of a log that lies in a file of this computer: what is forgotten, how much room it takes, is it sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from firmware_bridge.stores.log import Log


@dataclass(frozen=True, slots=True)
class Holding:
    """What a log holds of one kind, of everybody."""

    kind: str
    rows: int
    oldest: int | None  # UTC ns; None where there is none, or where the kind is of nobody
    newest: int | None
    bytes: int  # about


@dataclass(frozen=True, slots=True)
class Usage:
    """The room that a log takes, in bytes."""

    used: int
    reusable: int  # held by the log, but empty
    free: int  # what its disk has left
    shrinks: bool  # whether what is empty can be given back to the disk
    share: str  # the network file system on which it lies, "" for a disk of this computer
    spare: int = 0  # that lie beside it since it is, or was, damaged; see `open_recorder`


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was saved of a damaged log."""

    rows: dict[str, int]  # that could be read, by kind; none where it was not damaged
    lost: dict[str, int]  # that could not, as far as it can be told
    spare: int  # items that a recorder had put beside it
    kept: str  # where the damaged one lies now; "" where it stays


@runtime_checkable
class LogFile(Log, Protocol):
    """A log in a file, which somebody has to keep small and sound. Every call may raise what those of `Log` may."""

    def forget(self, kinds: Sequence[type], wearer: str, before: int, arrived: int, limit: int = 1000) -> int:
        """Delete what lies before a time and arrived up to a number, oldest first; return how many items that were.

        At most `limit` of each kind, in one transaction: call again until there are none. Frames count by their first
        time. No arrival number changes, and a tail sees nothing of it.
        """

    def give_back(self) -> int:
        """Give some room that is empty back to the disk, briefly; return the bytes, 0 where there is no more."""

    def usage(self) -> Usage:
        """Return how much room the log takes; cheap."""

    def holdings(self) -> list[Holding]:
        """Return what the log holds of each kind, in order of their names; it may take seconds."""

    def compact(self) -> int:
        """Make the log as small as what it holds, and one that shrinks from then on; return the bytes given back.

        No item and no arrival number changes. It may take minutes; killed in the midst of it, the log is as it was.

        Raises:
            ConfigError: somebody else has the log open.
            Unavailable: the disk has no room for the copy.
        """

    def check(self, *, whole: bool = False) -> list[str]:
        """Try that the log may be written; return what is wrong in it, a line each, of all of it where `whole`.

        To look through the whole may take minutes.
        """
