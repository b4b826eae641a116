"""What changes when a person corrects something: a note, a bout's wearer or feet, or all that was found of somebody.

Each correction is one transaction for each wearer, and whoever analyzes or mirrors the log at that time follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from firmware_bridge import (
    BEGINNING,
    END,
    SECOND,
    ConfigError,
    Device,
    Frames,
    Item,
    Link,
    Log,
    Row,
    kind_name,
    row_key,
    same_row,
)
from service.gait import History
from service.gait.thresholds import BOUT_NS, RESET_NS
from service.pipeline.analysis import ResumableAnalyzer, blocks_of, judged, resumed
from service.pipeline.retention import kept_from
from service.records.notes import Span
from service.records.rows import Block, Flag, Note, Progress, Replaced, Second, Step, Verdict
from service.records.timestamps import iso

DERIVED: tuple[type[Row], ...] = (Step, Second, Block, Flag, Verdict)
MEASURED: tuple[type, ...] = (Frames, Link)
SIDED: tuple[type, ...] = (Device, *MEASURED)
"""What says of a foot which one it is, apart from what was found."""
_AROUND_NS = 120 * SECOND
"""What goes with a bout that is moved, or whose feet are exchanged: so much before and after it."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A verdict before and after; None where there was or is none."""

    before: Verdict | None
    after: Verdict | None


def tell(log: Log, note: Note) -> list[Revision]:
    """Put a note and the verdicts that follow from it in one transaction; return those that changed.

    An analysis that runs at the same time finds the same.
    """
    history = History(log.read(Block, note.wearer), log.read(Note, note.wearer))
    history.note(note)
    changes: list[Revision] = []
    for bout in history.stale():
        after = judged(history, bout, blocks_of(log, note.wearer, history, bout))
        changes += _changes(log.read(Verdict, note.wearer, bout, bout + 1), after)
    log.put([note, *(change.after for change in changes if change.after is not None)])
    return changes


def _changes(before: Iterable[Verdict], after: Iterable[Verdict]) -> list[Revision]:
    was, now = ({row_key(verdict): verdict for verdict in verdicts} for verdicts in (before, after))
    pairs = ((was.get(key), now.get(key)) for key in sorted({**was, **now}))
    return [Revision(one, other) for one, other in pairs if one is None or other is None or not same_row(one, other)]


def spans(log: Log, wearer: str) -> list[Span]:
    """Return a wearer's bouts, oldest first; one that has just begun has steps, but no block yet."""
    stops: dict[int, int] = {}
    for block in log.read(Block, wearer):
        stops[block.bout] = max(block.stop, stops.get(block.bout, BEGINNING))
    for step in log.read(Step, wearer, max(stops.values(), default=BEGINNING)):
        stops[step.bout] = max(step.time, stops.get(step.bout, BEGINNING))
    return [Span(bout, stops[bout]) for bout in sorted(stops)]


def analyze_again(log: Log, wearer: str, since: int | None = None) -> list[Revision]:
    """Find everything of a wearer anew from the stored frames; return the verdicts that changed.

    Everything is taken in order of its own time, notes first: a stop note parts its bout however late it came, and a
    recording that came late takes its place. Steps, blocks, flags and verdicts are replaced in one transaction; notes
    and alerts stay.

    Args:
        log: where the frames are.
        wearer: whose.
        since: UTC ns; bouts that were over well before it are left alone. None: all.

    Raises:
        ConfigError: the frames of a bout are not stored any more, so that it would be lost.
    """
    _refuse_loss(log, wearer, since)
    return _analyze_again(log, wearer, since)


def _refuse_loss(log: Log, wearer: str, since: int | None, but: Span | None = None) -> None:
    """Refuse what finds bouts anew, where the frames of one that ends after `since` are not stored."""
    kept = [bout for bout in spans(log, wearer) if bout != but and (since is None or bout.stop >= since)]
    gone = [bout for bout in kept if not log.read(Frames, wearer, bout.start, bout.start + SECOND)]
    if gone:
        raise ConfigError(
            f"the frames of {wearer}'s bout of {iso(gone[-1].start)} are not stored, and it would be lost; "
            f"give --since a moment after {iso(gone[-1].stop)}"
        )


def _analyze_again(log: Log, wearer: str, since: int | None) -> list[Revision]:
    head = log.head()
    begin = BEGINNING if since is None else _beginning(spans(log, wearer), since)
    told = Replaced(begin, wearer, _names(DERIVED), END, restart=0, done=head, since=begin, head=head)
    fed = ResumableAnalyzer(log, wearer, resumed(told), before=begin)
    found = {(type(row), *row_key(row)): row for rows in fed.catch_up(resumed(told)) for row in rows}
    rows = [row for row in found.values() if not isinstance(row, Verdict)]
    verdicts = _verdicts(fed.history, rows)
    changes = _changes(log.read(Verdict, wearer, begin), verdicts)
    at: Progress = fed.progress()
    told = replace(told, restart=at.restart, since=at.since)
    log.replace(DERIVED, wearer, begin, END, [*rows, *verdicts, told, resumed(told)])
    return changes


def _verdicts(history: History, rows: Iterable[Row]) -> list[Verdict]:
    blocks: dict[int, list[Block]] = {}
    for row in rows:
        if isinstance(row, Block):
            blocks.setdefault(row.bout, []).append(row)
    return [verdict for bout in sorted(blocks) for verdict in judged(history, bout, blocks[bout])]


def _beginning(bouts: Sequence[Span], since: int) -> int:
    """Return a moment at or before `since` at which no bout goes on, as a fresh analyzer needs it."""
    begin = since // RESET_NS * RESET_NS
    for bout in reversed(bouts):
        if bout.start < begin < bout.stop + BOUT_NS:
            begin = bout.start // RESET_NS * RESET_NS
    return begin


def _bounds(feet: tuple[int | None, int | None], start: int, stop: int) -> tuple[int, int]:
    return (start if feet[0] is None else feet[0], stop if feet[1] is None else feet[1])


def _cut(item: Item, *bounds: int) -> list[Item]:
    """Cut frames before the first samples at or after the bounds; leave the rest whole."""
    if not isinstance(item, Frames):
        return [item]
    edges = [0, *np.searchsorted(item.time, bounds).tolist(), len(item)]
    return [item[a:b] for a, b in pairwise(edges) if a < b]


def _refuse_forgotten(log: Log, wearer: str, start: int, but: Span | None = None) -> None:
    """Refuse what would find bouts anew whose samples are not there; `but` is one that is on its way."""
    if start < (kept := kept_from(log, wearer)):
        raise ConfigError(f"samples of {wearer} from before {iso(kept)} are not kept any more; nothing was changed")
    _refuse_loss(log, wearer, start, but)


def _interrupted(log: Log, wearer: str, start: int, kinds: Sequence[type], stop: int | None = None) -> bool:
    """Tell whether these kinds were replaced in a range, and what was found before was never found anew."""
    told = log.read(Replaced, wearer, BEGINNING, start + 1)
    own = [row for row in told if row.time == start and row.kinds == _names(kinds)]
    changed = [row.head for row in own if stop in {None, row.stop}]
    found = [row.done for row in told if row.kinds == _names(DERIVED)]
    return bool(changed) and max(changed) >= max(found, default=-1)


def _around(bouts: Sequence[Span], bout: Span) -> tuple[int, int]:
    """Return a bout's time with what goes with it, up to half the way to its neighbors."""
    start, stop = bout.start - _AROUND_NS, bout.stop + _AROUND_NS
    for other in bouts:
        if other.stop < bout.start:
            start = max(start, (other.stop + bout.start) // 2)
        elif other.start > bout.stop:
            stop = min(stop, (other.start + bout.stop) // 2)
    return start, stop


def _fingerprint(item: Item) -> tuple[object, ...]:
    """Return what tells stored items apart, whatever is missing in them."""
    if isinstance(item, Frames):
        return Frames, item.side, item.device, item.time.tobytes(), item.pressure.tobytes()
    return type(item), repr(item)


def _names(kinds: Iterable[type]) -> str:
    return " ".join(kind_name(kind) for kind in kinds)
