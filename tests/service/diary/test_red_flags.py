"""When the signs that need a doctor are asked about."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from firmware_bridge import SECOND
from service.diary.red_flags import asked
from service.records.rows import Note

HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOON = 20_000 * DAY + 12 * HOUR


def _pain(day: float, text: str) -> Note:
    return Note(NOON + int(day * DAY), "ada", "pain", text)


def _signs(day: float, text: str = "none") -> Note:
    return Note(NOON + int(day * DAY), "ada", "signs", text)


def _why(*notes: Note) -> str:
    found = asked(notes)
    return found.why if found else ""


def test_they_are_asked_about_at_first_and_not_again() -> None:
    assert _why().startswith("Before anything is measured")
    assert _why(_signs(0)) == ""
    assert _why(_signs(0), Note(_signs(0).time, "ada", "signs", "")).startswith("Before anything")


def test_a_sign_that_is_there_stays_until_it_is_gone() -> None:
    found = asked([_signs(0, "some"), _pain(1, "low back 1")])
    assert found is not None
    assert found.some
    assert asked([_signs(0, "some"), _signs(2)]) is None


@pytest.mark.parametrize(
    ("text", "why"), [("low back 6", ""), ("low back 7", "7 of 10"), ("hip left 2, other 9 knee", "9 of 10")]
)
def test_strong_pain_asks(text: str, why: str) -> None:
    assert (why in _why(_signs(0), _pain(1, text))) is True
    assert bool(_why(_signs(0), _pain(1, text))) is bool(why)


def test_an_answer_holds_until_pain_asks_anew() -> None:
    strong = _pain(1, "low back 8")
    assert _why(_signs(0), strong, _pain(2, "low back 1"))
    assert _why(_signs(0), strong, _signs(1.1), _pain(2, "low back 1")) == ""
    assert _why(_signs(0), strong, _signs(1.1), _pain(2, "low back 7"))


@pytest.mark.parametrize(
    ("levels", "asks"),
    [((1, 2, 3), True), ((1, 3, 3), False), ((3, 2, 3), False), ((2, 3), False), ((5, 1, 2, 4), True)],
)
def test_pain_that_rises_over_three_days_asks(levels: tuple[int, ...], asks: bool) -> None:
    assert bool(_why(_signs(0), *(_pain(k + 1, f"hip left {level}") for k, level in enumerate(levels)))) is asks


def test_several_notes_of_one_day_are_one_and_places_are_apart() -> None:
    assert _why(_signs(0), _pain(1, "low back 1"), _pain(1.1, "low back 2"), _pain(1.2, "low back 3")) == ""
    assert _why(_signs(0), _pain(1, "low back 1"), _pain(2, "hip left 2"), _pain(3, "low back 3")) == ""


@pytest.mark.parametrize(
    ("days", "asks"), [(range(0, 43, 7), False), (range(0, 50, 7), True), (range(0, 61, 15), False)]
)
def test_pain_that_lasts_for_more_than_six_weeks_asks(days: range, asks: bool) -> None:
    notes = [_pain(day, "low back 2") for day in days]
    assert ("weeks" in _why(_signs(-1), *notes)) is asks
    assert _why(_signs(-1), *notes, _pain(17, "0")) == ""


def test_days_are_those_of_the_wearer() -> None:
    late = [_pain(1.2 + k, f"low back {k + 1}") for k in range(3)]
    same = [_pain(1 + k / 10, f"low back {k + 1}") for k in range(3)]
    there = timezone(timedelta(hours=-10))
    assert asked([_signs(0), *late], there)
    assert asked([_signs(0), *same], there) is None
