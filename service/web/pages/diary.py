"""The diary: pain in two taps, what was worn, and what went together; and the page of what one can do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Query
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from firmware_bridge import SECOND, ConfigError, Log, Unavailable
from service.diary.note_entry import Entry, accept
from service.diary.red_flags import asked
from service.records.notes import PAIN, PLACES, REMARK, SIGNS, Span, bout_of, pains, parse_note
from service.records.rows import Note
from service.records.timestamps import iso, parse_iso
from service.review.days import WORN, Worn, entries, used_before, worn
from service.review.pain_associations import links
from service.review.read_model import Wearer, read_wearer
from service.web.pages.forms import fields_of
from service.web.pages.runs import address, day_text, zone_here
from service.wording import guidance
from service.wording.phrases import bout_word
from service.wording.topics import PATTERNS

KEPT = (PAIN, *WORN, REMARK, SIGNS)
"""What the diary shows, corrects and takes back; the rest is for the command line."""
JOINED_NS = 15 * 60 * SECOND
"""Places that are noted so soon after another belong to the same note."""
LISTED = 60
_HEADERS = {"Cache-Control": "no-store"}
Text = Annotated[str | None, Query(max_length=200)]
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the diary."""

    time: str
    when: str
    topic: str
    text: str
    kept: str  # as it can be typed


def add_diary(app: FastAPI, log: Log, templates: Environment, now: Callable[[], int] = time.time_ns) -> None:
    """Add the pages /diary and /help, and what the diary's forms send."""
    pages = _Diary(log, templates, now)
    html: dict[str, Any] = {"response_class": HTMLResponse, "include_in_schema": False}

    @app.get("/diary", **html)
    def diary_page(wearer: Text = None, done: Text = None, changed: int = 0) -> HTMLResponse:
        return pages.show(wearer, done=done, changed=changed)

    @app.get("/help", **html)
    def help_page(wearer: Text = None) -> HTMLResponse:
        return pages.help(wearer)

    @app.post("/diary", **html)
    async def write(request: Request) -> Response:
        try:
            fields = await fields_of(request)
        except ConfigError as error:
            text = str(error)
            return await asyncio.to_thread(pages.notice, "Nothing was noted", _sentence(text), 422)
        try:
            return await asyncio.to_thread(pages.write, fields)
        except Unavailable as error:
            text = f"The store did not take it: {error}. Go back, your text is still there, and try again."
            return await asyncio.to_thread(pages.notice, "Nothing was noted", text, 503)


class _Diary:
    """Writes the pages of one log, and takes what their forms bring."""

    def __init__(self, log: Log, templates: Environment, now: Callable[[], int]) -> None:
        self._log, self._templates, self._now = log, templates, now

    def show(
        self,
        name: str | None,
        *,
        done: str | None = None,
        changed: int = 0,
        error: str = "",
        given: Fields | None = None,
    ) -> HTMLResponse:
        """Write the diary, with what was typed (`given`) where it could not be taken."""
        known = self._log.wearers()
        if name is not None and name not in known:
            return self.notice("Nobody of that name", "Nothing is stored of a wearer of that name.", 404)
        if not known:
            return self.notice("No data yet", "Nothing is stored yet. The diary begins with the first insole.", 200)
        wearer = read_wearer(self._log, name or known[0])
        values = self._values(wearer, given or {})
        values |= {"error": error, "done": _done(wearer, done), "changed": max(changed, 0)}
        return self._page("diary.html", wearer, "Diary", 422 if error else 200, **values)

    def help(self, name: str | None) -> HTMLResponse:
        """Write what one can do, for each pattern."""
        known = self._log.wearers()
        chosen = name if name in known else known[0] if known else None
        wearer = read_wearer(self._log, chosen) if chosen else None
        return self._page("help.html", wearer, "Help", patterns=PATTERNS)

    def write(self, fields: Fields) -> Response:
        """Take what a form brings: go back to the diary, or show it with what was typed and what is wrong with it."""
        name = fields.get("wearer", "")
        if name not in self._log.wearers():
            return self.notice("Nothing was noted", "The form names nobody who is known here.", 404)
        try:
            told = self._taken(name, fields)
        except ConfigError as error:
            return self.show(name, error=_sentence(str(error)), given=fields)
        stand = [f"{iso(one.note.time)} {one.note.topic}" for one in told if one.note.text]
        done = ",".join(stand) or "gone"
        changed = sum(len(one.changes) for one in told)
        return RedirectResponse(address("/diary", name, done=done, changed=str(changed)), 303, headers=_HEADERS)

    def notice(self, title: str, text: str, status: int) -> HTMLResponse:
        """Write a page that says one thing, without a look at the store."""
        given = {"guidance": guidance, "here": "Diary", "wearer": "", "wearers": [], "drawn": False, "asks": None}
        page = self._templates.get_template("notice.html").render(given | {"title": title, "text": text})
        return HTMLResponse(page, status, headers=_HEADERS)

    def _taken(self, name: str, fields: Fields) -> list[Entry]:
        what = fields.get("what", "")
        if what not in _FORMS:
            raise ConfigError("that is no form of the diary; nothing was noted")
        return _FORMS[what](partial(accept, self._log, name), fields, self._context(name))

    def _context(self, name: str) -> tuple[int, Wearer]:
        return self._now(), read_wearer(self._log, name)

    def _values(self, wearer: Wearer, given: Fields) -> dict[str, Any]:
        zone = zone_here()
        bout = wearer.bouts[-1] if wearer.bouts else None
        said = wearer.said[bout.time] if bout else None
        pickers = [
            (topic, given.get(topic, getattr(said, topic)), used_before(wearer.notes, topic)) for topic in WORN if bout
        ]
        felt = [place for note in entries(wearer.notes, [PAIN])[:1] for place, _ in pains(note.text)]
        lines = [_line(note, zone) for note in entries(wearer.notes, KEPT)]
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
        }

    def _page(self, template: str, wearer: Wearer | None, at: str, status: int = 200, **values: Any) -> HTMLResponse:
        name = wearer.name if wearer else ""
        asks = asked(wearer.notes, zone_here()) if wearer else None
        shared = {"guidance": guidance, "here": at, "wearer": name, "wearers": self._log.wearers() if name else []}
        text = self._templates.get_template(template).render({**shared, "drawn": False, "asks": asks, **values})
        return HTMLResponse(text, status, headers=_HEADERS)


Put = Callable[..., Entry]


_LEVELS = frozenset(str(level) for level in range(11))


def _pain(put: Put, fields: Fields, context: tuple[int, Wearer]) -> list[Entry]:
    now, wearer = context
    level, place = fields.get("level", "").strip(), fields.get("place", "")
    if level not in _LEVELS:
        raise ConfigError("choose a number from 0 to 10; nothing was noted")
    if place not in {*PLACES, "none"}:
        raise ConfigError("choose where it hurts; nothing was noted")
    where = " ".join(fields.get("where", "").replace(",", " ").replace(";", " ").split())
    if any(char.isdigit() for char in where):
        raise ConfigError("name the other place without a number; nothing was noted")
    told = f"{place} {level} {where if place == 'other' else ''}".strip()
    before = _just_noted(now, wearer)
    if place == "none" or before is None:
        return [put(PAIN, "0" if place == "none" else told, now)]
    own = told.rpartition(f" {level}")[0] if place != "other" else "other"
    kept = [part for part in before.text.split(", ") if _place(part) not in {own, "0", ""}]
    answered = any(note.topic == SIGNS and note.time >= before.time for note in wearer.notes)
    return [
        put(PAIN, ", ".join([*kept, told]), now if answered else before.time)
    ]  # later than the answer: it asks anew


def _place(part: str) -> str:
    return next((place for place in PLACES if part.startswith(f"{place} ")), "")


def _just_noted(now: int, wearer: Wearer) -> Note | None:
    """Return a note of pain of the last minutes that is about the same bout."""
    spans = [Span(bout.time, bout.stop) for bout in wearer.bouts]
    last = next(iter(entries(wearer.notes, [PAIN])), None)
    if last is None or not 0 <= now - last.time <= JOINED_NS:
        return None
    return last if bout_of(last.time, spans) == bout_of(now, spans) else None


def _wear_form(put: Put, fields: Fields, context: tuple[int, Wearer]) -> list[Entry]:
    _, wearer = context
    start = _moment(fields, "bout")
    if wearer.bout(start) is None:
        raise ConfigError("that run or walk is not there any more; nothing was noted")
    said = wearer.said[start]
    texts = [(topic, fields.get(f"new_{topic}", "").strip() or fields.get(topic, "")) for topic in WORN]
    notes = [parse_note(start, wearer.name, topic, text) for topic, text in texts]  # all of them, before any is put
    told = [
        one
        for note in notes
        if note.text != getattr(said, note.topic)
        for one in _put_or_withdraw(put, note.topic, note.text, start, wearer)
    ]
    if not told:
        raise ConfigError("that is what was noted already; nothing was changed")
    return told


def _put_or_withdraw(put: Put, topic: str, text: str, start: int, wearer: Wearer) -> list[Entry]:
    """Note it at the bout's start; an empty text, and what was noted elsewhere of this bout, is taken back."""
    spans = [Span(bout.time, bout.stop) for bout in wearer.bouts]
    about = [
        n for n in entries(wearer.notes, [topic]) if (b := bout_of(n.time, spans, ahead=True)) and b.start == start
    ]
    told = [put(topic, None, note.time, withdraw=True) for note in about if note.time != start or not text]
    return [*told, put(topic, text, start, named=True)] if text else told


def _remark(put: Put, fields: Fields, context: tuple[int, Wearer]) -> list[Entry]:
    text = fields.get("remark", "")
    if not text.strip():
        raise ConfigError("there is no text; nothing was noted")
    return [put(REMARK, text, context[0])]


def _signs(put: Put, fields: Fields, context: tuple[int, Wearer]) -> list[Entry]:
    return [put(SIGNS, fields.get("signs", ""), context[0])]


def _correct(put: Put, fields: Fields, context: tuple[int, Wearer]) -> list[Entry]:
    topic, time_ = _own(fields, context[1])
    text = fields.get("text", "")
    if not text.strip():
        raise ConfigError("there is no text; to take the note back, press Delete")
    return [put(topic, text, time_)]


def _withdraw(put: Put, fields: Fields, context: tuple[int, Wearer]) -> list[Entry]:
    topic, time_ = _own(fields, context[1])
    return [put(topic, None, time_, withdraw=True)]


def _own(fields: Fields, wearer: Wearer) -> tuple[str, int]:
    """Return topic and time of a note that stands in the diary."""
    topic, moment = fields.get("topic", ""), _moment(fields, "time")
    if topic not in KEPT or all((note.topic, note.time) != (topic, moment) for note in wearer.notes):
        raise ConfigError("that note is not there any more; nothing was changed")
    return topic, moment


def _moment(fields: Fields, name: str) -> int:
    try:
        return parse_iso(fields.get(name, ""))
    except ValueError as error:
        raise ConfigError("that is no form of the diary; nothing was noted") from error


_FORMS: Mapping[str, Callable[[Put, Fields, tuple[int, Wearer]], list[Entry]]] = {
    "pain": _pain,
    "worn": _wear_form,
    "remark": _remark,
    "signs": _signs,
    "correct": _correct,
    "withdraw": _withdraw,
}
"""What each form of the diary does."""


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" if text else text


def _done(wearer: Wearer, text: str | None) -> list[_Line] | str:
    """Return the entries that were just made, "gone" if one was taken back, none if the address names none."""
    if text == "gone":
        return text
    named = set((text or "").split(","))
    return [_line(note, zone_here()) for note in wearer.notes if f"{iso(note.time)} {note.topic}" in named]


def _line(note: Note, zone: Any) -> _Line:
    shown = _WORDS.get((note.topic, note.text), note.text)
    return _Line(iso(note.time), day_text(note.time, zone), note.topic, shown, note.text)


_WORDS = {
    (PAIN, "0"): "nothing hurts: 0",
    (SIGNS, "none"): "that need a doctor: none",
    (SIGNS, "some"): "that need a doctor: there is one",
}


def _wear(one: Worn, zone: Any) -> str:
    runs = f"{one.bouts} {'outing' if one.bouts == 1 else 'outings'}"
    return (
        f"{one.shoes or 'not noted'}: {one.steps:,} steps in {one.hours:.1f} h, {runs}; last {day_text(one.last, zone)}"
    )
