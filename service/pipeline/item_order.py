"""The order in which a wearer's items are taken out of a log: as they arrived, or by their own time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from firmware_bridge import SECOND, Frames, Item, Link, Log, item_key, partition_of

LIMIT = 1000
_WINDOW_NS = 60 * SECOND
"""What is in memory when items are put in order of time."""
APART = 5000
"""Arrival numbers of one minute that are further apart are looked up one by one."""


def arrivals(
    log: Log, kinds: Sequence[type], wearer: str, cursor: int, until: int | None = None
) -> Iterator[tuple[int, Item]]:
    """Yield a wearer's items of these kinds that arrived after a number, up to another one."""
    own = [partition_of(wearer)]
    while until is None or cursor < until:
        limit = LIMIT if until is None else min(LIMIT, until - cursor)
        if not (batch := log.after(kinds, cursor, own, limit)):
            return
        cursor = batch[-1][0]
        for number, item in batch:
            if item.wearer == wearer and (until is None or number <= until):
                yield number, item


def by_time(log: Log, wearer: str, cursor: int, until: int, since: int) -> Iterator[tuple[int, Frames | Link]]:
    """Yield the frames and link rows that arrived after `cursor`, up to `until`, in order of their ends.

    Each comes with the lowest arrival number of it and all that follow: what a later reading has to begin with.
    Those that end before `since` are left out. A recording that was put late takes its place so, and both feet of
    one that came foot by foot go together.
    """
    found = [(_ended(item), number) for number, item in _measured(log, wearer, cursor, until)]
    ends, numbers = np.array([pair for pair in found if pair[0] >= since], np.int64).reshape(-1, 2).T
    order = np.lexsort((numbers, ends))
    ends, numbers = ends[order], numbers[order]
    lowest = np.minimum.accumulate(numbers[::-1])[::-1]
    edges = [0, *(np.flatnonzero(np.diff(ends // _WINDOW_NS)) + 1).tolist(), len(ends)]
    for a, b in pairwise(edges):
        wanted = set(numbers[a:b].tolist())
        held = {
            number: item
            for first, last in _runs(np.sort(numbers[a:b]))
            for number, item in _measured(log, wearer, first - 1, last)
            if number in wanted
        }
        for k in range(a, b):
            if (item := held.get(int(numbers[k]))) is not None:  # else replaced meanwhile: it comes again, later
                yield int(lowest[k]), item


def windows(log: Log, wearer: str, start: int) -> Iterator[tuple[int, list[Frames | Link]]]:
    """Yield the frames and link rows that end at `start` or later, minute by minute, in order of their ends.

    Each minute comes with its beginning (UTC ns), empty ones too, up to the last that is stored. However long the
    wearer's history is, only what is asked for is read.
    """
    spans = [found for kind in (Frames, Link) if (found := log.span(kind, wearer)) is not None]
    last = max((stop for _, stop in spans), default=start - 1)
    at = start
    while at <= last + _WINDOW_NS:
        stored: list[Frames | Link] = [
            *log.read(Frames, wearer, at, at + _WINDOW_NS),
            *log.read(Link, wearer, at - SECOND, at + _WINDOW_NS),
        ]
        own = sorted((item for item in stored if at <= _ended(item) < at + _WINDOW_NS), key=_ended)
        if own or at <= last:  # behind the last beginning there may be its end, but no silence that is known of
            yield at, own
        at += _WINDOW_NS


def restart_of(log: Log, wearer: str, since: int, head: int) -> int:
    """Return the arrival number after which all frames and link rows of a time came; it is looked for from `head` back.

    As far back as the oldest of them, and no further.
    """
    wanted = {(type(item), item_key(item)) for _, items in windows(log, wearer, since) for item in items}
    until, size, lowest = head, LIMIT, head + 1
    while wanted and until > 0:
        cursor = max(until - size, 0)
        for number, item in _measured(log, wearer, cursor, until):
            if (key := (type(item), item_key(item))) in wanted:
                wanted.discard(key)
                lowest = min(lowest, number)
        until, size = cursor, 2 * size
    return lowest - 1


def _measured(log: Log, wearer: str, cursor: int, until: int) -> Iterator[tuple[int, Frames | Link]]:
    for number, item in arrivals(log, (Frames, Link), wearer, cursor, until):
        assert isinstance(item, Frames | Link)
        yield number, item


def _runs(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[tuple[int, int]]:
    """Cut ascending numbers where they are far apart; yield the first and last of each part."""
    for part in np.split(numbers, np.flatnonzero(np.diff(numbers) > APART) + 1):
        if part.size:
            yield int(part[0]), int(part[-1])


def _ended(item: Frames | Link) -> int:
    """Return the time (UTC ns) up to which an item tells something."""
    return int(item.time[-1]) if isinstance(item, Frames) else item.time + SECOND
