"""Gains from mechanics: on walkers whose force is known, and on made-up strides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, STANDARD_GRAVITY, Side
from firmware_bridge.model import Float64s
from service.contracts.ordinary_blocks import NAN
from service.gait import thresholds as p
from service.gait.blocks.gains import (
    BallisticRatio,
    Ratio,
    Stride,
    StrideBalance,
    ballistic_ratio,
    stride_balance,
    whole_strides,
)
from service.records.rows import Step
from tests.walkers.gait_rows import step
from tests.walkers.gait_walks import Rows, analyze, merged
from tests.walkers.walks import Fault, Gait, Locomotion, Ramp, walk

LEFT_TENTH_MORE = ((Side.LEFT, 1.1),)


@cache
def steps(
    activity: Locomotion = "running",
    si: float = 0.0,
    seed: int = 1,
    gains: Sequence[tuple[Side, float]] = (),
    speed: float = 0.0,
    faults: bool = False,
    late_ms: int = 0,
) -> tuple[Step, ...]:
    """Return the steps of three and a half minutes; the right insole's clock is late."""
    gait = Gait(activity=activity, si=Ramp.constant(si), speed=speed)
    broken: Mapping[Side, Sequence[Fault]] = {side: [Fault("gain", -1, gain)] for side, gain in gains}
    left, right, _ = walk(gait, seconds=210, seed=seed, broken=broken, chunk_s=10, faults=faults)
    right = [replace(frames, time=frames.time + late_ms * 1_000_000) for frames in right]
    return in_order(analyze(merged(left, right)))


def in_order(rows: Rows) -> tuple[Step, ...]:
    """Return the steps of both feet as blocks get them."""
    return tuple(sorted((row for row in rows if isinstance(row, Step)), key=lambda s: s.time))


def valid(strides: Sequence[Stride]) -> list[Stride]:
    return [stride for stride in strides if stride.left.valid and stride.right.valid]


def ratio_of(rows: Sequence[Step]) -> Ratio:
    return ballistic_ratio(*columns(valid(list(whole_strides(rows)))))


def columns(strides: Sequence[Stride]) -> tuple[list[float], list[float], list[float], list[float], list[float]]:
    return (
        [s.left.impulse for s in strides],
        [s.left.contact_time_s for s in strides],
        [s.right.impulse for s in strides],
        [s.right.contact_time_s for s in strides],
        [s.stride_time_s for s in strides],
    )


def later(rows: Sequence[Step], side: Side, ms: int) -> list[Step]:
    """Return the steps as they are when one foot's clock is off."""
    off = ms * 1_000_000
    moved = [replace(s, time=s.time + off, foot_off=s.foot_off + off) if s.side is side else s for s in rows]
    return sorted(moved, key=lambda s: s.time)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("side", "expected"), [(Side.LEFT, 1.1), (Side.RIGHT, 1 / 1.1)])
def test_a_gain_fault_is_found_within_one_percent(seed: int, side: Side, expected: float) -> None:
    ratio = ratio_of(steps(seed=seed, gains=((side, 1.1),)))
    assert ratio.value == pytest.approx(expected, rel=0.01)
    assert ratio.low < expected < ratio.high
    assert ratio.strides >= p.GAIN_STRIDES
    assert ratio.mismatch


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_gain_fault_is_found_beside_the_ordinary_errors_of_sensors(seed: int) -> None:
    """Those make a ratio of their own; what the fault adds is the same."""
    before, after = (ratio_of(steps(seed=seed, gains=gains, faults=True)) for gains in ((), LEFT_TENTH_MORE))
    assert after.value / before.value == pytest.approx(1.1, rel=0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("si", [-8.0, 0.0, 4.0, 8.0])
def test_an_asymmetric_runner_with_good_insoles_has_the_ratio_one(si: float, seed: int) -> None:
    rows = steps(si=si, seed=seed)
    strides = valid(list(whole_strides(rows)))
    ratio = ratio_of(rows)
    assert ratio.low < 1 < ratio.high
    assert ratio.value == pytest.approx(1.0, abs=0.005)
    assert ratio.high - ratio.low < 0.03
    assert ratio.heights == pytest.approx(0.056, abs=0.01)
    assert not ratio.mismatch
    if si:  # the impulses themselves differ as much as they have to
        left, _, right, _, _ = columns(strides)
        assert 200 * (np.mean(right) - np.mean(left)) / (np.mean(right) + np.mean(left)) == pytest.approx(
            0.7 * si, abs=0.15 * abs(si)
        )


@pytest.mark.parametrize("ms", [-10, 10])
@pytest.mark.parametrize("side", list(Side))
def test_a_clock_that_is_off_changes_nothing(side: Side, ms: int) -> None:
    rows = steps(si=4.0, gains=LEFT_TENTH_MORE)
    assert ratio_of(later(rows, side, ms)) == ratio_of(rows)


@pytest.mark.parametrize("ms", [-10, 10])
def test_an_insole_whose_clock_is_off_changes_nothing(ms: int) -> None:
    """Its samples then lie otherwise on the grid of blocks, which may reject another step."""
    ratio = ratio_of(steps(si=4.0, gains=LEFT_TENTH_MORE, late_ms=ms))
    assert ratio.value == pytest.approx(ratio_of(steps(si=4.0, gains=LEFT_TENTH_MORE)).value, rel=5e-4)


def test_the_running_ratio_is_the_one_over_the_latest_strides() -> None:
    strides = valid(list(whole_strides(steps(gains=LEFT_TENTH_MORE))))
    running = BallisticRatio()
    for one in zip(*columns(strides), strict=True):
        running.update(*one)
    assert len(strides) > p.GAIN_STRIDES
    assert running.ratio == ballistic_ratio(*columns(strides[-p.GAIN_STRIDES :]))
    assert math.isnan(BallisticRatio().ratio.value)


def test_without_enough_flight_there_is_no_ratio() -> None:
    assert ratio_of(steps("walking")).strides == 0
    assert math.isnan(ratio_of(steps("walking")).value)
    assert not ratio_of(steps("walking")).mismatch


def test_few_strides_are_no_mismatch() -> None:
    strides = valid(list(whole_strides(steps(gains=LEFT_TENTH_MORE))))
    assert ballistic_ratio(*columns(strides[:100])).value == pytest.approx(1.1, rel=0.01)
    assert not ballistic_ratio(*columns(strides[:100])).mismatch
    assert math.isnan(ballistic_ratio(*columns(strides[:19])).value)


def test_the_left_and_the_right_are_equals() -> None:
    rows = steps(si=4.0, gains=LEFT_TENTH_MORE)
    swapped = [replace(s, side=s.side.other) for s in rows]
    ours, theirs = ratio_of(rows), ratio_of(swapped)
    assert (1 / theirs.value, 1 / theirs.high, 1 / theirs.low) == pytest.approx(ours[:3], rel=1e-14)
    assert theirs.mismatch
    assert theirs.heights == ours.heights
    assert [s.time for s in whole_strides(swapped)] == [s.time for s in whole_strides(rows)]


def test_asymmetry_is_not_taken_for_a_gain_whatever_its_size() -> None:
    """The bouncing mass itself: impulses by momentum, and an effective threshold that both feet share."""
    rng = np.random.default_rng(4)
    time = 0.75 * np.exp(0.02 * rng.standard_normal(300))
    for apart in (-0.06, 0.0, 0.06):
        cl, cr = 0.25 - apart / 2, 0.25 + apart / 2
        flight = (time - cl - cr) / 2
        jl, jr = (700 * (c + flight) * np.exp(0.03 * rng.standard_normal(300)) for c in (cl, cr))
        lost = 0.012  # below the threshold at both ends
        ratio = ballistic_ratio(1.07 * jl, np.full(300, cl - lost), jr, np.full(300, cr - lost), time)
        assert ratio.low < 1.07 < ratio.high
        assert ratio.value == pytest.approx(1.07, abs=0.01)
        assert ratio.mismatch == (ratio.heights < 1.07 - 1)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    n, hits = 200, 0
    for _ in range(300):
        time = 0.75 * np.exp(0.02 * rng.standard_normal(n))
        noise = 0.15 * np.repeat(rng.standard_normal(n // 5), 5) + 0.10 * rng.standard_normal(n)
        ratio = ballistic_ratio(350 * np.exp(noise), 0.1, 350.0, 0.1, time)
        hits += ratio.low < 1 < ratio.high
    assert 0.90 <= hits / 300 <= 0.99


def test_a_runner_whose_legs_bounce_to_unequal_heights_is_no_mismatch(shared: Callable[..., Path]) -> None:
    """Measured on one force plate under both feet: whatever the ratio is, it is none of gains."""
    trials = np.loadtxt(shared("data", "running_grf_peerj12752", "GRF_one_sub.csv.gz"), delimiter=",")
    strides = np.concatenate([measured_strides(force) for force in trials])
    ratio = ballistic_ratio(*strides.T)
    assert ratio.strides > 100
    assert ratio.high < 0.98, "the law of equal heights does not hold for this runner"
    assert not ballistic_ratio(*np.concatenate([strides, strides]).T).mismatch
    strides[:, 0] /= 1.1
    assert ballistic_ratio(*np.concatenate([strides, strides]).T).mismatch


def measured_strides(force: Float64s) -> Float64s:
    """Return a trial's strides as `ballistic_ratio` takes them, the foot that stays longer first.

    Contact by 5 % of body weight, 500 Hz.
    """
    edges = np.flatnonzero(np.diff((force > 0.05).astype(int)))
    edges = edges[int(force[0] > 0.05) :]
    on, off = edges[: len(edges) // 2 * 2].reshape(-1, 2).T
    whole = off - on > 50
    on, off = on[whole], off[whole]
    impulse = np.array([force[a : b + 2].sum() for a, b in zip(on, off, strict=True)]) / 500
    one, other = slice(0, len(on) - 2, 2), slice(1, len(on) - 1, 2)
    pairs = [[impulse[k], (off - on)[k] / 500] for k in (one, other)]
    pairs.sort(key=lambda foot: -foot[1].mean())
    return np.stack([*pairs[0], *pairs[1], (on[2::2] - on[:-2:2]) / 500], axis=1)


@pytest.mark.parametrize(("activity", "mass"), [("running", 70.0), ("walking", 70.0), ("walking", 95.0)])
def test_stride_balance_weighs_the_wearer(activity: Locomotion, mass: float) -> None:
    left, right, _ = walk(Gait(activity=activity, mass=mass), seconds=70, seed=3, chunk_s=10)
    rows = in_order(analyze(merged(left, right)))
    jl, _, jr, _, time = columns(list(whole_strides(rows)))
    assert 1 / stride_balance(jl, jr, time) == pytest.approx(mass * STANDARD_GRAVITY, rel=0.01)


def test_stride_balance_sees_the_gain_of_both_feet_and_not_how_they_share() -> None:
    both = ((Side.LEFT, 1.3), (Side.RIGHT, 1.3))
    plain, scaled, limping = (
        stride_balance(jl, jr, time)
        for rows in (steps("walking"), steps("walking", gains=both), steps("walking", si=8.0))
        for jl, _, jr, _, time in [columns(list(whole_strides(rows)))]
    )
    assert scaled == pytest.approx(plain / 1.3, rel=0.002)
    assert limping == pytest.approx(plain, rel=0.005)


def test_the_causal_gain_follows_the_offline_one() -> None:
    jl, _, jr, _, time = columns(list(whole_strides(steps("walking", gains=LEFT_TENTH_MORE))))
    balance = StrideBalance()
    said = [balance.update(*one) for one in zip(jl, jr, time, strict=True)]
    assert np.isnan(said[: p.GAIN_FIRST_STRIDES]).all()
    assert np.mean(said[p.GAIN_FIRST_STRIDES :]) == pytest.approx(1.0, abs=0.005)
    assert balance.gain == pytest.approx(stride_balance(jl, jr, time), rel=0.01)
    assert stride_balance(jl[:30], jr[:30], time[:30]) == pytest.approx(first_gain(jl, jr, time), rel=1e-12)


def first_gain(jl: Sequence[float], jr: Sequence[float], time: Sequence[float]) -> float:
    balance = StrideBalance()
    for one in list(zip(jl, jr, time, strict=True))[: p.GAIN_FIRST_STRIDES]:
        balance.update(*one)
    return balance.gain


def test_the_causal_gain_forgets_an_old_one() -> None:
    balance = StrideBalance()
    said = [balance.update(300.0 * k, 300.0 * k, 1.0) for k in [1.0] * 50 + [1.2] * 200]
    assert said[49] == pytest.approx(1.0)
    assert said[50] == pytest.approx(1.2)
    assert said[100] == pytest.approx(1 + 0.2 * math.exp(-1), abs=0.03)
    assert said[-1] == pytest.approx(1.0, abs=0.005)


def test_a_number_that_is_missing_is_left_out() -> None:
    assert stride_balance([300, NAN, 300], [300, 300, 300], [1, 1, NAN]) == pytest.approx(1 / 600)
    assert math.isnan(stride_balance([NAN], [1], [1]))
    assert math.isnan(stride_balance([], [], []))
    balance = StrideBalance()
    for _ in range(40):
        balance.update(NAN, 300, 1)
        balance.update(300, 300, 0.0)
        balance.update(300, 300, 1)
    assert balance.gain == pytest.approx(1 / 600)


@given(st.floats(0.5, 2.0), st.floats(0.05, 20.0))
def test_units_do_not_matter(apart: float, unit: float) -> None:
    """Of force: the ratio and what is said in body weights stay, the gain scales."""
    jl, jr, tc = (np.full(40, x) for x in (300.0 * apart, 300.0, 0.25))
    one, other = (ballistic_ratio(k * jl, tc, k * jr, tc, np.full(40, 0.75)) for k in (1.0, unit))
    assert other == pytest.approx(one, rel=1e-12)
    assert stride_balance(unit * jl, unit * jr, tc) == pytest.approx(stride_balance(jl, jr, tc) / unit, rel=1e-12)


def test_whole_strides_are_those_with_one_step_of_each_foot_and_no_gap() -> None:
    def at(time: float, side: Side, stride: float = 1.0) -> Step:
        return step(time, side, stride_time_s=stride)

    left, right = Side.LEFT, Side.RIGHT
    walked = [at(k / 2, (left, right)[k % 2]) for k in range(8)]
    assert [s.time - walked[0].time for s in whole_strides(walked)] == [0, SECOND, 2 * SECOND]
    assert all(s.left.side is left and s.right.side is right for s in whole_strides(walked))
    missed = [*walked[:3], *walked[4:]]  # a step of the right foot
    assert [s.time - walked[0].time for s in whole_strides(missed)] == [0, 2 * SECOND]
    broken = [replace(s, stride_time_s=NAN) if k == 4 else s for k, s in enumerate(walked)]
    assert [s.time - walked[0].time for s in whole_strides(broken)] == [0, 2 * SECOND]
    assert list(whole_strides([])) == []
    assert [s.time - walked[1].time for s in whole_strides(walked[1:])] == [0, SECOND, 2 * SECOND]
