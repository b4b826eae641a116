"""Signals that are not what an insole should send: no crash, nothing invented, and what is withheld says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge import SECOND, ConfigError, Frames, Profile, Side, load_profile, parse_profile
from service.records.rows import Block, Flag, Step, Verdict
from tests.walkers.gait_walks import Rows, analyze, evenly, merged
from tests.walkers.walks import START, Gait, Locomotion, insole, walk

Array = NDArray[np.float32]
activities = pytest.mark.parametrize("activity", ["walking", "running"])


@cache
def session(activity: Locomotion, rate_hz: int = 100) -> tuple[Frames, Frames]:
    gait = Gait(activity=activity, stand_s=(4.0, 4.0), stops=((20.0, 6.0),))
    left, right, _ = walk(gait, seconds=45, seed=5, faults=True, profile=at_rate(rate_hz))
    return Frames.concatenate(left), Frames.concatenate(right)


def at_rate(rate_hz: int) -> Profile:
    text = load_profile("demo-16").text.replace("rate_hz = 100\n", f"rate_hz = {rate_hz}\n")
    return parse_profile(text, "demo-16")


def changed(activity: Locomotion, change: Callable[[Array], Array]) -> Rows:
    """Return the rows of a session whose readings were changed."""
    feet = [replace(foot, pressure=change(foot.pressure.copy()).astype(np.float32)) for foot in session(activity)]
    return analyze(merged(*(evenly(foot, 100) for foot in feet)))


def steps(rows: Rows) -> list[Step]:
    return [row for row in rows if isinstance(row, Step)]


def says_nothing(rows: Rows) -> bool:
    """Tell whether no step counts, no block is of use and nothing of the wearer is said."""
    return not any(
        (isinstance(row, Step) and row.valid)
        or (isinstance(row, Block) and not row.void)
        or (isinstance(row, Flag) and row.topic in {"imbalance", "over_pronation"})
        or (isinstance(row, Verdict) and row.answer != "cannot_tell")
        for row in rows
    )


@activities
def test_twelve_samples_a_second_are_counted_and_not_measured(activity: Locomotion) -> None:
    plain = steps(analyze(merged(*(evenly(foot, 100) for foot in session(activity)))))
    rows = analyze(merged(*(evenly(foot, 50) for foot in session(activity, 12))), profile=at_rate(12))
    assert len(steps(rows)) == pytest.approx(len(plain), abs=2)
    assert {step.reason for step in steps(rows)} == {"rate"}
    assert says_nothing(rows)


def test_forty_samples_a_second_are_enough_for_a_walk_and_not_for_a_run() -> None:
    for activity in ("walking", "running"):
        rows = analyze(merged(*(evenly(foot, 50) for foot in session(activity, 40))), profile=at_rate(40))
        stepped = [step for step in steps(rows) if step.activity == activity]
        assert any(step.valid for step in stepped) is (activity == "walking")
        said = {row.reason for row in rows if isinstance(row, Verdict)}
        assert said == ({"rate"} if activity == "running" else {"too_short"})
        if activity == "running":
            assert {step.reason for step in stepped} == {"rate"}
            assert says_nothing(rows)


@activities
def test_a_rate_that_is_not_the_profile_s_is_missing_data(activity: Locomotion) -> None:
    """Every eighth sample, from an insole that should send a hundred a second."""
    feet = [Frames(f.wearer, f.side, f.device, f.time[::8], f.pressure[::8]) for f in session(activity)]
    assert steps(analyze(merged(*(evenly(foot, 50) for foot in feet)))) == []


@activities
@pytest.mark.parametrize("empty", [np.nan, np.inf, -np.inf])
def test_blocks_without_a_reading_cost_the_steps_that_they_touch(activity: Locomotion, empty: float) -> None:
    def change(pressure: Array) -> Array:
        for first in range(50, len(pressure), 330):
            pressure[first : first + 30] = empty
        return pressure

    plain, rows = steps(changed(activity, lambda p: p)), changed(activity, change)
    told = {(step.side, step.time): step for step in steps(rows)}
    same = [step for step in plain if (step.side, step.time) in told]
    assert 0.3 * len(plain) < len(same) < 0.9 * len(plain)
    for side in Side:
        frames = session(activity)[side is Side.RIGHT]
        for first in range(50, len(frames) - 30, 330):
            start, stop = frames.time[[first, first + 29]].tolist()
            assert not any(s.side is side and s.time < stop and s.foot_off > start for s in told.values())


@activities
def test_one_sensor_of_no_reading_is_made_up_for(activity: Locomotion) -> None:
    def change(pressure: Array) -> Array:
        pressure[:, 3] = np.nan
        return pressure

    plain, ours = steps(changed(activity, lambda p: p)), steps(changed(activity, change))
    assert len(ours) == len(plain)
    late = np.array([a.time - b.time for a, b in zip(ours, plain, strict=True)]) / SECOND
    assert np.abs(late).mean() < 0.003


@pytest.mark.parametrize(("activity", "highest"), [("walking", 40.0), ("walking", 100.0), ("running", 100.0)])
def test_a_flat_top_leaves_the_times(activity: Locomotion, highest: float) -> None:
    """Readings that stop at a part of the peak, which is 300 kPa and more."""
    plain, ours = steps(changed(activity, lambda p: p)), steps(changed(activity, lambda p: np.minimum(p, highest)))
    assert len(ours) == len(plain)
    for name, most in (("time", 0.006), ("foot_off", 0.012)):
        late = np.array([getattr(a, name) - getattr(b, name) for a, b in zip(ours, plain, strict=True)]) / SECOND
        assert np.abs(late).mean() < most


@activities
@pytest.mark.parametrize("flat", [0.0, 60.0, 655.0, 1e6, -20.0, np.nan])
def test_a_constant_signal_is_nothing(activity: Locomotion, flat: float) -> None:
    rows = changed(activity, lambda p: np.full_like(p, flat))
    assert steps(rows) == []
    assert says_nothing(rows)


@activities
@pytest.mark.parametrize("down", [lambda p: -p, lambda p: 500 - p, lambda p: p.max() - p])
def test_a_signal_that_is_upside_down_says_nothing(activity: Locomotion, down: Callable[[Array], Array]) -> None:
    assert says_nothing(changed(activity, down))


def test_twenty_minutes_of_nothing_are_nothing() -> None:
    rng = np.random.default_rng(6)
    time = START + np.arange(120_000, dtype=np.int64) * (SECOND // 100)
    noise = np.abs(rng.normal(0, 1.0, (120_000, 16))).astype(np.float32)
    rows = analyze(merged(*(evenly(Frames("ada", side, insole(side).device, time, noise), 1000) for side in Side)))
    assert steps(rows) == []
    assert says_nothing(rows)


@pytest.mark.parametrize("hz", [0.1, 0.3, 0.45])
def test_slow_sway_of_unknown_scale_is_no_walk(hz: float) -> None:
    profile = load_profile("gaitndd-1")
    time = START + np.round(np.arange(300 * 120) * SECOND / 300).astype(np.int64)
    load = np.sin(2 * np.pi * hz * (time - START) / SECOND).astype(np.float32)
    load += np.random.default_rng(1).normal(0, 0.02, len(load)).astype(np.float32)
    feet = [Frames("ada", side, insole(side, profile).device, time, load[:, None]) for side in Side]
    assert says_nothing(analyze(merged(*(evenly(foot, 1000) for foot in feet)), profile=profile))


BOTH = load_profile("demo-16").text.replace("[sensors]\n", '[sensors]\nfeet = "both"\n')


@activities
def test_steps_of_both_feet_in_one_signal_are_counted_and_not_measured(activity: Locomotion) -> None:
    profile = parse_profile(BOTH, "both")
    left = replace(session(activity)[0], device=insole(Side.LEFT, profile).device)
    rows = analyze(evenly(left, 100), profile=profile)
    assert len(steps(rows)) > 20
    assert {(step.reason, step.activity) for step in steps(rows)} == {("both_feet", "unknown")}
    assert all(np.isnan(step.stride_time_s) for step in steps(rows))
    assert says_nothing(rows)


def test_whose_load_it_is_is_one_of_two() -> None:
    assert parse_profile(BOTH, "both").both_feet
    assert not load_profile("demo-16").both_feet
    with pytest.raises(ConfigError, match=r"mine\.toml: sensors\.feet"):
        parse_profile(BOTH.replace('"both"', '"two"'), "mine.toml")
