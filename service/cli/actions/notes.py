"""The commands by which a person says and corrects something: what they change is printed."""

from __future__ import annotations

import json as jsonlib
import time as clock
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime

from firmware_bridge import ConfigError, Log, open_embedded_log, open_log
from service.cli.actions.recordings import known_wearers
from service.diary.corrections import Revision, analyze_again
from service.diary.note_entry import accept
from service.diary.transfer import exchange, move
from service.pipeline.analysis import analyze_all
from service.records.bouts import bout_named, read_bouts
from service.records.json_rows import plain
from service.records.notes import OF_BOUT, START, STOP, Span, standing
from service.records.rows import Note, Verdict
from service.records.timestamps import iso, parse_listed, parse_option
from service.review.pain_associations import links
from service.review.read_model import read_wearer
from service.wording.messages import verdict_text
from service.wording.topics import words_of


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
        time = _moment(log, wearer, at, bout)
        told = accept(log, wearer, topic, text, time, named=bout is not None, withdraw=withdraw)
    whose = f", {wearer}'s bout of {iso(told.bout.start)}" if told.bout and topic in {*OF_BOUT, START, STOP} else ""
    print(f"{'withdrawn' if withdraw else 'noted'}: {iso(time)} {topic} {told.note.text}".rstrip() + whose)
    _print_changes(told.changes)
    if told.parting:
        print(told.parting)


def _moment(log: Log, wearer: str, at: str | None, bout: str | None) -> int:
    if bout is not None:
        return bout_named(read_bouts(log, wearer), bout, wearer).time
    return clock.time_ns() if at is None else parse_option("--at", at)


def list_notes(store: str, wearer: str, *, json: bool) -> None:
    """Print the notes of a wearer that stand, by time."""
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        for told in standing(log.read(Note, wearer)):
            print(jsonlib.dumps(plain(told)) if json else f"{iso(told.time)}  {told.topic:<8} {told.text}")


def tell_links(store: str, wearer: str, *, json: bool) -> None:
    """Print whether pain and the measures went together, in words or as one JSON object."""
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        found = links(read_wearer(log, wearer), datetime.now().astimezone().tzinfo or UTC)
    print(jsonlib.dumps(found.plain) if json else "\n  ".join((found.title, *found.lines)))


def again(store: str, wearer: str | None, since: str | None) -> None:
    """Find everything anew from the stored frames, and print the verdicts that changed."""
    begin = None if since is None else parse_option("--since", since)
    with closing(open_log(store)) as log:
        for name in known_wearers(log, wearer):
            _print_again(name, analyze_again(log, name, begin))


def catch_up(store: str) -> None:
    """Analyze what has arrived since the last analysis."""
    with closing(open_embedded_log(store)) as log:
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
    with closing(open_embedded_log(store)) as log:
        known_wearers(log, wearer)
        span = bout_named(read_bouts(log, wearer), bout, wearer).span
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
    time, _ = parse_listed(option, text)
    if not bout.start <= time <= bout.stop:
        raise ConfigError(
            f"{option} {text}: {wearer}'s bout lasts from {iso(bout.start)} to {iso(bout.stop)}; "
            f"leave {option} out for its {'start' if option == '--from' else 'end'}"
        )
    return time


def _print_again(wearer: str, changes: Sequence[Revision]) -> None:
    count = f"{len(changes) or 'no'} {'verdict' if len(changes) == 1 else 'verdicts'}"
    print(f"{wearer}: analyzed again, {count} changed")
    _print_changes(changes)


def _print_changes(changes: Iterable[Revision]) -> None:
    for change in changes:
        one = change.after or change.before
        assert one is not None
        topic = words_of(one.topic).title
        before, after = _said(change.before), _said(change.after)
        if before == after:
            after += " (its numbers changed)"
        print(f"  {iso(one.time)} {topic}: {before} → {after}")


def _said(verdict: Verdict | None) -> str:
    return "nothing" if verdict is None else verdict_text(verdict).title
