"""What a wearer's notes say, and of which bout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, ConfigError
from service.records.notes import (
    AFTER_NS,
    ANNOUNCED_NS,
    LONGEST,
    MAY_BE_MUTED,
    NOTABLE,
    About,
    Span,
    _lasting,
    about,
    bout_of,
    parse_note,
    standing,
    with_unit,
)
from service.records.rows import Note
from service.records.topics import TOPICS

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
MORNING, NOON, NIGHT = Span(10 * HOUR, 11 * HOUR), Span(12 * HOUR, 13 * HOUR), Span(48 * HOUR, 49 * HOUR)
SPANS = [MORNING, NOON, NIGHT]


def note(topic: str, text: str, time: int = MORNING.start) -> Note:
    return Note(time, "ada", topic, text)


@pytest.mark.parametrize(
    ("topic", "text", "kept"),
    [
        ("mass", "70 kg", "70.0 kg"),
        ("mass", "70", "70.0 kg"),
        ("mass", "154 lb", "69.9 kg"),
        ("mass", "154LBS", "69.9 kg"),
        ("mass", "70,5 kg", "70.5 kg"),
        ("pain", "low back 3", "low back 3"),
        ("pain", "3/10 Low  Back", "low back 3"),
        ("pain", "left hip 10", "hip left 10"),
        ("pain", "knee 4", "other 4 knee"),
        ("pain", "other 4", "other 4 "),
        ("pain", "hip right 2; low back 5", "hip right 2, low back 5"),
        ("pain", "0", "0"),
        ("shoes", "  Old   blue ones ", "Old blue ones"),
        ("remark", "👩‍🦰 näher", "👩‍🦰 näher"),
        ("delete", None, "yes"),
        ("start", "Yes", "yes"),
        ("units", "LBS", "lb"),
        ("units", "metric", "kg"),
        ("mute", None, "all"),
        ("mute", "All 2 hours", "all 2"),
        ("mute", "over_pronation", "over_pronation"),
        ("mute", "imbalance  1.5h", "imbalance 1.5"),
        ("mute", "48", "48"),
        ("shoes", "", ""),
        ("mass", "", ""),
        ("pain", "", ""),
    ],
)
def test_a_note_is_kept_in_one_form(topic: str, text: str | None, kept: str) -> None:
    assert parse_note(5, "ada", topic, text) == Note(5, "ada", topic, kept.strip())
    assert parse_note(5, "ada", topic, kept) == parse_note(5, "ada", topic, text)


@pytest.mark.parametrize(
    ("topic", "text", "said"),
    [
        ("weather", "rain", "start, stop, name, shoes, insert, surface, pain, mass, units, mute, delete, remark, "),
        ("weather", "rain", "delete, remark, signs"),
        ("mass", "heavy", "70 kg or 154 lb"),
        ("mass", "7 kg", "15 to 350 kg"),
        ("mass", "70 stone", "70 kg"),
        ("pain", "low back", "0 to 10"),
        ("pain", "low back 11", "0 to 10"),
        ("pain", "low back 3 4", "0 to 10"),
        ("pain", "-3 low back", "0 to 10"),
        ("pain", "3", "where is the pain"),
        ("shoes", None, "what about shoes"),
        ("mass", "1e3 kg", "15 to 350 kg"),
        ("mass", "-70 kg", "15 to 350 kg"),
        ("mass", "9" * 400, "15 to 350 kg"),
        ("mass", "nan kg", "15 to 350 kg"),
        ("mass", "70 kg 154 lb", "70 kg or 154 lb"),
        ("units", "stone", "write kg or lb"),
        ("pain", "low back 3, everywhere", "'everywhere' is no pain"),
        ("pain", "low back 99999999999999999999", "0 to 10"),
        ("delete", "no", "--withdraw takes a note back"),
        ("stop", "at noon", "are a remark"),
        ("mute", "banana", "write all, imbalance, over_pronation"),
        ("mute", "imbalance 9000", "0 to 8784"),
        ("mute", "imbalance -1", "mutes nothing"),
        ("remark", "x" * (LONGEST + 1), "at most 500 characters"),
        ("shoes", "blue\x1b[2J", "control a terminal"),
        ("name", "Ada\udc80", "control a terminal"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(topic: str, text: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_note(5, "ada", topic, text)


def test_what_can_be_muted_is_what_flags_are_about() -> None:
    assert set(MAY_BE_MUTED) == {"all", *TOPICS}


@pytest.mark.parametrize(
    ("text", "read"),
    [("71", "71 kg"), ("70,5", "70,5 kg"), (" 71 ", "71 kg"), ("154 lb", "154 lb"), ("300 lb", "300 lb"), ("x", "x")],
)
def test_a_mass_without_a_unit_is_read_in_the_usual_one(text: str, read: str) -> None:
    notes = [note("mass", "70.0 kg")]
    assert with_unit(text, notes, NOON.start) == read
    assert with_unit("154", [*notes, note("units", "lb")], NOON.start) == "154 lb"
    assert with_unit("154", notes, MORNING.start) == "154 kg", "what is corrected is nothing to go by"
    assert with_unit("154", notes, MORNING.start - 1) == "154 kg"


@pytest.mark.parametrize(("text", "units"), [("154", "kg"), ("70", "lb"), ("0", "kg"), ("106", "kg"), ("46", "kg")])
def test_a_mass_that_is_likely_in_the_other_unit_is_refused(text: str, units: str) -> None:
    notes = [note("mass", "70.0 kg"), note("units", units)]
    with pytest.raises(ConfigError, match=f"far from the 70.0 kg before; write the unit: {text} kg or {text} lb"):
        with_unit(text, notes, NOON.start)


@given(st.sampled_from(sorted(NOTABLE)), st.text(max_size=20))
def test_any_text_is_kept_or_refused_and_what_is_kept_stays(topic: str, text: str) -> None:
    try:
        kept = parse_note(0, "ada", topic, text)
    except ConfigError:
        return
    assert parse_note(0, "ada", topic, kept.text) == kept


def test_the_same_time_and_topic_corrects_and_an_empty_text_withdraws() -> None:
    first, other = note("shoes", "old"), note("surface", "gravel")
    assert standing([first, other, note("shoes", "new")]) == [note("shoes", "new"), other]
    assert standing([first, other, note("shoes", "")]) == [other]


@pytest.mark.parametrize(
    ("time", "span"),
    [
        (MORNING.start - 1, None),
        (MORNING.start, MORNING),
        (MORNING.stop - 1, MORNING),
        (NOON.start - 1, MORNING),
        (NOON.start, NOON),
        (NOON.stop + AFTER_NS, NOON),
        (NOON.stop + AFTER_NS + 1, None),
    ],
)
def test_a_note_is_about_the_bout_that_has_begun(time: int, span: Span | None) -> None:
    assert bout_of(time, SPANS) == span


@pytest.mark.parametrize(
    ("time", "span"),
    [
        (MORNING.start - ANNOUNCED_NS, MORNING),
        (MORNING.start - ANNOUNCED_NS - 1, None),
        (NOON.start - ANNOUNCED_NS, NOON),
        (NOON.start - ANNOUNCED_NS - 1, MORNING),
        (NIGHT.start - 1, NIGHT),
    ],
)
def test_a_start_note_may_come_before_its_bout(time: int, span: Span | None) -> None:
    assert bout_of(time, SPANS, ahead=True) == span


def test_a_start_note_within_a_bout_does_not_look_ahead() -> None:
    close = [Span(0, HOUR), Span(HOUR + 3 * MINUTE, 2 * HOUR)]
    assert bout_of(HOUR - 1, close, ahead=True) == close[0]


def test_what_is_noted_with_a_start_goes_with_it() -> None:
    before = NOON.start - 5 * MINUTE
    alone = about(SPANS, [note("shoes", "blue", before)])
    both = about(SPANS, [note("shoes", "blue", before), note("start", "yes", before)])
    assert (alone[MORNING.start].shoes, alone[NOON.start].shoes) == ("blue", "")
    assert (both[MORNING.start].shoes, both[NOON.start].shoes) == ("", "blue")


def test_each_bout_has_its_own_notes_and_mass_and_name_last() -> None:
    notes = [
        note("shoes", "blue"),
        note("shoes", "red", MORNING.stop + MINUTE),
        note("surface", "track", NOON.start),
        note("pain", "low back 2", NOON.start),
        note("delete", "yes", NOON.start),
        note("mass", "70.0 kg", NOON.start),
        note("name", "Ada", 0),
        note("mass", "69.0 kg", NIGHT.start),
    ]
    assert about(SPANS, notes) == {
        MORNING.start: About(name="Ada", shoes="red"),
        NOON.start: About(name="Ada", mass="70.0 kg", surface="track", pain="low back 2", deleted=True),
        NIGHT.start: About(name="Ada", mass="69.0 kg"),
    }
    assert _lasting(standing(notes), "mass", NOON.start - 1) == ""


def test_shoes_are_the_same_however_they_are_spelt() -> None:
    assert About(shoes="Old Blue").kind == About(shoes="old blue").kind != About().kind


def test_an_insert_is_another_kind_as_other_shoes_are() -> None:
    assert About(shoes="blue", insert="Cork").kind == About(shoes="Blue", insert="cork").kind
    kinds = {said.kind for said in (About(), About(shoes="a"), About(insert="a"), About(shoes="a", insert="a"))}
    assert len(kinds) == 4
    assert About(shoes="blue", insert="cork").worn == "blue + cork"
    assert about(SPANS, [note("insert", "cork")])[MORNING.start] == About(insert="cork")
