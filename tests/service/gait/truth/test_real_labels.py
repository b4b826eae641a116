"""Labels for real walks: what somebody's sensors would have read with more load on one side, and what is found then."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import Device, Frames, Link, Side, load_profile, read_recording
from service.contracts.exchanged_feet import exchanged
from service.gait import Analyzer, Result
from service.gait.blocks.gains import stride_balance, whole_strides
from service.records.rows import Block, Step

Shared = Callable[..., Path]
Change = Callable[[Frames], Frames]

GAITPDB = ("SiCo08_01", "SiPt07_01", "GaCo01_01")
MEDIAL_OF_EIGHT = (2, 4, 6)  # sensors 3, 5 and 7: the medial column of format.txt
PEDAR = ("data", "pressure_vendor_formats", "pedar_example.asc")


def same(frames: Frames) -> Frames:
    return frames


@cache
def scaled(side: Side, factor: float, sensors: Sequence[int] | None = None) -> Change:
    """Return what makes some sensors of a foot (or all) read more by a factor."""

    def change(frames: Frames) -> Frames:
        if frames.side is not side:
            return frames
        pressure = frames.pressure.copy()
        pressure[:, slice(None) if sensors is None else list(sensors)] *= np.float32(factor)
        return replace(frames, pressure=pressure)

    return change


@cache
def rows_of(path: Path, change: Change = same, *, swap: bool = False) -> tuple[Result, ...]:
    """Analyze a recording to which something was done; with `swap` each foot's readings are then the other one's."""
    analyzer, rows = Analyzer("walker"), list[Result]()
    for item in read_recording(path, "walker"):
        assert isinstance(item, Device | Frames | Link)
        told = change(item) if isinstance(item, Frames) else item
        rows += analyzer.feed(replace(told, side=told.side.other) if swap else told)
    return (*rows, *analyzer.close())


def steps(rows: Sequence[Result], side: Side | None = None) -> list[Step]:
    found = [row for row in rows if isinstance(row, Step) and side in {None, row.side}]
    return sorted(found, key=lambda step: step.time)


def blocks(rows: Sequence[Result]) -> list[Block]:
    return [row for row in rows if isinstance(row, Block) and not row.void]


def mean(rows: Sequence[Result], side: Side, name: str) -> float:
    return float(np.nanmean([getattr(step, name) for step in steps(rows, side)]))


def shifted(index: float, factor: float) -> float:
    """Return the medial-lateral index, 100 (M - L) / (M + L), after M has grown by a factor."""
    ratio = factor * (100 + index) / (100 - index)
    return 100 * (ratio - 1) / (ratio + 1)


@pytest.fixture(params=GAITPDB)
def walk(request: pytest.FixtureRequest, shared: Shared) -> Path:
    return shared("data", "gaitpdb", f"{request.param}.txt.gz")


@pytest.mark.parametrize("factor", [0.8, 1.3])
@pytest.mark.parametrize("side", list(Side))
def test_medial_sensors_that_read_more_move_the_index_by_what_follows(walk: Path, side: Side, factor: float) -> None:
    plain, labeled = rows_of(walk), rows_of(walk, scaled(side, factor, MEDIAL_OF_EIGHT))
    before, after = (mean(rows, side, "medial_lateral_index") for rows in (plain, labeled))
    assert after == pytest.approx(shifted(before, factor), abs=0.7)
    assert (after - before) * (factor - 1) > 0
    assert abs(after - before) > 8
    assert [s.medial_lateral_index for s in steps(labeled, side.other)] == [
        s.medial_lateral_index for s in steps(plain, side.other)
    ]
    both = [(a, b) for a, b in zip(steps(plain, side), steps(labeled, side), strict=True) if a.valid and b.valid]
    moved = np.mean([b.medial_lateral_index - a.medial_lateral_index for a, b in both])
    assert moved == pytest.approx(after - before, abs=0.7)
    for rows in (plain, labeled):  # what counts differs, as other peaks are outliers; a block is the mean of its own
        for block in blocks(rows):
            own = [s for s in steps(rows, side) if s.valid and block.time <= s.time <= block.stop]
            expected = np.mean([s.medial_lateral_index for s in own])
            assert getattr(block, f"medial_lateral_{side}") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("factor", [0.8, 1.1])
@pytest.mark.parametrize("side", list(Side))
def test_a_foot_that_bears_more_moves_the_impulse_and_nothing_of_time_or_place(
    walk: Path, side: Side, factor: float
) -> None:
    plain, labeled = rows_of(walk), rows_of(walk, scaled(side, factor))
    assert len(blocks(plain)) == len(blocks(labeled)) > 0
    more = math.log(factor) * (1 if side is Side.RIGHT else -1)
    for one, other in zip(blocks(plain), blocks(labeled), strict=True):
        ratio = 2 * math.atanh(one.impulse_si_pct / 200) + more
        assert other.impulse_si_pct == pytest.approx(200 * math.tanh(ratio / 2), abs=0.05)
        assert other.contact_time_si_pct == pytest.approx(one.contact_time_si_pct, abs=0.01)
        assert other.medial_lateral_left == pytest.approx(one.medial_lateral_left, abs=0.01)
        assert other.medial_lateral_right == pytest.approx(one.medial_lateral_right, abs=0.01)


@pytest.mark.parametrize("factor", [0.8, 1.1])
def test_the_gain_of_both_feet_is_found_from_the_walk_alone(walk: Path, factor: float) -> None:
    left, right = (scaled(side, factor) for side in Side)
    before, after = (gain(rows_of(walk, change)) for change in (same, lambda frames: left(right(frames))))
    assert after * factor == pytest.approx(before, rel=1e-3)


def gain(rows: Sequence[Result]) -> float:
    strides = list(whole_strides(steps(rows)))
    return stride_balance(
        [s.left.impulse for s in strides], [s.right.impulse for s in strides], [s.stride_time_s for s in strides]
    )


@pytest.mark.parametrize("sensors", [None, MEDIAL_OF_EIGHT])
def test_mirroring_swaps_what_was_labeled(walk: Path, sensors: tuple[int, ...] | None) -> None:
    change = scaled(Side.LEFT, 1.3, sensors)
    ours, theirs = rows_of(walk, change), rows_of(walk, change, swap=True)
    assert [repr(exchanged(step)) for step in steps(theirs)] == [repr(step) for step in steps(ours)]
    for one, other in zip(blocks(ours), blocks(theirs), strict=True):
        assert other.impulse_si_pct == -one.impulse_si_pct
        assert other.contact_time_si_pct == -one.contact_time_si_pct
        assert other.medial_lateral_right == one.medial_lateral_left


# --- pedar: 99 sensors, 15 s, and so steps but no block


@pytest.mark.parametrize("factor", [0.8, 1.3])
@pytest.mark.parametrize("side", list(Side))
def test_the_same_of_ninety_nine_sensors(shared: Shared, side: Side, factor: float) -> None:
    path = shared(*PEDAR)
    medial = tuple(np.flatnonzero(load_profile("pedar-99").sensors.ml > 0.5).tolist())
    plain = rows_of(path)
    assert min(len(steps(plain, foot)) for foot in Side) >= 8
    labeled = rows_of(path, scaled(side, factor, medial))
    before, after = (mean(rows, side, "medial_lateral_index") for rows in (plain, labeled))
    # the foot's own axis lies askew between the sensors, so that those beside it are on both sides or on the other
    assert (after - before) / (shifted(before, factor) - before) == pytest.approx(1.0, abs=0.25)
    assert mean(labeled, side.other, "medial_lateral_index") == mean(plain, side.other, "medial_lateral_index")

    labeled = rows_of(path, scaled(side, factor))
    assert mean(labeled, side, "impulse") / mean(plain, side, "impulse") == pytest.approx(factor, rel=1e-3)
    assert mean(labeled, side, "contact_time_s") == pytest.approx(mean(plain, side, "contact_time_s"), abs=1e-4)
    assert mean(labeled, side, "medial_lateral_index") == pytest.approx(before, abs=0.01)
    assert mean(labeled, side.other, "impulse") == mean(plain, side.other, "impulse")


def test_mirroring_swaps_the_feet_of_ninety_nine_sensors(shared: Shared) -> None:
    path = shared(*PEDAR)
    change = scaled(Side.LEFT, 1.3)
    swapped = [repr(exchanged(step)) for step in steps(rows_of(path, change, swap=True))]
    assert swapped == [repr(step) for step in steps(rows_of(path, change))]
