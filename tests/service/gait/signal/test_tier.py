"""What an insole can tell, by where its working sensors lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.profile import load_profile
from service.gait.signal.tier import tier_of
from service.records.quantities import Tier, quantities
from service.records.rows import Block, Step

ZONES = [(0.5, 0.12), (0.2, 0.65), (0.8, 0.72)]
places = st.tuples(st.floats(0, 1), st.floats(0, 1))


def tier(positions: list[tuple[float, float]]) -> Tier:
    ml, ap = np.array(positions, np.float64).reshape(-1, 2).T
    return tier_of(ml, ap, np.ones(len(ml), np.bool_))


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("gaitndd-1", Tier.T0),
        ("gaitpdb-8", Tier.T2),
        ("insole-line", Tier.T2),
        ("demo-16", Tier.T3),
        ("pedar-99", Tier.T4),
    ],
)
def test_the_tier_comes_from_the_places_of_the_sensors(profile: str, told: Tier) -> None:
    sensors = load_profile(profile).sensors
    assert tier_of(sensors.ml, sensors.ap, np.ones(sensors.count, np.bool_)) is told


def test_three_zones_tell_when_and_how_much_and_nothing_across_the_foot() -> None:
    assert tier(ZONES) is Tier.T1
    known = {**quantities(Block), **quantities(Step)}
    for measure in ("cop_ml_50", "medial_lateral_index", "medial_lateral_early", "medial_lateral_mid", "cpei"):
        assert known[measure].needs > Tier.T1
    for measure in ("contact_time_si_pct", "impulse_si_pct", "peak_si_pct", "gain_ratio", "cop_ap_50"):
        assert known[measure].needs == Tier.T1


@pytest.mark.parametrize("missing", range(3))
def test_without_a_heel_or_a_side_of_the_forefoot_only_timing_is_left(missing: int) -> None:
    assert tier([place for k, place in enumerate(ZONES) if k != missing]) is Tier.T0
    assert tier([place for k, place in enumerate(ZONES) if k != missing] * 20) is Tier.T0


def test_many_sensors_in_one_corner_tell_no_more_than_one() -> None:
    assert tier([(0.5, 0.1)] * 99) is Tier.T0


def test_a_broken_sensor_counts_for_nothing() -> None:
    sensors = load_profile("demo-16").sensors
    alone = {11: Tier.T1}  # the first metatarsal has no other
    for k in range(sensors.count):
        assert tier_of(sensors.ml, sensors.ap, np.arange(sensors.count) != k) is alone.get(k, Tier.T3)
    assert tier_of(sensors.ml, sensors.ap, np.zeros(sensors.count, np.bool_)) is Tier.T0


@given(positions=st.lists(places, min_size=1, max_size=40), more=places)
def test_another_sensor_never_takes_anything_away(
    positions: list[tuple[float, float]], more: tuple[float, float]
) -> None:
    assert tier([*positions, more]) >= tier(positions)
