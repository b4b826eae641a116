"""The sole in parts: which area each sensor speaks for, and which anatomical regions it lies in.

Positions of one layout, worked out once: cells of the points nearest to each sensor, cut by an insole's outline, and
the shares of each cell that lie in each region. A cell is cut by straight lines (Sutherland and Hodgman 1974, Commun
ACM 17:32); where the outline is hollow, parts that fall asunder stay joined by a seam without area.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.gait import thresholds as p

_Float64s = NDArray[np.float64]
_Point = tuple[float, float]
_Line = tuple[float, float, float]  # a x + b y <= c is kept

OUTLINE: Final = (
    (0, 0), (35, 1), (58, 5), (68, 12), (67, 22), (60, 32), (55, 42), (60, 50), (78, 60), (94, 68), (100, 74), (98, 82),
    (90, 90), (70, 96.5), (38, 100), (5, 99.5), (-30, 96.5), (-62, 90), (-83, 82), (-96, 74), (-100, 66), (-97, 58),
    (-91, 50), (-84, 42), (-77, 32), (-71, 22), (-68, 12), (-58, 5), (-35, 1),
)  # fmt: skip
"""An insole of ordinary shape: percent of half the width (medial positive), percent of the length. Our own drawing."""
_FAR: Final = 9.0
REGIONS: Final = {
    "heel_medial": (0.0, p.HEEL_UNTIL, 0.0, _FAR),
    "heel_lateral": (0.0, p.HEEL_UNTIL, -_FAR, 0.0),
    "midfoot_medial": (p.HEEL_UNTIL, 0.59, 0.05, _FAR),
    "midfoot_lateral": (p.HEEL_UNTIL, 0.59, -_FAR, 0.05),
    "metatarsal_1": (0.59, 0.80, 0.28, _FAR),
    "metatarsals_2_3": (0.59, 0.80, -0.25, 0.28),
    "metatarsals_4_5": (0.59, 0.80, -_FAR, -0.25),
    "hallux": (0.80, 1.0, 0.10, _FAR),
    "toes": (0.80, 1.0, -_FAR, 0.10),
}
"""From and to along the foot (shares of the length), from and to across it (shares of half the width from the foot's
axis, medial positive). As anatomical masks of pressure mats have them: the length parted at 31 and 59 % (31 : 28 : 41,
as in studies with in-shoe sensors); the borders across the foot are a choice."""


@dataclass(frozen=True, eq=False)
class Sole:
    """What each sensor of a layout stands for."""

    area: _Float64s  # (s,) share of the outline that is nearest to it, capped; sum 1
    within: _Float64s  # (len(REGIONS), s) share of its cell that lies in each region, 0 to 1

    def observed(self, region: str) -> bool:
        """Tell whether a region has sensors enough to speak of it."""
        return bool(self.share(region).sum() >= p.REGION_SENSORS)

    def share(self, *regions: str) -> _Float64s:
        """Return the share of each sensor's cell that lies in some regions, (s,)."""
        rows = [list(REGIONS).index(region) for region in regions]
        return np.asarray(np.minimum(self.within[rows].sum(axis=0), 1.0), np.float64)


def straight(ml: _Float64s, ap: _Float64s) -> _Float64s:
    """Return how far across the foot each sensor lies, 0.5 on the foot's axis.

    The axis runs from the middle of the heel to the middle of the forefoot, which `ml` spans. The box that `ml` is
    measured in need not be centered on the heel: sensors that cover the heel's width tell where its middle is.
    """
    heel: _Float64s = ml[ap <= p.HEEL_UNTIL]
    if not heel.size or np.ptp(heel) < p.HEEL_COVERED:
        return ml
    aside = (float(heel.min()) + float(heel.max())) / 2 - 0.5
    behind: _Float64s = np.clip((p.BALL_AT - ap) / (p.BALL_AT - p.HEEL_AT), 0.0, 1.0)
    return ml - aside * behind


def sole_of(ml: _Float64s, ap: _Float64s, length_mm: float, width_mm: float) -> Sole:
    """Return what the sensors of an insole of this size stand for; the same arrays are worked out once."""
    return _sole(tuple(ml.tolist()), tuple(ap.tolist()), length_mm, width_mm)


def natural_neighbors(
    ml: _Float64s, ap: _Float64s, length_mm: float, width_mm: float, dropped: frozenset[int]
) -> _Float64s:
    """Return by which shares the others speak for each dropped sensor, (s, s): row = dropped one, column = other.

    The share of a neighbor is the part of the cell that falls to it: Sibson's interpolation (Sibson 1981, in Barnett
    (ed.), Interpreting multivariate data). Rows of sensors that are not dropped are zero, the others sum to 1.
    """
    place = _places(ml.tolist(), ap.tolist(), length_mm, width_mm)
    left = [j for j in range(len(place)) if j not in dropped]
    out = np.zeros((len(place), len(place)))
    for i in sorted(dropped & set(range(len(place)))) if left else ():
        order = sorted(left, key=lambda j: math.dist(place[i], place[j]))
        own = _cell(i, place, range(len(place)), _outline(length_mm, width_mm))
        out[i, order] = [abs(_area(_cell(j, place, order, own))) for j in order]
        if not out[i].any():
            out[i, order[0]] = 1.0
        out[i] /= out[i].sum()
    return out


@lru_cache(maxsize=64)
def _sole(ml: tuple[float, ...], ap: tuple[float, ...], length_mm: float, width_mm: float) -> Sole:
    place = _places(straight(np.array(ml), np.array(ap)).tolist(), ap, length_mm, width_mm)
    cells = [_cell(i, place, range(len(place)), _outline(length_mm, width_mm)) for i in range(len(place))]
    area = np.array([abs(_area(cell)) for cell in cells])
    within = np.zeros((len(REGIONS), len(place)))
    for r, box in enumerate(REGIONS.values()):
        lines = _box(box, length_mm, width_mm)
        for i, cell in enumerate(cells):
            if area[i] > 0:
                within[r, i] = min(abs(_area(_cut(cell, lines))) / area[i], 1.0)
            else:  # beyond the outline's ends: where it lies itself
                within[r, i] = float(all(a * place[i][0] + b * place[i][1] <= c for a, b, c in lines))
    area = area / [sum(math.dist(a, b) == 0 for b in place) for a in place]
    area = np.minimum(area, p.MAX_CELL * float(np.median(area)) or np.inf)
    return Sole(area / area.sum() if area.any() else np.full(len(area), 1 / len(area)), within)


def _places(ml: Iterable[float], ap: Iterable[float], length_mm: float, width_mm: float) -> list[_Point]:
    """Return places in mm: across from the axis (medial positive), along from the heel."""
    return [((2 * a - 1) * width_mm / 2, b * length_mm) for a, b in zip(ml, ap, strict=True)]


def _outline(length_mm: float, width_mm: float) -> list[_Point]:
    return [(u * width_mm / 200, v * length_mm / 100) for u, v in OUTLINE]


def _box(box: tuple[float, float, float, float], length_mm: float, width_mm: float) -> list[_Line]:
    """Return the lines that bound a region of `REGIONS`."""
    low, high, lateral, medial = box
    return [
        (0.0, -1.0, -low * length_mm),
        (0.0, 1.0, high * length_mm),
        (-1.0, 0.0, -lateral * width_mm / 2),
        (1.0, 0.0, medial * width_mm / 2),
    ]


def _cell(i: int, place: Sequence[_Point], others: Iterable[int], polygon: list[_Point]) -> list[_Point]:
    """Return the part of a polygon that is nearer to one place than to the others."""
    x, y = place[i]
    reach = max((math.dist(place[i], corner) for corner in polygon), default=0.0)
    for j in sorted(others, key=lambda j: math.dist(place[i], place[j])):
        a, b = place[j][0] - x, place[j][1] - y
        if a == b == 0:
            continue
        if not polygon or math.hypot(a, b) >= 2 * reach:
            break
        polygon = _cut(polygon, [(a, b, (a * (2 * x + a) + b * (2 * y + b)) / 2)])
        reach = max((math.dist(place[i], corner) for corner in polygon), default=0.0)
    return polygon


def _cut(polygon: list[_Point], lines: Iterable[_Line]) -> list[_Point]:
    """Return the part of a polygon on the kept side of every line."""
    for a, b, c in lines:
        kept: list[_Point] = []
        beyond = [a * x + b * y - c for x, y in polygon]
        for k, (x, y) in enumerate(polygon):
            was, now = beyond[k - 1], beyond[k]
            if (was > 0) != (now > 0):
                part = was / (was - now)
                before = polygon[k - 1]
                kept.append((before[0] + part * (x - before[0]), before[1] + part * (y - before[1])))
            if now <= 0:
                kept.append((x, y))
        polygon = kept
    return polygon


def _area(polygon: Sequence[_Point]) -> float:
    """Return the area by the trapezoid formula, positive counterclockwise."""
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in zip((*polygon[-1:], *polygon[:-1]), polygon, strict=True))
