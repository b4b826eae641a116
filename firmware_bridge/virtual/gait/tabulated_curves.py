"""Force curves for a second walker: none of them is made of the first one's bells and humps.

Written down as corner points, (percent of stance, body weights), joined without overshoot; they are of the project's
own making and no person's. They are meant to be awkward: sharp and double impacts, a slow edge, a long tail, a valley
as deep as fast walking makes it, one that is hardly there.

    Gait(**feet(DRAWN["running"]["sharp impact"], DRAWN["running"]["no impact"]))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from firmware_bridge.virtual.gait.ground_reaction import monotone_cubic

Curve = tuple[float, ...]
Points = Sequence[tuple[float, float]]

_STEPS = 200  # of a curve over stance


class FootCurves(TypedDict):
    """The curves of both feet, as `Gait` takes them."""

    curve: Curve
    right_curve: Curve


def drawn(points: Points) -> Curve:
    """Return the force (body weights) at even steps over stance, through corner points in percent of stance."""
    at, force = np.array(points, float).T
    return tuple(monotone_cubic(at / 100, force, np.linspace(0, 1, _STEPS + 1)).tolist())


DRAWN: Mapping[str, Mapping[str, Curve]] = {
    activity: {name: drawn(points) for name, points in curves.items()}
    for activity, curves in {
        "running": {
            "sharp impact": [(0, 0), (3, 0.35), (9, 1.75), (16, 1.25), (42, 2.45), (70, 1.5), (90, 0.3), (100, 0)],
            "double impact": [
                *[(0, 0), (3, 0.35), (6, 1.2), (10, 0.95), (15, 1.65), (20, 1.5)],
                *[(45, 2.5), (72, 1.4), (92, 0.2), (100, 0)],
            ],
            "no impact": [
                *[(0, 0), (6, 0.3), (15, 1.0), (30, 2.1), (45, 2.6)],
                *[(60, 2.2), (80, 0.95), (94, 0.15), (100, 0)],
            ],
            "late peak": [(0, 0), (5, 0.35), (12, 0.9), (30, 1.7), (56, 2.55), (75, 1.7), (93, 0.2), (100, 0)],
            "long tail": [
                *[(0, 0), (4, 0.4), (12, 1.5), (34, 2.7), (58, 1.6)],
                *[(75, 0.75), (89, 0.23), (94, 0.1), (100, 0)],
            ],
        },
        "walking": {
            "deep valley": [(0, 0), (4, 0.35), (20, 1.35), (47, 0.45), (78, 1.25), (93, 0.4), (100, 0)],
            "hardly a valley": [(0, 0), (6, 0.3), (26, 1.02), (50, 0.94), (74, 1.0), (92, 0.4), (100, 0)],
            "heel transient": [(0, 0), (3, 0.6), (6, 0.45), (22, 1.12), (50, 0.72), (77, 1.08), (94, 0.3), (100, 0)],
            "strong push-off": [(0, 0), (5, 0.3), (24, 0.95), (46, 0.8), (80, 1.3), (95, 0.35), (100, 0)],
            "slow loading": [(0, 0), (9, 0.25), (30, 1.1), (52, 0.7), (72, 1.05), (88, 0.45), (96, 0.12), (100, 0)],
        },
    }.items()
}
"""Ground reaction force over stance, by activity and name."""


def feet(left: Curve, right: Curve = ()) -> FootCurves:
    """Return the options of `Gait` that give each foot its curve; the right foot's is the left one's if left out."""
    return FootCurves(curve=left, right_curve=right)
