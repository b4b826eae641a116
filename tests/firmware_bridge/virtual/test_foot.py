"""Readout of a virtual insole: force and timing as in truth, any cut of time, two feet of one walk, faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.devices.profile import Profile, load_profile
from firmware_bridge.model import SECOND, STANDARD_GRAVITY, Frames, Side
from firmware_bridge.virtual.gait.pressure import REGION_COUNT, Placement, _Foot, matrix, weights
from firmware_bridge.virtual.gait.scenario import Story, plain_story
from firmware_bridge.virtual.insole.foot import Readout, VirtualFoot
from tests.walkers.walks import START, Fault, Gait, Ramp, lose, measured_curve, walk


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile("demo-16")


def story(seconds: float = 70.0, *, faults: bool = True) -> Story:
    return plain_story(Gait(seconds=seconds, stand_s=(3, 2)), START, 5, faults=faults)


def force_of(frames: list[Frames], profile: Profile) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    whole = Frames.concatenate(frames)
    return whole.time / 1.0, whole.pressure @ profile.sensors.area_mm2 * 1e-3


@pytest.mark.parametrize("activity", ["running", "walking"])
@pytest.mark.parametrize("side", list(Side))
def test_pressure_times_area_is_the_true_force(activity: str, side: Side, profile: Profile) -> None:
    left, right, truth = walk(Gait(activity=activity), seconds=60, seed=2)  # type: ignore[arg-type]
    time, force = force_of(left if side is Side.LEFT else right, profile)
    steps = truth.of(side)
    for k in range(5, len(steps.contact) - 2):
        inside = (time > steps.contact[k] - 30e6) & (time < steps.off[k] + 30e6)
        assert force[inside].sum() / profile.rate_hz == pytest.approx(steps.impulse[k], rel=0.01)
        assert force[inside].max() == pytest.approx(steps.peak[k], rel=0.03)


def test_a_measured_curve_is_worn_like_the_model(profile: Profile, shared: Callable[..., Path]) -> None:
    curve = measured_curve(shared("data", "running_grf_peerj12752", "GRF_one_sub.csv.gz"), trial=2)  # level, 2.5 m/s
    assert len(curve) == 51
    assert 2.0 < max(curve) < 3.0
    left, _, truth = walk(Gait(curve=curve), seconds=40, seed=4)
    _, _, model = walk(Gait(), seconds=40, seed=4)
    time, force = force_of(left, profile)
    steps = truth.left
    assert steps.contact_time == pytest.approx(model.left.contact_time, abs=1e-9)
    inside = (time > steps.contact[9] - 30e6) & (time < steps.off[9] + 30e6)
    assert force[inside].sum() / profile.rate_hz == pytest.approx(steps.impulse[9], rel=0.02)
    assert abs(steps.peak / model.left.peak - 1).mean() > 0.01


def test_contact_is_where_the_force_passes_20_newton(profile: Profile) -> None:
    left, _, truth = walk(seconds=40, seed=4)
    time, force = force_of(left, profile)
    for on, off in zip(truth.left.contact, truth.left.off, strict=True):
        k, j = np.searchsorted(time, [on, off])
        assert force[k - 1] < 21 < 19 + force[k]
        assert force[j] < 21 < 19 + force[j - 1]


def test_with_ordinary_faults_the_force_is_still_near(profile: Profile) -> None:
    clean, faulty = walk(seconds=30, seed=3), walk(seconds=30, seed=3, faults=True)
    for one, other in zip(clean[:2], faulty[:2], strict=True):
        true, read = force_of(one, profile)[1], force_of(other, profile)[1]
        assert np.quantile(read, 0.95) == pytest.approx(np.quantile(true, 0.95), rel=0.2)
        assert not np.array_equal(true, read)
        assert 0 < np.quantile(read, 0.05) < 80


def test_any_cut_of_time_gives_the_same_samples(profile: Profile) -> None:
    stop = START + 70 * SECOND
    whole = VirtualFoot(profile, Side.LEFT, story()).samples(START, stop)
    foot = VirtualFoot(profile, Side.LEFT, story())
    edges = [START, *(START + int(s * SECOND) for s in (0.013, 0.5, 19.999, 20.001, 20.3, 41, 69.9)), stop]
    parts = [foot.samples(a, b) for a, b in pairwise(edges)]
    joined = Readout.join(parts)
    for name in Readout._fields:
        assert np.array_equal(getattr(whole, name), getattr(joined, name))
    again = foot.samples(START + 5 * SECOND, START + 6 * SECOND)  # back in time
    assert np.array_equal(again.pressure, whole.between(START + 5 * SECOND, START + 6 * SECOND).pressure)
    straight = VirtualFoot(profile, Side.LEFT, story()).samples(START + 55 * SECOND, START + 56 * SECOND)
    assert np.array_equal(straight.pressure, whole.between(START + 55 * SECOND, START + 56 * SECOND).pressure)


def test_samples_cover_the_session_and_nothing_else(profile: Profile) -> None:
    foot = VirtualFoot(profile, Side.RIGHT, story(30))
    got = foot.samples(START - 100 * SECOND, START + 100 * SECOND)
    assert len(got.time) == pytest.approx(3000, abs=2)
    assert got.time[0] >= START
    assert got.time[-1] < START + 30 * SECOND
    assert len(foot.samples(START - 9 * SECOND, START).time) == 0
    assert np.diff(got.time) == pytest.approx(1e7, abs=2000)


def test_standing_is_body_weight_on_two_feet(profile: Profile) -> None:
    left, right, truth = walk(Gait(stand_s=(6, 0)), seconds=20)
    assert truth.standing == ((START, START + 6 * SECOND),)
    both = force_of(left, profile)[1][50:550] + force_of(right, profile)[1][50:550]
    assert both == pytest.approx(70 * STANDARD_GRAVITY, rel=0.01)


def test_two_feet_belong_to_one_walk(profile: Profile) -> None:
    _, _, truth = walk(seconds=60)
    gaps = np.diff(np.sort(np.concatenate([truth.left.contact, truth.right.contact]))) / SECOND
    assert gaps == pytest.approx(0.38, abs=0.05)


@pytest.mark.parametrize("activity", ["running", "walking"])
def test_pronation_moves_load_to_the_medial_side_of_either_foot(activity: str, profile: Profile) -> None:
    def medial(pronation: float, foot: int) -> float:
        course = Ramp.constant(pronation)
        gait = Gait(activity=activity, left_pronation=course, right_pronation=course)  # type: ignore[arg-type]
        left, right, _ = walk(gait, seconds=20)
        pressure = Frames.concatenate(right if foot else left).pressure @ np.diag(profile.sensors.area_mm2)
        return float((pressure @ (2 * profile.sensors.ml - 1)).sum() / pressure.sum())

    for foot in (0, 1):
        values = [medial(p, foot) for p in (-2, -1, 0, 1, 2)]
        assert all(b - a > 0.03 for a, b in pairwise(values))


@pytest.mark.parametrize(("running", "expected"), [(True, (16.5, 11, 5)), (False, (20, 15.5, 10))])
def test_the_excursion_index_falls_with_pronation(running: bool, expected: tuple[float, ...]) -> None:
    """The centre of pressure's excursion at the distal third of the foot (Song 1996), % of width."""
    s = np.linspace(0.02, 0.93 if running else 0.98, 500)  # with force above 5 % of its peak
    x = np.array([12, -12, 16, -22, 27, 3, -29, 25, -6.0])
    y = np.array([13, 13, 43, 43, 72, 74, 67, 92, 89]) / 100
    for pronation, value in zip((-2.0, 0.0, 2.0), expected, strict=True):
        w = weights(s, np.full(500, pronation), running)
        across, along = w @ x, np.maximum.accumulate(w @ y)
        part = (2 / 3 - along[0]) / (along[-1] - along[0])
        chord = across[0] + part * (across[-1] - across[0])
        assert (chord - np.interp(2 / 3, along, across)) / 96 * 100 == pytest.approx(value, abs=3.5)


def test_a_forefoot_strike_begins_in_front() -> None:
    early = np.array([0.06])
    rear, fore = (weights(early, np.zeros(1), running=True, forefoot=f)[0] for f in (False, True))
    assert rear[:2].sum() > 0.6
    assert fore[4:7].sum() > 0.6
    assert fore[6] > fore[5] > fore[4]


def test_a_covering_layout_carries_all_and_a_moved_insole_nearly(profile: Profile) -> None:
    area, average = profile.sensors.area_mm2, _Foot(np.ones(REGION_COUNT), np.zeros((REGION_COUNT, 2)))
    assert matrix(profile, average, Placement()) @ area * 1e-3 == pytest.approx(1)
    assert matrix(profile, average, Placement(3, -3, 2)) @ area * 1e-3 == pytest.approx(1, abs=0.25)


def test_any_layout_reads_in_its_own_unit() -> None:
    newton = load_profile("gaitpdb-8")
    assert newton.unit == "N"
    left = Frames.concatenate(walk(Gait(activity="walking"), seconds=20, profile=newton)[0])
    assert left.pressure.shape[1] == 8
    assert 0.3 * 700 < np.quantile(left.pressure.sum(axis=1), 0.95) < 1.6 * 700


def test_what_is_broken_reads_broken() -> None:
    broken = [Fault("dead", 2, begin_s=10), Fault("stuck", 3, 55.0), Fault("intermittent", 4, 0.5)]
    left, right, _ = walk(seconds=20, faults=True, broken={Side.LEFT: broken})
    whole = walk(seconds=20, faults=True)
    pressure, sound = (Frames.concatenate(f).pressure for f in (left, whole[0]))
    assert (pressure[1001:, 2] == 0).all()
    assert pressure[:999, 2].max() > 50
    assert (pressure[:, 3] == 55).all()
    assert np.mean(pressure[:, 4] == 0) - np.mean(sound[:, 4] == 0) == pytest.approx(0.45, abs=0.15)
    assert np.array_equal(Frames.concatenate(right).pressure, Frames.concatenate(whole[1]).pressure)


def test_a_gain_fault_is_a_false_imbalance(profile: Profile) -> None:
    fault = {Side.RIGHT: [Fault("gain", value=1.2, begin_s=10)]}
    right, sound = walk(seconds=20, broken=fault)[1], walk(seconds=20)[1]
    ratio = force_of(right, profile)[1].reshape(2, -1).sum(axis=1) / force_of(sound, profile)[1].reshape(2, -1).sum(
        axis=1
    )
    assert ratio == pytest.approx([1, 1.2], abs=1e-3)


def test_gain_may_drift() -> None:
    drift = Fault("gain", value=1.2, begin_s=10, over_s=20)
    assert drift.factor(np.array([0.0, 10, 20, 30, 99])) == pytest.approx([1, 1, 1.1, 1.2, 1.2])


def test_motion_rests_at_one_g_and_turns_in_swing() -> None:
    left, _, _ = walk(Gait(stand_s=(5, 0)), seconds=20)
    whole = Frames.concatenate(left)
    assert whole.acc is not None
    assert whole.gyro is not None
    assert whole.acc[:480] == pytest.approx(np.tile([0, 0, 1], (480, 1)))
    assert np.abs(whole.gyro[:480]).max() == 0
    assert 300 < np.abs(whole.gyro[600:, 1]).max() < 1500
    assert 1.5 < whole.acc[600:, 2].max() < 16


def test_losing_takes_the_part_asked_for() -> None:
    left, _, _ = walk(seconds=60)
    kept = sum(len(f) for f in lose(left, 0.1, seed=1))
    assert 1 - kept / sum(len(f) for f in left) == pytest.approx(0.1, abs=0.03)


def test_the_seed_is_the_person(profile: Profile) -> None:
    one = VirtualFoot(profile, Side.LEFT, story()).samples(START, START + 9 * SECOND)
    other = VirtualFoot(profile, Side.LEFT, replace(story(), seed=6)).samples(START, START + 9 * SECOND)
    assert not np.array_equal(one.pressure[:800], other.pressure[:800])
