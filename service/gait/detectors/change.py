"""Rule S: one measure of some blocks against the wearer's own normal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware_bridge import Float64s
from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import Spread, inflation, pooled, spread, student, t975
from service.gait.detectors.baseline import Normal
from service.gait.detectors.measures import Measure
from service.records.rows import Block

AGAINST_NORMAL, WITHIN, ABSOLUTE = "S", "W", "A"


@dataclass(frozen=True, slots=True)
class Change:
    """A value with its 95 % interval, what is normal, and how far off it may be; NaN where unknown."""

    measure: Measure
    rule: str
    value: float
    low: float
    high: float
    normal: float
    limit: float
    bouts: int  # that make the normal; 0: the same bout's beginning
    each: tuple[float, ...]  # off normal, as it was block by block
    share: float  # of the limit that each of them must pass
    blocks: tuple[Block, ...]  # behind the value

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
        """Whether it was so, and in the same direction, block by block."""
        sign = math.copysign(1.0, self.off)
        return all(sign * each > self.share * self.limit for each in self.each)

    @property
    def rank(self) -> float:
        """How far off it is, of what it may be; 0 where unknown."""
        return abs(self.off) / self.limit if self.limit > 0 else 0.0


def change(blocks: Sequence[Block], measure: Measure, known: Normal | None) -> Change:
    """Compare the mean of some blocks with the normal.

    Beyond chance means beyond t_{n-1} · sqrt(s_b² (1 + 1/n) + s_e²): the prediction interval of one more bout from n
    earlier ones whose means scatter by s_b, measured with error s_e. And the whole 95 % interval has to lie
    beyond the least change that matters (a minimum-effect test: Murphy and Myors 1999, J Appl Psychol 84:234): it is
    looked at anew with every block of a bout, and three noisy ones among forty are soon beyond by chance.
    """
    values = measure.values(blocks)
    value = float(values.mean()) if len(values) else math.nan
    error, freedom = mean_error(blocks, measure, values, None if known is None else known.spread)
    half = t975(freedom) * error
    behind = tuple(blocks)
    if known is None:
        return Change(
            measure, AGAINST_NORMAL, value, value - half, value + half, math.nan, math.nan, 0, (), 1.0, behind
        )
    chance = student(known.bouts - 1, measure.level) * math.sqrt(known.sd**2 * (1 + 1 / known.bouts) + error**2)
    return Change(
        measure=measure,
        rule=AGAINST_NORMAL,
        value=value,
        low=value - half,
        high=value + half,
        normal=known.mean,
        limit=max(chance, measure.least + half),
        bouts=known.bouts,
        each=tuple(float(v) for v in values - known.mean),
        share=p.EACH_BLOCK,
        blocks=behind,
    )


def mean_error(
    blocks: Sequence[Block], measure: Measure, values: Float64s, usual: Spread | None
) -> tuple[float, float]:
    """Return the standard error of the mean of some blocks and its degrees of freedom.

    It comes from how far the blocks lie apart, here and in the bouts that make the normal (`usual`): sensors creep and
    people tire, of which the strides within a block say nothing. They give the least that is believed.
    """
    count = len(values)
    if not count:
        return math.nan, 0.0
    wander = measure.wander(blocks[-1].activity)
    within = Spread(float(np.mean([measure.error(block) ** 2 for block in blocks])), count * (p.BATCHES - 1.0))
    between = pooled([spread(values, wander), *([usual] if usual is not None else [])])
    variance, freedom = max(between, within)
    return math.sqrt(variance * inflation(count, wander) / count), max(freedom, 1.0)
