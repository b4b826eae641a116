"""What changes when a person corrects something: a note, a bout's wearer or feet, or all that was found of somebody.

Each correction is one transaction for each wearer, and whoever analyzes or mirrors the log at that time follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from firmware_bridge import BEGINNING, END, SECOND, ConfigError, Frames, Log, Row, row_key, same_row
from service.gait import History
from service.gait.thresholds import BOUT_NS, RESET_NS
from service.pipeline.analysis import ResumableAnalyzer, blocks_of, judged, resumed
from service.pipeline.retention import kept_from
from service.records.bouts import spans
from service.records.notes import Span
from service.records.rows import DERIVED, Block, Note, Progress, Replaced, Verdict, kind_names
from service.records.timestamps import iso


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
    return find_anew(log, wearer, since)


def _refuse_loss(log: Log, wearer: str, since: int | None, but: Span | None = None) -> None:
    """Refuse what finds bouts anew, where the frames of one that ends after `since` are not stored."""
    kept = [bout for bout in spans(log, wearer) if bout != but and (since is None or bout.stop >= since)]
    gone = [bout for bout in kept if not log.read(Frames, wearer, bout.start, bout.start + SECOND)]
    if gone:
        raise ConfigError(
            f"the frames of {wearer}'s bout of {iso(gone[-1].start)} are not stored, and it would be lost; "
            f"give --since a moment after {iso(gone[-1].stop)}"
        )


def find_anew(log: Log, wearer: str, since: int | None) -> list[Revision]:
    """Find everything from a moment on anew as `analyze_again` does, for a caller who knows that nothing is lost."""
    head = log.head()
    begin = BEGINNING if since is None else _beginning(spans(log, wearer), since)
    told = Replaced(begin, wearer, kind_names(DERIVED), END, restart=0, done=head, since=begin, head=head)
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


def refuse_forgotten(log: Log, wearer: str, start: int, but: Span | None = None) -> None:
    """Refuse what would find bouts anew whose samples are not there; `but` is one that is on its way."""
    if start < (kept := kept_from(log, wearer)):
        raise ConfigError(f"samples of {wearer} from before {iso(kept)} are not kept any more; nothing was changed")
    _refuse_loss(log, wearer, start, but)
