"""What one stance says: its measures over the whole stance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_bridge import SECOND
from service.gait import parameters as p
from service.gait.events import Stance
from service.gait.load import ACROSS, ALONG, LATERAL, LOAD, MEDIAL, Float64s, Layout


@dataclass(frozen=True, slots=True)
class Measures:
    """One stance in numbers; fields as in `Step`."""

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


def measure(stance: Stance, layout: Layout) -> Measures:
    """Measure a stance.

    The unloaded level before the contact is taken off every channel first: a shoe presses, and a sensor drifts.
    """
    seconds = (stance.time - stance.contact).astype(np.float64) * 1e-9
    duration = (stance.foot_off - stance.contact) / SECOND
    part = seconds / duration
    channels = stance.channels - stance.quiet
    load = channels[:, LOAD]
    peak = float(load.max()) if len(load) else float("nan")
    whole = np.isfinite(channels).all(axis=1)
    enough = len(load) > 2 and bool(whole.mean() >= p.MIN_FINITE)
    part, channels = part[whole], channels[whole]
    expected = max(round(duration * layout.rate_hz), 1)
    return Measures(
        contact=stance.contact,
        foot_off=stance.foot_off,
        contact_time_s=duration,
        peak=peak,
        impulse=_impulse(seconds, load, duration),
        unit=layout.unit,
        medial_lateral_index=_index(part, channels) if enough and layout.across else float("nan"),
        cop_ml=_path(part, channels, ACROSS, peak) if enough and layout.across else _UNKNOWN,
        cop_ap=_path(part, channels, ALONG, peak) if enough and layout.along else _UNKNOWN,
        completeness=min(len(stance.time) / expected, 1.0),
    )


_UNKNOWN = (float("nan"),) * len(p.COP_AT)


def _impulse(seconds: Float64s, load: Float64s, duration: float) -> float:
    """Return the load's integral over the stance by the trapezoid rule, zero at both events."""
    t = np.concatenate(([0.0], seconds, [duration]))
    x = np.concatenate(([0.0], load, [0.0]))
    return float((0.5 * (x[1:] + x[:-1]) * (t[1:] - t[:-1])).sum())


def _index(part: Float64s, channels: Float64s) -> float:
    """Return the medial-lateral index in percent: 100 · (M - L) / (M + L), loads between 10 and 75 % of stance.

    After the force ratio of Willems 2006, Gait Posture 23:91, over one phase, with soft weights for the sides.
    """
    inside = (part >= p.INDEX_FROM) & (part <= p.INDEX_TO)
    medial, lateral = float(channels[inside, MEDIAL].sum()), float(channels[inside, LATERAL].sum())
    total = medial + lateral
    return 100 * (medial - lateral) / total if total > 0 else float("nan")


def _path(part: Float64s, channels: Float64s, moment: int, peak: float) -> tuple[float, ...]:
    """Return the center of pressure at the stance fractions, NaN where the load is too small for one."""
    load = np.interp(p.COP_AT, part, channels[:, LOAD])
    across = np.interp(p.COP_AT, part, channels[:, moment])
    told = load > p.COP_MIN_LOAD * peak
    return tuple(float(v) for v in np.where(told, across / np.where(told, load, 1.0), np.nan))
