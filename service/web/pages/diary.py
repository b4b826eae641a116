"""The diary: pain in two taps, what was worn, and what went together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from service.records.notes import PAIN, PLACES, SIGNS, pains
from service.records.rows import Note
from service.records.timestamps import iso
from service.review.days import WORN, Worn, entries, used_before, worn
from service.review.pain_associations import links
from service.web.pages.diary_forms import KEPT, take
from service.web.pages.page import Needs, Page, Visit, day_text
from service.wording.phrases import bout_word

LISTED = 60


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the diary."""

    time: str
    when: str
    topic: str
    text: str
    kept: str  # as it can be typed


def _diary_page(visit: Visit) -> Mapping[str, Any]:
    wearer, zone, given = visit.wearer, visit.zone, visit.typed
    bout = wearer.bouts[-1] if wearer.bouts else None
    said = wearer.said[bout.time] if bout else None
    pickers = [
        (topic, given.get(topic, getattr(said, topic)), used_before(wearer.notes, topic)) for topic in WORN if bout
    ]
    felt = [place for note in entries(wearer.notes, [PAIN])[:1] for place, _ in pains(note.text)]
    lines = [_entry(note, zone) for note in entries(wearer.notes, KEPT)]
    return {
        "places": PLACES,
        "place": given.get("place") or next((place for place in felt if place in PLACES), PLACES[0]),
        "given": given,
        "bout": iso(bout.time) if bout else "",
        "bout_words": f"{bout_word(bout.activity)} of {day_text(bout.time, zone)}" if bout else "",
        "pickers": pickers,
        "lines": lines[:LISTED],
        "more": max(len(lines) - LISTED, 0),
        "shoes": [_wear(one, zone) for one in worn(wearer)],
        "links": links(wearer, zone),
        "error": visit.error,
        "done": _done(visit),
        "changed": _count(visit.query.get("changed", "")),
    }


def _count(text: str) -> int:
    """Return how many statements an address says to have changed; it may be typed by hand."""
    return int(text) if text.isascii() and text.isdigit() else 0


def _done(visit: Visit) -> list[_Line] | str:
    """Return the entries that were just made, "gone" if one was taken back, none if the address names none."""
    text = visit.query.get("done", "")
    if text == "gone":
        return text
    named = set(text.split(","))
    return [_entry(note, visit.zone) for note in visit.wearer.notes if f"{iso(note.time)} {note.topic}" in named]


def _entry(note: Note, zone: tzinfo) -> _Line:
    shown = _WORDS.get((note.topic, note.text), note.text)
    return _Line(iso(note.time), day_text(note.time, zone), note.topic, shown, note.text)


_WORDS = {
    (PAIN, "0"): "nothing hurts: 0",
    (SIGNS, "none"): "that need a doctor: none",
    (SIGNS, "some"): "that need a doctor: there is one",
}


def _wear(one: Worn, zone: tzinfo) -> str:
    runs = f"{one.bouts} {'outing' if one.bouts == 1 else 'outings'}"
    return (
        f"{one.shoes or 'not noted'}: {one.steps:,} steps in {one.hours:.1f} h, {runs}; last {day_text(one.last, zone)}"
    )


DIARY = Page(
    "/diary",
    "Diary",
    "diary.html",
    _diary_page,
    Needs.WEARER,
    empty="Nothing is stored yet. The diary begins with the first insole.",
    write=take,
)
