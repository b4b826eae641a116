"""The longest run of a month."""

from __future__ import annotations

import pytest

from service.contracts.ordinary_blocks import DAY, NOW, bout
from service.gait.detectors.baseline import Baseline, History, StepCount
from service.gait.detectors.built_in import detectors
from service.gait.detectors.training_load import Longest, longest, spike
from service.records.rows import Block, Flag, Note


def runs(*days: tuple[int, int]) -> list[Block]:
    return [b for day, blocks in days for b in bout(day, blocks, activity="running")]


USUAL = runs((-40, 30), (-20, 8), (-10, 10), (-3, 9))


def flags(blocks: list[Block], history: History | None = None) -> list[Flag]:
    every = detectors(Baseline(history or History(USUAL), NOW))
    return [f for b in blocks for d in every if d.topic == "training_load" for f in d.update(b)]


def test_each_level_is_told_once_as_it_is_passed() -> None:
    found = flags(runs((0, 24)))
    assert [round(f.normal_high) for f in found] == [10, 30, 100]
    assert [f.value for f in found] == pytest.approx([20, 40, 110])
    assert {(f.topic, f.measure, f.raised, f.bouts) for f in found} == {("training_load", "longest_run", True, 3)}
    assert [f.time for f in found] == [runs((0, 24))[k].stop for k in (11, 13, 20)]
    assert [f.strides for f in found] == [12 * 52, 14 * 52, 21 * 52]


def test_as_long_as_before_is_nothing_and_a_longer_one_more_than_a_month_ago_does_not_count() -> None:
    assert flags(runs((0, 11))) == []
    assert flags(runs((0, 12))) != []
    assert flags(runs((0, 12)), History(runs((-40, 5), (-29, 30), (-20, 8), (-10, 10)))) == []


@pytest.mark.parametrize(
    "known", [runs((-29, 8), (-20, 8), (-10, 8), (-3, 8)), runs((-40, 8), (-35, 8), (-20, 8), (-3, 8)), []]
)
def test_it_takes_a_month_and_three_runs(known: list[Block]) -> None:
    assert flags(runs((0, 40)), History(known)) == []


def test_walks_are_no_runs_and_tell_how_long_the_wearer_is_known() -> None:
    assert flags(bout(0, 90)) == []
    known = [*bout(-40), *runs((-20, 8), (-10, 8), (-3, 8))]
    assert len(flags(runs((0, 10)), History(known))) == 1
    mixed = [*runs((0, 9)), *bout(0, 60)[9:]]
    assert flags(mixed, History(known)) == flags(runs((0, 9)), History(known))


def test_a_pause_and_lost_data_do_not_make_a_run_longer() -> None:
    assert flags(bout(0, 11, activity="running", void=True, strides_left=0, rejected_left=0)) == []


def test_other_shoes_count_and_what_was_deleted_does_not() -> None:
    shoes = Note(NOW - 10 * DAY, "ada", "shoes", "red")
    assert flags(runs((0, 11)), History(USUAL, [shoes])) == []
    gone = Note(NOW - 10 * DAY, "ada", "delete", "yes")
    assert flags(runs((0, 11)), History(USUAL, [gone])) == []  # three runs are needed
    assert len(flags(runs((0, 11)), History([*USUAL, *runs((-5, 9))], [gone]))) == 1


def test_the_formula() -> None:
    assert longest(
        [StepCount(NOW - 31 * DAY, 9), *(StepCount(NOW - k * DAY, 100 * k) for k in (3, 2, 1))], NOW
    ) == Longest(300, 3)
    assert spike(390, Longest(300, 3)) == pytest.approx(0.3)
