"""Give a bout, or an insole's samples, to whom they belong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from firmware_bridge import BEGINNING, SECOND, ConfigError, Device, EmbeddedLog, Frames, Item, Link, Log, Side
from service.diary.corrections import Revision, find_anew, refuse_forgotten
from service.pipeline.analysis import analyze_all
from service.records.bouts import spans
from service.records.notes import Span
from service.records.rows import DERIVED, Replaced, kind_names
from service.records.timestamps import iso

_MEASURED: tuple[type, ...] = (Frames, Link)
_SIDED: tuple[type, ...] = (Device, *_MEASURED)
"""What says of a foot which one it is, apart from what was found."""
_AROUND_NS = 120 * SECOND
"""What goes with a bout that is moved, or whose feet are exchanged: so much before and after it."""


def move(
    log: Log, wearer: str, bout: Span, other: str, feet: tuple[int | None, int | None] | None = None
) -> tuple[list[Revision], list[Revision]]:
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
    begun = _interrupted(log, wearer, start, _MEASURED)
    for name in (wearer, other):
        refuse_forgotten(log, name, start, but=bout if begun and name == wearer else None)
    if not begun:
        _hand_over(log, wearer, other, start, stop, feet and _bounds(feet, start, stop))
    return find_anew(log, wearer, start), find_anew(log, other, start)


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
    gone = Replaced(start, wearer, kind_names(_MEASURED), stop, restart=0, done=0, since=0, head=head)
    log.replace(_MEASURED, wearer, start, stop, [gone])


def exchange(
    log: EmbeddedLog, wearer: str, bout: Span, feet: tuple[int | None, int | None] = (None, None)
) -> tuple[tuple[int, int], list[Revision]]:
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
    refuse_forgotten(log, wearer, start)
    if not _interrupted(log, wearer, start, _SIDED, stop + 1):
        analyze_all(log)
        known = spans(log, wearer)
        whole = next((span for span in known if span.start == bout.start), bout)
        start, stop = _bounds(feet, *_around(known, whole))
        _exchange(log, wearer, start, stop)
    changes = find_anew(log, wearer, start)
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
    told = Replaced(start, wearer, kind_names(_SIDED), end, restart=0, done=0, since=0, head=log.head())
    log.replace(_SIDED, wearer, first, end, [*rows, told])


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


def _bounds(feet: tuple[int | None, int | None], start: int, stop: int) -> tuple[int, int]:
    return (start if feet[0] is None else feet[0], stop if feet[1] is None else feet[1])


def _cut(item: Item, *bounds: int) -> list[Item]:
    """Cut frames before the first samples at or after the bounds; leave the rest whole."""
    if not isinstance(item, Frames):
        return [item]
    edges = [0, *np.searchsorted(item.time, bounds).tolist(), len(item)]
    return [item[a:b] for a, b in pairwise(edges) if a < b]


def _interrupted(log: Log, wearer: str, start: int, kinds: Sequence[type], stop: int | None = None) -> bool:
    """Tell whether these kinds were replaced in a range, and what was found before was never found anew."""
    told = log.read(Replaced, wearer, BEGINNING, start + 1)
    own = [row for row in told if row.time == start and row.kinds == kind_names(kinds)]
    changed = [row.head for row in own if stop in {None, row.stop}]
    found = [row.done for row in told if row.kinds == kind_names(DERIVED)]
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
