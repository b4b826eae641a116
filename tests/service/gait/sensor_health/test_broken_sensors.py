"""What becomes of broken sensors on whole walks: named, left out on both feet, never mistaken for the wearer's doing.

Two walkers of different force curves, ordinary errors of sensors and mounting everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Profile, Side
from firmware_bridge.virtual.gait.scenario import Session, Story
from service.gait import Analyzer
from service.records.quantities import Tier
from service.records.rows import Block, Flag, Step, Verdict
from service.records.topics import INSOLE
from tests.walkers.gait_walks import Rows, merged
from tests.walkers.sparse import sparse
from tests.walkers.two_walkers import DAY, WALKERS
from tests.walkers.walks import START, Fault, Gait, devices, lose, walk, walk_story

Broken = Mapping[Side, Sequence[Fault]]
LEFT, RIGHT = Side.LEFT, Side.RIGHT
walkers = pytest.mark.parametrize("walker", ["first running", "second running", "first walking", "second walking"])
SLOWEST_S = 60  # the rest of a stretch with too few steps, and a whole one


def rows_of(frames: Sequence[Frames], profile: Profile | str = "demo-16", history: Sequence[Block] = ()) -> Rows:
    analyzer, rows = Analyzer("ada", history), Rows()
    for device in devices(profile):
        rows += analyzer.feed(device)
    for piece in frames:
        rows += analyzer.feed(piece)
    return rows + analyzer.close()


def walked(
    gait: Gait, seed: int = 4, *, seconds: float = 100, broken: Broken | None = None, profile: Profile | str = "demo-16"
) -> list[Frames]:
    left, right, _ = walk(gait, seconds=seconds, seed=seed, faults=True, broken=broken, profile=profile, chunk_s=5)
    return merged(left, right)


def findings(rows: Rows) -> list[tuple[str, float]]:
    return [(f.measure, f.value) for f in rows if isinstance(f, Flag) and f.topic == INSOLE.name]


def steps(rows: Rows, side: Side) -> list[Step]:
    return [row for row in rows if isinstance(row, Step) and row.side is side]


FAULTS: dict[str, tuple[Broken, list[tuple[str, float]]]] = {
    "medial heel": ({LEFT: [Fault("dead", 3)]}, [("dead_sensor_left", 3)]),
    "hindmost": ({RIGHT: [Fault("dead", 1)]}, [("dead_sensor_right", 1)]),
    "lateral ball": ({LEFT: [Fault("dead", 7)]}, [("dead_sensor_left", 7)]),
    "arch": ({RIGHT: [Fault("dead", 5)]}, [("dead_sensor_right", 5)]),
    "dies": ({LEFT: [Fault("dead", 14, begin_s=40)]}, [("dead_sensor_left", 14)]),
    "stuck": ({RIGHT: [Fault("stuck", 2, 150.0)]}, [("stuck_sensor_right", 2)]),
    "loose": ({LEFT: [Fault("intermittent", 10, 0.3)]}, [("intermittent_sensor_left", 10)]),
    "saturated": ({RIGHT: [Fault("gain", 9, 30.0)]}, [("saturated_sensor_right", 9)]),
    "both": (
        {LEFT: [Fault("dead", 0)], RIGHT: [Fault("stuck", 8, 60.0)]},
        [("dead_sensor_left", 0), ("stuck_sensor_right", 8)],
    ),
}


@walkers
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_sensor_is_named_and_its_foot_tells_no_force(walker: str, fault: str) -> None:
    broken, named = FAULTS[fault]
    rows = rows_of(walked(WALKERS[walker], broken=broken))
    assert findings(rows) == named
    begin = START + round(max(f.begin_s for faults in broken.values() for f in faults) * SECOND)
    for flag in (row for row in rows if isinstance(row, Flag)):
        assert flag.raised
        assert begin < flag.time < begin + SLOWEST_S * SECOND
        side = LEFT if flag.measure.endswith("left") else RIGHT
        for step in steps(rows, side):
            assert math.isnan(step.impulse) is bool(step.faulty)
            assert math.isnan(step.medial_lateral_index) is bool(step.faulty)
            if step.time >= flag.time:
                assert step.faulty == flag.measure.split("_")[0]
        valid = [step.valid for step in steps(rows, side) if step.faulty]
        assert np.mean(valid) > 0.9  # the times are as good as ever


def test_a_sensor_that_dies_is_suspected_after_two_steps() -> None:
    for walker in WALKERS:
        broken = {LEFT: [Fault("dead", 3, begin_s=65)]}
        rows = steps(rows_of(walked(WALKERS[walker], broken=broken)), LEFT)
        since = START + 65 * SECOND
        assert {step.faulty for step in rows if step.foot_off < since} == {""}
        assert [step.faulty for step in rows if step.time > since][1:8] == ["suspect"] * 7


@walkers
def test_all_saturated_is_a_fault_of_the_insole(walker: str) -> None:
    rows = rows_of(walked(WALKERS[walker], broken={LEFT: [Fault("gain", -1, 60.0)]}, seconds=300))
    assert [measure for measure, _ in findings(rows)] == ["saturated_insole_left"]
    assert {(step.sensors, step.faulty) for step in steps(rows, LEFT)[1:]} == {(16, "saturated")}
    assert {(step.sensors, step.faulty) for step in steps(rows, RIGHT)} == {(16, "")}


def test_an_insole_that_reads_the_same_for_ever_makes_no_steps_and_no_trouble() -> None:
    for broken in ([Fault("stuck", -1, 1200.0)], [Fault("dead")]):
        rows = rows_of(walked(WALKERS["first walking"], broken={LEFT: broken}))
        assert steps(rows, LEFT) == []
        assert findings(rows) == []


def test_a_column_without_readings_is_left_out_and_the_others_tell_the_index_again() -> None:
    frames = walked(WALKERS["first walking"], seconds=330)
    for k, piece in enumerate(frames):
        if piece.side is RIGHT:
            pressure = piece.pressure.copy()
            pressure[:, 9] = np.nan
            frames[k] = replace(piece, pressure=pressure)
    rows = rows_of(frames)
    assert findings(rows) == [("dead_sensor_right", 9)]
    for side in Side:
        last = steps(rows, side)[-30:]
        assert {(step.sensors, step.faulty) for step in last} == {(15, "")}
        assert all(math.isfinite(step.medial_lateral_index) for step in last)
    assert np.isnan([step.medial_lateral_index for step in steps(rows, RIGHT)[:30]]).all()


@walkers
def test_sparse_insoles(walker: str) -> None:
    three, one = sparse([(0.5, 0.12), (0.2, 0.65), (0.8, 0.72)]), sparse([(0.5, 0.5)])
    sound = rows_of(walked(WALKERS[walker], profile=three), three)
    assert findings(sound) == []
    assert {step.tier for step in steps(sound, LEFT)} == {Tier.T1}
    rows = rows_of(walked(WALKERS[walker], profile=three, broken={LEFT: [Fault("dead", 2)]}, seconds=330), three)
    assert findings(rows) == [("dead_sensor_left", 2)]
    for side in Side:
        assert (steps(rows, side)[-1].sensors, steps(rows, side)[-1].tier) == (2, Tier.T0)
    rows = rows_of(walked(WALKERS[walker], profile=one, broken={LEFT: [Fault("dead", 0, begin_s=50)]}), one)
    assert findings(rows) == []
    assert steps(rows, LEFT)[-1].time < START + 52 * SECOND
    assert {(step.sensors, step.tier, step.faulty) for step in steps(rows, RIGHT)} == {(1, Tier.T0, "")}


def test_a_layout_the_wrong_way_round_is_no_fault_of_a_sensor() -> None:
    frames = walked(WALKERS["second walking"])
    order = [1, 0, 3, 2, 5, 4, 6, 11, 10, 9, 8, 7, 15, 14, 13, 12]  # medial and lateral exchanged, as well as they can
    rows = rows_of([replace(f, pressure=f.pressure[:, order]) if f.side is LEFT else f for f in frames])
    assert findings(rows) == []
    assert {step.faulty for side in Side for step in steps(rows, side)} == {""}


def test_standing_kills_no_sensor() -> None:
    gait = Gait(activity="walking", stops=((8.0, 200.0),))
    rows = rows_of(walked(gait, seconds=220, broken={LEFT: [Fault("dead", 3)]}))
    assert findings(rows) == []


def test_nothing_is_found_on_forty_sound_walks_and_runs() -> None:
    count = 0
    for walker, gait in WALKERS.items():
        for seed in range(10):
            left, right, _ = walk(
                replace(gait, stand_s=(4, 3), stops=((40.0, 8.0),)), seconds=95, seed=seed, faults=True
            )
            rows = rows_of(merged(lose(left, 0.02, seed=seed), lose(right, 0.03, seed=seed)))
            count += len(steps(rows, LEFT)) + len(steps(rows, RIGHT))
            assert findings(rows) == [], (walker, seed)
            assert {step.faulty for side in Side for step in steps(rows, side)} == {""}, (walker, seed)
    assert count > 4000


@cache
def usual(walker: str, seed: int) -> list[Block]:
    """Return the blocks of four ordinary days."""
    return [row for k in range(4) for row in rows_of(day(walker, seed, k)) if isinstance(row, Block)]


def day(walker: str, seed: int, number: int, broken: Broken | None = None) -> list[Frames]:
    gait = replace(WALKERS[walker], seconds=450.0 if number < 4 else 520.0)
    left, right, _ = walk_story(Story(seed, (Session(START + number * DAY, gait),)), chunk_s=10, broken=broken)
    return merged(left, right)


LATER: list[Broken] = [
    {LEFT: [Fault("dead", 7)], RIGHT: [Fault("dead", 7)]},  # both feet would seem to lean inwards
    {LEFT: [Fault("dead", 2)]},
    {RIGHT: [Fault("dead", 3, begin_s=300)]},
    {LEFT: [Fault("dead", 7, begin_s=240)]},
    {RIGHT: [Fault("stuck", 8, 120.0)]},
    {LEFT: [Fault("intermittent", 9, 0.3, begin_s=330)]},
    {RIGHT: [Fault("gain", 1, 30.0)]},
]


@pytest.mark.parametrize("walker", ["first running", "second walking"])
def test_a_broken_sensor_is_no_imbalance_and_no_pronation(walker: str) -> None:
    for seed, broken in enumerate(LATER):
        rows = rows_of(day(walker, seed % 2, 4, broken), history=usual(walker, seed % 2))
        raised = {(flag.topic, flag.measure.split("_")[0]) for flag in rows if isinstance(flag, Flag)}
        assert ("imbalance" in {topic for topic, _ in raised}) is False, broken
        assert ("over_pronation" in {topic for topic, _ in raised}) is False, broken
        assert len([topic for topic, kind in raised if topic == INSOLE.name and kind != "gain"]) == 1, broken
        answers = {row.topic: row.answer for row in rows if isinstance(row, Verdict)}
        assert answers["imbalance"] == "normal", broken
        assert answers["over_pronation"] == "cannot_tell", broken
