"""Medial against lateral load: a pattern of loading, not an angle of the heel (r = 0.5: Dixon 2006, JAPMA 96:305).

What is said is how a wearer's loading differs from the own normal. There is no score against other people: between
people the index differs by how an insole lies, by the sensors' gains and by the foot's shape, 3 to 7 times more than it
errs within one, and no reference of people exists for each layout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import batch_means, mean_of, standard_error


class Loading(NamedTuple):
    """A block's mean of one measure of one foot and its standard error, in the measure's unit."""

    mean: float
    error: float


class Parts(NamedTuple):
    """A change of both feet, parted: what they share, and by how much the left one exceeds it (the right one lacks)."""

    common: float
    opposite: float


def medial_loading(values: Sequence[float]) -> Loading:
    """Average a block's medial-lateral indices, or any other measure, of one foot's steps in order of time.

    NaN where the layout cannot tell, or steps are few. The index crosses zero, so that feet and days are compared by
    differences, never by ratios (Herzog 1989, Med Sci Sports Exerc 21:110 on what ratios do there).
    """
    parts = batch_means(values)
    if not np.isfinite(parts).all():
        return Loading(math.nan, math.nan)
    return Loading(mean_of(values), standard_error(parts))


def common_and_opposite(left: float, right: float) -> Parts:
    """Part the changes of both feet's medial loading (medial positive on both).

    The common part is how the person's gait changed. The opposite one is what a camber or a turn does: the foot on the
    upper side turns in, the other one out (Damavandi 2012). Where one foot alone changed, each part is half of it.
    """
    return Parts((left + right) / 2, (left - right) / 2)


def shifted(index_change: float, bow_change: float) -> bool:
    """Tell whether a change of a foot's index is that of the insole: shifted across, or a heel sensor that fails.

    Args:
        index_change: of the medial-lateral index, points, beyond chance.
        bow_change: of the center of pressure's bow (`Step.cop_bow`), percent of the width. Where it is unknown (NaN),
            so is the answer: False.
    """
    return index_change * bow_change < p.BOW_OF_INDEX * index_change**2


def probability(score: float, error: float, beyond: float = 1.5) -> float:
    """Return the probability that the heel turns in by more than `beyond` standard deviations, from a loading score.

    eversion = r · score + sqrt(1 - r²) · noise, r = 0.54 for the peak eversion of running in shoes (Dixon 2006): with
    the score's own error, a normal distribution. Even a certain score of 2 makes no more than 0.31 of it. The r is one
    between people: for a change within one person nothing is published, and it stands for the most that may be said.

    Args:
        score: in standard deviations.
        error: its standard error.
        beyond: in standard deviations.
    """
    r = p.EVERSION_R
    spread = math.sqrt(1 - r**2 + (r * error) ** 2)
    return 0.5 * math.erfc((beyond - r * score) / (spread * math.sqrt(2)))
