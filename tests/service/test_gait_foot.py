"""One foot, from frames to what was seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_bridge import SECOND, Side
from service.gait.foot import Foot, Samples
from service.gait.load import layout_of
from tests.service.gait_walks import evenly, session
from tests.walks import insole

LAYOUT = layout_of(insole(Side.LEFT).device_row(0))


def test_stances_come_in_order_and_the_horizon_never_overtakes_one() -> None:
    foot, seen, horizon = Foot(), 0, 0
    for frames in evenly(session()[0], 20):
        for found in foot.feed(frames, LAYOUT):
            assert found.time >= horizon
            seen += 1
        if foot.horizon is not None:
            assert foot.horizon >= horizon
            horizon = foot.horizon
            assert foot.reached is not None
            assert horizon < foot.reached
    assert seen > 40


def test_another_device_is_another_start() -> None:
    foot = Foot()
    left = session()[0]
    for frames in (left[:1000], left[1000:1010]):
        foot.feed(frames, LAYOUT)
    right = session()[1]
    foot.feed(right[1011:1500], LAYOUT)
    assert foot.reached is not None
    assert foot.reached > left.time[1200]


def test_the_share_of_samples_that_arrived() -> None:
    samples = Samples()
    time = np.arange(0, 10 * SECOND, SECOND // 100, dtype=np.int64)
    samples.add(time[:400], 100)
    samples.add(time[600:], 100)
    assert samples.share(0, 10 * SECOND) == pytest.approx(0.8)
    assert samples.share(0, 4 * SECOND) == 1.0
    assert math.isnan(samples.share(0, 0))
    samples.forget(5 * SECOND)
    assert samples.share(0, 5 * SECOND) == 0.0
    assert samples.share(6 * SECOND, 8 * SECOND) == 1.0
