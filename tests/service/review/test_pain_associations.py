"""What is said of pain and the measures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, Log
from service.records.rows import Note
from service.review.correlation import Association
from service.review.days import DAY_STEPS, Days, days, used_before, worn
from service.review.pain_associations import _said, links
from service.review.read_model import read_wearer
from tests.walkers.sole_rows import DAY, FIRST, put_bout
from tests.walkers.web_rows import WEARER, a_log

HELD = Days(date(2026, 1, 1), np.ones(40), {DAY_STEPS: np.ones(40)})


def _one(measure: str = DAY_STEPS, **values: object) -> Association:
    given: dict[str, object] = {"to_pain": True, "days": 31, "effect": 0.8, "low": 0.3, "high": 1.2, "chance": 0.001}
    return Association(measure, **(given | {"reliable": False} | values))  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


def test_the_usual_answer_is_that_there_is_no_reliable_link() -> None:
    told = _said(HELD, [_one(), _one(to_pain=False, days=29)])
    assert told.title == "No reliable link in your data yet (n = 31)"
    assert "both directions" in told.lines[0]


def test_too_few_days_say_how_many_there_are() -> None:
    assert _said(None, []).title == "Too few days to look for a link yet (0 of 28)"
    short = Days(HELD.first, np.ones(12), {DAY_STEPS: np.ones(12)})
    assert _said(short, []).title == "Too few days to look for a link yet (11 of 28)"


def test_a_link_went_together_and_the_other_direction_is_said_too() -> None:
    told = _said(HELD, [_one(reliable=True), _one(to_pain=False, effect=-40.0, low=-90.0, high=10.0)])
    assert told.lines[0] == (
        "Days after more steps went together with more pain: 0.8 points of 10 for a usual swing of it (95 % interval "
        "0.3 to 1.2, n = 31)."
    )
    assert told.lines[1] == "Days after more pain: no reliable link with steps (n = 31)."
    assert "pain itself changes how feet are loaded" in " ".join(told.lines)


@pytest.mark.parametrize(
    ("effect", "words"), [(1.5, "a shift to the right in ground contact time"), (-1.5, "a shift to the left in ground")]
)
def test_pain_that_came_first_is_said_with_its_side(effect: float, words: str) -> None:
    low, high = sorted((effect * 0.5, effect * 1.5))
    found = [_one("contact_time_si_pct", to_pain=False, effect=effect, low=low, high=high, reliable=True)]
    told = _said(HELD, found)
    assert f"Days after more pain went together with {words}" in told.lines[0]
    assert "too few days" in told.lines[1]


def test_days_hold_the_strongest_pain_the_steps_and_what_was_measured(log: Log) -> None:
    put_bout(log, FIRST, seed=1, frames=False)
    put_bout(log, FIRST + 2 * DAY, seed=2, frames=False)
    log.put([Note(FIRST + k * 10**10, WEARER, "pain", text) for k, text in enumerate(("low back 2, hip left 5", "0"))])
    log.put([Note(FIRST + 3 * DAY, WEARER, "pain", "0")])
    held = days(read_wearer(log, WEARER), UTC)
    assert held is not None
    assert [level for level in held.pain if not math.isnan(level)] == [5, 0]
    assert [steps > 0 for steps in held.measures[DAY_STEPS]] == [True, False, True, False]
    assert [math.isnan(value) for value in held.measures["contact_time_si_pct"]] == [False, True, False, True]
    assert links(read_wearer(log, WEARER), UTC).title == "Too few days to look for a link yet (0 of 28)"


def test_days_without_pain_or_bout_are_none(log: Log) -> None:
    put_bout(log, FIRST, seed=1, frames=False)
    assert days(read_wearer(log, WEARER), UTC) is None


def test_shoes_have_steps_and_hours(log: Log) -> None:
    for k in range(3):
        put_bout(log, FIRST + k * DAY, seed=k + 1, frames=False)
    log.put([Note(FIRST, WEARER, "shoes", "blue"), Note(FIRST + DAY, WEARER, "shoes", "Blue")])
    none, blue = worn(read_wearer(log, WEARER))
    assert (none.shoes, none.bouts) == ("", 1)
    bouts = read_wearer(log, WEARER).bouts
    assert (blue.shoes, blue.bouts, blue.steps) == ("Blue", 2, sum(bout.steps for bout in bouts[:2]))
    assert blue.hours == pytest.approx(sum(bout.stop - bout.time for bout in bouts[:2]) / (3600 * SECOND))


def test_what_was_used_before_is_offered_once_the_latest_first() -> None:
    notes = [Note(k, WEARER, "shoes", text) for k, text in enumerate(("red", "blue", "Red", "green"))]
    assert used_before(notes, "shoes") == ["green", "Red", "blue"]
    assert used_before(notes, "insert") == []
