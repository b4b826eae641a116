"""What one stance says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge import SECOND, Calibration, load_profile
from service.gait.signal.events import Stance
from service.gait.signal.load import ACROSS, ALONG, CHANNELS, HEEL, LATERAL, LOAD, MEDIAL, MIDFOOT, compile_layout
from service.gait.signal.tier import Tier
from service.gait.steps.stance_measures import measure

LAYOUT = compile_layout(load_profile("demo-16"), Calibration())


def stance(medial: float = 0.6, offset: float = 0.0, start: float = 0.1) -> Stance:
    """Return half a sine of 0.6 s and 800 N, the center of pressure moving from `start` to 0.9 of the length.

    The heel holds a tenth of the load, to 60 % of stance, the midfoot a fifth.
    """
    time = np.arange(1, 60, dtype=np.int64) * 10_000_000
    s = time / (0.6 * SECOND)
    load = 800 * np.sin(np.pi * s)
    channels = np.zeros((len(time), CHANNELS))
    channels[:, LOAD], channels[:, MEDIAL], channels[:, LATERAL] = load, medial * load, (1 - medial) * load
    channels[:, ACROSS], channels[:, ALONG] = 0.45 * load, (start + (0.9 - start) * s) * load
    channels[:, HEEL], channels[:, MIDFOOT] = np.where(s <= 0.6, 100.0, 0.0), 0.2 * load
    return Stance(0, 600_000_000, time, channels + offset, np.full(CHANNELS, offset))


@pytest.mark.parametrize("offset", [0.0, 37.0])
def test_a_known_stance_has_its_known_measures(offset: float) -> None:
    m = measure(stance(offset=offset), LAYOUT)
    assert m.contact_time_s == pytest.approx(0.6)
    assert m.peak == pytest.approx(800)
    assert m.impulse == pytest.approx(800 * 0.6 * 2 / math.pi, rel=1e-3)
    for index in (m.medial_lateral_index, m.medial_lateral_early, m.medial_lateral_mid_running):
        assert index == pytest.approx(20)
    assert m.cop_ml == pytest.approx((0.45,) * 5)
    assert m.cop_ap == pytest.approx((0.18, 0.34, 0.5, 0.66, 0.82), abs=1e-3)
    assert m.completeness == pytest.approx(59 / 60)
    assert m.midfoot_share == pytest.approx(0.2)
    assert m.heel_off == pytest.approx(0.6 + 0.95 / 60)
    assert m.strike_index == pytest.approx(100 * (0.1 + 0.8 / 30), abs=1.5)
    assert m.cpei_walking == pytest.approx(0, abs=1e-9)


def test_a_forefoot_strike_has_nothing_that_begins_at_the_heel() -> None:
    m = measure(stance(start=0.6), LAYOUT)
    assert m.strike_index > 60
    assert all(math.isnan(v) for v in (m.heel_off, m.medial_lateral_early, m.cpei_walking))
    assert (m.medial_lateral_index, m.medial_lateral_mid_walking) == pytest.approx((20, 20))


def test_a_layout_that_cannot_carry_them_leaves_measures_out() -> None:
    m = measure(stance(), replace(LAYOUT, tier=Tier.T1))
    across = (m.medial_lateral_index, m.medial_lateral_early, m.medial_lateral_mid_running, m.cpei_walking)
    assert all(math.isnan(v) for v in (*across, m.cop_ml[2], m.midfoot_share))
    assert m.cop_ap[2] == pytest.approx(0.5, abs=1e-3)
    assert m.strike_index < 33
    assert m.heel_off == pytest.approx(0.616, abs=1e-3)
    five = measure(stance(), replace(LAYOUT, tier=Tier.T2, unseen=frozenset({"heel_off", "midfoot_share"})))
    assert five.medial_lateral_index == pytest.approx(20)
    assert all(math.isnan(v) for v in (five.heel_off, five.midfoot_share, five.cop_ml[2], five.cpei_walking))


def test_a_few_samples_without_all_sensors_are_left_out_many_are_not_made_up() -> None:
    few, many = stance(), stance()
    few.channels[10:14, 1:] = np.nan
    many.channels[10:40, 1:] = np.nan
    assert measure(few, LAYOUT).medial_lateral_index == pytest.approx(20)
    assert math.isnan(measure(many, LAYOUT).medial_lateral_index)
    assert measure(many, LAYOUT).peak == pytest.approx(800)
