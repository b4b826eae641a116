"""The commands by which a person says and corrects something: what they change is printed."""

from __future__ import annotations

import json as jsonlib
import time as clock
from collections.abc import Iterable, Sequence
from contextlib import closing

from firmware_bridge import SECOND, ConfigError, open_log
from service.analysis import analyze_all
from service.corrections import Change, analyze_again, exchange, move, spans, tell
from service.listing import known_wearers
from service.messages import TOPICS as FINDINGS
from service.messages import verdict_text
from service.notes import (
    BEFORE_NS,
    DELETE,
    MASS,
    OF_BOUT,
    START,
    STOP,
    Span,
    about,
    bout_of,
    checked,
    standing,
    with_unit,
)
from service.plain import plain
from service.retention import kept_from
from service.rows import Note, Verdict
from service.when import iso, parse_iso

NEAREST = 3
"""Bouts that are listed where one is not found."""
_MINUTE = len("2026-05-01 06:30")


def note(
    store: str, wearer: str, topic: str, text: str | None, *, at: str | None, bout: str | None, withdraw: bool
) -> None:
    """Put a note, and print it with the verdicts that it changed.

    Raises:
        ConfigError: the topic, the text, the moment, the wearer or the bout is none.
    """
    if at is not None and bout is not None:
        raise ConfigError("give --at or --bout, not both: a note for a bout lies at its start")
    if withdraw and text:
        raise ConfigError("--withdraw takes a note back; it needs no text")
    if text is not None and not text.strip() and not withdraw:
        raise ConfigError(f"there is nothing to note in {text!r}; --withdraw takes a note back")
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        bouts, known = spans(log, wearer), log.read(Note, wearer)
        time = _moment(bouts, at, bout, wearer)
        if topic == MASS and text:
            text = with_unit(text, standing(known), time)
        told = checked(time, wearer, topic, "" if withdraw else text)
        meant = _meant(told, bouts, known)
        if withdraw and not _corrects(told, known):
            _refuse_withdrawal(told, known)
        if not _corrects(told, known):
            _refuse_the_future(told, bouts)
            _refuse_what_is_gone(told, bouts, known, meant, named=bout is not None)
        changes = tell(log, told)
        parting = _parting(told, bouts, meant, kept_from(log, wearer))
    whose = f", {wearer}'s bout of {iso(meant.start)}" if meant and topic in {*OF_BOUT, START, STOP} else ""
    print(f"{'withdrawn' if withdraw else 'noted'}: {iso(time)} {topic} {told.text}".rstrip() + whose)
    _print_changes(changes)
    if parting:
        print(parting)


def _moment(bouts: Sequence[Span], at: str | None, bout: str | None, wearer: str) -> int:
    if bout is not None:
        return find_bout(bouts, bout, wearer).start
    return clock.time_ns() if at is None else _parsed("--at", at)


def _parsed(option: str, text: str) -> int:
    try:
        return parse_iso(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from error


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
    latest = max([clock.time_ns(), *(span.stop for span in bouts)]) + BEFORE_NS
    if told.time > latest:
        raise ConfigError(f"{iso(told.time)} is yet to come: a {told.topic} note lies before {iso(latest)[:19]}Z")


def _refuse_what_is_gone(
    told: Note, bouts: Sequence[Span], known: Sequence[Note], meant: Span | None, *, named: bool
) -> None:
    """Refuse a note for a bout that is not there, or does not count; of others only where the bout was named."""
    said = about(bouts, known)
    there = [span for span in bouts if not said[span.start].deleted]
    whose, at = told.wearer, iso(told.time)
    if told.topic in OF_BOUT and meant is None and not _announces(told, known):
        raise ConfigError(f"{whose} has no bout to which {told.topic} at {at} could belong; {_near(there, told.time)}")
    if meant is not None and meant not in there and (named or told.topic in OF_BOUT):
        deletions = [n.time for n in standing(known) if n.topic == DELETE and _meant(n, bouts, known) == meant]
        raise ConfigError(
            f"{whose}'s bout of {iso(meant.start)} is deleted; `insole note {whose} delete --at {iso(deletions[0])} "
            f"--withdraw` brings it back; {_near(there, told.time)}"
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


def find_bout(bouts: Sequence[Span], text: str, wearer: str) -> Span:
    """Return the bout that text names: a moment within it, or its start to the minute as `insole bouts` prints it.

    Raises:
        ConfigError: there is none; the nearest ones are named.
    """
    time = _listed("--bout", text)
    stop = time + 60 * SECOND - 1 if len(text) == _MINUTE else time
    found = next((span for span in bouts if span.start <= stop and time <= span.stop), None)
    if found is None:
        raise ConfigError(f"--bout {text}: {wearer} has no bout then; {_near(bouts, time)}")
    return found


def _listed(option: str, text: str) -> int:
    """Return a moment as people write it, or to the minute as `insole bouts` prints it: the minute's start."""
    return _parsed(option, f"{text}Z" if len(text) == _MINUTE else text)


def _near(bouts: Iterable[Span], time: int) -> str:
    nearest = sorted(bouts, key=lambda span: max(span.start - time, time - span.stop))[:NEAREST]
    return "the nearest are: " + (", ".join(iso(span.start) for span in sorted(nearest)) or "none")


def _refuse_withdrawal(told: Note, known: Sequence[Note]) -> None:
    own = [n for n in standing(known) if n.topic == told.topic]
    nearest = sorted(own, key=lambda n: abs(n.time - told.time))[:NEAREST]
    there = ", ".join(iso(n.time) for n in nearest) or "none"
    raise ConfigError(f"there is no {told.topic} note at {iso(told.time)} to withdraw; the nearest are at: {there}")


def list_notes(store: str, wearer: str, *, json: bool) -> None:
    """Print the notes of a wearer that stand, by time."""
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        for told in standing(log.read(Note, wearer)):
            print(jsonlib.dumps(plain(told)) if json else f"{iso(told.time)}  {told.topic:<8} {told.text}")


def again(store: str, wearer: str | None, since: str | None) -> None:
    """Find everything anew from the stored frames, and print the verdicts that changed."""
    begin = None if since is None else _parsed("--since", since)
    with closing(open_log(store)) as log:
        for name in known_wearers(log, wearer):
            _print_again(name, analyze_again(log, name, begin))


def catch_up(store: str) -> None:
    """Analyze what has arrived since the last analysis."""
    with closing(open_log(store)) as log:
        log.claim()
        print(f"analysis: {analyze_all(log)} rows")


def hand_over(
    store: str, wearer: str, bout: str, other: str | None, *, swap: bool, begin: str | None, end: str | None
) -> None:
    """Give a bout to somebody else, or exchange its feet, or both; print the verdicts that changed.

    Raises:
        ConfigError: neither is asked for, or a moment lies outside the bout, or it cannot be done.
    """
    if other is None and not swap:
        raise ConfigError("say who wore the insoles (--to WEARER), or that they were on the wrong feet (--swap-feet)")
    if not swap and (begin or end):
        raise ConfigError("--from and --until say when the feet were exchanged: they go with --swap-feet")
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        span = find_bout(spans(log, wearer), bout, wearer)
        feet = _inside("--from", begin, span, wearer), _inside("--until", end, span, wearer)
        if feet[0] is not None and feet[1] is not None and feet[0] >= feet[1]:
            raise ConfigError(f"--from {begin} does not lie before --until {end}")
        if other is None:
            (start, stop), changes = exchange(log, wearer, span, feet)
            print(f"{wearer}: left and right exchanged from {iso(start)} to {iso(stop)}")
            _print_again(wearer, changes)
            return
        for name, changes in zip((wearer, other), move(log, wearer, span, other, feet if swap else None), strict=True):
            _print_again(name, changes)


def _inside(option: str, text: str | None, bout: Span, wearer: str) -> int | None:
    if text is None:
        return None
    time = _listed(option, text)
    if not bout.start <= time <= bout.stop:
        raise ConfigError(
            f"{option} {text}: {wearer}'s bout lasts from {iso(bout.start)} to {iso(bout.stop)}; "
            f"leave {option} out for its {'start' if option == '--from' else 'end'}"
        )
    return time


def _print_again(wearer: str, changes: Sequence[Change]) -> None:
    count = f"{len(changes) or 'no'} {'verdict' if len(changes) == 1 else 'verdicts'}"
    print(f"{wearer}: analyzed again, {count} changed")
    _print_changes(changes)


def _print_changes(changes: Iterable[Change]) -> None:
    for change in changes:
        one = change.after or change.before
        assert one is not None
        topic = FINDINGS.get(one.topic, one.topic)
        before, after = _said(change.before), _said(change.after)
        if before == after:
            after += " (its numbers changed)"
        print(f"  {iso(one.time)} {topic}: {before} → {after}")


def _said(verdict: Verdict | None) -> str:
    return "nothing" if verdict is None else verdict_text(verdict).title
