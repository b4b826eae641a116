"""What a pod on a virtual walker's shoe tells is what that walker does."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.model import SECOND
from firmware_bridge.virtual.gait.ground_truth import truth
from firmware_bridge.virtual.gait.scenario import plain_story
from firmware_bridge.virtual.gait.walker import Gait, Locomotion
from firmware_bridge.virtual.insole.foot_pod import WalkersPace
from tests.stand_ins.vectors import START


class Set:
    """A clock that is set."""

    time = START

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(("activity", "speed"), [("running", 3.4), ("walking", 1.2)])
def test_the_pace_is_the_walker_s(activity: Locomotion, speed: float) -> None:
    clock = Set()
    story = plain_story(Gait(activity, speed=speed, stand_s=(8.0, 4.0), seconds=132.0), START, 7)
    pace = WalkersPace(story, clock)
    told = []
    for second in range(131):
        clock.time = START + second * SECOND
        found = pace()
        assert found is not None
        told.append(found)
    standing, moving = told[:8], told[10:127]
    assert {(one.speed_mps, one.cadence_spm, one.running) for one in standing} == {(0.0, 0.0, False)}
    assert np.mean([one.speed_mps for one in moving]) == pytest.approx(speed, rel=0.03)
    steps = truth(story, moving[0].time, moving[-1].time).left
    assert np.mean([one.cadence_spm for one in moving]) == pytest.approx(120 / steps.stride_time.mean(), rel=0.01)
    assert {one.running for one in moving} == {activity == "running"}
    assert told[-1].distance_m == pytest.approx(sum(one.speed_mps for one in told), rel=0.01)
    clock.time = START + 133 * SECOND
    assert pace() is None
