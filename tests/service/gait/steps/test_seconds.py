"""Each second in short: what it says, that it does not depend on chunks, and that it goes with the samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import SECOND, Frames, Link, Side
from service.gait import Analyzer
from service.gait.signal.load import compile_layout, plain_layout
from service.records.rows import Second
from tests.walkers.walks import START, WEARER, devices, insole, walk


def seconds(items: list[Frames | Link], *, described: bool = True, close: bool = True) -> list[Second]:
    analyzer = Analyzer(WEARER)
    found = [row for device in (devices() if described else []) for row in analyzer.feed(device)]
    found += [row for item in items for row in analyzer.feed(item)]
    if close:
        found += analyzer.close()
    return [row for row in found if isinstance(row, Second)]


def walked(seconds_: float = 12.0) -> list[Frames]:
    left, right, _ = walk(seconds=seconds_)
    return [Frames.concatenate(left), Frames.concatenate(right)]


def test_a_second_holds_its_samples() -> None:
    left, right = walked()
    layout = compile_layout(insole(Side.LEFT).profile, insole(Side.LEFT).calibration)
    rows = {(row.time, row.side): row for row in seconds([left, right])}
    for foot in (left, right):
        for second in np.unique(foot.time // SECOND).tolist():
            inside = foot.pressure[foot.time // SECOND == second].astype(np.float64)
            load = (inside * layout.weights[0]).sum(axis=1)
            row = rows.pop((second * SECOND, foot.side))
            assert row.samples == len(inside)
            assert row.force_mean == pytest.approx(load.mean())
            assert row.force_peak == pytest.approx(load.max())
            ml = insole(Side.LEFT).profile.sensors.ml
            assert row.cop_ml == pytest.approx((inside * layout.weights[0] * ml).sum() / load.sum())
            assert 0 < row.cop_ap < 1
            assert row.unit == "N"
    assert rows == {}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=2, max_size=5))
def test_any_split_gives_the_same_seconds(sizes: list[int]) -> None:
    feet = walked()
    whole = seconds(list(feet))
    parts: list[Frames | Link] = []
    for foot in feet:
        at, k = 0, 0
        while at < len(foot):
            parts.append(foot[at : at + sizes[k % len(sizes)]])
            at, k = at + sizes[k % len(sizes)], k + 1
    parts.sort(key=lambda part: part.time if isinstance(part, Link) else int(part.time[0]))
    assert sorted(map(repr, seconds(parts))) == sorted(map(repr, whole))


def test_a_second_is_told_when_it_is_over_and_not_before() -> None:
    left, right = walked(20.0)
    told = seconds([left, right], close=False)
    assert told
    last = min(int(foot.time[-1]) for foot in (left, right))
    assert all(row.time + SECOND <= last for row in told)
    assert {row.side for row in told} == set(Side)


def test_an_insole_that_nobody_described_has_no_center() -> None:
    left, right = walked()
    rows = seconds([left, right], described=False)
    assert rows
    assert {row.unit for row in rows} == {plain_layout(16).unit}
    assert all(np.isnan(row.cop_ml) and np.isnan(row.cop_ap) for row in rows)
    assert min(row.time for row in rows) == START // SECOND * SECOND
