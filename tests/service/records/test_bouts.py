from __future__ import annotations

import math

from firmware_bridge import SECOND, Side
from service.records.bouts import bouts, plain_bout
from tests.walkers.web_rows import BOUT, a_block, a_pace, a_step, a_verdict


def test_a_bout_is_made_of_its_rows() -> None:
    steps = [a_step(BOUT + k * SECOND, Side.LEFT, valid=k > 1) for k in range(10)]
    steps += [a_step(BOUT + 10 * SECOND, Side.RIGHT, activity="walking")]
    (bout,) = bouts(steps, [a_block(), a_block(BOUT + 1, void=True)], [a_verdict()])
    assert (bout.time, bout.stop) == (BOUT, BOUT + 10 * SECOND + SECOND // 4)
    assert (bout.activity, bout.steps, bout.valid_steps) == ("running", 11, 9)
    assert (bout.blocks, bout.void_blocks, bout.verdicts) == (2, 1, (a_verdict(),))


def test_bouts_come_oldest_first_whatever_order_the_rows_have() -> None:
    later = BOUT + 1000 * SECOND
    found = bouts([a_step(later, bout=later), a_step(BOUT)], [a_block(later, bout=later)], [])
    assert [(bout.time, bout.steps, bout.blocks) for bout in found] == [(BOUT, 1, 0), (later, 1, 1)]


def test_without_steps_there_is_no_bout() -> None:
    assert bouts([], [a_block()], [a_verdict()]) == []


def test_a_bout_has_the_mean_speed_that_a_foot_pod_told_within_it() -> None:
    later = BOUT + 1000 * SECOND
    steps = [a_step(BOUT), a_step(BOUT + 60 * SECOND), a_step(later, bout=later)]
    paces = [a_pace(BOUT + k * SECOND, speed_mps=speed) for k, speed in ((61, 9.0), (2, 3.5), (1, 3.0), (-1, 9.0))]
    first, second = bouts(steps, [], [], paces)
    assert first.speed_mps == 3.25
    assert math.isnan(second.speed_mps)
    assert (plain_bout(first)["speed_mps"], plain_bout(second)["speed_mps"]) == (3.25, None)
