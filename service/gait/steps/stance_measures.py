"""What one stance says: its measures over the whole stance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from firmware_bridge import SECOND
from service.gait import thresholds as p
from service.gait.signal.events import Stance
from service.gait.signal.load import ACROSS, ALONG, LOAD, Float64s, Layout
from service.gait.steps import rollover
from service.gait.steps.rollover import NAN, Course


@dataclass(frozen=True, slots=True)
class Measures:
    """One stance in numbers; fields as in `Step`. Where they depend on the activity, the name says for which one."""

    contact: int
    foot_off: int
    contact_time_s: float
    peak: float
    impulse: float
    unit: str
    medial_lateral_index: float
    cop_ml: tuple[float, ...]  # at the stance fractions COP_AT
    cop_ap: tuple[float, ...]
    completeness: float
    medial_lateral_early: float = NAN
    medial_lateral_mid_running: float = NAN
    medial_lateral_mid_walking: float = NAN
    midfoot_share: float = NAN
    heel_off: float = NAN
    strike_index: float = NAN
    cpei_walking: float = NAN
    cop_bow: float = NAN


def measure(stance: Stance, layout: Layout) -> Measures:
    """Measure a stance.

    The unloaded level before the contact is taken off every channel first, which is to take it off every sensor, since
    channels are linear: a shoe presses, and a sensor drifts. So each swing is the zero of the stance after it.
    """
    seconds = (stance.time - stance.contact).astype(np.float64) * 1e-9
    duration = (stance.foot_off - stance.contact) / SECOND
    channels = stance.channels - stance.quiet
    load = channels[:, LOAD]
    peak = float(load.max()) if len(load) else NAN
    whole = np.isfinite(channels).all(axis=1)
    course = None
    if len(load) > 2 and bool(whole.mean() >= p.MIN_FINITE):
        course = Course(seconds[whole], seconds[whole] / duration, channels[whole], peak)

    def told(name: str, value: Callable[[Course], float]) -> float:
        return value(course) if course is not None and layout.tells(name) else NAN

    def index(name: str, window: tuple[float, float]) -> float:
        return told(name, lambda c: rollover.index(c, window))

    def path(name: str, moment: int) -> tuple[float, ...]:
        return rollover.path(course, moment) if course is not None and layout.tells(name) else rollover.UNKNOWN

    strike = told("strike_index", rollover.strike_index)
    forefoot = strike > p.FOREFOOT_STRIKE  # what begins at the heel means nothing then
    return Measures(
        contact=stance.contact,
        foot_off=stance.foot_off,
        contact_time_s=duration,
        peak=peak,
        impulse=_impulse(seconds, load, duration),
        unit=layout.unit,
        medial_lateral_index=index("medial_lateral_index", p.INDEX_WINDOW),
        medial_lateral_early=NAN if forefoot else index("medial_lateral_early", p.EARLY_WINDOW),
        medial_lateral_mid_running=index("medial_lateral_mid", p.MID_WINDOW_RUNNING),
        medial_lateral_mid_walking=index("medial_lateral_mid", p.MID_WINDOW_WALKING),
        cop_ml=path("cop_ml", ACROSS),
        cop_ap=path("cop_ap", ALONG),
        midfoot_share=told("midfoot_share", rollover.midfoot_share),
        heel_off=NAN if forefoot else told("heel_off", rollover.heel_off),
        strike_index=strike,
        cpei_walking=told("cpei", rollover.cpei),
        cop_bow=told("cop_ml", rollover.bow),
        completeness=min(len(stance.time) / max(round(duration * layout.rate_hz), 1), 1.0),
    )


def _impulse(seconds: Float64s, load: Float64s, duration: float) -> float:
    """Return the load's integral over the stance by the trapezoid rule, zero at both events."""
    t = np.concatenate(([0.0], seconds, [duration]))
    x = np.concatenate(([0.0], load, [0.0]))
    return float((0.5 * (x[1:] + x[:-1]) * (t[1:] - t[:-1])).sum())
