"""Chunks cannot matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.gait import thresholds as p
from service.gait.signal.chunk_alignment import Timeline
from service.gait.signal.load import CHANNELS

TIME = np.cumsum(np.random.default_rng(0).integers(4_000_000, 30_000_000, 400))


@given(st.lists(st.integers(1, 399), max_size=30))
def test_whole_blocks_come_out_in_order_however_the_samples_go_in(cuts: list[int]) -> None:
    line = Timeline()
    seen: list[NDArray[np.int64]] = []
    bounds = [0, *sorted(set(cuts)), 400]
    for a, b in pairwise(bounds):
        time, channels = line.feed(TIME[a:b], np.tile(TIME[a:b, None], (1, CHANNELS)).astype(np.float64))
        assert len(time) == len(channels)
        if len(time):
            assert TIME[len(np.concatenate([*seen, time]))] // p.BLOCK_NS > time[-1] // p.BLOCK_NS
        seen.append(time)
    seen.append(line.flush()[0])
    assert np.array_equal(np.concatenate(seen), TIME)


def test_samples_that_come_again_are_dropped() -> None:
    line = Timeline()
    channels = np.zeros((400, CHANNELS))
    first, _ = line.feed(TIME[:300], channels[:300])
    again, _ = line.feed(TIME[100:300], channels[100:300])
    rest, _ = line.feed(TIME[200:], channels[200:])
    assert len(again) == 0
    assert np.array_equal(np.concatenate((first, rest, line.flush()[0])), TIME)
