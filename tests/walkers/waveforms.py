"""Measured force curves for the second walker, beside the drawn ones: from a treadmill."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from firmware_bridge.model import Float64s
from firmware_bridge.virtual.gait.tabulated_curves import _STEPS, DRAWN, Curve, FootCurves, feet

__all__ = ["DRAWN", "Curve", "FootCurves", "feet", "measured_feet"]

RINGING_BW = 0.05
SHORTEST = 50  # samples; what is shorter is the filter ringing


def measured_feet(grf: Path, trial: int) -> tuple[Curve, Curve]:
    """Return each foot's mean vertical force over stance in one running trial (Alcantara 2022, PeerJ 10:e12752).

    `grf` has a row of body weights at 500 Hz for each trial, the feet in turn; which is the left one is not stated.
    """
    force = np.loadtxt(grf, delimiter=",", skiprows=trial, max_rows=1)
    stances = _stances(force)
    return _mean(stances[::2]), _mean(stances[1::2])


def _stances(force: Float64s) -> list[Float64s]:
    """Cut whole stances: (2, n) of sample numbers and body weights, from zero to zero.

    What lies below 0.05 body weights is the ringing of the treadmill's filter: there the edge goes on as it comes from
    0.10 body weights.
    """
    found = []
    for on, off in pairwise(np.flatnonzero(np.diff((force > RINGING_BW).astype(int)))):
        if off - on < SHORTEST or force[on] > RINGING_BW:
            continue
        inside = np.arange(on + 1, off + 1)
        rise = np.interp([RINGING_BW, 2 * RINGING_BW], force[on : on + SHORTEST // 3], np.arange(SHORTEST // 3)) + on
        fall = off + 1 - np.interp([RINGING_BW, 2 * RINGING_BW], force[off + 1 : off - SHORTEST // 3 : -1],
                                   np.arange(SHORTEST // 3 + 1))  # fmt: skip
        at = [2 * rise[0] - rise[1], rise[0], *inside, fall[0], 2 * fall[0] - fall[1]]
        found.append(np.array([at, [0, RINGING_BW, *force[inside], RINGING_BW, 0]]))
    return found


def _mean(stances: Sequence[Float64s]) -> Curve:
    even = np.linspace(0, 1, _STEPS + 1)
    shapes = [np.interp(even, (at - at[0]) / (at[-1] - at[0]), force) for at, force in stances]
    return tuple(np.mean(shapes, axis=0).tolist())
