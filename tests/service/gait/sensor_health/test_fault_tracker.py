"""From when on broken sensors are left out, on both feet, and how a wearer gets to know."""

from __future__ import annotations

import math

import pytest

from firmware_bridge import SECOND, Side
from service.gait import thresholds as p
from service.gait.sensor_health.fault_tracker import NONE, FaultReporter, Findings, SensorSet
from service.gait.sensor_health.health import _SATURATED, DEAD, WHOLE_INSOLE, Defect
from service.records.topics import INSOLE
from tests.walkers.sparse import sparse
from tests.walkers.walks import insole

LEFT, RIGHT = Side.LEFT, Side.RIGHT
CELL = p.RESET_NS
FOUND = 100 * CELL
DUE = FOUND + p.DROP_NS
DEMO = {side: SensorSet.described(insole(side).device_row(0)) for side in Side}


def findings(*faults: tuple[Side, int], time: int = FOUND) -> Findings:
    made = Findings()
    for side in Side:
        made.forget(side, time - 2 * CELL)
    for side, sensor in faults:
        places = DEMO[side].places
        assert places is not None
        made.add(side, time, places, Defect(sensor, _SATURATED if sensor == WHOLE_INSOLE else DEAD))
    return made


def test_a_sensor_and_its_counterpart_are_left_out_from_the_same_time_on() -> None:
    found = findings((LEFT, 3))
    for side in Side:
        assert found.dropped(side, DUE - 1, DEMO[side]) == NONE
        assert found.dropped(side, DUE, DEMO[side]) == {3}
    assert found.broken(LEFT, FOUND - 1) == {}
    assert found.broken(LEFT, FOUND) == {3: DEAD}
    assert found.broken(RIGHT, DUE) == {}
    layout = DEMO[LEFT].without(frozenset({3}))
    assert layout.dropped == (3,)
    assert layout is DEMO[LEFT].without(frozenset({3}))
    assert DEMO[LEFT].without(NONE) is DEMO[LEFT].layout


def test_the_counterpart_is_the_sensor_at_the_same_place() -> None:
    eight = SensorSet.described(insole(RIGHT, sparse([(0.66, 0.2), (0.3, 0.1), (0.2, 0.6), (0.8, 0.7)])).device_row(0))
    found = findings((LEFT, 3), (LEFT, 11))
    assert found.dropped(RIGHT, DUE, SensorSet.plain(16)) == NONE
    assert found.dropped(RIGHT, DUE, eight) == NONE  # two of four are too many
    assert findings((LEFT, 3)).dropped(RIGHT, DUE, eight) == {0}
    assert findings((LEFT, 11)).dropped(RIGHT, DUE, eight) == {3}


def test_of_an_insole_that_is_broken_for_the_most_part_nothing_is_left_out() -> None:
    assert findings((LEFT, WHOLE_INSOLE)).dropped(LEFT, DUE, DEMO[LEFT]) == NONE
    assert findings((LEFT, WHOLE_INSOLE)).broken(LEFT, DUE) == {WHOLE_INSOLE: _SATURATED}
    assert findings(*((LEFT, k) for k in range(5))).dropped(RIGHT, DUE, DEMO[RIGHT]) == set(range(5))
    assert findings(*((LEFT, k) for k in range(6))).dropped(RIGHT, DUE, DEMO[RIGHT]) == NONE


@pytest.mark.parametrize("late", [False, True])
def test_a_foot_that_has_forgotten_everything_has_all_sensors_again(late: bool) -> None:
    """Whether it forgets before or after the other foot has shown its fault."""
    found = findings() if late else findings((LEFT, 3))
    found.forget(RIGHT, DUE + 3 * CELL)
    found.forget(RIGHT, DUE + 9 * CELL)
    if late:
        places = DEMO[LEFT].places
        assert places is not None
        found.add(LEFT, FOUND, places, Defect(3, DEAD))
    assert found.dropped(RIGHT, DUE + 3 * CELL - 1, DEMO[RIGHT]) == {3}
    assert found.dropped(RIGHT, DUE + 3 * CELL, DEMO[RIGHT]) == NONE
    assert found.dropped(LEFT, DUE + 3 * CELL, DEMO[LEFT]) == {3}


def test_what_is_found_again_is_the_same_and_what_was_forgotten_is_new() -> None:
    found, places = findings((LEFT, 3)), DEMO[LEFT].places
    assert places is not None
    found.add(LEFT, FOUND + CELL, places, Defect(3, DEAD))
    assert [f.time for f in found.during(0, 0, FOUND + CELL)] == [FOUND]
    found.forget(LEFT, FOUND + CELL)
    found.add(LEFT, FOUND + 2 * CELL, places, Defect(3, DEAD))
    assert [f.time for f in found.during(0, 0, FOUND + 2 * CELL)] == [FOUND, FOUND + 2 * CELL]


def test_a_wearer_is_told_once_in_a_bout_for_each_foot() -> None:
    found, bout = findings((LEFT, 3), (LEFT, 5), (RIGHT, WHOLE_INSOLE)), FOUND - SECOND
    told = FaultReporter("ada", bout, bout, found)
    assert list(told.until(FOUND - 1, "walking")) == []
    flags = list(told.until(FOUND, "walking"))
    assert [(f.topic, f.measure, f.raised, f.time, f.bout) for f in flags] == [
        (INSOLE.name, "dead_sensor_left", True, FOUND, bout),
        (INSOLE.name, "saturated_insole_right", True, FOUND, bout),
    ]
    assert flags[0].value == 3
    assert math.isnan(flags[1].value)
    assert list(told.until(DUE, "walking")) == []


def test_what_was_known_in_the_bout_before_a_stop_note_is_told_again_and_what_is_older_is_not() -> None:
    found, parted = findings((LEFT, 3)), FOUND + 5 * SECOND
    again = [f.time for f in FaultReporter("ada", FOUND - SECOND, parted, found).until(parted, "walking")]
    assert again == [parted]
    assert list(FaultReporter("ada", parted, parted, found).until(parted, "walking")) == []
    found.forget(LEFT, parted - 1)
    assert list(FaultReporter("ada", FOUND - SECOND, parted, found).until(parted, "walking")) == []
