"""What the demo tells: five ordinary days, and today's run that limps or pronates from its first minutes on."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.model import SECOND
from firmware_bridge.virtual.gait.ground_truth import Truth, truth
from firmware_bridge.virtual.gait.scenario import TELLINGS, _Telling, demo_story, plain_story, told_gait
from firmware_bridge.virtual.gait.walker import Gait

NOW = 1_750_000_000 * SECOND
TODAY = NOW - 12 * 60 * SECOND


def index(told: Truth) -> float:
    left, right = (np.median(s.contact_time) for s in (told.left, told.right))
    return float(200 * (right - left) / (right + left))


@pytest.mark.parametrize("telling", TELLINGS)
def test_five_earlier_days_and_today_without_end(telling: _Telling) -> None:
    sessions = demo_story(telling, 1, NOW).sessions
    assert len(sessions) == 6
    assert [s.start for s in sessions] == sorted(s.start for s in sessions)
    assert all(s.stop is not None and 600 <= (s.stop - s.start) / SECOND <= 630 for s in sessions[:-1])
    assert all(s.stop is not None and s.stop < TODAY - 12 * 3600 * SECOND for s in sessions[:-1])
    assert (sessions[-1].start, sessions[-1].stop) == (TODAY, None)


@pytest.mark.parametrize("seed", range(6))
def test_the_ordinary_days_are_alike_whatever_is_told_of_today(seed: int) -> None:
    stories = [demo_story(telling, seed, NOW) for telling in TELLINGS]
    assert stories[0].sessions[:-1] == stories[1].sessions[:-1] == stories[2].sessions[:-1]
    values = [s.gait.si.end for s in stories[0].sessions]
    assert np.ptp(values) < 2.1
    assert max(map(abs, values)) < 2.3


@pytest.mark.parametrize("seed", range(4))
def test_limping_reaches_8_percent_within_two_minutes(seed: int) -> None:
    story = demo_story("limping", seed, NOW)
    before = story.sessions[0].start
    assert abs(index(truth(story, before, before + 600 * SECOND))) < 3.5
    assert abs(index(truth(story, TODAY + 120 * SECOND, TODAY + 600 * SECOND))) == pytest.approx(8, abs=1)


def test_both_sides_limp_by_chance_of_the_seed() -> None:
    signs = {np.sign(told_gait("limping", "running", seed).si.end) for seed in range(20)}
    assert signs == {-1, 1}


def test_pronated_reaches_two_on_both_feet_and_stays_symmetric() -> None:
    story = demo_story("pronated", 3, NOW)
    today = truth(story, TODAY + 120 * SECOND, TODAY + 600 * SECOND)
    assert today.left.pronation.mean() == pytest.approx(2.0, abs=0.4)
    assert today.right.pronation.mean() == pytest.approx(today.left.pronation.mean(), abs=0.1)
    assert abs(index(today)) < 3.5


def test_normal_differs_from_its_days_by_nothing_but_days() -> None:
    story = demo_story("normal", 3, NOW)
    today = truth(story, TODAY + 120 * SECOND, TODAY + 600 * SECOND)
    assert abs(index(today)) < 3.5
    assert abs(today.left.pronation.mean()) < 0.7


def test_walking_can_be_told_too() -> None:
    story = demo_story("limping", 0, NOW, "walking")
    today = truth(story, TODAY, TODAY + 300 * SECOND)
    assert not today.left.running.any()
    assert today.left.stride_time.mean() == pytest.approx(1.08, abs=0.05)


def test_a_told_endless_walk_is_bounded_by_the_question() -> None:
    told = truth(plain_story(Gait(), NOW), NOW + 3600 * SECOND, NOW + 3660 * SECOND)
    assert len(told.left.contact) == pytest.approx(79, abs=3)
    assert (told.left.contact >= NOW + 3600 * SECOND).all()
