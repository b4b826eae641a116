"""What each form of the diary does: pain in two taps, what was worn, a remark, the signs, and corrections of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from firmware_bridge import SECOND, ConfigError
from service.diary.note_entry import Accepted, accept
from service.records.notes import PAIN, PLACES, REMARK, SIGNS, bout_of, parse_note
from service.records.rows import Note
from service.records.timestamps import iso, parse_iso
from service.review.days import WORN, entries
from service.review.read_model import Wearer
from service.web.pages.page import Fields, Visit, address

KEPT = (PAIN, *WORN, REMARK, SIGNS)
"""What the diary shows, corrects and takes back; the rest is for the command line."""
JOINED_NS = 15 * 60 * SECOND
"""Places that are noted so soon after another belong to the same note."""
_Put = Callable[..., Accepted]
_LEVELS = frozenset(str(level) for level in range(11))


def take(visit: Visit, fields: Fields) -> str:
    """Take what a form of the diary brings; return the address of the diary that says what was done.

    Raises:
        ConfigError: it is no form of the diary, or cannot be noted.
    """
    what = fields.get("what", "")
    if what not in _FORMS:
        raise ConfigError("that is no form of the diary; nothing was noted")
    told = _FORMS[what](partial(accept, visit.log, visit.name), fields, (visit.now, visit.wearer))
    stand = [f"{iso(one.note.time)} {one.note.topic}" for one in told if one.note.text]
    changed = sum(len(one.changes) for one in told)
    return address("/diary", visit.name, done=",".join(stand) or "gone", changed=str(changed))


def _pain(put: _Put, fields: Fields, context: tuple[int, Wearer]) -> list[Accepted]:
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
    spans = [bout.span for bout in wearer.bouts]
    last = next(iter(entries(wearer.notes, [PAIN])), None)
    if last is None or not 0 <= now - last.time <= JOINED_NS:
        return None
    return last if bout_of(last.time, spans) == bout_of(now, spans) else None


def _wear_form(put: _Put, fields: Fields, context: tuple[int, Wearer]) -> list[Accepted]:
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


def _put_or_withdraw(put: _Put, topic: str, text: str, start: int, wearer: Wearer) -> list[Accepted]:
    """Note it at the bout's start; an empty text, and what was noted elsewhere of this bout, is taken back."""
    spans = [bout.span for bout in wearer.bouts]
    about = [
        n for n in entries(wearer.notes, [topic]) if (b := bout_of(n.time, spans, ahead=True)) and b.start == start
    ]
    told = [put(topic, None, note.time, withdraw=True) for note in about if note.time != start or not text]
    return [*told, put(topic, text, start, named=True)] if text else told


def _remark(put: _Put, fields: Fields, context: tuple[int, Wearer]) -> list[Accepted]:
    text = fields.get("remark", "")
    if not text.strip():
        raise ConfigError("there is no text; nothing was noted")
    return [put(REMARK, text, context[0])]


def _signs(put: _Put, fields: Fields, context: tuple[int, Wearer]) -> list[Accepted]:
    return [put(SIGNS, fields.get("signs", ""), context[0])]


def _correct(put: _Put, fields: Fields, context: tuple[int, Wearer]) -> list[Accepted]:
    topic, time_ = _own(fields, context[1])
    text = fields.get("text", "")
    if not text.strip():
        raise ConfigError("there is no text; to take the note back, press Delete")
    return [put(topic, text, time_)]


def _withdraw(put: _Put, fields: Fields, context: tuple[int, Wearer]) -> list[Accepted]:
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


_FORMS: Mapping[str, Callable[[_Put, Fields, tuple[int, Wearer]], list[Accepted]]] = {
    "pain": _pain,
    "worn": _wear_form,
    "remark": _remark,
    "signs": _signs,
    "correct": _correct,
    "withdraw": _withdraw,
}
"""What each form of the diary does."""
