"""Left against right: the symmetry index with its interval.

Contact time, impulse and peak are compared, each of which a foot has by itself. Step time, flight time and double
support take both feet's clocks: 10 ms between them are 5.6 % of step time in running. They are not offered, since no
link certifies that the clocks agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import batch_means, mean_of, standard_error, t975
from service.records.quantities import Interval

_UNKNOWN = Interval(math.nan, math.nan, math.nan)


def symmetry_index(left: Sequence[float], right: Sequence[float]) -> Interval:
    """Return the symmetry index of a block's values of both feet, all positive, in order of time.

    It is in percent, and positive where the right foot has more.

    SI = 200 (R - L) / (R + L) (Robinson 1987, J Manipulative Physiol Ther 10:172), worked out on the log ratio
    a = mean ln R - mean ln L as 200 tanh(a / 2), so that the feet are equals and the interval is symmetric there. The
    interval comes from batch means of a: it knows that strides are correlated in time and between the feet. It is of
    this block; what blocks have in common has an interval of its own (`change`).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = np.log(np.asarray(left, np.float64)), np.log(np.asarray(right, np.float64))
    difference = batch_means(b.tolist()) - batch_means(a.tolist())
    if not np.isfinite(difference).all():
        return _UNKNOWN
    ratio = mean_of(b.tolist()) - mean_of(a.tolist())
    half = t975(p.BATCHES - 1) * standard_error(difference)
    return Interval(percent(ratio), percent(ratio - half), percent(ratio + half))


def percent(log_ratio: float) -> float:
    """Return the symmetry index (%) of a log ratio: right over left."""
    return 200 * math.tanh(log_ratio / 2)
