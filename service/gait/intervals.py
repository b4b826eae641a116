"""Intervals for means of strides, which are correlated in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from service.gait import parameters as p
from service.gait.load import Float64s

_T975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def t975(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t: a table to 30 degrees of freedom, then Cornish-Fisher.

    Abramowitz and Stegun 1964, table 26.10 and 26.7.5; the error beyond 30 is under 0.001.
    """
    if freedom < 1:
        return math.inf
    if freedom <= len(_T975):
        return _T975[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def batches(values: Sequence[float]) -> Float64s:
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
