"""Medial against lateral load: a pattern of loading, not an angle of the heel (r = 0.5: Dixon 2006, JAPMA 96:305)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.gait.intervals import batches, mean_of, standard_error


class Loading(NamedTuple):
    """A block's mean medial-lateral index of one foot and its standard error, in index points."""

    mean: float
    error: float


def medial_loading(index: Sequence[float]) -> Loading:
    """Average a block's medial-lateral indices of one foot. NaN where the layout cannot tell, or steps are few.

    The index crosses zero, so that feet and days are compared by differences, never by ratios (Herzog 1989, Med Sci
    Sports Exerc 21:110 on what ratios do there).
    """
    parts = batches(index)
    if not np.isfinite(parts).all():
        return Loading(math.nan, math.nan)
    return Loading(mean_of(index), standard_error(parts))
