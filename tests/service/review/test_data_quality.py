from __future__ import annotations

import pytest

from firmware_bridge import SECOND, Side
from service.gait import thresholds as p
from service.review.data_quality import LIMITS, _Share, grade, quality
from tests.walkers.web_rows import BOUT, a_block, a_step


def _feet(used: float = 1.0, received: float = 1.0, other: float | None = None) -> list[_Share]:
    left = _Share(Side.LEFT, 1000, round(1000 * used), {}, received)
    return [left, _Share(Side.RIGHT, 1000, 1000, {}, received if other is None else other)]


@pytest.mark.parametrize(
    ("feet", "expected"),
    [
        (_feet(), "A"),
        (_feet(used=0.94), "B"),
        (_feet(used=0.89), "C"),
        (_feet(used=0.79), "D"),
        (_feet(received=0.97), "B"),
        (_feet(received=0.79), "D"),
        (_feet(received=1.0, other=0.985), "B"),
        (_feet(received=1.0, other=0.94), "D"),
        (_feet(received=float("nan")), "D"),
    ],
)
def test_the_worst_of_what_counts_is_the_grade(feet: list[_Share], expected: str) -> None:
    assert grade(feet) == expected


def test_beyond_c_is_what_no_statement_is_made_of() -> None:
    assert LIMITS["C"][0] == p.MIN_VALID
    assert LIMITS["C"][2] == p.MAX_LOSS_DIFFERENCE


def test_what_is_withheld_is_counted_by_reason() -> None:
    steps = [a_step(BOUT + k * SECOND, side) for k in range(10) for side in Side]
    steps += [a_step(BOUT + (20 + k) * SECOND, Side.LEFT, valid=False, reason="outlier") for k in range(2)]
    steps += [a_step(BOUT + 30 * SECOND, Side.LEFT, valid=False, reason="gap")]
    block = a_block(strides_left=10, rejected_left=5, strides_right=10, received_left=0.9, received_right=1.0)
    found = quality(steps, [block])
    left, right = found.feet
    assert (left.seen, left.used, dict(left.withheld)) == (
        15,
        10,
        {"unlike the steps before": 2, "hidden by missing data": 2, "samples missing": 1},
    )
    assert (right.seen, right.used) == (10, 10)
    assert found.withheld == pytest.approx(5 / 25)
    assert left.received == pytest.approx(0.9)
    assert found.grade == "D"


def test_nothing_seen_is_no_quality() -> None:
    assert quality([], []).grade == "D"
