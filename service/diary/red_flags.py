"""When the signs that need a doctor are asked about: at first, and when the pain that is noted calls for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from itertools import pairwise

from firmware_bridge import SECOND
from service.records.notes import PAIN, SIGNS, pains, standing
from service.records.rows import Note

STRONG = 7
"""Pain, of 10, at which they are asked about (after Finucane 2020, as the two below)."""
LONG_DAYS = 42
"""Days that pain at one place may last before."""
RISING = 3
"""Days with a note, one after the other, over which pain at one place grew each time."""
GAP_DAYS = 14
"""Without a note for longer than this, pain is not known to have lasted (choice)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Why the signs are shown. `some` : the wearer has said that one of them is there."""

    why: str
    some: bool = False


Felt = list[tuple[date, int]]


def asked(notes: Iterable[Note], zone: tzinfo = UTC) -> Asked | None:
    """Return why a wearer has to be shown the signs before anything else; None where there is no need.

    An answer holds until pain is noted that asks anew; that a sign is there holds until it is said to be gone.
    """
    held = standing(notes)
    answers = [note for note in held if note.topic == SIGNS]
    if not answers:
        return Asked("Before anything is measured: does one of these apply to you?")
    last = answers[-1]
    if last.text == "some":
        return Asked("You said that one of these applies to you.", some=True)
    felt = [note for note in held if note.topic == PAIN]
    fresh = [note for note in felt if note.time > last.time]
    why = next((why for note in reversed(fresh) for why in _calls([n for n in felt if n.time <= note.time], zone)), "")
    return Asked(why) if why else None


def _calls(felt: Sequence[Note], zone: tzinfo) -> Iterator[str]:
    """Yield what the latest of these notes of pain asks for."""
    now = pains(felt[-1].text)
    for place, level in now:
        if level >= STRONG:
            yield f"You noted {level} of 10{_at(place)}. Does one of these apply to you?"
    for place, _ in now:
        days = _days(felt, place, zone)
        latest = [level for _, level in days[-RISING:]]
        if len(latest) == RISING and all(after > before for before, after in pairwise(latest)):
            yield f"Your notes of pain{_at(place)} rose over {RISING} days in a row. Does one of these apply to you?"
        if (lasted := _lasted(days)) > LONG_DAYS:
            weeks = lasted // 7
            yield f"You have noted pain{_at(place)} for {weeks} weeks. Does one of these apply to you?"


def _at(place: str) -> str:
    return f" ({place})" if place else ""


def _days(felt: Sequence[Note], place: str, zone: tzinfo) -> Felt:
    """Return the strongest pain at a place of each day; a note that nothing hurts is about every place."""
    found: dict[date, int] = {}
    for note in felt:
        for where, level in pains(note.text):
            if where == place or not where:
                day = datetime.fromtimestamp(note.time / SECOND, tz=UTC).astimezone(zone).date()
                found[day] = max(level, found.get(day, 0))
    return sorted(found.items())


def _lasted(days: Felt) -> int:
    """Return over how many days pain has been noted without an end."""
    if not days or not days[-1][1]:
        return 0
    first = last = days[-1][0]
    for day, level in reversed(days):
        if not level or (first - day).days > GAP_DAYS:
            break
        first = day
    return (last - first).days
