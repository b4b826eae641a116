"""Rule W: what changes within a bout, against the bout's own beginning. It needs no earlier bout."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import inflation
from service.gait.detectors.change import WITHIN, Change, mean_error
from service.gait.detectors.measures import Measure
from service.records.rows import Block


class Within:
    """Follow one measure through the blocks of one bout and one activity that are good enough.

    The first blocks are the reference; the exponentially weighted mean of how far later ones are off it (Roberts 1959,
    Technometrics 1:239) must be beyond what matters and beyond chance in several blocks in a row. Chance is the
    chart's own standard error, for blocks that are correlated as φ^k, and that of the reference:

        s² · [λ / (2 - λ) · (1 + φ (1 - λ)) / (1 - φ (1 - λ)) + c / n]

    with s² and c of `intervals.spread`. The usual charts know neither, and find something in every second bout.
    """

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._reference: list[Block] = []
        self._normal = self._limit = self._error = math.nan
        self._mean = 0.0
        self._since: list[Block] = []  # the blocks since the weighted mean has been on this side
        self._each: deque[float] = deque(maxlen=p.PERSIST_BLOCKS)

    def take(self, block: Block) -> None:
        """Take the next block; one without the measure is left out."""
        value = float(getattr(block, self._measure.field))
        if math.isnan(value):
            return
        if len(self._reference) < p.REFERENCE_BLOCKS:
            self._reference.append(block)
            if len(self._reference) == p.REFERENCE_BLOCKS:
                self._refer()
            return
        before = self._mean
        self._mean += p.WITHIN_WEIGHT * (value - self._normal - self._mean)
        if self._mean * before <= 0:
            self._since = []
        self._since.append(block)
        self._each.append(self._mean)

    def _refer(self) -> None:
        values = self._measure.values(self._reference)
        error, _ = mean_error(self._reference, self._measure, values, None)
        wander, weight = self._measure.wander(self._reference[0].activity), p.WITHIN_WEIGHT
        variance = error**2 * len(values) / inflation(len(values), wander)  # of one block
        fading = wander * (1 - weight)
        self._normal = float(np.mean(values))
        self._error = math.sqrt(variance * weight / (2 - weight) * (1 + fading) / (1 - fading) + error**2)
        self._limit = max(p.WITHIN_SDS * self._error, self._measure.least)

    def look(self) -> Change:
        """Return the change as the last block shows it; NaN while there are too few."""
        told = len(self._each) == p.PERSIST_BLOCKS
        value = self._normal + self._mean if told else math.nan
        return Change(
            measure=self._measure,
            rule=WITHIN,
            value=value,
            low=value - 1.96 * self._error,
            high=value + 1.96 * self._error,
            normal=self._normal,
            limit=self._limit,
            bouts=0,
            each=tuple(self._each),
            share=1.0,
            blocks=tuple(self._since),
        )
