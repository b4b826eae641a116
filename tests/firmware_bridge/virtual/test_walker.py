"""The plan of a walk: timing, symmetry, momentum, stops; and the same from the same seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.model import STANDARD_GRAVITY
from firmware_bridge.virtual.gait.ground_reaction import contact_edges
from firmware_bridge.virtual.gait.walker import _BLOCK, Gait, Ramp, Standing, Strides, plan


def strides(gait: Gait, seed: int = 0, blocks: int = 6) -> list[Strides]:
    return [item for item in islice(plan(gait, (seed,)), blocks) if isinstance(item, Strides)]


def joined(blocks: list[Strides], name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.concatenate([getattr(b, name) for b in blocks])


@pytest.mark.parametrize("activity", ["running", "walking"])
def test_both_feet_carry_the_body_over_every_stride(activity: str) -> None:
    for block in strides(Gait(activity=activity, mass=82.0, si=Ramp.constant(6))):  # type: ignore[arg-type]
        carried = block.stances.impulse.sum(axis=1)
        assert carried == pytest.approx(82 * STANDARD_GRAVITY * block.stride_time, rel=1e-9)


def test_in_running_the_impulse_of_a_foot_is_weight_times_support_and_mean_flight() -> None:
    for block in strides(Gait(si=Ramp.constant(-5))):
        support = block.stances.support
        flight = (block.stride_time - support.sum(axis=1)) / 2
        assert block.stances.impulse == pytest.approx(70 * STANDARD_GRAVITY * (support + flight[:, None]), rel=1e-3)
        assert (flight > 0).all()


@settings(max_examples=20)
@given(st.floats(-12, 12), st.booleans(), st.integers(0, 1000))
def test_the_symmetry_index_is_what_was_asked_for(si: float, running: bool, seed: int) -> None:
    gait = Gait(activity="running" if running else "walking", si=Ramp.constant(si), noise=0.0)
    contact = joined(strides(gait, seed, 2), "contact_time")
    left, right = contact.T
    assert 200 * (right - left) / (right + left) == pytest.approx(si, abs=1e-9)


def test_symmetry_is_centred_with_step_noise_too() -> None:
    contact = joined(strides(Gait(si=Ramp.constant(8)), blocks=20), "contact_time")
    left, right = np.log(contact).mean(axis=0)
    assert 100 * (right - left) == pytest.approx(8, abs=0.6)


def test_walking_shifts_twice_as_much_impulse_as_time() -> None:
    impulse = strides(Gait(activity="walking", si=Ramp.constant(4), noise=0.0))[0].stances.impulse
    left, right = impulse.T
    assert 200 * (right - left) / (right + left) == pytest.approx(8, abs=1e-6)


def test_variation_from_stride_to_stride_is_natural() -> None:
    block = strides(Gait(), blocks=30)
    period, contact = joined(block, "stride_time"), joined(block, "contact_time")
    assert 0.014 < period.std() / period.mean() < 0.025
    assert 0.02 < contact[:, 0].std() / contact[:, 0].mean() < 0.04
    assert joined(block, "pronation").std() == pytest.approx(0.15, abs=0.02)


def test_running_flies_and_walking_does_not() -> None:
    run, walk = strides(Gait())[0], strides(Gait(activity="walking"))[0]
    assert (run.contact_time.sum(axis=1) < run.stride_time).all()
    assert (walk.contact_time.sum(axis=1) > walk.stride_time).all()


@pytest.mark.parametrize("activity", ["running", "walking"])
def test_a_measured_curve_keeps_timing_and_momentum(activity: str) -> None:
    half_sine = tuple(np.sin(np.linspace(0, np.pi, 51)).tolist())
    gait = Gait(activity=activity, curve=half_sine, si=Ramp.constant(5))  # type: ignore[arg-type]
    for block in strides(gait):
        on, off = contact_edges(block.stances)
        assert off - on == pytest.approx(block.contact_time, abs=1e-4)
        assert block.stances.impulse.sum(axis=1) == pytest.approx(70 * STANDARD_GRAVITY * block.stride_time, rel=1e-9)


def test_camber_tilts_the_feet_against_each_other() -> None:
    left, right = strides(Gait(camber=Ramp.constant(5), noise=0.0))[0].pronation.T
    assert left == pytest.approx(0.4)
    assert right == pytest.approx(-0.4)


def test_tempo_changes_stride_and_contact_time_of_both_feet() -> None:
    gait = Gait(tempo=Ramp(1.0, 1.3, 60), noise=0.0)
    blocks = strides(gait, blocks=3)
    time, contact = joined(blocks, "contact")[:, 0], joined(blocks, "contact_time")
    slow, fast = contact[time < 55].mean(axis=0), contact[time > 65].mean(axis=0)
    assert slow - fast == pytest.approx(0.03 * 0.3 * 2.7, rel=0.02)


def test_courses() -> None:
    t = np.array([0.0, 10, 20, 40])
    assert Ramp(1, 3, 10, 20).at(t) == pytest.approx([1, 1, 2, 3])
    assert Ramp(1, 3, 10).at(t) == pytest.approx([1, 3, 3, 3])
    assert Ramp(0, 1, 10, 10, exponential=True).at(t)[2] == pytest.approx(1 - np.exp(-1))


def test_stops_breaks_and_standing_are_kept_free_of_strides() -> None:
    gait = Gait(seconds=120, stand_s=(5, 6), stops=((40, 10),), walk_breaks=((70, 20),))
    items = list(plan(gait, (1,)))
    standing = [(i.start, i.stop) for i in items if isinstance(i, Standing)]
    assert standing == [(0, 5), (40, 50), (114, 120)]
    walking = [i for i in items if isinstance(i, Strides) and not i.running]
    assert all(i.start >= 70 and i.stop <= 91 for i in walking)
    assert sum(len(i.si) for i in walking) > 12
    for item in items:
        if isinstance(item, Strides):
            end = item.contact + item.contact_time
            assert not any(((item.contact < stop) & (end > start)).any() for start, stop in standing)


def test_a_seed_is_a_walk() -> None:
    one, same, other = (strides(Gait(), seed)[3] for seed in (1, 1, 2))
    assert np.array_equal(one.contact, same.contact)
    assert not np.array_equal(one.contact, other.contact)


def test_a_walk_does_not_depend_on_how_long_it_lasts() -> None:
    short, long = strides(Gait(seconds=200)), strides(replace(Gait(), seconds=2000))
    assert np.array_equal(short[2].contact, long[2].contact)
    assert len(long[0].si) == _BLOCK
