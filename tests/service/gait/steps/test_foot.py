"""One foot, from frames to what was seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Side
from service.gait import thresholds as p
from service.gait.sensor_health.fault_tracker import Findings, SensorSet
from service.gait.sensor_health.health import DEAD, Defect
from service.gait.steps.foot import Seen, StanceStream, _Samples
from service.gait.steps.stance_measures import withheld
from tests.walkers.gait_walks import evenly, session
from tests.walkers.walks import insole

LEFT = SensorSet.described(insole(Side.LEFT).device_row(0))


def feed(foot: StanceStream, frames: Frames, worn: SensorSet = LEFT) -> list[Seen]:
    foot.hold(frames, worn)
    found = []
    while foot.held is not None:
        found += foot.look()
    return found


def test_stances_come_in_order_and_the_horizon_never_overtakes_one() -> None:
    foot, seen, horizon = StanceStream(), 0, 0
    for frames in evenly(session()[0], 20):
        for found in feed(foot, frames):
            assert found.time >= horizon
            seen += 1
        if foot.horizon is not None:
            assert foot.horizon >= horizon
            horizon = foot.horizon
            assert foot.reached is not None
            assert horizon < foot.reached
    assert seen > 40


def test_another_device_is_another_start() -> None:
    foot = StanceStream()
    left = session()[0]
    for frames in (left[:1000], left[1000:1010]):
        feed(foot, frames)
    right = session()[1]
    feed(foot, right[1011:1500], SensorSet.described(insole(Side.LEFT).device_row(0)))
    assert foot.reached is not None
    assert foot.reached > left.time[1200]


def test_frames_are_held_in_stretches_until_they_are_asked_for() -> None:
    foot, left = StanceStream(), session()[0]
    foot.hold(left[:5000], LEFT)
    foot.hold(left[4000:6000], LEFT)
    foot.hold(left[100:200], LEFT)
    assert foot.reached is None
    cells = np.unique(left.time[:6000] // p.RESET_NS)
    for cell in cells:
        assert foot.held == left.time[left.time // p.RESET_NS == cell][0]
        foot.look()
        assert foot.decided == cell * p.RESET_NS
    assert foot.held is None
    foot.flush()
    assert foot.reached == left.time[5999]
    assert foot.samples.share(int(left.time[0]) + SECOND, int(left.time[5999])) == pytest.approx(1.0)


def test_a_sensor_is_left_out_when_it_is_due_and_no_step_before_tells_of_force() -> None:
    findings = Findings()
    foot, left = StanceStream(Side.LEFT, findings), session()[0]
    assert LEFT.places is not None
    due = (int(left.time[0]) // p.RESET_NS + 2) * p.RESET_NS
    feed(foot, left[:100])
    findings.add(Side.LEFT, due - p.DROP_NS, LEFT.places, Defect(3, DEAD))
    findings._found[0].ends.clear()  # as if the foot had walked all the time
    seen = [s for s in feed(foot, left[100:]) if s.measures is not None]
    whole = [s for s in feed(StanceStream(), left) if s.measures is not None]
    before, after = ([s for s in seen if (s.time >= due) is late] for late in (False, True))
    assert min(len(before), len(after)) > 10
    assert {(s.sensors, s.faulty) for s in before} == {(16, DEAD)}
    assert {(s.sensors, s.faulty) for s in after} == {(15, "")}
    assert [s.time for s in before] == [s.time for s in whole if s.time < due]
    for s in before:
        assert s.measures is not None
        assert math.isnan(s.measures.values["impulse"])
        assert s.measures.values["contact_time_s"] > 0.5
    assert all(s.measures is not None and s.measures.values["impulse"] > 0 for s in after)


def test_withholding_leaves_the_times() -> None:
    seen = next(s for s in feed(StanceStream(), session()[0]) if s.measures is not None)
    assert seen.measures is not None
    kept = withheld(seen.measures)
    assert (kept.contact, kept.foot_off, kept.unit) == (seen.measures.contact, seen.measures.foot_off, "N")
    for activity in ("walking", "running", "unknown"):
        before, after = seen.measures.of(activity), kept.of(activity)
        assert set(after) == set(before)
        assert {name for name, value in after.items() if value == before[name]} == {"contact_time_s", "completeness"}
        assert np.isnan([after[name] for name in before if name not in {"contact_time_s", "completeness"}]).all()


def test_the_share_of_samples_that_arrived() -> None:
    samples = _Samples()
    time = np.arange(0, 10 * SECOND, SECOND // 100, dtype=np.int64)
    samples.add(time[:400], 100)
    samples.add(time[600:], 100)
    assert samples.share(0, 10 * SECOND) == pytest.approx(0.8)
    assert samples.share(0, 4 * SECOND) == 1.0
    assert math.isnan(samples.share(0, 0))
    samples.forget(5 * SECOND)
    assert samples.share(0, 5 * SECOND) == 0.0
    assert samples.share(6 * SECOND, 8 * SECOND) == 1.0
