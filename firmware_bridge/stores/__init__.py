"""Where items are kept: the embedded log, and archives that get a copy.

`open_log` and `open_archive` choose by the scheme of a URL; each store sits in a leaf module of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Item
from firmware_bridge.plugins import ARCHIVES, LOGS, Plugins

__all__ = [
    "BEGINNING",
    "END",
    "Archive",
    "Damaged",
    "Holding",
    "Log",
    "Salvaged",
    "Usage",
    "open_archive",
    "open_log",
    "open_recorder",
    "salvage_log",
]

BEGINNING = -(2**63)
"""Before every time; the default start of a range."""
END = 2**63 - 1
"""After every time; the default stop of a range."""

_T = TypeVar("_T")


class Damaged(ConfigError):
    """A log that is damaged: what can still be read of it has to be saved first, see `salvage_log`."""


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


class Log(Protocol):
    """The one place where stages meet: items in one arrival order. Synchronous, thread-safe, shared by processes.

    Laws: a put is one transaction, and what it acknowledged survives a crash. The identity of a row is its time and
    keys, that of frames their wearer, side and first time. Putting an equal item changes nothing; a changed one
    replaces the old and gets a new arrival number. Arrival numbers strictly increase over all kinds, are never used
    twice, and become visible in their order: who asks `after` its last number sees everything exactly once. Every
    item lies in one of 64 partitions: that of its wearer, or the one its own field `partition` names.

    Every call may raise `Unavailable` (locked, disk full), `ConfigError` (not writable) or, of those, `Damaged`.
    """

    def put(self, items: Iterable[Item]) -> None:
        """Store all items or none of them. Of several with one identity the last one counts.

        Raises:
            CorruptData: a value that cannot be stored, such as an int of more than 64 bits.
        """

    def after(
        self, kinds: Sequence[type], cursor: int, partitions: Collection[int] | None = None, limit: int = 1000
    ) -> list[tuple[int, Item]]:
        """Return the first `limit` items of these kinds that arrived after `cursor`, with their arrival numbers.

        Of all partitions where none are named. Fewer than `limit` means that there are no more for now.
        """

    def read(self, kind: type[_T], wearer: str, start: int = BEGINNING, stop: int = END) -> list[_T]:
        """Return what has its time in [start, stop), ascending; of `Frames` every whole chunk that overlaps it."""

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Let `rows` be all that these kinds hold of the wearer in [start, stop); one transaction.

        What was there and is equal keeps its arrival number. Frames count by their first time.
        """

    def wearers(self) -> list[str]:
        """Return everybody of whom something is stored, sorted."""

    def head(self) -> int:
        """Return the highest arrival number given so far, 0 for an empty log."""

    def version(self) -> int:
        """Return a number that changes whenever anybody, in any process, has put something; cheap."""

    def span(self, kind: type, wearer: str, arrived: int = END) -> tuple[int, int] | None:
        """Return the first and last time of what arrived up to a number; None where there is nothing. Cheap."""

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

    def claim(self, work: str = "") -> None:
        """Become the one that does this work on this log, until it is closed or the process ends, however it does.

        Without a name it is the work of the service; others are independent of it and of each other. Who has a work
        already may claim it again.

        Raises:
            ConfigError: another one is at it; the message names its process.
        """

    def workers(self) -> dict[str, str]:
        """Return the process numbers of those that have a claim, by their work.

        Raises:
            ConfigError: claims do not hold here, as on a network share that grants every lock.
        """

    def close(self) -> None:
        """Wait for the calls that are running, then close. Calls after that are refused."""


class Archive(Protocol):
    """A store without arrival order, to which a log is mirrored. Putting twice is putting once.

    Every call may raise `Unavailable` (down; try again), `ConfigError` (wrong token or name) or `CorruptData` (the
    archive refuses these items, and would again).
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


def open_log(url: str) -> Log:
    """Open the log that a URL such as `sqlite:///insole.db` names.

    Raises:
        ConfigError: no such kind of log, or it cannot be used as it is.
        Unavailable: it may open later.
    """
    return cast("Log", _load(LOGS, url)(url))


def open_recorder(url: str) -> Log:
    """Open a log for those who only put, as bridges do: what comes is stored even where the log is damaged.

    From then on it lies in a spare log beside it, until `salvage_log` brings it in.

    Raises:
        ConfigError: no such kind of log, or it cannot be used as it is.
        Unavailable: it may open later.
    """
    return cast("Log", _load(LOGS, url).recorder(url))


def salvage_log(url: str, kinds: Sequence[type], *, dry: bool = False) -> Salvaged:
    """Put what can still be read of a damaged log, and what its recorders put beside it, into a new one in its place.

    Rows keep their arrival numbers. The damaged log is kept beside the new one. A log that is sound stays as it is.

    Args:
        url: the log's.
        kinds: of which there may be items, for a log that does not tell itself any more.
        dry: only find out what could be read, and change nothing.

    Raises:
        ConfigError: somebody else has it open, or there is none.
        Unavailable: the disk has no room for what is saved.
    """
    return cast("Salvaged", _load(LOGS, url).salvage(url, kinds, dry=dry))


def open_archive(url: str, token: str | None = None) -> Archive:
    """Open the archive that a URL such as `influx://localhost:8086/insole` names; nothing is asked of it yet.

    What follows a `+` in the scheme says how it is reached: `influx+https://…`.

    Raises:
        ConfigError: no such kind of archive, or an incomplete URL.
    """
    return cast("Archive", _load(ARCHIVES, url)(url, token))


def _load(plugins: Plugins, url: str) -> Any:
    scheme, colon, _ = url.partition("://")
    if not colon:
        example = "sqlite:///insole.db" if plugins is LOGS else "influx://localhost:8086/insole"
        raise ConfigError(f"{url!r} is not the URL of a {plugins.family}; write it like {example}")
    return plugins.load(scheme.partition("+")[0])
