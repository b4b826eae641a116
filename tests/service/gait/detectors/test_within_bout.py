"""A change within a bout, without any earlier one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.contracts.ordinary_blocks import NAN, NOW, bout
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import detectors
from service.gait.detectors.change import WITHIN
from service.gait.detectors.measures import CONTACT
from service.gait.detectors.within_bout import Within
from service.gait.thresholds import PERSIST_BLOCKS, REFERENCE_BLOCKS
from service.records.rows import Block, Flag

WARM = 4  # blocks of a walk
FIRST = WARM + REFERENCE_BLOCKS


def flags(blocks: list[Block]) -> list[Flag]:
    every = detectors(Baseline(History(), NOW))
    return [f for b in blocks for d in every for f in d.update(b)]


def course(si: float, since: int = 20, count: int = 60, seed: int = 0) -> list[Block]:
    return [*bout(0, count, seed)[:since], *bout(0, count, seed, si=si)[since:]]


@pytest.mark.parametrize("si", [4.0, -5.0, 8.0])
def test_a_change_within_the_first_bout_of_all_is_found(si: float) -> None:
    (flag,) = flags(course(si))
    assert (flag.topic, flag.rule, flag.bouts, flag.raised) == ("imbalance", "W", 0, True)
    assert flag.normal == pytest.approx(0, abs=0.5)
    assert flag.low < flag.value < flag.high
    assert flag.value * si > 0
    blocks = course(si)
    assert abs(blocks.index(next(b for b in blocks if b.time == flag.since)) - 20) <= 3
    assert 50 * 5 <= flag.strides <= 50 * 22


def test_what_was_so_from_the_beginning_is_no_change() -> None:
    assert flags(bout(0, 60, si=9)) == []
    assert flags([*bout(0, 10), *bout(0, 60, si=2)[10:]]) == []


def test_a_few_odd_blocks_are_no_change() -> None:
    odd = [replace(b, contact_time_si_pct=9.0) if b.number in {25, 40, 41} else b for b in bout(0, 60)]
    assert flags(odd) == []


def test_it_is_over_when_it_is_as_at_the_beginning() -> None:
    back = [*course(6)[:45], *bout(0, 90)[45:]]
    assert [f.raised for f in flags(back)] == [True, False]


def test_medial_load_creeps_with_the_sensors_and_is_not_followed() -> None:
    assert flags([*bout(0, 60)[:20], *bout(0, 60, left=20, right=20)[20:]]) == []


def test_a_drifting_insole_is_no_change_of_the_wearer() -> None:
    drift = np.linspace(0, 25, 60)
    blocks = [replace(b, impulse_si_pct=b.impulse_si_pct + d) for b, d in zip(bout(0, 60), drift, strict=True)]
    assert flags(blocks) == []
    slight = [
        replace(b, contact_time_si_pct=b.contact_time_si_pct + 0.1 * d) for b, d in zip(blocks, drift, strict=True)
    ]
    assert flags(slight) == []


def test_each_activity_has_its_own_beginning() -> None:
    def ran(blocks: list[Block]) -> list[Block]:
        return [replace(b, activity="running") for b in blocks]

    other = [*bout(0, 40)[:30], *ran(bout(0, 60, si=6)[30:])]
    assert flags(other) == []
    assert [f.activity for f in flags([*other, *ran(bout(0, 99, si=14)[60:])])] == ["running"]


def test_too_few_blocks_tell_nothing_and_missing_ones_are_left_out() -> None:
    within = Within(CONTACT)
    for k, b in enumerate(bout(0, FIRST + PERSIST_BLOCKS)[WARM:]):
        within.take(replace(b, contact_time_si_pct=NAN))
        seen = within.look()
        assert np.isnan(seen.value) == (k < REFERENCE_BLOCKS + PERSIST_BLOCKS)
        assert not seen.exceeds
        within.take(b)
    seen = within.look()
    assert (seen.rule, seen.bouts) == (WITHIN, 0)
    assert np.isfinite(seen.value)
    assert seen.limit == 3.0


def test_noise_widens_the_limit() -> None:
    within = Within(CONTACT)
    for b in bout(0, FIRST + PERSIST_BLOCKS, noise=6)[WARM:]:
        within.take(b)
    assert within.look().limit > 4
