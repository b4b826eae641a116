"""Whether pain and a measure go together from one day to the next, by the days' own order: pure numbers.

Each day's outcome is regressed on its own value the day before, on the other one the day before, and on a trend
(dynamic regression of one person's data: Vieira 2017, Health Psychol Rev 11:222). Days resemble their neighbors, so
chance is measured by moving whole blocks of days (Künsch 1989, Ann Stat 17:1217; that plain tests err on such data:
Tang & Landes 2020, PLoS One 15:e0228077), of what the regressor does not share with the rest (Freedman & Lane 1983,
J Bus Econ Stat 1:292). Many looks are held to one error rate (Holm 1979, Scand J Stat 6:65). Both directions are
looked at, since pain itself changes how people walk (Smith 2022).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from service.gait.signal.load import Float64s

LEAST_DAYS = 28
"""Paired days below which nothing is said."""
ERROR_RATE = 0.02
"""How often, at most, a link is told where there is none at all; over all measures and both directions."""
DRAWS = 1999
_BLOCK = 5
"""Days that stay together, at least; more where there are more days (cube root rule of Künsch)."""
PRIOR_SD = 0.5
"""Of the effect, in standard deviations of the outcome for one of the measure: most links are small (choice)."""
_STALE = 7  # days after which an earlier value of a measure says nothing of the next one
_SEED = 20_250_101


@dataclass(frozen=True, slots=True)
class Association:
    """How two series went together in one direction. Effects are shrunk toward zero."""

    measure: str
    to_pain: bool  # the measure came first; else pain did
    days: int  # that could be paired
    effect: float  # change of what came later, in its unit, for one standard deviation of what came before
    low: float  # 95 % interval
    high: float
    chance: float  # how often moved blocks of days show as much, for this direction alone
    reliable: bool  # also among all that was looked at


def associations(pain: Float64s, measures: Mapping[str, Float64s]) -> list[Association]:
    """Return both directions of every measure that has enough paired days; the order is that of the measures.

    Args:
        pain: of each calendar day, 0 to 10, NaN where none was noted.
        measures: of the same days, NaN where there was nothing to measure.
    """
    found = []
    for name, values in measures.items():
        for to_pain in (True, False):
            paired = _paired(pain, values) if to_pain else _reversed(pain, values)
            if len(paired) >= LEAST_DAYS and (one := _fitted(name, to_pain, paired)) is not None:
                found.append(one)
    return _held(found)


def paired_days(pain: Float64s, values: Float64s) -> int:
    """Return on how many days pain, that of the day before, and the measure of the day before are known."""
    return len(_paired(pain, values))


def _paired(pain: Float64s, values: Float64s) -> Float64s:
    """Return outcome, its own past, the other's past and the day, of each day that has them all."""
    rows = np.column_stack([pain[1:], pain[:-1], values[:-1], np.arange(1, len(pain))])
    return np.asarray(rows[np.isfinite(rows).all(axis=1)])


def _reversed(pain: Float64s, values: Float64s) -> Float64s:
    """Return the same with the measure as outcome; its own past is the last one that is known of a week."""
    rows = []
    for day in np.flatnonzero(np.isfinite(values)):
        earlier = np.flatnonzero(np.isfinite(values[max(day - _STALE, 0) : day]))
        if day and len(earlier):
            rows.append((values[day], values[max(day - _STALE, 0) + earlier[-1]], pain[day - 1], day))
    table = np.array(rows, np.float64).reshape(-1, 4)
    return np.asarray(table[np.isfinite(table).all(axis=1)])


def _fitted(name: str, to_pain: bool, rows: Float64s) -> Association | None:
    outcome, own, other, day = rows.T
    if min(outcome.std(), other.std()) < 1e-9:
        return None
    count = len(rows)
    known = np.column_stack([np.ones(count), own, (day - day.mean()) / max(day.std(), 1.0)])
    rest = np.eye(count) - known @ np.linalg.pinv(known)
    y, x = rest @ outcome, rest @ other
    if x @ x < 1e-6 * count * other.var() or y @ y < 1e-12:
        return None
    slope = float(x @ y / (x @ x))
    moved = x[_orders(count)] @ rest.T
    seen = np.abs(moved @ y) / np.sqrt((moved**2).sum(axis=1))
    chance = (1 + int((seen >= abs(x @ y) / math.sqrt(x @ x) - 1e-12).sum())) / (DRAWS + 1)
    error = _error(x, y - slope * x, known.shape[1] + 1)
    scale = float(other.std(ddof=1))
    prior = PRIOR_SD * float(outcome.std(ddof=1))
    effect, error = slope * scale, error * scale
    kept = prior**2 / (prior**2 + error**2)
    half = 1.96 * error * math.sqrt(kept)
    return Association(name, to_pain, count, kept * effect, kept * effect - half, kept * effect + half, chance, False)


def _error(x: Float64s, left: Float64s, fitted: int) -> float:
    """Return the standard error of a slope, days being like their neighbors (Newey & West 1987)."""
    count = len(x)
    score = x * left
    lags = _block(count) - 1
    total = float(score @ score)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(score[lag:] @ score[:-lag])
    plain = float(left @ left) * float(x @ x)  # never less than as if days were alike in nothing
    return math.sqrt(max(total * count, plain) / (count - fitted)) / float(x @ x)


def _block(count: int) -> int:
    return max(_BLOCK, math.ceil(math.cbrt(count)))


@lru_cache(maxsize=64)
def _orders(count: int) -> NDArray[np.int32]:
    """Return orders of days in which blocks, cut at random on the circle of all days, are shuffled."""
    chance = np.random.default_rng([_SEED, count])
    blocks = math.ceil(count / _block(count))
    edges = np.linspace(0, count, blocks + 1).round().astype(np.int64)
    lengths = np.diff(edges)
    shuffled = chance.permuted(np.tile(np.arange(blocks), (DRAWS, 1)), axis=1)
    of_length = lengths[shuffled]
    ends = np.cumsum(of_length, axis=1)
    place = (np.arange(count)[None, :, None] >= ends[:, None, :]).sum(axis=2)
    rows = np.arange(DRAWS)[:, None]
    within = np.arange(count)[None, :] - (ends - of_length)[rows, place]
    turned = edges[shuffled[rows, place]] + within + chance.integers(count, size=(DRAWS, 1))
    return np.asarray(turned % count, np.int32)


def _held(found: list[Association]) -> list[Association]:
    """Tell which ones are no chance among all of them (Holm 1979)."""
    reliable: set[int] = set()
    for rank, k in enumerate(sorted(range(len(found)), key=lambda k: found[k].chance)):
        if found[k].chance * (len(found) - rank) > ERROR_RATE:
            break
        reliable.add(k)
    return [
        Association(a.measure, a.to_pain, a.days, a.effect, a.low, a.high, a.chance, k in reliable)
        for k, a in enumerate(found)
    ]
