"""The wearer's own normal, from earlier bouts of the same activity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from service.gait import parameters as p
from service.rows import Block


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean of earlier bouts' means, and their standard deviation."""

    mean: float
    sd: float
    bouts: int


def usable(block: Block) -> bool:
    """Tell whether the data of a block is good enough for a statement about it."""
    feet = ((block.strides_left, block.rejected_left), (block.strides_right, block.rejected_right))
    enough = all(valid >= p.MIN_VALID * (valid + rejected) for valid, rejected in feet)
    return not block.void and enough and abs(block.received_left - block.received_right) <= p.MAX_LOSS_DIFFERENCE


def warm(block: Block) -> bool:
    """Tell whether the shoe is warm and the sensors have settled."""
    return block.time - block.bout >= p.WARM_UP_NS


class Baseline:
    """The normal of every measure for one bout: made from the bouts that started before it, and from no other."""

    def __init__(self, history: Iterable[Block], bout: int) -> None:
        self._blocks = [block for block in history if block.bout < bout and warm(block) and usable(block)]
        self._known: dict[tuple[str, str], Normal | None] = {}

    def normal(self, measure: str, activity: str, least_sd: float) -> Normal | None:
        """Return the normal of a measure (a field of `Block`) in an activity; None where too few bouts can tell.

        `least_sd` is the least spread that is believed: few bouts can agree by chance.
        """
        key = (measure, activity)
        if key not in self._known:
            self._known[key] = _normal([b for b in self._blocks if b.activity == activity], measure, least_sd)
        return self._known[key]


def _normal(blocks: Sequence[Block], measure: str, least_sd: float) -> Normal | None:
    bouts: dict[int, list[float]] = {}
    for block in blocks:
        value = float(getattr(block, measure))
        if math.isfinite(value):
            bouts.setdefault(block.bout, []).append(value)
    full = sorted(bout for bout, values in bouts.items() if len(values) >= p.MIN_BASELINE_BLOCKS)
    if len(full) < p.MIN_BOUTS:
        return None
    means = np.array([np.mean(bouts[bout]) for bout in full[-p.MAX_BOUTS :]])
    return Normal(float(means.mean()), max(float(means.std(ddof=1)), least_sd), len(means))
