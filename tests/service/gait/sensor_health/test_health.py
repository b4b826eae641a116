"""Broken sensors, in stretches of readings that are easy to see through."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import SECOND, Float32s, Int64s, Profile
from firmware_bridge.devices.profile import load_profile
from service.gait import thresholds as p
from service.gait.sensor_health.health import (
    _SATURATED,
    DEAD,
    INTERMITTENT,
    STUCK,
    SUSPECT,
    WHOLE_INSOLE,
    Defect,
    SensorMonitor,
    look,
    sensor_map,
)
from tests.walkers.sparse import sparse

START = 60 * p.RESET_NS
DEMO = load_profile("demo-16")


def steps(
    profile: Profile = DEMO, *, seconds: float = 30, stride_s: float = 1.1, noise: float = 1.2, seed: int = 0
) -> tuple[Int64s, Float32s]:
    """Return readings of a foot that rolls from heel to toe, each sensor loaded by 80 to 200."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / profile.rate_hz)
    places, part = profile.sensors, (t % stride_s) / stride_s
    since = (part[:, None] - 0.35 * places.ap) / 0.3
    load = np.where((since > 0) & (since < 1), np.sin(np.pi * np.clip(since, 0, 1)), 0.0)
    load = load * rng.uniform(80, 200, places.count)
    values = np.clip(load + rng.uniform(0, 4, places.count) + noise * rng.standard_normal(load.shape), 0, None)
    return START + np.round(t * SECOND).astype(np.int64), values.astype(np.float32)


def found(values: Float32s, profile: Profile = DEMO) -> list[Defect]:
    time = START + np.round(np.arange(len(values)) / profile.rate_hz * SECOND).astype(np.int64)
    return look(time, values, sensor_map(profile))[0]


def broken(values: Float32s, sensor: int, how: Callable[[Float32s], Any]) -> Float32s:
    values = values.copy()
    values[:, sensor] = how(values[:, sensor])
    return values


@given(seed=st.integers(0, 10**6), noise=st.sampled_from([0.0, 1.2, 3.0]), stride=st.floats(0.65, 1.6))
@settings(max_examples=30, deadline=None)
def test_nothing_is_found_on_sound_sensors(seed: int, noise: float, stride: float) -> None:
    assert found(steps(noise=noise, seed=seed, stride_s=stride)[1]) == []


@pytest.mark.parametrize("noise", [0.0, 1.2])
@pytest.mark.parametrize("sensor", [0, 1, 3, 8, 11])
def test_a_sensor_that_reads_nothing_under_heel_or_ball_is_dead(sensor: int, noise: float) -> None:
    values = steps(noise=noise)[1]
    assert found(broken(values, sensor, lambda x: 0 * x)) == [Defect(sensor, DEAD)]


def test_one_under_arch_or_toes_may_be_unloaded_unless_it_lacks_the_noise_of_all() -> None:
    silent, noisy = steps(noise=0.0)[1], steps()[1]
    for sensor in (5, 6, 14):
        assert found(broken(silent, sensor, lambda x: 0 * x)) == []
        assert found(broken(noisy, sensor, lambda x: 0 * x)) == [Defect(sensor, DEAD)]
        alive = noisy.copy()
        alive[:, sensor] = np.clip(np.random.default_rng(1).normal(3, 1.2, len(noisy)), 0, None)
        assert found(alive) == []


def test_one_that_stays_where_it_is_is_stuck() -> None:
    for level in (40.0, 150.0, 1200.0):
        assert found(broken(steps()[1], 3, partial(np.full_like, fill_value=level))) == [Defect(3, STUCK)]


def test_one_that_dies_is_dead_after_eight_seconds() -> None:
    def dying(seconds: float) -> list[Defect]:
        return found(broken(steps()[1], 5, lambda x: np.where(np.arange(len(x)) < 100 * seconds, x, 0)))

    assert dying(26) == []
    assert dying(21) == [Defect(5, DEAD)]


def test_a_loose_contact_is_intermittent() -> None:
    values, rng = steps()[1], np.random.default_rng(3)
    assert found(broken(values, 3, lambda x: np.where(rng.random(len(x)) < 0.3, 0, x))) == [Defect(3, INTERMITTENT)]
    away = (np.arange(len(values)) // 400) % 3 == 1  # seconds 4 to 8, 16 to 20 ...
    assert found(broken(values, 3, lambda x: np.where(away, 0, x))) == [Defect(3, INTERMITTENT)]


def test_missing_readings_are_a_fault_of_the_sensor_and_missing_samples_are_not() -> None:
    values, rng = steps()[1], np.random.default_rng(3)
    assert found(broken(values, 6, lambda x: np.nan * x)) == [Defect(6, DEAD)]
    assert found(broken(values, 6, lambda x: np.where(rng.random(len(x)) < 0.3, np.nan, x))) == [
        Defect(6, INTERMITTENT)
    ]
    assert found(broken(values, 6, lambda x: np.where(rng.random(len(x)) < 0.02, np.nan, x))) == []
    gone = values.copy()
    gone[rng.random(len(values)) < 0.3] = np.nan
    assert found(gone) == []


def test_one_at_full_scale_for_a_twentieth_of_stance_is_saturated() -> None:
    values = steps()[1]
    assert found(broken(values, 2, lambda x: np.minimum(x * 60, 1200))) == [Defect(2, _SATURATED)]
    assert found(broken(values, 2, lambda x: np.minimum(x * 60, 1100))) == []
    most = np.minimum(values * 60, 1200)
    assert found(most) == [Defect(WHOLE_INSOLE, _SATURATED)]


def test_a_few_loadings_a_standing_foot_and_an_insole_in_a_drawer_tell_nothing() -> None:
    time, values = steps()
    dead = broken(values, 3, lambda x: 0 * x)
    assert look(time[:1300], dead[:1300], sensor_map(DEMO))[0] == []
    rng = np.random.default_rng(3)
    sway = 60 + 20 * np.sin(np.arange(len(values))[:, None] / 30 + np.arange(16)) + rng.normal(0, 1.2, values.shape)
    assert found(broken(sway.astype(np.float32), 3, lambda x: 0 * x)) == []
    assert found(broken(np.full_like(values, 60), 3, lambda x: 0 * x)) == []
    assert found(np.zeros_like(values)) == []
    assert found(np.full_like(values, np.nan)) == []


def test_few_sensors_bear_less_witness() -> None:
    one, three = sparse([(0.5, 0.5)]), sparse([(0.5, 0.12), (0.2, 0.65), (0.8, 0.72)])
    values = steps(one)[1]
    assert found(values, one) == []
    assert found(0 * values, one) == []
    assert found(np.minimum(values * 500, 4095), one) == [Defect(WHOLE_INSOLE, _SATURATED)]
    values = steps(three, noise=0.0)[1]
    assert found(values, three) == []
    assert found(broken(values, 1, lambda x: 0 * x), three) == [Defect(1, DEAD)]
    assert found(broken(values, 0, lambda x: 0 * x), three) == []  # one may well land on the forefoot
    dies = broken(values, 0, lambda x: np.where(np.arange(len(x)) < 1500, x, 0))
    assert found(dies, three) == [Defect(0, DEAD)]


def test_the_calibrations_zero_counts_for_nothing() -> None:
    values = steps()[1] + 700
    zeros = sensor_map(DEMO, (700.0,) * 16)
    assert look(steps()[0], broken(values, 3, lambda x: 0 * x + 700), zeros)[0] == [Defect(3, DEAD)]


def test_a_scale_changes_nothing() -> None:
    values = broken(steps()[1], 3, lambda x: 0 * x)
    assert found(values * np.float32(0.25)) == found(values) == found(values * np.float32(4))


@given(cuts=st.lists(st.integers(1, 5999), max_size=30))
@settings(max_examples=15, deadline=None)
def test_a_watch_does_not_mind_how_samples_are_cut(cuts: list[int]) -> None:
    time, values = steps(seconds=60)
    values = broken(values, 3, lambda x: np.where(np.arange(len(x)) < 4500, x, 0))
    watch, told = SensorMonitor(sensor_map(DEMO)), list[object]()
    edges = sorted({0, 3000, 6000, *cuts})
    for a, b in pairwise(edges):
        watch.add(time[a:b], values[a:b])
        if b == 3000:
            told.append(watch.decide())
    for k in range(28, 54):
        contact = START + round(k * 1.1 * SECOND)
        told.append(watch.doubt(contact, contact + SECOND * 7 // 10, frozenset()))
    assert told[0] == []
    assert told[1:14] == [""] * 13
    assert set(told[15:]) == {SUSPECT}
    assert watch.doubt(contact, contact + SECOND * 7 // 10, frozenset({3})) == ""
    assert watch.decide() == [Defect(3, DEAD)]
    assert watch.decide() == []
