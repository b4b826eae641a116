"""Give a bout, or an insole's samples, to whom they belong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from firmware_bridge import (
    ConfigError,
    Device,
    EmbeddedLog,
    Frames,
    Item,
    Link,
    Log,
    Side,
)
from service.diary.corrections import (
    MEASURED,
    SIDED,
    Revision,
    _analyze_again,
    _around,
    _bounds,
    _cut,
    _fingerprint,
    _interrupted,
    _names,
    _refuse_forgotten,
    spans,
)
from service.pipeline.analysis import analyze_all
from service.records.notes import Span
from service.records.rows import Replaced
from service.records.timestamps import iso


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
