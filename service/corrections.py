"""What changes when a person corrects something: a note, a bout's wearer, or all that was found of somebody.

Each correction is one transaction for each wearer, and whoever analyzes or mirrors the log at that time follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from firmware_bridge import SECOND, ConfigError, Device, Frames, Item, Link, Log, Row, kind_name, row_key, same_row
from service.analysis import BEGINNING, Wearer, blocks_of, judged, resumed
from service.gait import History
from service.gait.parameters import BOUT_NS, RESET_NS
from service.notes import Span
from service.retention import kept_from
from service.rows import Block, Flag, Note, Progress, Replaced, Step, Verdict
from service.when import iso

DERIVED: tuple[type[Row], ...] = (Step, Block, Flag, Verdict)
MEASURED: tuple[type, ...] = (Frames, Link)
AROUND_NS = 120 * SECOND
"""What goes with a bout that is moved: so much before and after it."""
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
    kept = [bout for bout in spans(log, wearer) if since is None or bout.stop >= since]
    gone = [bout for bout in kept if not log.read(Frames, wearer, bout.start, bout.start + SECOND)]
    if gone:
        raise ConfigError(
            f"the frames of {wearer}'s bout of {iso(gone[-1].start)} are not stored, and it would be lost; "
            f"give --since a moment after {iso(gone[-1].stop)}"
        )
    return _analyze_again(log, wearer, since)


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


def move(log: Log, wearer: str, bout: Span, other: str) -> tuple[list[Change], list[Change]]:
    """Give a bout to somebody else: what was measured from 2 min before it to 2 min after it, and the insoles.

    Both are then analyzed again; notes stay where they are. Return the changes of both. Doing it again finishes what
    was interrupted.

    Raises:
        ConfigError: nobody else is named, or something else is stored of them at that time.
    """
    if other == wearer or not other:
        raise ConfigError(f"--to {other}: name somebody else than {wearer}")
    start, stop = _around(spans(log, wearer), bout)
    for name in (wearer, other):
        if start < (kept := kept_from(log, name)):
            raise ConfigError(f"samples of {name} from before {iso(kept)} are not kept any more; nothing was moved")
    frames = [piece for piece in log.read(Frames, wearer, start, stop) if start <= piece.time[0] < stop]
    stop = max([stop, *(int(piece.time[-1]) + 1 for piece in frames)])
    links = log.read(Link, wearer, start, stop)
    worn = {piece.device for piece in frames} | {link.device for link in links}
    moved: list[Item] = [replace(row, wearer=other) for row in log.read(Device, wearer) if row.device in worn]
    moved += [replace(piece, wearer=other) for piece in frames]
    moved += [replace(link, wearer=other) for link in links]
    theirs: list[Item] = [*log.read(Frames, other, start, stop), *log.read(Link, other, start, stop)]
    if {_fingerprint(item) for item in theirs} - {_fingerprint(item) for item in moved}:
        raise ConfigError(f"{other} has data of their own between {iso(start)} and {iso(stop)}; nothing was moved")
    head = log.head()
    log.put(moved)
    gone = Replaced(start, wearer, _names(MEASURED), stop, restart=0, done=0, since=0, head=head)
    log.replace(MEASURED, wearer, start, stop, [gone])
    return _analyze_again(log, wearer, start), _analyze_again(log, other, start)


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
