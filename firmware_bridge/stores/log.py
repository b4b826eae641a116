"""The log: the one place where stages meet, in the order in which things arrived."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from firmware_bridge.errors import ConfigError
from firmware_bridge.model import BEGINNING, END, Frames, Item, columns, kind_name

_T = TypeVar("_T")


class Damaged(ConfigError):
    """A log that is damaged: what can still be read of it has to be saved first, see `salvage_log`."""


@runtime_checkable
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

    def read(
        self,
        kind: type[_T],
        wearer: str,
        start: int = BEGINNING,
        stop: int = END,
        *,
        limit: int | None = None,
        after: Sequence[str | int | float] | None = None,
    ) -> list[_T]:
        """Return what has its time in [start, stop); of `Frames` every whole chunk that overlaps it.

        In the order of `item_key`: by time, then by the other keys, texts by their code points. `limit` and `after`
        read it page by page: of what comes behind `after`, a key, the first `limit`. `after` is the `item_key` of the
        last item of the page before. It is a place in the order: whether an item has that key, or still has it, does
        not matter. So all pages together are the whole, each item once; what is put or deleted between two pages
        counts where it comes behind the place that was reached. Fewer than `limit` means that there are no more for
        now.

        Raises:
            ValueError: a `limit` below 1, or an `after` that is no key of this kind and wearer.
        """

    def replace(self, kinds: Sequence[type], wearer: str, start: int, stop: int, rows: Iterable[Item]) -> None:
        """Let `rows` be all that these kinds hold of the wearer in [start, stop); one transaction.

        What was there and is equal keeps its arrival number. Frames count by their first time.
        """

    def span(self, kind: type, wearer: str, arrived: int = END) -> tuple[int, int] | None:
        """Return the first and last time of what arrived up to a number; None where there is nothing. Cheap."""

    def head(self) -> int:
        """Return the highest arrival number given so far, 0 for an empty log."""

    def version(self) -> int:
        """Return a number that changes whenever anybody, in any process, has put something; cheap."""

    def wearers(self) -> list[str]:
        """Return everybody of whom something is stored, sorted."""

    def close(self) -> None:
        """Wait for the calls that are running, then close. Calls after that are refused."""


def refuse_no_page(kind: type, wearer: str, limit: int | None, after: Sequence[str | int | float] | None) -> None:
    """Refuse what names no page of a wearer's items, for every log that reads.

    Raises:
        ValueError: see `Log.read`.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"a page holds at least one item, not {limit}")
    if after is not None and not _is_key(kind, wearer, after):
        raise ValueError(f"{after!r} is no key of {wearer}'s {kind_name(kind)}: give the item_key of the last one read")


def _is_key(kind: type, wearer: str, key: Sequence[str | int | float]) -> bool:
    names = _FRAMES_KEY if kind is Frames else {c.name: c.type for c in columns(kind) if c.key or c.name == "time"}
    if len(key) != len(names):
        return False
    found = dict(zip(names, key, strict=True))
    fits = (isinstance(found[name], str if issubclass(wanted, str) else int) for name, wanted in names.items())
    return all(fits) and found.get("wearer", wearer) == wearer


_FRAMES_KEY: dict[str, type] = {"time": int, "wearer": str, "side": str}
