"""What an insole can tell: from where its working sensors lie, never from its name."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.gait import thresholds as p


class Tier(IntEnum):
    """How much of the sole is seen; each tier holds what the one before it asks for."""

    T0 = 0
    """Something: that a foot is loaded, and when."""
    T1 = 1
    """The heel and both sides of the forefoot, 3 sensors: how much, and how far forward."""
    T2 = 2
    """The heel and the heads of the first and the fifth metatarsal, 5 sensors: medial against lateral."""
    T3 = 3
    """Both sides of the heel and the midfoot besides, 10 sensors: where the load is, all through stance."""
    T4 = 4
    """32 sensors: a map of pressure."""


NEEDS: Final[Mapping[str, Tier]] = MappingProxyType(
    {
        # timing of one foot: any part of the sole is loaded once a stride
        "cadence_spm": Tier.T0,
        "stride_time_s": Tier.T0,
        "contact_time_s": Tier.T0,
        "duty_factor": Tier.T0,
        "activity": Tier.T0,
        # as read, for one foot alone; a sensor or two are no ground reaction force
        "peak": Tier.T0,
        "impulse": Tier.T0,
        # feet compared in time: without heel and forefoot, stance is as long as a sensor lies where it happens to
        "contact_time_si_pct": Tier.T1,
        # feet compared in force: the sum has to hold the load from heel to toe
        "impulse_si_pct": Tier.T1,
        "gain_ratio": Tier.T1,
        # along the foot: a heel and a forefoot are enough
        "cop_ap": Tier.T1,
        "strike_index": Tier.T1,
        "heel_off": Tier.T1,
        # across the foot: three-zone insoles fail at it (McNeese 2025, Sensors 26:66); sums from five zones on carry it
        "medial_lateral_index": Tier.T2,
        "medial_lateral_early": Tier.T2,
        "medial_lateral_mid": Tier.T2,
        # a region's share needs the other regions to be seen; nothing is told of a region without a sensor
        "midfoot_share": Tier.T2,
        # the path of the center of pressure: with 16 sensors it is 7 to 9 mm off across the foot (Morin 2022,
        # Sensors 22:5628), about as much as it moves; fewer draw it to where they lie
        "cop_ml": Tier.T3,
        "cpei": Tier.T3,
        # the highest pressure lies between the sensors of a sparse insole
        "peak_pressure": Tier.T4,
    }
)
"""Which tier a measure needs; below it nothing is told."""


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
