"""How the foot rolls over in one stance: where the load is, and when. Each function is one measure, with its source.

Everything here is a ratio of loads of one stance: no gain, no body mass, no other foot is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from firmware_bridge import Float64s
from service.gait import thresholds as p
from service.gait.signal.load import ACROSS, ALONG, HEEL, LATERAL, LOAD, MEDIAL, MIDFOOT


@dataclass(frozen=True, eq=False)
class LoadCurve:
    """The samples of a stance in which every sensor has a reading (at least three), without the unloaded level."""

    seconds: Float64s  # (n,) since the contact
    part: Float64s  # (n,) of the stance, 0 to 1
    channels: Float64s  # (n, CHANNELS)
    peak: float  # highest load of the stance

    def at(self, part: Float64s, channel: int) -> Float64s:
        """Return a channel at some stance fractions, on lines between the samples."""
        return np.asarray(np.interp(part, self.part, self.channels[:, channel]), np.float64)

    @cached_property
    def across(self) -> tuple[float, ...]:
        """The center of pressure across the foot at the stance fractions `COP_AT`, 0 lateral to 1 medial."""
        return _path(self, ACROSS)

    @cached_property
    def along(self) -> tuple[float, ...]:
        """The same along the foot, 0 heel to 1 toe."""
        return _path(self, ALONG)


def index(curve: LoadCurve, window: tuple[float, float]) -> float:
    """Return the medial-lateral index in percent: 100 · (M - L) / (M + L), loads over a window of the stance.

    After the force ratio of Willems 2006, Gait Posture 23:91, over one phase, with soft weights for the sides.
    """
    even = np.linspace(*window, p.WINDOW_POINTS)
    medial, lateral = float(curve.at(even, MEDIAL).sum()), float(curve.at(even, LATERAL).sum())
    total = medial + lateral
    return 100 * (medial - lateral) / total if total > 0 else math.nan


def _path(curve: LoadCurve, moment: int) -> tuple[float, ...]:
    """Return the center of pressure at the stance fractions `COP_AT`, NaN where the load is too small for one."""
    at = np.array(p.COP_AT)
    load = curve.at(at, LOAD)
    told = load > p.COP_MIN_LOAD * curve.peak
    return tuple(float(v) for v in np.where(told, curve.at(at, moment) / np.where(told, load, 1.0), np.nan))


def bow(curve: LoadCurve) -> float:
    """Return how much more medial the load is in mid-stance than early and late, in percent of the insole's width.

    Center of pressure at 50 % of stance against the mean of 10 and 90 %. An insole that lies further medial or lateral
    moves all three alike, and this hardly; pronation is greatest in mid-stance, which the deviation of Dixon 2006,
    JAPMA 96:305 (mid against early: r = 0.54 with peak eversion in running) and the excursion index of Song 1996 (the
    middle against both ends, in walking) rest on.
    """
    early, _, mid, _, late = curve.across
    return 100 * (mid - (early + late) / 2)


def strike_index(curve: LoadCurve) -> float:
    """Return where the foot lands, in percent of the insole's length from the heel.

    Strike index (Cavanagh and Lafortune 1980, J Biomech 13:397): the center of pressure from the first sample above
    10 % of the peak load to 20 %, or for 15 ms.
    """
    load, along = curve.channels[:, LOAD], curve.channels[:, ALONG]
    landed = np.flatnonzero(load > p.STRIKE_FROM * curve.peak)
    if not landed.size:
        return math.nan
    first = int(landed[0])
    brief = curve.seconds <= curve.seconds[first] + p.STRIKE_S
    within = np.flatnonzero(brief & (load <= p.STRIKE_TO * curve.peak))
    used = np.union1d(within[within >= first], [first])
    return 100 * float(along[used].sum()) / float(load[used].sum())


def heel_off(curve: LoadCurve) -> float:
    """Return the share of stance after which the heel's load stays below 5 % of its own peak.

    On lines between the samples. NaN where the heel hardly touches. The phases that it parts: De Cock 2005, Gait
    Posture 21:432.
    """
    heel = curve.channels[:, HEEL]
    highest = float(heel.max())
    if highest < p.HEEL_MIN_LOAD * curve.peak:
        return math.nan
    level = p.HEEL_OFF * highest
    last = int(np.flatnonzero(heel > level)[-1])
    if last == len(heel) - 1:
        return math.nan
    between = (heel[last] - level) / (heel[last] - heel[last + 1])
    return float(curve.part[last] + between * (curve.part[last + 1] - curve.part[last]))


def midfoot_share(curve: LoadCurve) -> float:
    """Return the midfoot's share of the load of the whole stance, 0 to 1.

    The modified arch index (Chu 1995) in force instead of pressure, toes included.
    """
    total = float(curve.channels[:, LOAD].sum())
    return float(curve.channels[:, MIDFOOT].sum()) / total if total > 0 else math.nan


def cpei(curve: LoadCurve) -> float:
    """Return the center of pressure excursion index in percent of the insole's width; lateral bow positive.

    How far, at two thirds of the length, the path lies lateral of the chord from its first to its last points (Song
    1996, J Am Podiatr Med Assoc 86:16), on an insole: of the insole's length and width, and along a path that only
    goes forward. NaN where the path is short (a forefoot strike, stairs).
    """
    load = curve.channels[:, LOAD]
    loaded = load > p.COP_MIN_LOAD * curve.peak
    if not loaded.any():
        return math.nan
    seconds = curve.seconds[loaded]
    x = curve.channels[loaded, ACROSS] / load[loaded]
    y = curve.channels[loaded, ALONG] / load[loaded]
    first, last = seconds <= seconds[0] + p.CPEI_END_S, seconds >= seconds[-1] - p.CPEI_END_S
    (x0, y0), (x1, y1) = ((float(x[end].mean()), float(y[end].mean())) for end in (first, last))
    if y1 - y0 < p.CPEI_MIN_LENGTH:
        return math.nan
    ahead = np.concatenate(([True], y[1:] > np.maximum.accumulate(y)[:-1]))
    chord = x0 + (x1 - x0) * (p.CPEI_AT - y0) / (y1 - y0)
    return 100 * (chord - float(np.interp(p.CPEI_AT, y[ahead], x[ahead])))
