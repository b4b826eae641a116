"""What is measured against what is true: on walks known in full, and on real recordings with published values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import Frames, Side, load_profile, parse_profile
from firmware_bridge.model import Float64s
from firmware_bridge.virtual.gait.ground_truth import Truth
from firmware_bridge.virtual.gait.scenario import _Telling, demo_story
from service.records.rows import Block, Flag, Step, Verdict
from tests.walkers.gait_walks import Rows, analyze, evenly, merged, session
from tests.walkers.walks import START, Gait, Locomotion, Ramp, insole, walk, walk_story


def errors_ms(rows: Rows, truth: Truth) -> tuple[Float64s, Float64s]:
    """Return errors of contact and foot-off in ms, after checking that every step was found and no other."""
    on, off = [], []
    for side in Side:
        steps = [r for r in rows if isinstance(r, Step) and r.side is side]
        true = truth.of(side)
        found = np.array([r.time for r in steps])
        nearest = np.array([int(np.argmin(np.abs(true.contact - t))) for t in found])
        assert len(set(nearest.tolist())) == len(found)
        assert len(found) >= len(true.contact) - 1
        on.append((found - true.contact[nearest]) * 1e-6)
        off.append((np.array([r.foot_off for r in steps]) - true.off[nearest]) * 1e-6)
    return np.concatenate(on), np.concatenate(off)


@pytest.mark.parametrize("activity", ["walking", "running"])
@pytest.mark.parametrize("seed", range(40, 44))
def test_events_agree_with_the_truth(activity: Locomotion, seed: int) -> None:
    gait = Gait(activity=activity, stand_s=(5.0, 3.0), stops=((30.0, 8.0),))
    left, right, truth = walk(gait, seconds=70, seed=seed, faults=True)
    on, off = errors_ms(analyze(merged(left, right)), truth)
    assert np.abs(on).max() < 20
    assert np.abs(on).mean() <= 2.5
    assert np.abs(off).mean() <= 6.0


@pytest.mark.parametrize("rate_hz", [60, 200, 300])
def test_any_sampling_rate(rate_hz: int) -> None:
    text = load_profile("demo-16").text.replace("rate_hz = 100", f"rate_hz = {rate_hz}")
    profile = parse_profile(text, "demo")
    gait = Gait(stand_s=(5.0, 3.0))
    left, right, truth = walk(gait, seconds=40, seed=3, faults=True, profile=profile)
    rows = analyze(merged(left, right), profile=profile)
    on, off = errors_ms(rows, truth)
    assert np.abs(on).mean() <= (4.0 if rate_hz < 100 else 2.0)
    assert np.abs(off).mean() <= 6.0
    assert np.mean([r.completeness for r in rows if isinstance(r, Step)]) > 0.97


@pytest.mark.parametrize("activity", ["walking", "running"])
@pytest.mark.parametrize("si", [-6.0, 0.0, 4.0])
def test_the_symmetry_of_contact_time_agrees_with_the_truth(activity: Locomotion, si: float) -> None:
    gait = Gait(activity=activity, si=Ramp.constant(si))
    left, right, _ = walk(gait, seconds=240, seed=9, faults=True)
    blocks = [r for r in analyze(merged(left, right)) if isinstance(r, Block) and not r.void]
    found = [b.contact_time_si_pct for b in blocks]
    assert len(found) >= 4
    assert np.mean(found) == pytest.approx(si, abs=1.0)
    assert np.mean([b.contact_time_si_low_pct - 0.5 < si < b.contact_time_si_high_pct + 0.5 for b in blocks]) >= 0.7


def test_an_insole_of_eight_real_sensors(shared: Callable[..., Path]) -> None:
    profile = load_profile("gaitpdb-8")
    for group, count, stride in (("SiCo", 6, 1.09), ("SiPt", 5, 1.17)):
        files = sorted(shared("data", "gaitpdb").glob(f"{group}*.txt.gz"))
        assert len(files) == count
        means = []
        for path in files:
            table = np.loadtxt(path)
            time = START + np.round(table[:, 0] * 100).astype(np.int64) * 10_000_000
            fresh = np.concatenate(([True], np.diff(time) > 0))
            feet = [
                Frames(
                    "ada", side, insole(side, profile).device, time[fresh], table[fresh, a : a + 8].astype(np.float32)
                )
                for side, a in ((Side.LEFT, 1), (Side.RIGHT, 9))
            ]
            rows = analyze(merged(*(evenly(foot, 100) for foot in feet)), profile=profile)
            steps = [r for r in rows if isinstance(r, Step)]
            assert np.mean([r.valid for r in steps]) > 0.8
            assert {r.activity for r in steps if r.valid} == {"walking"}
            means.append(np.nanmean([r.stride_time_s for r in steps if r.valid]))
        assert np.mean(means) == pytest.approx(stride, abs=0.01)


def test_one_foot_alone_has_steps_and_no_statement() -> None:
    left, _ = session(seconds=240)
    rows = analyze(evenly(left, 100))
    assert sum(isinstance(r, Step) and r.valid for r in rows) > 150
    assert {b.reason for b in rows if isinstance(b, Block)} == {"one_foot"}
    assert {v.answer for v in rows if isinstance(v, Verdict)} == {"cannot_tell"}


def test_an_insole_that_nobody_described_still_has_steps() -> None:
    left, right = session()
    rows = analyze(merged(evenly(left, 100), evenly(right, 100)), with_devices=False)
    steps = [r for r in rows if isinstance(r, Step)]
    assert len(steps) > 80
    assert {r.unit for r in steps} == {"raw"}
    assert all(np.isnan(r.medial_lateral_index) for r in steps)


@cache
def days_before(seed: int, activity: Locomotion) -> tuple[Block, ...]:
    """Return the blocks of five ordinary sessions, told by one person."""
    story = demo_story("normal", seed, START, activity)
    left, right, _ = walk_story(replace(story, sessions=story.sessions[:-1]), stop=story.sessions[-1].start, chunk_s=10)
    return tuple(r for r in analyze(merged(left, right)) if isinstance(r, Block))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("telling", "topic"), [("normal", ""), ("limping", "imbalance"), ("pronated", "over_pronation")]
)
@pytest.mark.parametrize(("seed", "activity"), [(21, "running"), (22, "running"), (23, "walking")])
def test_the_right_thing_is_flagged_and_nothing_else(
    telling: _Telling, topic: str, seed: int, activity: Locomotion
) -> None:
    story = demo_story(telling, seed, START, activity)
    brief = tuple(
        replace(s, gait=replace(s.gait, seconds=1.0, stand_s=(0.0, 0.0), stops=())) for s in story.sessions[:-1]
    )
    first = story.sessions[-1].start
    left, right, _ = walk_story(replace(story, sessions=(*brief, story.sessions[-1])), stop=START, chunk_s=10)
    frames = [f for f in merged(left, right) if f.time[0] >= first]
    rows = analyze(frames, days_before(seed, activity))
    assert [(f.topic, f.raised) for f in rows if isinstance(f, Flag)] == ([(topic, True)] if topic else [])
    last = {v.topic: v.answer for v in rows if isinstance(v, Verdict)}
    assert last == {t: "differs" if t == topic else "normal" for t in ("imbalance", "over_pronation")}
