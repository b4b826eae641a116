"""The commands by which a person says and corrects something: what they change is printed."""

from __future__ import annotations

import json as jsonlib
import time as clock
from collections.abc import Iterable, Sequence
from contextlib import closing

from firmware_bridge import SECOND, ConfigError, open_log
from service.analysis import analyze_all
from service.corrections import Change, analyze_again, move, spans, tell
from service.listing import known_wearers
from service.messages import TOPICS as FINDINGS
from service.messages import verdict_text
from service.notes import OF_BOUT, START, STOP, Span, bout_of, checked, standing
from service.plain import plain
from service.rows import Note, Verdict
from service.when import iso, parse_iso

NEAREST = 3
"""Bouts that are listed where one is not found."""


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
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        bouts = spans(log, wearer)
        time = _moment(bouts, at, bout, wearer)
        told = checked(time, wearer, topic, "" if withdraw else text)
        known = log.read(Note, wearer)
        if withdraw and not any((n.time, n.topic) == (time, topic) and n.text for n in known):
            _refuse_withdrawal(told, known)
        ahead = any(n.time == time for n in standing(known) if n.topic == START) or topic == START
        about = bout_of(time, bouts, ahead=ahead)
        if topic in OF_BOUT and about is None and not ahead:
            raise ConfigError(
                f"{wearer} has no bout to which {topic} at {iso(time)} could belong; {_near(bouts, time)}"
            )
        changes = tell(log, told)
    whose = f", {wearer}'s bout of {iso(about.start)}" if about and topic in {*OF_BOUT, START, STOP} else ""
    print(f"{'withdrawn' if withdraw else 'noted'}: {iso(time)} {topic} {told.text}".rstrip() + whose)
    _print_changes(changes)
    if topic == STOP and bouts and time < bouts[-1].stop:
        print(f"it parts the bout with: insole analyze --again {wearer} --since {iso(about.start if about else time)}")


def _moment(bouts: Sequence[Span], at: str | None, bout: str | None, wearer: str) -> int:
    if bout is not None:
        return find_bout(bouts, bout, wearer).start
    return clock.time_ns() if at is None else _parsed("--at", at)


def _parsed(option: str, text: str) -> int:
    try:
        return parse_iso(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from error


def find_bout(bouts: Sequence[Span], text: str, wearer: str) -> Span:
    """Return the bout that text names: a moment within it, or its start to the minute as `insole bouts` prints it.

    Raises:
        ConfigError: there is none; the nearest ones are named.
    """
    minute = len(text) == len("2026-05-01 06:30")
    time = _parsed("--bout", f"{text}Z" if minute else text)
    stop = time + 60 * SECOND - 1 if minute else time
    found = next((span for span in bouts if span.start <= stop and time <= span.stop), None)
    if found is None:
        raise ConfigError(f"--bout {text}: {wearer} has no bout then; {_near(bouts, time)}")
    return found


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
            changes = analyze_again(log, name, begin)
            print(f"{name}: analyzed again, {_count(changes)}")
            _print_changes(changes)


def catch_up(store: str) -> None:
    """Analyze what has arrived since the last analysis."""
    with closing(open_log(store)) as log:
        log.claim()
        print(f"analysis: {analyze_all(log)} rows")


def hand_over(store: str, wearer: str, bout: str, other: str) -> None:
    """Give a bout to somebody else, and print the verdicts of both that changed."""
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        span = find_bout(spans(log, wearer), bout, wearer)
        for name, changes in zip((wearer, other), move(log, wearer, span, other), strict=True):
            print(f"{name}: analyzed again, {_count(changes)}")
            _print_changes(changes)


def _count(changes: Sequence[Change]) -> str:
    return f"{len(changes) or 'no'} {'verdict' if len(changes) == 1 else 'verdicts'} changed"


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
