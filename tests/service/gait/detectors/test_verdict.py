"""What is said of a bout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from firmware_bridge import SECOND
from service.contracts.ordinary_blocks import NAN, NOW, block, bout, earlier
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.verdict import verdicts
from service.records.rows import Block, Verdict


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


SHIFTED = {"cop_bow_left": -4.0, "cop_bow_right": -4.0}
ROLLED = {"cop_bow_left": 5.0, "cop_bow_right": 5.0}


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        (bout(0, 15, void=True, reason="one_foot"), "one_foot"),
        (bout(0, 15, void=True, reason="one_foot", received_left=0.0), "one_foot"),
        (bout(0, 15, void=True, reason="one_foot", received_left=0.7), "loss"),
        (bout(0, 15, void=True, reason="too_long", received_left=0.7), "loss"),
        (bout(0, 6, void=True, reason="too_long", received_left=0.7), "too_short"),
        ([*bout(0, 7)[:6], block(NOW, 6, stop=NOW + 560 * SECOND, void=True, reason="too_long")], "data_quality"),
        ([*bout(0, 7)[:6], block(NOW, 6, stop=NOW + 560 * SECOND, void=True, reason="short")], "data_quality"),
        (bout(0, 15, received_left=0.9), "loss"),
        (bout(0, 15, rejected_left=20), "data_quality"),
        ([*bout(0, 15, received_left=0.9)[:8], *bout(0, 15, void=True, reason="rejected")[8:]], "data_quality"),
        ([*bout(0, 7)[:6], *bout(0, 15, void=True, reason="short")[6:7]], "too_short"),
    ],
)
def test_why_nothing_can_be_told(blocks: list[Block], reason: str) -> None:
    assert answers(blocks) == (("cannot_tell", reason),) * 2


def test_broken_sensors_leave_contact_time_to_speak() -> None:
    for si, answer in ((0.0, "normal"), (7.0, "differs")):
        blocks = bout(
            0, 15, si=si, impulse_si_pct=NAN, medial_lateral_left=NAN, medial_lateral_right=NAN, faulty="dead"
        )
        assert answers(blocks) == ((answer, ""), ("cannot_tell", "sensor"))


def test_on_fewer_sensors_than_before_medial_load_cannot_be_told() -> None:
    usual = [replace(b, sensors_left=16, sensors_right=16) for b in earlier()]
    fewer = bout(0, 15, sensors_left=15, sensors_right=15)
    assert answers(fewer, usual) == (("normal", ""), ("cannot_tell", "sensor"))


def with_bow(days: Sequence[Block]) -> list[Block]:
    return [replace(b, cop_bow_left=2.0, cop_bow_right=2.0, cop_bow_left_se=0.1, cop_bow_right_se=0.1) for b in days]


def test_an_insole_that_has_shifted_is_not_the_wearer() -> None:
    usual = with_bow(earlier())
    for change, expected in ((SHIFTED, ("cannot_tell", "shifted")), (ROLLED, ("differs", ""))):
        blocks = [replace(b, **change) for b in bout(0, 15, left=12, right=10)]  # type: ignore[arg-type]
        found = verdict(blocks, usual)["over_pronation"]
        assert (found.answer, found.reason) == expected
        assert found.value > 5
    assert answers(bout(0, 15, left=12, right=10), usual)[1] == ("differs", "")


def test_insoles_that_do_not_weigh_alike_leave_contact_time_to_speak() -> None:
    usual = [
        replace(b, activity="running", gain_ratio=1.0, gain_ratio_low=0.99, gain_ratio_high=1.01) for b in earlier()
    ]
    blocks = bout(0, 20, contact_time_si_pct=2.9, impulse_si_pct=9.0, activity="running", gain_ratio=1 / 1.15,
                  gain_ratio_low=0.86, gain_ratio_high=0.88)  # fmt: skip
    assert answers(blocks, usual)[0] == ("normal", "")
    assert answers([replace(b, gain_ratio=1.0) for b in blocks], usual)[0] == ("differs", "")


def test_which_rule_tells_it_is_said() -> None:
    assert verdict(bout(0, 15, si=6))["imbalance"].rule == "S"
    assert verdict(bout(0, 15))["imbalance"].rule == ""
    within = verdict([*bout(0, 40)[:20], *bout(0, 40, si=7)[20:]], [])["imbalance"]
    assert (within.answer, within.rule, within.bouts) == ("differs", "W", 0)
    assert within.normal == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize(("left", "right", "foot"), [(-10, -12, "left"), (-30, -2, "right"), (5, 20, "right")])
def test_without_a_normal_the_foot_with_more_medial_load_is_shown(left: float, right: float, foot: str) -> None:
    found = verdict(bout(0, 15, left=left, right=right), [])["over_pronation"]
    assert (found.reason, found.measure) == ("no_baseline", f"medial_lateral_{foot}")


def test_the_interval_of_a_bout_comes_from_how_its_blocks_lie_apart() -> None:
    wide = verdict(bout(0, 15, noise=4))["imbalance"]
    narrow = verdict(bout(0, 15))["imbalance"]
    assert wide.high - wide.low > 1.8 * (narrow.high - narrow.low)  # their own intervals are the same


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
