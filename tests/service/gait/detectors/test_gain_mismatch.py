"""Insoles that do not weigh alike."""

from __future__ import annotations

import pytest

from service.contracts.ordinary_blocks import NAN, NOW, bout
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import detectors
from service.records.rows import Block, Flag


def run(day: int = 0, count: int = 20, gain: float = 1.0, half: float = 0.008, **values: float) -> list[Block]:
    """Return a run in which the left insole reads `gain` times what the right one does."""
    force = {"impulse_si_pct": -100 * (gain - 1), "peak_si_pct": -100 * (gain - 1)}
    gains = {"gain_ratio": gain, "gain_ratio_low": gain * (1 - half), "gain_ratio_high": gain * (1 + half)}
    return bout(day, count, activity="running", **force, **gains, **values)  # type: ignore[arg-type]


def flags(blocks: list[Block], *earlier: list[Block]) -> list[Flag]:
    every = detectors(Baseline(History(b for own in earlier for b in own), NOW))
    return [f for b in blocks for d in every for f in d.update(b)]


def before(gain: float) -> list[list[Block]]:
    return [run(day, gain=gain) for day in range(-5, 0)]


@pytest.mark.parametrize("gain", [1.08, 1 / 1.08, 1.3])
def test_it_is_told_after_two_hundred_strides_and_the_wearer_is_not_blamed(gain: float) -> None:
    (flag,) = flags(run(gain=gain), *before(1.0))
    assert (flag.topic, flag.measure, flag.rule, flag.bouts) == ("insole", "gain_ratio", "S", 5)
    assert flag.strides == 200
    assert flag.low < flag.value < flag.high
    assert flag.value == pytest.approx(gain)
    assert (flag.normal, flag.normal_high) == pytest.approx((1, 1.05))
    assert flag.time == run()[7].stop


def test_without_earlier_runs_the_insoles_should_agree() -> None:
    assert [(f.rule, f.bouts) for f in flags(run(gain=1.12))] == [("A", 0)]
    assert flags(run(gain=1.08)) == []


def test_what_is_usual_was_told_before() -> None:
    assert flags(run(gain=1.08), *before(1.08)) == []
    assert flags(run(gain=1.16), *before(1.08)) != []
    assert flags(run(gain=1.0), *before(1.08)) == []


def test_an_interval_that_holds_less_is_not_told() -> None:
    assert flags(run(gain=1.08, half=0.04), *before(1.0)) == []


def test_it_is_told_once_and_over_when_it_is_over() -> None:
    course = [*run(gain=1.1), *run(count=40)[20:], *run(count=60, gain=1.1)[40:]]
    assert [f.raised for f in flags(course, *before(1.0)) if f.topic == "insole"] == [True, False]


def test_walks_and_poor_blocks_tell_nothing() -> None:
    assert flags(run(gain=NAN)) == []
    assert flags(run(gain=1.3, received_left=0.8)) == []


@pytest.mark.parametrize("gain", [0.9, 1.12])
def test_a_wearer_who_differs_on_insoles_that_differ_is_judged_by_contact_time(gain: float) -> None:
    shown = {f.topic: f.measure for f in flags(run(gain=gain, contact_time_si_pct=2.5), *before(1.0))}
    assert shown == {"insole": "gain_ratio"}
    shown = {f.topic: f.measure for f in flags(run(gain=gain, contact_time_si_pct=7.0), *before(1.0))}
    assert shown == {"insole": "gain_ratio", "imbalance": "contact_time_si_pct"}
