"""Intervals for means of strides, and of blocks of strides, which are correlated in time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from firmware_bridge import Float64s
from service.gait import thresholds as p

_TABLES = {
    0.975: (
        1.959964,
        (
            12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
            2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
            2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
        ),
    ),
    0.995: (
        2.575829,
        (
            63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169,
            3.106, 3.055, 3.012, 2.977, 2.947, 2.921, 2.898, 2.878, 2.861, 2.845,
            2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750,
        ),
    ),
}  # fmt: skip
"""Quantiles of the normal distribution, and of Student's t from 1 degree of freedom on."""


def student(freedom: float, level: float = 0.975) -> float:
    """Return a quantile (97.5 or 99.5 %) of Student's t: a table to 30 degrees of freedom, then Cornish-Fisher.

    Abramowitz and Stegun 1964, table 26.10 and 26.7.5; the error beyond 30 is under 0.002. Between two entries of the
    table it is linear in 1 / freedom, which is off by less than 1 % from 2 on and too wide before.
    """
    if freedom < 1:
        return math.inf
    z, table = _TABLES[level]
    if freedom <= len(table):
        low = int(freedom)
        if low == freedom:
            return table[low - 1]
        near, far = table[low - 1], student(low + 1, level)
        return far + (near - far) * (1 / freedom - 1 / (low + 1)) / (1 / low - 1 / (low + 1))
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def t975(freedom: float) -> float:
    """Return what makes a 95 % interval of a standard error."""
    return student(freedom)


def batch_means(values: Sequence[float]) -> Float64s:
    """Return the means of consecutive batches of equal size, NaN left out; NaN where there are too few values."""
    x = np.asarray(values, np.float64)
    x = x[np.isfinite(x)]
    if len(x) < 2 * p.BATCHES:
        return np.full(p.BATCHES, np.nan)
    bounds = [i * len(x) // p.BATCHES for i in range(p.BATCHES + 1)]
    return np.array([x[a:b].mean() for a, b in pairwise(bounds)])


def standard_error(batch_means: Float64s) -> float:
    """Return the standard error of a mean by its batch means (Schmeiser 1982, Oper Res 30:556)."""
    return float(batch_means.std(ddof=1)) / math.sqrt(len(batch_means))


def mean_of(values: Sequence[float]) -> float:
    """Return the mean, NaN left out."""
    x = np.asarray(values, np.float64)
    x = x[np.isfinite(x)]
    return float(x.mean()) if len(x) else math.nan


class Spread(NamedTuple):
    """By how much single blocks scatter around what they have in common: a variance and its degrees of freedom."""

    variance: float
    freedom: float


@cache
def inflation(count: int, wander: float) -> float:
    """Return by how much the mean of blocks scatters more than that of as many independent ones, in variance.

    c = 1 + 2 Σ (1 - k/n) φ^k, k = 1 ... n - 1, for blocks whose correlation fades as φ^k (Bartlett 1935, J R Stat Soc
    98:536).
    """
    return 1 + 2 * sum((1 - k / count) * wander**k for k in range(1, count))


def spread(values: Float64s, wander: float) -> Spread:
    """Return how the blocks of one bout scatter, without the bias that their correlation `wander` brings.

    E[s²] = σ² (n - c) / (n - 1), and s² has as many degrees of freedom as its terms are independent:
    (n - 1) (1 - φ²) / (1 + φ²) (Bartlett 1935). No block or a single one gives no degree of freedom.
    """
    count = len(values)
    if count < 2:
        return Spread(0.0, 0.0)
    variance = float(((values - values.mean()) ** 2).sum()) / (count - inflation(count, wander))
    return Spread(variance, (count - 1) * (1 - wander**2) / (1 + wander**2))


def pooled(spreads: Iterable[Spread]) -> Spread:
    """Return what several bouts say together of how blocks scatter, each with the weight of its freedom."""
    known = [each for each in spreads if each.freedom > 0]
    freedom = math.fsum(each.freedom for each in known)
    return Spread(math.fsum(each.variance * each.freedom for each in known) / freedom, freedom) if known else _NO_SPREAD


_NO_SPREAD = Spread(0.0, 0.0)
