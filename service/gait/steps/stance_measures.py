"""What one stance says: its measures over the whole stance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from firmware_bridge import SECOND, Float64s
from service.gait import thresholds as p
from service.gait.signal.events import Stance
from service.gait.signal.load import LOAD, Layout
from service.gait.steps import rollover
from service.gait.steps.activity import RUNNING, WALKING
from service.gait.steps.rollover import LoadCurve
from service.records.quantities import quantities
from service.records.rows import Step


@dataclass(frozen=True, slots=True)
class Formula:
    """How a field of `Step` follows from the load of one stance; the function says its source."""

    field: str
    of: Callable[[LoadCurve], float]
    activity: str = ""  # the only one in which it means something, "" where it does in all
    from_heel: bool = False  # it begins at the heel: a forefoot strike has none


def _across(curve: LoadCurve, place: int) -> float:
    return curve.across[place]


def _along(curve: LoadCurve, place: int) -> float:
    return curve.along[place]


FORMULAS = (
    Formula("strike_index", rollover.strike_index),  # the first, since it tells a forefoot strike
    Formula("medial_lateral_index", partial(rollover.index, window=p.INDEX_WINDOW)),
    Formula("medial_lateral_early", partial(rollover.index, window=p.EARLY_WINDOW), from_heel=True),
    Formula("medial_lateral_mid", partial(rollover.index, window=p.MID_WINDOW_RUNNING), RUNNING),
    Formula("medial_lateral_mid", partial(rollover.index, window=p.MID_WINDOW_WALKING), WALKING),
    *(Formula(f"cop_ml_{100 * at:.0f}", partial(_across, place=place)) for place, at in enumerate(p.COP_AT)),
    *(Formula(f"cop_ap_{100 * at:.0f}", partial(_along, place=place)) for place, at in enumerate(p.COP_AT)),
    Formula("midfoot_share", rollover.midfoot_share),
    Formula("heel_off", rollover.heel_off, from_heel=True),
    Formula("cpei", rollover.cpei, WALKING),
    Formula("cop_bow", rollover.bow),
)
"""What a stance tells where its samples are whole and the layout sees enough (`Quantity.needs`)."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One stance in numbers, by the fields of `Step` that hold them."""

    contact: int
    foot_off: int
    unit: str
    values: Mapping[str, float]
    by_activity: Mapping[str, Mapping[str, float]]  # those that mean something in one activity alone

    def of(self, activity: str) -> dict[str, float]:
        """Return what a step of this activity has."""
        return {**self.values, **self.by_activity.get(activity, {})}


def measure(stance: Stance, layout: Layout) -> Measures:
    """Measure a stance.

    The unloaded level before the contact is taken off every channel first, which is to take it off every sensor, since
    channels are linear: a shoe presses, and a sensor drifts. So each swing is the zero of the stance after it.
    """
    seconds = (stance.time - stance.contact).astype(np.float64) * 1e-9
    duration = (stance.foot_off - stance.contact) / SECOND
    channels = stance.channels - stance.quiet
    load = channels[:, LOAD]
    peak = float(load.max()) if len(load) else math.nan
    whole = np.isfinite(channels).all(axis=1)
    curve = None
    if len(load) > 2 and bool(whole.mean() >= p.MIN_FINITE):
        curve = LoadCurve(seconds[whole], seconds[whole] / duration, channels[whole], peak)

    values = {
        "contact_time_s": duration,
        "peak": peak,
        "impulse": _impulse(seconds, load, duration),
        "completeness": min(len(stance.time) / max(round(duration * layout.rate_hz), 1), 1.0),
    }
    by_activity: dict[str, dict[str, float]] = {WALKING: {}, RUNNING: {}}
    for formula in FORMULAS:
        heelless = formula.from_heel and values["strike_index"] > p.FOREFOOT_STRIKE
        into = by_activity[formula.activity] if formula.activity else values
        known = curve if layout.tells(formula.field) and not heelless else None
        into[formula.field] = math.nan if known is None else formula.of(known)
    return Measures(stance.contact, stance.foot_off, layout.unit, values, by_activity)


def withheld(measures: Measures) -> Measures:
    """Return measures without what needs every sensor: the times stay."""
    by_activity = {activity: _without_sensors(own) for activity, own in measures.by_activity.items()}
    return replace(measures, values=_without_sensors(measures.values), by_activity=by_activity)


def _without_sensors(values: Mapping[str, float]) -> dict[str, float]:
    known = quantities(Step)
    return {name: math.nan if known[name].every_sensor else value for name, value in values.items()}


def _impulse(seconds: Float64s, load: Float64s, duration: float) -> float:
    """Return the load's integral over the stance by the trapezoid rule, zero at both events."""
    t = np.concatenate(([0.0], seconds, [duration]))
    x = np.concatenate(([0.0], load, [0.0]))
    return float((0.5 * (x[1:] + x[:-1]) * (t[1:] - t[:-1])).sum())
