"""What changes although the wearer has not: nothing is said of the wearer, or the right thing of the insoles.

At the level of blocks, twenty people each, who scatter as `null_days` has it. The same on rendered signals:
contracts/test_detectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from service.contracts.ordinary_blocks import DAY, NOW
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import detectors
from service.gait.detectors.verdict import verdicts
from service.records.rows import Block, Note
from tests.laws.test_null import ACTIVITIES, FITTED
from tests.walkers.null_days import Drawn, Float64s

COUNT = 60
SEEDS = range(20)


@dataclass(frozen=True)
class Confounder:
    """What is different today, block by block."""

    shift: Callable[[str], Mapping[str, Float64s]] = lambda activity: {}
    change: Mapping[str, object] = field(default_factory=dict)
    shoes: str = ""
    insole: bool = False  # in running the insoles are to be blamed
    balance: tuple[str, str] = ("normal", "")
    loading: tuple[str, str] | None = ("normal", "")


def ramp(to: float) -> Float64s:
    return np.asarray(np.minimum(np.arange(COUNT) / 30, 1) * to, np.float64)


def gain(log: float) -> Callable[[str], Mapping[str, Float64s]]:
    """Return what a left insole does whose gain drifts by exp(log) within half an hour; timing does not change."""
    force = {"impulse_si_pct": ramp(-100 * log), "peak_si_pct": ramp(-100 * log)}
    return lambda activity: force | ({"gain_ratio": ramp(log)} if activity == "running" else {})


def medial(left: float, right: float) -> Callable[[str], Mapping[str, Float64s]]:
    def shift(activity: str) -> Mapping[str, Float64s]:
        return {"medial_lateral_left": np.full(COUNT, left), "medial_lateral_right": np.full(COUNT, right)}

    return shift


CONFOUNDERS = {
    "nothing": Confounder(),
    "a gain that drifts up": Confounder(gain(0.15), insole=True),
    "a gain that drifts down": Confounder(gain(-0.15), insole=True),
    "half of the samples of one foot are lost": Confounder(
        change={"received_right": 0.5, "rejected_right": 20}, balance=("cannot_tell", "loss"),
        loading=("cannot_tell", "loss"),
    ),
    "a tenth of the samples of one foot is lost": Confounder(
        change={"received_left": 0.9}, balance=("cannot_tell", "loss"), loading=("cannot_tell", "loss")
    ),
    "one insole is not worn": Confounder(
        change={"void": True, "reason": "one_foot", "strides_left": 0},
        balance=("cannot_tell", "one_foot"), loading=("cannot_tell", "one_foot"),
    ),
    "other shoes, noted": Confounder(
        medial(25, 25), shoes="blue", balance=("cannot_tell", "no_baseline"), loading=("cannot_tell", "no_baseline")
    ),
    "much faster": Confounder(
        medial(25, 25), {"contact_time_left_s": 0.22, "contact_time_right_s": 0.22},
        loading=("cannot_tell", "no_baseline"),
    ),
    "a camber": Confounder(medial(30, -30), loading=("cannot_tell", "surface")),
    "a camber the other way": Confounder(medial(-30, 30), loading=("cannot_tell", "surface")),
    "insoles that have shifted": Confounder(
        medial(30, 30), {"cop_bow_left": -3.0, "cop_bow_right": -3.0}, loading=("cannot_tell", "shifted")
    ),
    "a sensor that is broken": Confounder(
        change={"faulty": "dead", "sensors_left": 15, "sensors_right": 15} | dict.fromkeys(
            ("impulse_si_pct", "peak_si_pct", "gain_ratio", "medial_lateral_left", "medial_lateral_right"), float("nan")
        ),
        loading=("cannot_tell", "sensor"),
    ),
    "a sensor that is left out on both feet": Confounder(
        change={"sensors_left": 15, "sensors_right": 15}, loading=("cannot_tell", "sensor")
    ),
}  # fmt: skip


def with_bow(blocks: list[Block], confounder: Confounder) -> list[Block]:
    bow = {"cop_bow_left": 1.0, "cop_bow_right": 1.0, "cop_bow_left_se": 0.1, "cop_bow_right_se": 0.1}
    worn = {"sensors_left": 16, "sensors_right": 16}
    return [replace(b, **{**bow, **worn, **confounder.change}) for b in blocks]  # type: ignore[arg-type]


@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize("confounder", CONFOUNDERS)
def test_the_wearer_is_not_blamed(confounder: str, activity: str) -> None:
    today = CONFOUNDERS[confounder]
    told = []
    for seed in SEEDS:
        person = Drawn(FITTED[activity], activity, 500 + seed)  # type: ignore[index, arg-type]
        known = [b for k in range(8) for b in with_bow(person.bout(NOW + (k - 8) * DAY, 20), CONFOUNDERS["nothing"])]
        own = with_bow(person.bout(NOW, COUNT, today.shift(activity)), today)
        notes = [Note(NOW, "ada", "shoes", today.shoes)] if today.shoes else []
        baseline = Baseline(History([*known, *own], notes), NOW)
        every = detectors(baseline)
        flags = [f.topic for b in own for detector in every for f in detector.update(b) if f.raised]
        assert set(flags) <= ({"insole"} if activity == "running" else set())  # gains drift on any day
        told.append("insole" in flags)
        said = {v.topic: (v.answer, v.reason) for v in verdicts(own, baseline)}
        assert said["imbalance"] == today.balance
        if confounder in {"nothing", "a gain that drifts up", "a gain that drifts down"}:
            assert said["over_pronation"] in (("normal", ""), ("cannot_tell", "surface"))
        else:
            assert said["over_pronation"] == today.loading
    if activity == "running" and today.insole:
        assert np.mean(told) >= 0.9
