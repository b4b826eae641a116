"""Two insoles that do not weigh alike: found in running, where flights tie the feet's forces to their contact times."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from service.gait import thresholds as p
from service.gait.detectors.baseline import Baseline, usable, warm
from service.gait.detectors.change import ABSOLUTE, AGAINST_NORMAL, Change
from service.gait.detectors.measures import GAIN, setting
from service.gait.detectors.watch import flag
from service.records.rows import Block, Flag
from service.records.topics import INSOLE

_BLOCKS = p.GAIN_STRIDES // p.BLOCK_STRIDES
_LIMIT, _LIMIT_AT_FIRST = math.log1p(p.GAIN_MISMATCH), math.log1p(p.GAIN_AT_FIRST)


class Mismatch:
    """One insole reads more than the other: by more than 5 % beyond chance, and by more than it always does.

    A mismatch that was there in the bouts before is a matter of calibration: it is in the normal, too, and spoils no
    comparison with it. So it takes 10 % to speak of it in the first bouts. In logarithms, so that the feet are equals.
    """

    topic = INSOLE.name

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._recent: list[Block] = []
        self._raised = self._spoken = False

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block; yield what began or ended with it."""
        if not (warm(block) and usable(block)) or math.isnan(block.gain_ratio):
            return
        self._recent = [*self._recent, block][-_BLOCKS:]
        if len(self._recent) < _BLOCKS:
            return
        seen = self._look()
        beyond = min(abs(seen.low), abs(seen.high)) > seen.limit and seen.low * seen.high > 0
        if self._raised:
            if abs(seen.off) < p.CLEAR * seen.limit:
                self._raised = False
                yield _ratios(flag(self.topic, seen, block, raised=False))
        elif beyond and seen.exceeds and not self._spoken:
            self._raised = self._spoken = True
            yield _ratios(flag(self.topic, seen, block, raised=True))

    def _look(self) -> Change:
        """Return the logarithm of the ratio against the usual one, or against 1 where that is not known.

        The interval is the mean of the blocks' own: most of it is what no number of strides can show.
        """
        value, low, high = (
            float(np.mean(np.log(each))) for each in zip(*map(GAIN.interval, self._recent), strict=True)
        )
        known = self._baseline.normal(GAIN, setting(self._recent))
        return Change(
            measure=GAIN,
            rule=ABSOLUTE if known is None else AGAINST_NORMAL,
            value=value,
            low=low,
            high=high,
            normal=0.0 if known is None else math.log(known.mean),
            limit=_LIMIT_AT_FIRST if known is None else _LIMIT,
            bouts=0 if known is None else known.bouts,
            each=(),
            share=1.0,
            blocks=tuple(self._recent),
        )


def _ratios(row: Flag) -> Flag:
    """Return the flag with ratios in place of their logarithms."""
    value, low, high = (math.exp(x) for x in (row.value, row.low, row.high))
    normal, below, above = (math.exp(x) for x in (row.normal, row.normal_low, row.normal_high))
    return replace(row, value=value, low=low, high=high, normal=normal, normal_low=below, normal_high=above)
