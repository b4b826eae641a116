"""What changes when a person corrects something: a note, a bout's wearer or feet, or all that was found of somebody.

Each correction is one transaction for each wearer, and whoever analyzes or mirrors the log at that time follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from firmware_bridge import (
    SECOND,
    ConfigError,
    Device,
    Frames,
    Item,
    Link,
    Log,
    Row,
    Side,
    kind_name,
    row_key,
    same_row,
)
from service.analysis import BEGINNING, Wearer, analyze_all, blocks_of, judged, resumed
from service.gait import History
from service.gait.parameters import BOUT_NS, RESET_NS
from service.notes import Span
from service.retention import kept_from
from service.rows import Block, Flag, Note, Progress, Replaced, Second, Step, Verdict
from service.when import iso

DERIVED: tuple[type[Row], ...] = (Step, Second, Block, Flag, Verdict)
MEASURED: tuple[type, ...] = (Frames, Link)
SIDED: tuple[type, ...] = (Device, *MEASURED)
"""What says of a foot which one it is, apart from what was found."""
AROUND_NS = 120 * SECOND
"""What goes with a bout that is moved, or whose feet are exchanged: so much before and after it."""
END = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict before and after; None where there was or is none."""

    before: Verdict | None
    after: Verdict | None


def tell(log: Log, note: Note) -> list[Change]:
    """Put a note and the verdicts that follow from it in one transaction; return those that changed.

    An analysis that runs at the same time finds the same.
    """
    history = History(log.read(Block, note.wearer), log.read(Note, note.wearer))
    history.note(note)
    changes: list[Change] = []
    for bout in history.stale():
        after = judged(history, bout, blocks_of(log, note.wearer, history, bout))
        changes += _changes(log.read(Verdict, note.wearer, bout, bout + 1), after)
    log.put([note, *(change.after for change in changes if change.after is not None)])
    return changes


def _changes(before: Iterable[Verdict], after: Iterable[Verdict]) -> list[Change]:
    was, now = ({row_key(verdict): verdict for verdict in verdicts} for verdicts in (before, after))
    pairs = ((was.get(key), now.get(key)) for key in sorted({**was, **now}))
    return [Change(one, other) for one, other in pairs if one is None or other is None or not same_row(one, other)]


def spans(log: Log, wearer: str) -> list[Span]:
    """Return a wearer's bouts, oldest first; one that has just begun has steps, but no block yet."""
    stops: dict[int, int] = {}
    for block in log.read(Block, wearer):
        stops[block.bout] = max(block.stop, stops.get(block.bout, BEGINNING))
    for step in log.read(Step, wearer, max(stops.values(), default=BEGINNING)):
        stops[step.bout] = max(step.time, stops.get(step.bout, BEGINNING))
    return [Span(bout, stops[bout]) for bout in sorted(stops)]


def analyze_again(log: Log, wearer: str, since: int | None = None) -> list[Change]:
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


def _analyze_again(log: Log, wearer: str, since: int | None) -> list[Change]:
    head = log.head()
    begin = BEGINNING if since is None else _beginning(spans(log, wearer), since)
    told = Replaced(begin, wearer, _names(DERIVED), END, restart=0, done=head, since=begin, head=head)
    fed = Wearer(log, wearer, resumed(told), before=begin)
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


def move(
    log: Log, wearer: str, bout: Span, other: str, feet: tuple[int | None, int | None] | None = None
) -> tuple[list[Change], list[Change]]:
    """Give a bout to somebody else: what was measured from 2 min before it to 2 min after it, and the insoles.

    Both are then analyzed again; notes stay where they are. Return the changes of both. Doing it again finishes what
    was interrupted. `feet` exchanges them on the way, from one moment to another, as `exchange` does.

    Raises:
        ConfigError: nobody else is named, or something else is stored of them at that time, or what would be found
            anew is not stored.
    """
    if other == wearer or not other:
        raise ConfigError(f"--to {other}: name somebody else than {wearer}")
    start, stop = _around(spans(log, wearer), bout)
    begun = _interrupted(log, wearer, start, MEASURED)
    for name in (wearer, other):
        _refuse_forgotten(log, name, start, but=bout if begun and name == wearer else None)
    if not begun:
        _hand_over(log, wearer, other, start, stop, feet and _bounds(feet, start, stop))
    return _analyze_again(log, wearer, start), _analyze_again(log, other, start)


def _hand_over(log: Log, wearer: str, other: str, start: int, stop: int, feet: tuple[int, int] | None) -> None:
    frames = [piece for piece in log.read(Frames, wearer, start, stop) if start <= piece.time[0] < stop]
    stop = max([stop, *(int(piece.time[-1]) + 1 for piece in frames)])
    items: list[Item] = [*frames, *log.read(Link, wearer, start, stop)]
    devices = log.read(Device, wearer)
    if feet is not None:
        items = [_exchanged(piece, *feet) for item in items for piece in _cut(item, *feet)]
        devices = _devices_exchanged(devices, *feet)
    worn = {item.device for item in items if isinstance(item, Frames | Link)}
    moved: list[Item] = [replace(item, wearer=other) for item in items if isinstance(item, Frames | Link)]
    moved += [replace(row, wearer=other) for row in devices if row.device in worn]
    theirs: list[Item] = [*log.read(Frames, other, start, stop), *log.read(Link, other, start, stop)]
    if {_fingerprint(item) for item in theirs} - {_fingerprint(item) for item in moved}:
        raise ConfigError(f"{other} has data of their own between {iso(start)} and {iso(stop)}; nothing was moved")
    head = log.head()
    log.put(moved)
    gone = Replaced(start, wearer, _names(MEASURED), stop, restart=0, done=0, since=0, head=head)
    log.replace(MEASURED, wearer, start, stop, [gone])


def exchange(
    log: Log, wearer: str, bout: Span, feet: tuple[int | None, int | None] = (None, None)
) -> tuple[tuple[int, int], list[Change]]:
    """Exchange the feet of a bout whose insoles were worn, or plugged, the wrong way round, and analyze it again.

    All that was measured of both feet in [`feet`) changes sides in one transaction: frames, which are cut at the
    bounds, link and device rows. A missing bound is 2 min before or after the bout. Return the bounds and the changes.

    Law: twice is never, but for where frames are cut. Doing it again after an interruption finishes it instead. The
    log is claimed and its analysis brought up to date, before and after it: to one that comes upon it in between, a
    part of a bout that came again would be a bout of its own.

    Raises:
        ConfigError: a service is at work on this log, or what would change, or be found anew, is not stored.
    """
    log.claim()
    start, stop = _bounds(feet, *_around(spans(log, wearer), bout))
    _refuse_forgotten(log, wearer, start)
    if not _interrupted(log, wearer, start, SIDED, stop + 1):
        analyze_all(log)
        known = spans(log, wearer)
        whole = next((span for span in known if span.start == bout.start), bout)
        start, stop = _bounds(feet, *_around(known, whole))
        _exchange(log, wearer, start, stop)
    changes = _analyze_again(log, wearer, start)
    analyze_all(log)
    return (start, stop), changes


def _exchange(log: Log, wearer: str, start: int, stop: int) -> None:
    frames = log.read(Frames, wearer, start, stop)
    first, end = min([start, *(int(piece.time[0]) for piece in frames)]), stop + 1
    items: list[Item] = [piece for piece in log.read(Frames, wearer, first, end) if first <= piece.time[0]]
    items += log.read(Link, wearer, first, end)
    rows = [_exchanged(piece, start, stop) for item in items for piece in _cut(item, start, stop)]
    devices = _devices_exchanged(log.read(Device, wearer), start, stop)
    rows += [row for row in devices if first <= row.time < end]
    told = Replaced(start, wearer, _names(SIDED), end, restart=0, done=0, since=0, head=log.head())
    log.replace(SIDED, wearer, first, end, [*rows, told])


def _bounds(feet: tuple[int | None, int | None], start: int, stop: int) -> tuple[int, int]:
    return (start if feet[0] is None else feet[0], stop if feet[1] is None else feet[1])


def _cut(item: Item, *bounds: int) -> list[Item]:
    """Cut frames before the first samples at or after the bounds; leave the rest whole."""
    if not isinstance(item, Frames):
        return [item]
    edges = [0, *np.searchsorted(item.time, bounds).tolist(), len(item)]
    return [item[a:b] for a, b in pairwise(edges) if a < b]


def _exchanged(item: Item, start: int, stop: int) -> Item:
    """Return what was measured of a foot within [start, stop) as of the other one."""
    assert isinstance(item, Frames | Link)
    time = int(item.time[0]) if isinstance(item, Frames) else item.time
    return replace(item, side=item.side.other) if start <= time < stop else item


def _devices_exchanged(devices: Iterable[Device], start: int, stop: int) -> list[Device]:
    """Return the device rows of feet that are exchanged at one moment, and back at another.

    They change sides where they lie in between. At the two moments themselves stands who wears what from then on,
    and only where the rows before do not say the same.
    """
    known = list(devices)
    inner, outer = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}, {side: side for side in Side}
    rows = [
        replace(row, side=(inner if start < row.time < stop else outer)[row.side])
        for row in known
        if row.time not in {start, stop}
    ]
    for time, sides in ((start, inner), (stop, outer)):
        before = _worn(rows, time - 1)
        for side, row in _worn(known, time).items():
            if (was := before.get(sides[side])) is None or was.device != row.device:
                rows.append(replace(row, time=time, side=sides[side]))
    return rows


def _worn(devices: Iterable[Device], time: int) -> dict[Side, Device]:
    """Return what each foot wears at a time, by the last device row of each."""
    return {row.side: row for row in sorted(devices, key=lambda row: row.time) if row.time <= time}


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
    start, stop = bout.start - AROUND_NS, bout.stop + AROUND_NS
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
