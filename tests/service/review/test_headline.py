from __future__ import annotations

from dataclasses import replace

from firmware_bridge import SECOND
from service.review.headline import _began, headline, minute
from tests.walkers.web_rows import BOUT, NAN, a_block, a_flag, a_verdict

MINUTE = 60 * SECOND


def test_normal_is_said_in_three_words() -> None:
    assert headline(a_verdict(answer="normal")) == "Normal for you"


def test_a_difference_has_its_size_against_the_normal_its_interval_and_its_minute() -> None:
    verdict = a_verdict(measure="impulse_si_pct", value=3.5, low=2.6, high=4.4, normal=1.4)
    flag = a_flag(BOUT + 33 * MINUTE, measure="impulse_si_pct", since=BOUT + 30 * MINUTE)
    usual = a_block(BOUT + 10 * MINUTE, impulse_si_pct=1.5)
    said = "Right foot carried 2.1 % more load against the left one than your normal (1.2 to 3.0)"
    assert headline(verdict, [usual], [flag]) == f"{said}, from minute 31"
    assert headline(verdict, [replace(usual, impulse_si_pct=9.0)], [flag]) == said  # it was so from the beginning
    assert headline(verdict, [], [flag]) == said


def test_the_foot_is_the_one_that_has_more_than_usual() -> None:
    verdict = a_verdict(value=1.0, low=0.5, high=1.5, normal=5.0)
    assert headline(verdict) == (
        "Left foot stayed on the ground 4.0 % longer against the right one than your normal (3.5 to 4.5)"
    )


def test_a_foot_s_inner_side_is_named() -> None:
    verdict = a_verdict(measure="medial_lateral_left", value=12.0, low=10.0, high=14.0, normal=-3.0)
    said = "Left foot, inner side carried 56 % of the load (55 to 57), usually 48 %"
    assert headline(verdict) == said


def test_lost_data_is_told_with_its_figures() -> None:
    blocks = [a_block(BOUT + k * MINUTE, received_left=0.69, received_right=0.99) for k in range(3)]
    verdict = a_verdict(answer="cannot_tell", reason="loss", value=NAN)
    assert headline(verdict, blocks) == "Cannot tell: left lost 31 %"


def test_other_reasons_keep_their_words() -> None:
    assert headline(a_verdict(answer="cannot_tell", reason="one_foot")) == "Cannot tell: only one foot was heard"
    whole = [a_block(received_left=0.999, received_right=1.0)]
    assert headline(a_verdict(answer="cannot_tell", reason="loss"), whole).endswith("than the other")


def test_a_flag_that_was_cleared_tells_no_beginning() -> None:
    verdict = a_verdict()
    raised, cleared = a_flag(BOUT + 5 * MINUTE), a_flag(BOUT + 7 * MINUTE, raised=False)
    assert _began(verdict, [raised]) == raised.since
    assert _began(verdict, [cleared, raised]) is None
    assert _began(verdict, [a_flag(BOUT + 5 * MINUTE, bout=BOUT - 1)]) is None


def test_the_first_minute_is_the_first() -> None:
    assert [minute(BOUT + s * SECOND, BOUT) for s in (0, 59, 60, 1800)] == [1, 1, 2, 31]
