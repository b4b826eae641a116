"""What a wearer's notes say, and of which bout.

A note with the time and topic of an earlier one corrects it; one with an empty text withdraws it. Steps and blocks
never depend on notes, a stop note apart; verdicts follow them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firmware_bridge import SECOND, ConfigError
from service.records.rows import Note
from service.records.topics import TOPICS

START, STOP, NAME, SHOES, INSERT, SURFACE = "start", "stop", "name", "shoes", "insert", "surface"
PAIN, MASS, MASS_UNIT, MUTE, DELETE, REMARK = "pain", "mass", "units", "mute", "delete", "remark"
SIGNS = "signs"
NOTABLE: Mapping[str, str] = {
    START: "a run or walk begins; what is noted for the same moment belongs to it, too",
    STOP: "the run or walk ends here: steps after it are another one's",
    NAME: "what the wearer is called, from then on",
    SHOES: "what was worn; a run is compared with those in the same shoes",
    INSERT: "what lay in the shoes, apart from the sensing insole; a run is compared with those on the same one",
    SURFACE: "what was run or walked on",
    PAIN: "where, and how much from 0 to 10: low back 3, hip left 2, knee 4",
    MASS: "of the body, from then on: 70 kg, 154 lb",
    MASS_UNIT: "of a mass that is written without one, from then on: kg or lb",
    MUTE: "no alerts for some hours: all 24, imbalance 2, over_pronation 48",
    DELETE: "it was no run or walk of this wearer: later ones are not compared with it",
    REMARK: "anything else",
    SIGNS: "whether one of the signs that need a doctor is there: none or some",
}
"""What can be noted, and what it means."""

OF_BOUT = frozenset({SHOES, INSERT, SURFACE, DELETE})
"""Topics that say nothing without a bout."""
JUDGED = frozenset({START, SHOES, INSERT, DELETE})
"""Topics that verdicts depend on."""
PLACES = ("low back", "hip left", "hip right", "other")
"""Where pain is asked for."""

AFTER_NS = 12 * 3600 * SECOND
"""How long after a bout a note may still mean it: shoes are often entered in the evening."""
ANNOUNCED_NS = 30 * 60 * SECOND
"""How long before a bout it may be announced by a start note."""

LONGEST = 500
"""Characters of a note."""
MAY_BE_MUTED = ("all", *(topic.name for topic in TOPICS.values() if topic.may_be_muted))
"""Of what alerts can be muted: everything, or one topic of flags."""
MOST_HOURS = 24 * 366

_WITHOUT_TEXT = {START: "yes", STOP: "yes", DELETE: "yes", MUTE: "all"}
_JOINERS = "\u200c\u200d"  # of letters and of pictures: not seen, but part of what is
_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_BARE = re.compile(_NUMBER, re.ASCII)
_MASS = re.compile(rf"{_NUMBER}\s*(kg|lbs?|)", re.IGNORECASE | re.ASCII)
_MASS_UNITS = {"kg": "kg", "metric": "kg", "lb": "lb", "lbs": "lb", "imperial": "lb"}
_KG = {"kg": 1.0, "": 1.0, "lb": 0.453_592_37, "lbs": 0.453_592_37}
_LEAST_KG, _MOST_KG = 15.0, 350.0
_LEAP = 1.5
"""By which factor nobody's mass changes between two notes; kilograms taken for pounds are off by 2.2."""
_MUTE = re.compile(rf"(?:({'|'.join(MAY_BE_MUTED)})\b)?\s*(?:(\d{{1,6}}(?:\.\d{{1,6}})?)\s*(?:h|hours?)?)?", re.ASCII)
_LEVEL_WITHIN = re.compile(r"\b(\d{1,2})\b")
_PLACE_WITHIN = re.compile(r"[^\d,/]+")
_LEVEL = re.compile(r"(?:^|(?<=\s))(\d+)(?:\s*/\s*10)?(?=\s|$)", re.ASCII)


class Span(NamedTuple):
    """A bout in time (UTC ns): its first contact, and its end as far as that is known."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class About:
    """What the notes say of one bout; "" where they say nothing."""

    name: str = ""
    mass: str = ""
    shoes: str = ""
    surface: str = ""
    pain: str = ""
    remark: str = ""
    deleted: bool = False
    insert: str = ""

    @property
    def worn(self) -> str:
        """Shoes and insert as they are shown."""
        return " + ".join(part for part in (self.shoes, self.insert) if part)

    @property
    def kind(self) -> str:
        """Shoes and insert as they are compared; those that nobody named are a kind of their own.

        An insert lies between foot and insole and moves load as other shoes do, so it makes another kind.
        """
        return "\n".join(part.casefold() for part in (self.shoes, self.insert) if part or self.insert)

    @property
    def basis(self) -> tuple[str, bool]:
        """What verdicts depend on."""
        return self.kind, self.deleted


def parse_note(time: int, wearer: str, topic: str, text: str | None = None) -> Note:
    """Return a note in the form in which it is kept: masses in kg, pain as places with numbers.

    `text` may be missing where the topic says it all; an empty one withdraws what was noted at that time.

    Raises:
        ConfigError: no such topic, or a text that does not fit it.
    """
    if topic not in NOTABLE:
        raise ConfigError(f"there is no topic {topic!r} to note; there are: {', '.join(NOTABLE)}")
    if text is None:
        if topic not in _WITHOUT_TEXT:
            raise ConfigError(f"what about {topic}? Write it behind the topic ({NOTABLE[topic]})")
        text = _WITHOUT_TEXT[topic]
    plain = " ".join(text.split())
    if len(plain) > LONGEST or not all(char.isprintable() or char in _JOINERS for char in plain):
        raise ConfigError(f"{plain[:40]!r} is no note: at most {LONGEST} characters, none of which control a terminal")
    if plain and topic in _FORMS:
        plain = _FORMS[topic](plain)
    return Note(time, wearer, topic, plain)


def with_unit(text: str, notes: Sequence[Note], time: int) -> str:
    """Return a mass with its unit: the one that the notes (standing) say where none is written, else kilograms.

    Raises:
        ConfigError: no unit is written, and the mass is far from the one that holds: it is likely the other unit.
    """
    if not _BARE.fullmatch(text.strip()):
        return text
    number, unit = text.strip(), _lasting(notes, MASS_UNIT, time) or "kg"
    was = _lasting([note for note in notes if note.time != time], MASS, time)
    if was and not 1 / _LEAP <= float(number.replace(",", ".")) * _KG[unit] / float(was.split()[0]) <= _LEAP:
        raise ConfigError(f"{number} {unit} is far from the {was} before; write the unit: {number} kg or {number} lb")
    return f"{number} {unit}"


def _mass(text: str) -> str:
    found = _MASS.fullmatch(text)
    kg = float(found[1].replace(",", ".")) * _KG[found[2].lower()] if found else 0.0
    if not _LEAST_KG <= kg <= _MOST_KG:
        raise ConfigError(
            f"{text!r} is no mass of a person; write kilograms or pounds, like 70 kg or 154 lb "
            f"({_LEAST_KG:.0f} to {_MOST_KG:.0f} kg)"
        )
    return f"{kg:.1f} kg"


def _units(text: str) -> str:
    if text.lower() not in _MASS_UNITS:
        raise ConfigError(f"{text!r} is no unit of mass here; write kg or lb")
    return _MASS_UNITS[text.lower()]


def _mute(text: str) -> str:
    found = _MUTE.fullmatch(text.lower())
    if found is None or float(found[2] or 0) > MOST_HOURS:
        raise ConfigError(
            f"{text!r} mutes nothing; write {', '.join(MAY_BE_MUTED)}, and for how many hours (0 to {MOST_HOURS}; 24 "
            "where it is not said), like imbalance 2"
        )
    return " ".join(part for part in found.groups() if part)


def _nothing(text: str) -> str:
    if text.lower() != "yes":
        raise ConfigError(
            f"{text!r} is not understood: nothing is written behind start, stop and delete; words of your own are a "
            "remark, and --withdraw takes a note back"
        )
    return "yes"


def _signs(text: str) -> str:
    if text.lower() not in {"none", "some"}:
        raise ConfigError(f"{text!r} does not say whether a sign that needs a doctor is there; write none or some")
    return text.lower()


def _pains(text: str) -> str:
    return ", ".join(_pain(part) for part in re.split(r"\s*[,;]\s*", text))


def _pain(text: str) -> str:
    """Return one place and its number in their order; what is no known place is kept behind "other"."""
    found = _LEVEL.findall(text)
    if len(found) != 1 or int(found[0]) > 10:
        raise ConfigError(f"{text!r} is no pain; write a place and one number from 0 to 10: {_examples()}")
    level, words = int(found[0]), _LEVEL.sub(" ", text).lower().split()
    if not words:
        if level:
            raise ConfigError(f"where is the pain of {level}? Write the place: {_examples()}")
        return "0"
    place = next((known for known in PLACES if sorted(known.split()) == sorted(words)), "")
    if place:
        return f"{place} {level}"
    return f"other {level} {' '.join(word for word in words if word != 'other')}"


def pains(text: str) -> list[tuple[str, int]]:
    """Return places and levels of a pain note: "low back 3, hip left 2". No place where nothing hurt at all."""
    found = []
    for part in text.split(","):
        level, place = _LEVEL_WITHIN.search(part), _PLACE_WITHIN.search(part)
        if level is not None:
            found.append((place[0].strip() if place else "", min(int(level[1]), 10)))
    return found


def _examples() -> str:
    return ", ".join(f"{place} 3" for place in PLACES)


_FORMS: Mapping[str, Callable[[str], str]] = {
    START: _nothing,
    STOP: _nothing,
    DELETE: _nothing,
    PAIN: _pains,
    MASS: _mass,
    MASS_UNIT: _units,
    MUTE: _mute,
    SIGNS: _signs,
}
"""How the text of a topic is checked and brought into the form in which it is kept."""


def standing(notes: Iterable[Note]) -> list[Note]:
    """Return the notes that hold, by time: the last of each time and topic, unless it was withdrawn."""
    last = {(note.time, note.topic): note for note in notes}
    return [last[key] for key in sorted(last) if last[key].text]


def bout_of(time: int, spans: Sequence[Span], *, ahead: bool = False) -> Span | None:
    """Return which of the bouts (by start) something noted at a time is about.

    The one that has begun by then, while it lasts and up to 12 h later if no other has begun. With `ahead`, as for a
    start note, one that begins within 30 min comes before one that is over.
    """
    k = bisect_right(spans, time, key=lambda span: span.start)
    last = spans[k - 1] if k and time <= spans[k - 1].stop + AFTER_NS else None
    following = spans[k] if k < len(spans) and spans[k].start <= time + ANNOUNCED_NS else None
    if ahead and following is not None and (last is None or time > last.stop):
        return following
    return last


def about(spans: Sequence[Span], notes: Iterable[Note]) -> dict[int, About]:
    """Return what the notes say of each bout (by start). Of several notes on a topic the latest one counts.

    Mass and name hold from their time on; the rest is about one bout alone.
    """
    held = standing(notes)
    starts = {note.time for note in held if note.topic == START}
    names, masses = ([note for note in held if note.topic == topic] for topic in (NAME, MASS))
    said: dict[int, dict[str, str]] = {span.start: {} for span in spans}
    for note in held:
        if note.topic in {NAME, MASS}:
            continue
        bout = bout_of(note.time, spans, ahead=note.time in starts)
        if bout is not None:
            said[bout.start][note.topic] = note.text
    return {
        span.start: About(
            name=_lasting(names, NAME, span.stop),
            mass=_lasting(masses, MASS, span.stop),
            shoes=said[span.start].get(SHOES, ""),
            insert=said[span.start].get(INSERT, ""),
            surface=said[span.start].get(SURFACE, ""),
            pain=said[span.start].get(PAIN, ""),
            remark=said[span.start].get(REMARK, ""),
            deleted=DELETE in said[span.start],
        )
        for span in spans
    }


def _lasting(notes: Sequence[Note], topic: str, time: int) -> str:
    """Return what holds at a time by the notes (standing, by time) on a topic that lasts; "" where nothing does."""
    return next((note.text for note in reversed(notes) if note.topic == topic and note.time <= time), "")
