"""What is said of a bout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.gait.baseline import Baseline, History
from service.gait.verdict import verdicts
from service.rows import Block, Verdict
from tests.service.gait_rows import NAN, NOW, bout, earlier


def verdict(blocks: Sequence[Block], history: Sequence[Block] | None = None) -> dict[str, Verdict]:
    return {v.topic: v for v in verdicts(blocks, Baseline(History(earlier() if history is None else history), NOW))}


def answers(blocks: Sequence[Block], history: Sequence[Block] | None = None) -> tuple[tuple[str, str], ...]:
    found = verdict(blocks, history)
    return tuple((found[t].answer, found[t].reason) for t in ("imbalance", "over_pronation"))


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (bout(0, 15), (("normal", ""), ("normal", ""))),
        (bout(0, 15, si=6), (("differs", ""), ("normal", ""))),
        (bout(0, 15, left=12, right=10), (("normal", ""), ("differs", ""))),
        (bout(0, 15, left=-32, right=-33), (("normal", ""), ("differs", ""))),
        (bout(0, 15, left=8, right=-30), (("normal", ""), ("cannot_tell", "surface"))),
        (bout(0, 6), (("cannot_tell", "too_short"),) * 2),
        (bout(0, 15, void=True, reason="rejected"), (("cannot_tell", "data_quality"),) * 2),
        (bout(0, 15, medial_lateral_left=NAN, medial_lateral_right=NAN), (("normal", ""), ("cannot_tell", "layout"))),
    ],
)
def test_what_is_said(blocks: list[Block], expected: tuple[tuple[str, str], ...]) -> None:
    assert answers(blocks) == expected


def test_without_a_normal_the_number_is_still_shown() -> None:
    found = verdict(bout(0, 15, si=6), earlier(2))["imbalance"]
    assert (found.answer, found.reason) == ("cannot_tell", "no_baseline")
    assert found.value == pytest.approx(6, abs=0.6)


def test_a_change_late_in_a_long_bout_is_said_as_it_was_flagged() -> None:
    blocks = [*bout(0, 40)[:34], *bout(0, 40, si=7)[34:]]
    found = verdict(blocks)["imbalance"]
    assert found.answer == "differs"
    assert found.value > 5


def test_steps_used_and_expected_are_carried() -> None:
    found = verdict(bout(0, 15))["imbalance"]
    assert (found.blocks, found.strides, found.steps_used, found.steps_expected) == (11, 550, 1100, 15 * 103)
    assert found.time == NOW


def test_the_last_activity_in_doubt_is_the_one_with_most_blocks() -> None:
    mixed = [replace(b, activity="running") if b.number >= 12 else b for b in bout(0, 15)]
    assert verdict(mixed)["imbalance"].activity == "walking"
