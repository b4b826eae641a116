"""How a note is taken, whoever brings it: checked against what is known, and put with the verdicts that follow."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_bridge import ConfigError, Log
from service.diary.corrections import Revision, tell
from service.pipeline.retention import kept_from
from service.records.bouts import NEAREST, name_nearest, spans
from service.records.notes import (
    ANNOUNCED_NS,
    DELETE,
    MASS,
    OF_BOUT,
    START,
    STOP,
    Span,
    about,
    bout_of,
    parse_note,
    standing,
    with_unit,
)
from service.records.rows import Note
from service.records.timestamps import iso


@dataclass(frozen=True, slots=True)
class Accepted:
    """A note that was taken."""

    note: Note
    bout: Span | None  # that it is about
    changes: list[Revision]  # of verdicts
    parting: str  # how it takes effect, where that needs more


def accept(
    log: Log, wearer: str, topic: str, text: str | None, time: int, *, named: bool = False, withdraw: bool = False
) -> Accepted:
    """Put a note and the verdicts that follow from it.

    Args:
        log: where it is put.
        wearer: whose.
        topic: one of `service.records.notes.NOTABLE`.
        text: what is said; None where the topic says it all.
        time: UTC ns; a note of the same time and topic is corrected.
        named: a bout was named, whose start `time` is.
        withdraw: take back what was noted then.

    Raises:
        ConfigError: the topic, the text or the moment is none, or there is no bout that it could be about.
    """
    bouts, known = spans(log, wearer), log.read(Note, wearer)
    if topic == MASS and text:
        text = with_unit(text, standing(known), time)
    told = parse_note(time, wearer, topic, "" if withdraw else text)
    meant = _meant(told, bouts, known)
    if withdraw and not _corrects(told, known):
        _refuse_withdrawal(told, known)
    if not _corrects(told, known):
        _refuse_the_future(told, bouts)
        _refuse_what_is_gone(told, bouts, known, meant, named=named)
    return Accepted(told, meant, tell(log, told), _parting(told, bouts, meant, kept_from(log, wearer)))


def _meant(told: Note, bouts: Sequence[Span], known: Sequence[Note]) -> Span | None:
    """Return the bout that a note is about."""
    return bout_of(told.time, bouts, ahead=_announces(told, known))


def _announces(told: Note, known: Sequence[Note]) -> bool:
    return told.topic == START or any(n.time == told.time for n in standing(known) if n.topic == START)


def _corrects(told: Note, known: Sequence[Note]) -> bool:
    """Tell whether a note of this time and topic stands, to be corrected or withdrawn whatever became of its bout."""
    return any((n.time, n.topic) == (told.time, told.topic) for n in standing(known))


def _refuse_the_future(told: Note, bouts: Sequence[Span]) -> None:
    """Refuse what nobody can know yet; a run may be announced, and an insole's clock may be ahead of this one."""
    latest = max([clock.time_ns(), *(span.stop for span in bouts)]) + ANNOUNCED_NS
    if told.time > latest:
        raise ConfigError(f"{iso(told.time)} is yet to come: a {told.topic} note lies before {iso(latest)[:19]}Z")


def _refuse_what_is_gone(
    told: Note, bouts: Sequence[Span], known: Sequence[Note], meant: Span | None, *, named: bool
) -> None:
    """Refuse a note for a bout that is not there, or does not count; of others only where the bout was named."""
    said = about(bouts, known)
    there = [span for span in bouts if not said[span.start].deleted]
    whose, at, nearest = told.wearer, iso(told.time), name_nearest(there, told.time)
    if told.topic in OF_BOUT and meant is None and not _announces(told, known):
        raise ConfigError(f"{whose} has no bout to which {told.topic} at {at} could belong; {nearest}")
    if meant is not None and meant not in there and (named or told.topic in OF_BOUT):
        deletions = [n.time for n in standing(known) if n.topic == DELETE and _meant(n, bouts, known) == meant]
        raise ConfigError(
            f"{whose}'s bout of {iso(meant.start)} is deleted; `insole note {whose} delete --at {iso(deletions[0])} "
            f"--withdraw` brings it back; {nearest}"
        )


def _parting(told: Note, bouts: Sequence[Span], meant: Span | None, kept: int) -> str:
    """Return how a stop note, or its withdrawal, that came too late takes effect; "" where it need not."""
    if told.topic != STOP or not bouts or told.time >= bouts[-1].stop:
        return ""
    if told.text and (meant is None or told.time > meant.stop):
        return ""
    start = meant.start if meant else told.time
    if start < kept:
        return f"samples from before {iso(kept)} are not kept any more: what was found stays as it is"
    does = "parts the bout" if told.text else "joins what was parted"
    return f"it {does} with: insole analyze --again {told.wearer} --since {iso(start)}"


def _refuse_withdrawal(told: Note, known: Sequence[Note]) -> None:
    own = [n for n in standing(known) if n.topic == told.topic]
    nearest = sorted(own, key=lambda n: abs(n.time - told.time))[:NEAREST]
    there = ", ".join(iso(n.time) for n in nearest) or "none"
    raise ConfigError(f"there is no {told.topic} note at {iso(told.time)} to withdraw; the nearest are at: {there}")
