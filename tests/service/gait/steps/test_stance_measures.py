"""What one stance says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge import SECOND, Calibration, load_profile
from service.gait.signal.events import Stance
from service.gait.signal.load import ACROSS, ALONG, CHANNELS, HEEL, LATERAL, LOAD, MEDIAL, MIDFOOT, compile_layout
from service.gait.steps.activity import RUNNING, UNKNOWN, WALKING
from service.gait.steps.stance_measures import measure
from service.records.quantities import Tier, quantities
from service.records.rows import Step

AT = (10, 30, 50, 70, 90)
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
    walked, ran = m.of(WALKING), m.of(RUNNING)
    assert walked["contact_time_s"] == pytest.approx(0.6)
    assert walked["peak"] == pytest.approx(800)
    assert walked["impulse"] == pytest.approx(800 * 0.6 * 2 / math.pi, rel=1e-3)
    for name in ("medial_lateral_index", "medial_lateral_early", "medial_lateral_mid"):
        assert ran[name] == pytest.approx(20)
    assert [walked[f"cop_ml_{at}"] for at in AT] == pytest.approx([0.45] * 5)
    assert [walked[f"cop_ap_{at}"] for at in AT] == pytest.approx([0.18, 0.34, 0.5, 0.66, 0.82], abs=1e-3)
    assert walked["completeness"] == pytest.approx(59 / 60)
    assert walked["midfoot_share"] == pytest.approx(0.2)
    assert walked["heel_off"] == pytest.approx(0.6 + 0.95 / 60)
    assert walked["strike_index"] == pytest.approx(100 * (0.1 + 0.8 / 30), abs=1.5)
    assert walked["cpei"] == pytest.approx(0, abs=1e-9)
    assert "cpei" not in ran
    assert set(m.of(UNKNOWN)) == set(ran) - {"medial_lateral_mid"}


def test_every_measure_of_a_step_that_is_not_its_rhythm_comes_from_its_stance() -> None:
    measured = measure(stance(), LAYOUT)
    told = {*measured.of(WALKING), *measured.of(RUNNING)}
    assert told == set(quantities(Step)) - {"stride_time_s", "duty_factor", "cadence_spm"}


def test_a_forefoot_strike_has_nothing_that_begins_at_the_heel() -> None:
    m = measure(stance(start=0.6), LAYOUT).of(WALKING)
    assert m["strike_index"] > 60
    assert all(math.isnan(m[name]) for name in ("heel_off", "medial_lateral_early", "cpei"))
    assert (m["medial_lateral_index"], m["medial_lateral_mid"]) == pytest.approx((20, 20))


def test_a_layout_that_cannot_carry_them_leaves_measures_out() -> None:
    m = measure(stance(), replace(LAYOUT, tier=Tier.T1)).of(WALKING)
    across = ("medial_lateral_index", "medial_lateral_early", "medial_lateral_mid", "cpei")
    assert all(math.isnan(m[name]) for name in (*across, "cop_ml_50", "midfoot_share"))
    assert m["cop_ap_50"] == pytest.approx(0.5, abs=1e-3)
    assert m["strike_index"] < 33
    assert m["heel_off"] == pytest.approx(0.616, abs=1e-3)
    unseen = frozenset({"heel_off", "midfoot_share"})
    five = measure(stance(), replace(LAYOUT, tier=Tier.T2, unseen=unseen)).of(WALKING)
    assert five["medial_lateral_index"] == pytest.approx(20)
    assert all(math.isnan(five[name]) for name in ("heel_off", "midfoot_share", "cop_ml_50", "cpei"))


def test_a_few_samples_without_all_sensors_are_left_out_many_are_not_made_up() -> None:
    few, many = stance(), stance()
    few.channels[10:14, 1:] = np.nan
    many.channels[10:40, 1:] = np.nan
    assert measure(few, LAYOUT).values["medial_lateral_index"] == pytest.approx(20)
    assert math.isnan(measure(many, LAYOUT).values["medial_lateral_index"])
    assert measure(many, LAYOUT).values["peak"] == pytest.approx(800)
