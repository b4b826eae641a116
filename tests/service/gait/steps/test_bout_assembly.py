"""Both feet brought together."""

from __future__ import annotations

from firmware_bridge import SECOND, Side
from service.gait import thresholds as p
from service.gait.steps.bout_assembly import Gathering
from service.gait.steps.foot import Seen
from service.records.rows import Step
from tests.service.gait.steps.test_step_maker import stance


def at(steps: list[Step]) -> list[tuple[str, float, float]]:
    return [(s.side.value, s.time / SECOND, s.bout / SECOND) for s in steps]


def test_the_first_step_of_a_bout_waits_for_the_other_foot_and_later_ones_do_not() -> None:
    gathering = Gathering("ada")
    gathering.hear(Side.RIGHT, 11 * SECOND)
    gathering.take(Side.RIGHT, [stance(10.5)])
    assert gathering.release() == []
    gathering.take(Side.LEFT, [stance(10)])
    assert at(gathering.release()) == [("left", 10, 10)]
    gathering.take(Side.LEFT, [stance(11)])
    assert at(gathering.release()) == [("right", 10.5, 10), ("left", 11, 10)]
    gathering.take(Side.RIGHT, [stance(11.5), stance(12.5)])
    assert at(gathering.release()) == [("right", 11.5, 10), ("right", 12.5, 10)]


def test_a_foot_whose_own_account_goes_on_without_samples_is_waited_for_two_seconds() -> None:
    gathering = Gathering("ada")
    gathering.take(Side.RIGHT, [stance(10.5)])
    gathering.hear(Side.RIGHT, 60 * SECOND)
    gathering.hear(Side.LEFT, 12 * SECOND)
    assert gathering.release() == []
    gathering.hear(Side.LEFT, 13 * SECOND)
    assert at(gathering.release()) == [("right", 10.5, 10.5)]
    assert gathering.complete == 11 * SECOND - p.ACCOUNT_NS, "what is told of those seconds comes later"
    assert gathering.ordered() == []
    gathering.hear(Side.LEFT, 13 * SECOND + p.ACCOUNT_NS)
    assert len(gathering.ordered()) == 1


def test_a_foot_that_is_only_behind_is_waited_for_three_minutes_and_one_that_never_was_for_thirty_seconds() -> None:
    behind, absent = Gathering("ada"), Gathering("bea")
    behind.hear(Side.LEFT, 5 * SECOND)
    for gathering, wait in ((behind, 180), (absent, 30)):
        gathering.take(Side.RIGHT, [stance(10.5)])
        gathering.hear(Side.RIGHT, (10 + wait) * SECOND)
        assert gathering.release() == []
        gathering.hear(Side.RIGHT, (11 + wait) * SECOND)
        assert at(gathering.release()) == [("right", 10.5, 10.5)]


def test_two_minutes_without_a_step_of_either_foot_end_a_bout() -> None:
    gathering = Gathering("ada")
    gathering.take(Side.LEFT, [stance(10), stance(100), stance(260)])
    gathering.take(Side.RIGHT, [stance(140), stance(261)])
    gathering.close()
    assert at(gathering.release()) == [
        ("left", 10, 10),
        ("left", 100, 10),
        ("right", 140, 10),
        ("left", 260, 260),
        ("right", 261, 260),
    ]


def test_both_feet_come_in_one_order_with_the_holes_between() -> None:
    gathering = Gathering("ada")
    gathering.take(Side.LEFT, [stance(10), Seen(11 * SECOND, None, SECOND // 10, in_stance=True), stance(12)])
    gathering.take(Side.RIGHT, [stance(10.5), stance(11.5)])
    gathering.close()
    gathering.release()
    kinds = [(side, "step" if isinstance(item, Step) else item) for side, item in gathering.ordered()]
    left, right = Side.LEFT, Side.RIGHT
    assert kinds == [(left, "step"), (right, "step"), (left, (11 * SECOND, 1)), (right, "step"), (left, "step")]
