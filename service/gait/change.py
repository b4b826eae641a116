"""One measure of some blocks against the wearer's own normal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.gait import parameters as p
from service.gait.baseline import Baseline, Normal
from service.gait.intervals import t975
from service.rows import Block


@dataclass(frozen=True, slots=True)
class Measure:
    """A field of `Block` and what a change of it must exceed to matter."""

    field: str
    least: float  # change that matters, in the measure's unit
    least_sd: float  # between bouts
    sds: float = 0.0  # between-bout standard deviations that a change must exceed besides the interval

    def error(self, block: Block) -> float:
        """Return the standard error of the measure in a block."""
        if hasattr(block, f"{self.field}_se"):
            return float(getattr(block, f"{self.field}_se"))
        stem = self.field.removesuffix("_pct")
        width = getattr(block, f"{stem}_high_pct") - getattr(block, f"{stem}_low_pct")
        return float(width) / (2 * t975(p.BATCHES - 1))

    def normal(self, baseline: Baseline, activity: str) -> Normal | None:
        """Return the wearer's normal of it."""
        return baseline.normal(self.field, activity, self.least_sd)


CONTACT = Measure("contact_time_si_pct", p.CONTACT_SI_PCT, p.CONTACT_SI_SD_PCT)
IMPULSE = Measure("impulse_si_pct", p.IMPULSE_SI_PCT, p.IMPULSE_SI_SD_PCT)
LEFT_INDEX = Measure("medial_lateral_left", p.INDEX_POINTS, p.INDEX_SD_POINTS, p.INDEX_SDS)
RIGHT_INDEX = Measure("medial_lateral_right", p.INDEX_POINTS, p.INDEX_SD_POINTS, p.INDEX_SDS)


@dataclass(frozen=True, slots=True)
class Change:
    """A value with its 95 % interval, the normal, and how far off it may be; NaN where unknown."""

    measure: Measure
    value: float
    low: float
    high: float
    normal: float
    limit: float
    bouts: int
    each: tuple[float, ...]  # off normal, block by block

    @property
    def off(self) -> float:
        """Difference from the normal."""
        return self.value - self.normal

    @property
    def exceeds(self) -> bool:
        """Whether the difference is beyond chance and beyond what matters; False where unknown."""
        return abs(self.off) > self.limit

    @property
    def persists(self) -> bool:
        """Whether every block by itself points the same way."""
        sign = math.copysign(1.0, self.off)
        return all(sign * each > p.EACH_BLOCK * self.limit for each in self.each)


def change(blocks: Sequence[Block], measure: Measure, known: Normal | None) -> Change:
    """Compare the mean of some blocks with the normal.

    Beyond chance means beyond t_{n-1, 0.975} · sqrt(s_b² (1 + 1/n) + s_e²): the prediction interval of one more bout
    from n earlier ones whose means scatter by s_b, measured with error s_e. And the whole 95 % interval has to lie
    beyond the least change that matters (a minimum-effect test: Murphy and Myors 1999, J Appl Psychol 84:234): it is
    looked at anew with every block of a bout, and three noisy ones among forty are soon beyond by chance.
    """
    values = np.array([float(getattr(block, measure.field)) for block in blocks])
    errors = np.array([measure.error(block) for block in blocks])
    n = len(values)
    value = float(values.mean()) if n else math.nan
    error = float(np.sqrt((errors**2).sum())) / n if n else math.nan
    half = t975(n * (p.BATCHES - 1)) * error
    if known is None:
        return Change(measure, value, value - half, value + half, math.nan, math.nan, 0, ())
    chance = t975(known.bouts - 1) * math.sqrt(known.sd**2 * (1 + 1 / known.bouts) + error**2)
    limit = max(chance, measure.sds * known.sd, measure.least + half)
    each = tuple(float(v) for v in values - known.mean)
    return Change(measure, value, value - half, value + half, known.mean, limit, known.bouts, each)
