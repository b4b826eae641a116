"""What an insole can tell: from where its working sensors lie, never from its name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.gait import thresholds as p
from service.records.quantities import Tier


def tier_of(ml: NDArray[np.float64], ap: NDArray[np.float64], healthy: NDArray[np.bool_]) -> Tier:
    """Return what an insole's working sensors can tell.

    Args:
        ml: 0 lateral to 1 medial, one for each sensor.
        ap: 0 heel to 1 toe.
        healthy: the sensors that work.
    """
    across, along = np.asarray(ml, np.float64)[healthy], np.asarray(ap, np.float64)[healthy]
    count = len(across)
    heel, fore = along <= p.HEEL_UNTIL, along >= p.FOREFOOT_FROM
    medial, lateral = across > p.MIDLINE, across < p.MIDLINE
    ball = fore & (along <= p.BALL_UNTIL)
    midfoot = ~heel & ~fore
    asked = (
        (Tier.T1, heel.any() and (fore & medial).any() and (fore & lateral).any()),
        (Tier.T2, (ball & (across >= p.FIRST_RAY_FROM)).any() and (ball & (across <= p.FIFTH_RAY_UNTIL)).any()),
        (Tier.T3, (heel & medial).any() and (heel & lateral).any() and midfoot.any()),
        (Tier.T4, True),
    )
    reached = Tier.T0
    for tier, seen in asked:
        if count < p.TIER_SENSORS[tier] or not seen:
            break
        reached = tier
    return reached
