"""Steps that were made while an insole's clock settled are stored, and compared with nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from functools import cache

import pytest

from firmware_bridge import SECOND, ClockState, Frames, Link, Side
from service.gait.blocks.settling import SETTLING, Settling
from service.gait.blocks.stride_blocks import Blocks
from service.records.rows import Block, Step
from tests.walkers.gait_rows import strides
from tests.walkers.gait_walks import Rows, analyze, merged, silence
from tests.walkers.walks import START, walk

SECONDS = 150
OWN = {"time", "number", "received_left", "received_right", "unsettled_left", "unsettled_right"}
"""What a block says of itself, not of the feet."""


@cache
def frames() -> tuple[list[Frames], list[Frames]]:
    left, right, _ = walk(seconds=SECONDS, seed=5)
    return left, right


@cache
def walked(settling: range = range(0), side: Side = Side.LEFT, *, account_first: bool = False) -> Rows:
    """Analyze a walk as it arrives; in those of its seconds a foot's clock is settling."""
    links = [
        replace(row, connected=True, clock=ClockState.SETTLING)
        if row.side is side and (row.time - START) // SECOND in settling
        else row
        for row in silence(START, SECONDS + 200)
    ]
    items: list[tuple[int, Frames | Link]] = [(row.time + (0 if account_first else SECOND), row) for row in links]
    items += [(int(f.time[-1]), f) for f in merged(*frames())]
    return analyze([item for _, item in sorted(items, key=lambda pair: pair[0])])


def blocks(rows: Rows) -> list[Block]:
    return [row for row in rows if isinstance(row, Block)]


def steps(rows: Rows) -> list[Step]:
    return [row for row in rows if isinstance(row, Step)]


def numbers(found: list[Block]) -> list[str]:
    return [repr({name: value for name, value in asdict(one).items() if name not in OWN}) for one in found]


def within(step: Step, seconds: Collection[int]) -> bool:
    """Tell whether a step lies in one of these seconds, or less than a second beside it."""
    second = (step.time - START) // SECOND
    return not {second - 1, second, second + 1}.isdisjoint(seconds)


@pytest.mark.parametrize(
    ("side", "first", "account_first"), [(Side.LEFT, 0, False), (Side.RIGHT, 30, False), (Side.LEFT, 30, True)]
)
def test_a_walk_while_a_clock_settles_compares_as_if_these_seconds_were_not(
    side: Side, first: int, account_first: bool
) -> None:
    seconds = range(first, first + 20)
    rows, plain = walked(seconds, side, account_first=account_first), walked()
    assert [repr(step) for step in steps(rows)] == [repr(step) for step in steps(plain)], "the steps are stored"
    ordered = sorted(steps(plain), key=lambda s: s.time)
    alone = Blocks("ada", ordered[0].bout, lambda *_: 1.0)
    wanted = [b for s in ordered if not within(s, seconds) for b in alone.add(s)] + list(alone.end())
    assert numbers(blocks(rows)) == numbers(wanted)
    left_out = {foot: sum(within(s, seconds) for s in ordered if s.side is foot) for foot in Side}
    assert sum(b.unsettled_left for b in blocks(rows)) == left_out[Side.LEFT] > 15
    assert sum(b.unsettled_right for b in blocks(rows)) == left_out[Side.RIGHT] > 15
    assert numbers(blocks(plain)) != numbers(wanted)
    assert blocks(rows)[0].time >= START + (21 * SECOND if first == 0 else 0)


def test_a_walk_whose_clock_never_settles_says_so() -> None:
    (first,) = blocks(walked(range(SECONDS + 2)))
    assert (first.void, first.reason, first.strides_left, first.strides_right) == (True, SETTLING, 0, 0)
    assert first.unsettled_left > 100
    assert first.contact_time_si_pct != first.contact_time_si_pct


def test_most_steps_have_to_be_missing_before_that_is_the_reason() -> None:
    def reason(unsettled: int) -> str:
        made = Blocks("ada", 0, lambda *_: 1.0)
        out = [b for k, s in enumerate(strides(30)) for b in made.add(s, settled=k >= unsettled)]
        return [*out, *made.end()][0].reason

    assert [reason(0), reason(28), reason(32)] == ["short", "short", SETTLING]


def test_what_is_not_asked_for_any_more_is_forgotten() -> None:
    one = Link(10 * SECOND, "ada", Side.LEFT, "d", True, 9, 0, 0, 0, 0, 0, 50.0, clock=ClockState.SETTLING)
    settling = Settling()
    for clock in ClockState:
        settling.hear(one if clock is one.clock else replace(one, time=15 * SECOND, clock=clock))
    assert [second for second in range(20) if settling.covers(second * SECOND + 1)] == [9, 10, 11]
    settling.forget(12 * SECOND)
    assert settling.covers(11 * SECOND)
    settling.forget(12 * SECOND + 1)
    assert not settling.covers(11 * SECOND)
