"""One group of bouts against another: sensor by sensor, and measure by measure, each with how sure that is.

A bout is the unit: steps of one bout resemble each other, and thousands of them are no proof of a difference between
two pairs of shoes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from firmware_bridge import Float64s
from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import t975

CLIP = 3.0
"""z beyond which a color does not get stronger."""
PRIOR_BOUTS = 4.0
"""Weight, in degrees of freedom, of what all sensors together say of how one of them scatters (choice)."""
LEAST_SPREAD = 0.02
"""Least standard deviation between bouts that is believed, of a sensor's own share: few bouts can agree by chance, and
an insole is never put into a shoe twice in the same way (choice)."""
FALSE_DISCOVERIES = 0.05
"""Expected share of chance among the sensors that are said to differ; where nothing differs, of maps with any."""


@dataclass(frozen=True, eq=False)
class Difference:
    """The difference of every sensor of both feet, left ones first, between two groups of bouts."""

    z: tuple[Float64s, Float64s]  # of the left and of the right foot; NaN where a sensor does not work
    told: tuple[np.typing.NDArray[np.bool_], np.typing.NDArray[np.bool_]]  # beyond noise
    bouts: tuple[int, int]


FootLoads = tuple[Float64s, Float64s]
"""Each sensor's share of the stance's load: of the left foot, and of the right one."""


def difference(group: Sequence[FootLoads], other: Sequence[FootLoads]) -> Difference | None:
    """Return how one group's loads differ from the other's; None where both together have too few bouts.

    Student's t of each sensor's share, its variance pooled over both groups and moderated by that of all sensors
    (Smyth 2004, Stat Appl Genet Mol Biol 3:3), as the z of the same probability (Wallace 1959, Ann Math Stat 30:1124).
    What differs is told with its false discoveries under control over all sensors (Benjamini and Hochberg 1995, J R
    Stat Soc B 57:289).
    """
    ours, theirs = len(group), len(other)
    freedom = ours + theirs - 2
    if min(ours, theirs) < 1 or max(ours, theirs) < p.MIN_BOUTS:
        return None
    feet = [_shares([pair[foot] for pair in (*group, *other)]) for foot in (0, 1)]
    shares = np.concatenate(feet, axis=1)
    one, two = shares[:ours], shares[ours:]
    scatter = ((one - one.mean(axis=0)) ** 2).sum(axis=0) + ((two - two.mean(axis=0)) ** 2).sum(axis=0)
    usual = shares.mean(axis=0)
    known = np.isfinite(usual) & (usual > 0)
    relative = np.where(known, scatter / freedom / np.where(known, usual, 1.0) ** 2, np.nan)
    prior = float(np.nanmedian(relative)) if known.any() else math.nan
    moderated = (PRIOR_BOUTS * prior + freedom * relative) / (PRIOR_BOUTS + freedom)
    sd = np.sqrt(np.maximum(moderated, LEAST_SPREAD**2)) * usual
    t = (one.mean(axis=0) - two.mean(axis=0)) / (sd * math.sqrt(1 / ours + 1 / theirs))
    z = np.sign(t) * _z(np.abs(t), freedom + PRIOR_BOUTS)
    told, cut = _told(z), feet[0].shape[1]
    return Difference((z[:cut], z[cut:]), (told[:cut], told[cut:]), (ours, theirs))


def _shares(rows: Sequence[Float64s]) -> Float64s:
    """Return the shares among the sensors that worked in every bout, (bouts, s)."""
    table = np.array(rows, np.float64)
    table[:, ~np.isfinite(table).all(axis=0)] = np.nan
    return np.asarray(table / np.nansum(table, axis=1, keepdims=True), np.float64)


def _z(t: Float64s, freedom: float) -> Float64s:
    factor = (8 * freedom + 1) / (8 * freedom + 3)
    return np.asarray(factor * np.sqrt(freedom * np.log1p(t**2 / freedom)), np.float64)


def _told(z: Float64s) -> np.typing.NDArray[np.bool_]:
    normal = NormalDist()
    chance = np.array([2 * normal.cdf(-abs(value)) if math.isfinite(value) else math.nan for value in z])
    ordered = np.sort(chance[np.isfinite(chance)])
    passing = ordered <= FALSE_DISCOVERIES * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    limit = ordered[passing].max() if passing.any() else -1.0
    return np.asarray(np.nan_to_num(chance, nan=1.0) <= limit)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over bouts, or a difference of two, with its 95 % interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    bouts: int


_UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


def mean(values: Sequence[float]) -> Estimate:
    """Return the mean of bouts' means with the t interval; without an interval where there are fewer than three."""
    known = [value for value in values if math.isfinite(value)]
    count = len(known)
    if not count:
        return _UNKNOWN
    value = math.fsum(known) / count
    if count < p.MIN_BOUTS:
        return Estimate(value, math.nan, math.nan, count)
    half = t975(count - 1) * float(np.std(known, ddof=1)) / math.sqrt(count)
    return Estimate(value, value - half, value + half, count)


def welch_difference(group: Sequence[float], other: Sequence[float]) -> Estimate:
    """Return the mean of one group minus the other's, with Welch's interval (Welch 1947, Biometrika 34:28).

    NaN where one of them has fewer than three bouts: then nothing can be told.
    """
    ours, theirs = ([value for value in values if math.isfinite(value)] for values in (group, other))
    n, m = len(ours), len(theirs)
    if min(n, m) < p.MIN_BOUTS:
        return Estimate(math.nan, math.nan, math.nan, min(n, m))
    one, two = float(np.var(ours, ddof=1)) / n, float(np.var(theirs, ddof=1)) / m
    value = math.fsum(ours) / n - math.fsum(theirs) / m
    if one + two == 0:
        return Estimate(value, value, value, min(n, m))
    freedom = (one + two) ** 2 / (one**2 / (n - 1) + two**2 / (m - 1))
    half = t975(freedom) * math.sqrt(one + two)
    return Estimate(value, value - half, value + half, min(n, m))
