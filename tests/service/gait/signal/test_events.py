"""Stances in signals that are made; real ones are in `test_validate_events`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge import SECOND
from service.gait.signal.chunk_alignment import Timeline
from service.gait.signal.events import BOTH_FEET, GAP, RATE, Break, Finder, Stance
from service.gait.signal.load import CHANNELS, LOAD

Array = NDArray[np.float64]
HOLE = 35_000_000


def find(time: NDArray[np.int64], load: Array, hole: int = HOLE) -> list[Stance | Break]:
    channels = np.zeros((len(time), CHANNELS))
    channels[:, LOAD] = load
    return list(Finder(hole).feed(time, channels))


def steps(count: int, *, contact: float = 0.65, stride: float = 1.05, valley: float = 0.4) -> Array:
    """Return a walk's load at 100 Hz with the two humps of a stance, the valley between them as deep as asked."""
    t = np.arange(0, count * stride + 2, 0.01)
    s = ((t - 1.0) % stride) / contact
    hump = np.interp(s, [0, 0.04, 0.23, 0.5, 0.77, 0.93, 1], [0, 300, 850, 850 * valley, 850, 320, 0])
    return np.where((t > 1) & (t < 1 + count * stride) & (s <= 1), hump, 0.0)


def ticks(n: int, rate: float = 100) -> NDArray[np.int64]:
    return SECOND * 1_700_000_000 + np.round(np.arange(n) * SECOND / rate).astype(np.int64)


@pytest.mark.parametrize("valley", [0.9, 0.5, 0.2, 0.05])
def test_the_valley_of_mid_stance_does_not_split_it(valley: float) -> None:
    load = steps(20, valley=valley)
    found = find(ticks(len(load)), load)
    assert len(found) == 20
    for stance in found:
        assert isinstance(stance, Stance)
        assert (stance.foot_off - stance.contact) * 1e-9 == pytest.approx(0.65, abs=0.012)


def test_standing_and_noise_and_a_foot_in_the_air_are_no_steps() -> None:
    rng = np.random.default_rng(4)
    n = 6000
    sway = 350 + 60 * np.sin(np.arange(n) / 300) + rng.normal(0, 4, n)
    assert find(ticks(n), sway) == []
    assert find(ticks(n), rng.normal(0, 4, n)) == []
    lifted = np.concatenate((steps(10), rng.normal(0, 4, n), steps(10)))
    assert 18 <= len(find(ticks(len(lifted)), lifted)) <= 20


def test_a_lifted_foot_that_moves_its_toes_takes_no_steps() -> None:
    toes = np.concatenate([np.zeros(20), np.tile(np.concatenate((np.hanning(60) * 100, np.zeros(40))), 20)])
    load = np.concatenate((steps(10), toes, steps(10)))
    assert len(find(ticks(len(load)), load)) == 20


def test_an_unloaded_level_that_drifts_does_not_matter() -> None:
    load = steps(40)
    drifting = load + np.linspace(0, 250, len(load)) + np.random.default_rng(1).normal(0, 4, len(load))
    found = find(ticks(len(load)), drifting)
    assert len(found) == 40
    held = [(s.foot_off - s.contact) * 1e-9 for s in found if isinstance(s, Stance)]
    assert np.abs(np.array(held) - 0.65).max() < 0.02


def test_missing_data_breaks_a_stance_and_is_told() -> None:
    load = steps(6)
    keep = np.ones(len(load), bool)
    keep[240:246] = False
    found = find(ticks(len(load))[keep], load[keep])
    breaks = [b for b in found if isinstance(b, Break)]
    assert [(b.stop - b.start, b.in_stance) for b in breaks] == [(70_000_000, True)]
    assert sum(isinstance(s, Stance) for s in found) == 5


def test_an_unloaded_level_that_was_raised_does_not_matter() -> None:
    """A tighter lace, a sensor that was bent: from a moment on everything reads a fifth of a step more."""
    load = steps(40)
    raised = np.where(np.arange(len(load)) < 2050, load, load + 170)
    held = [s.foot_off - s.contact for s in find(ticks(len(load)), raised) if isinstance(s, Stance)]
    assert len(held) == 40
    assert np.abs(np.array(held) * 1e-9 - 0.65).max() < 0.02


@pytest.mark.parametrize("raised", [0.0, 60.0])
def test_the_first_step_after_standing_is_timed_like_the_others(raised: float) -> None:
    rng = np.random.default_rng(3)
    load = np.concatenate((np.full(800, 400.0), np.linspace(400, raised, 60), np.full(60, raised), steps(10) + raised))
    load += rng.normal(0, 3, len(load))
    found = [s for s in find(ticks(len(load)), load) if isinstance(s, Stance)]
    held = np.array([s.foot_off - s.contact for s in found[-10:]]) * 1e-9
    assert len(found) == 10
    assert np.abs(held - held.mean()).max() < 0.01
    assert {s.doubt for s in found} == {""}


@pytest.mark.parametrize("later", range(10))
def test_the_first_step_after_noise_alone_is_timed_like_the_others(later: int) -> None:
    """Noise may look loaded until the moment in which a real load comes."""
    for seed in range(10):
        load = np.concatenate((np.zeros(1000 + later), steps(4)[90:]))
        load += np.random.default_rng(seed).normal(0, 10, len(load))
        told = np.array([s.contact for s in find(ticks(len(load)), load) if isinstance(s, Stance)])
        assert len(told) == 4
        assert np.diff(told) * 1e-9 == pytest.approx(np.full(3, 1.05), abs=0.03)


@pytest.mark.parametrize("part", [0.22, 0.30])
def test_a_recording_that_begins_on_a_rise_begins_with_the_next_contact(part: float) -> None:
    load = strides(10, contact=0.22, step=0.32)
    first = int(np.argmax(load > part * 1800))
    assert len(found(ticks(len(load) - first, 200), load[first:], both_feet=True)) == 9


@pytest.mark.parametrize("when", [0.78, 0.86])
def test_a_toe_that_scuffs_in_swing_is_no_contact(when: float) -> None:
    load = steps(20)
    plain = find(ticks(len(load)), load)
    for k in range(20):
        at = round(100 * (1 + 1.05 * k + when))
        load[at : at + 4] += 320
    scuffed = find(ticks(len(load)), load)
    assert [s.contact for s in scuffed if isinstance(s, Stance)] == [s.contact for s in plain if isinstance(s, Stance)]


def test_a_recording_that_begins_within_a_stance_begins_with_the_next() -> None:
    load = steps(10)[120:]  # in the first hump
    found = find(ticks(len(load)), load)
    assert len(found) == 9
    assert isinstance(found[0], Stance)
    assert found[0].contact - ticks(1)[0] == pytest.approx(0.85 * SECOND, abs=0.01 * SECOND)


def strides(count: int, *, contact: float, step: float, rate: float = 200) -> Array:
    """Return the force of both feet of a runner in one signal."""
    t = np.arange(0, count * step + 1, 1 / rate)
    s = ((t - 0.5) % step) / contact
    return np.where((t > 0.5) & (t < 0.5 + count * step) & (s <= 1), 1800 * np.sin(np.pi * s), 0.0)


@pytest.mark.parametrize("flight", [0.06, 0.10, 0.15])
def test_both_feet_in_one_signal_are_told_apart_where_the_source_says_so(flight: float) -> None:
    load = strides(30, contact=0.22, step=0.22 + flight)
    time = ticks(len(load), 200)
    both = [s for s in found(time, load, both_feet=True) if isinstance(s, Stance)]
    assert len(both) == 30
    assert {s.doubt for s in both} == {BOTH_FEET}
    held = np.array([s.foot_off - s.contact for s in both]) * 1e-9
    assert held == pytest.approx(np.full(30, 0.22), abs=0.012)
    assert len(found(time, load, both_feet=False)) < 15


def found(time: NDArray[np.int64], load: Array, *, both_feet: bool) -> list[Stance | Break]:
    channels = np.zeros((len(time), CHANNELS))
    channels[:, LOAD] = load
    finder = Finder(HOLE, both_feet=both_feet)
    return [*finder.feed(time, channels), *finder.close()]


@pytest.mark.parametrize(("after", "count"), [(0.05, 10), (0.01, 9)])
def test_the_last_contact_of_both_feet_needs_no_swing_after_it(after: float, count: int) -> None:
    load = strides(10, contact=0.22, step=0.32)[: round(200 * (0.5 + 9 * 0.32 + 0.22 + after))]
    assert len(found(ticks(len(load), 200), load, both_feet=True)) == count


@pytest.mark.parametrize("both_feet", [False, True])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_split_gives_the_same_stances(both_feet: bool, data: st.DataObject) -> None:
    """Also of signals that no foot makes: levels then jump at every sample, and stances last for seconds."""
    seed, noise = data.draw(st.integers(0, 999)), data.draw(st.sampled_from([5.0, 200.0, 800.0]))
    load = strides(12, contact=0.25, step=0.36) if both_feet else steps(6)
    rng = np.random.default_rng(seed)
    if data.draw(st.booleans()):
        load = np.concatenate((load, 300 + np.cumsum(rng.normal(0, noise / 4, 900)), load))
    load = load + rng.normal(0, noise, len(load))
    time = ticks(len(load), 100)
    keep = np.random.default_rng(seed + 1).random(len(load)) > data.draw(st.sampled_from([0.0, 0.02]))
    time, load = time[keep], load[keep]
    cuts = data.draw(st.lists(st.integers(1, len(time) - 1), max_size=60))
    assert in_pieces(time, load, cuts, both_feet=both_feet) == in_pieces(time, load, [], both_feet=both_feet)


@pytest.mark.parametrize("both_feet", [False, True])
@pytest.mark.parametrize("seed", [158, *range(40)])
def test_a_stance_that_is_too_long_is_none_wherever_the_signal_is_cut(seed: int, both_feet: bool) -> None:
    rng = np.random.default_rng(seed)
    load = strides(12, contact=0.25, step=0.36) + rng.normal(0, 800, 1064)
    load = load if seed == 158 else np.concatenate((load, load + 900, load))
    time = ticks(len(load), 100)
    for cuts in (range(1, len(time), 9), range(381, len(time), 381)):
        assert in_pieces(time, load, cuts, both_feet=both_feet) == in_pieces(time, load, [], both_feet=both_feet)


def in_pieces(
    time: NDArray[np.int64], load: Array, cuts: Iterable[int], *, both_feet: bool
) -> list[tuple[int, int, str]]:
    """Return what is found in a signal that comes in pieces."""
    channels = np.zeros((len(time), CHANNELS))
    channels[:, LOAD] = load
    finder, timeline, out = Finder(HOLE, both_feet=both_feet), Timeline(), list[Stance | Break]()
    for a, b in pairwise([0, *sorted(set(cuts)), len(time)]):
        out += finder.feed(*timeline.feed(time[a:b], channels[a:b]))
    out += [*finder.feed(*timeline.flush()), *finder.close()]
    return [(s.contact, s.foot_off, s.doubt) if isinstance(s, Stance) else (s.start, s.stop, "") for s in out]


@pytest.mark.parametrize(("near", "doubt"), [(0.01, GAP), (0.02, GAP), (0.06, ""), (0.10, "")])
def test_missing_data_right_before_a_contact_costs_the_step_and_not_its_count(near: float, doubt: str) -> None:
    load = steps(6)
    contact = 100 + 3 * 105
    keep = np.ones(len(load), bool)
    keep[contact - round(near * 100) - 8 : contact - round(near * 100)] = False
    told = [s for s in find(ticks(len(load))[keep], load[keep]) if isinstance(s, Stance)]
    assert [s.doubt for s in told] == ["", "", "", doubt, "", ""]


@pytest.mark.parametrize(("rate", "doubt"), [(12, RATE), (15, RATE), (25, ""), (50, "")])
def test_too_few_samples_are_counted_and_not_measured(rate: int, doubt: str) -> None:
    t = np.arange(0, 25, 1 / rate)
    load = np.interp(t, np.arange(len(steps(20))) / 100, steps(20))
    told = find(ticks(len(t), rate), load, hole=4 * SECOND // rate)
    assert len(told) == 20
    assert {s.doubt for s in told if isinstance(s, Stance)} == {doubt}
