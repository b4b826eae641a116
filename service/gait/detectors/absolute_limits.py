"""Rule A: feet that differ by more than those of healthy people, whatever is usual for the wearer.

A habit is no finding: most athletes are asymmetric in something, and what counts is change. So this rule raises no
flag; it adds to what is said of a bout that the difference is beyond what is common.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from service.gait import thresholds as p
from service.gait.blocks.symmetry import percent
from service.gait.detectors.baseline import Baseline, Mean
from service.gait.detectors.change import Change
from service.gait.detectors.measures import CONTACT, GAIN, IMPULSE, PEAK, Measure, Setting, setting
from service.gait.detectors.watch import ChangeOf
from service.gait.steps.activity import RUNNING
from service.records.rows import Block

_LIMITS: Mapping[Measure, tuple[float, float]] = {
    CONTACT: p.ABSOLUTE_CONTACT_PCT,
    IMPULSE: p.ABSOLUTE_IMPULSE_PCT,
    PEAK: p.ABSOLUTE_PEAK_PCT,
}


class Beyond(NamedTuple):
    """A measure that is beyond what is common, and the limit that it is beyond (%)."""

    change: Change
    limit_pct: float


def beyond(blocks: Sequence[Block], look: ChangeOf, baseline: Baseline) -> Beyond | None:
    """Return the measure that is beyond the highest limit, contact time first; None where none is, or strides are few.

    The higher limit is passed only if that was so in two of the last three bouts, this one included.
    """
    feet = [sum(b.strides_left for b in blocks), sum(b.strides_right for b in blocks)]
    if min(feet) < p.ABSOLUTE_STRIDES:
        return None
    found = [each for measure in _LIMITS for each in _passed(measure, look, baseline, setting(blocks))]
    return max(found, key=lambda each: each.limit_pct / _LIMITS[each.change.measure][0], default=None)


def _passed(measure: Measure, look: ChangeOf, baseline: Baseline, where: Setting) -> Iterator[Beyond]:
    seen = look(measure)
    low, high = _LIMITS[measure]
    value, error = _own(seen, look, where.activity), (seen.high - seen.low) / (2 * 1.96)
    if not _probability(value, error, low, measure.least_sd) > p.ABSOLUTE_SURE:
        return
    earlier = baseline.means(measure, where)[-(p.ABSOLUTE_BOUTS - 1) :]
    times = sum(_sure(mean, measure, high) for mean in earlier)
    often = _probability(value, error, high, measure.least_sd) > p.ABSOLUTE_SURE and times + 1 >= p.ABSOLUTE_TIMES
    yield Beyond(seen, high if often else low)


def _own(seen: Change, look: ChangeOf, activity: str) -> float:
    """Return what of a difference is the wearer's own for certain; NaN where that is not known.

    Contact time is. Of a force the insoles' gains may be a part: in running they are known, in walking the impulse
    counts as far as contact time bears it out, and nothing is known of the peak.
    """
    if seen.measure is CONTACT:
        return seen.value
    if activity == RUNNING:
        corrected = seen.value + percent(math.log(look(GAIN).value))
        return min(corrected, seen.value, key=abs) if corrected * seen.value > 0 else math.nan
    borne_out = look(CONTACT).value / p.CONTACT_OF_IMPULSE
    agrees = seen.measure is IMPULSE and borne_out * seen.value > 0
    return min(seen.value, borne_out, key=abs) if agrees else math.nan


def _sure(mean: Mean, measure: Measure, limit: float) -> bool:
    return _probability(mean.value, mean.error, limit, measure.least_sd) > p.ABSOLUTE_SURE


def _probability(value: float, error: float, limit: float, between: float) -> float:
    """Return the probability that somebody's symmetry index is beyond ± a limit, given one bout; all in percent.

    Normal, with the bout's own error and the spread between bouts, after a flat prior: healthy people differ by ten
    times as much, so that a prior of theirs would change nothing.
    """
    spread = math.sqrt(2 * (error**2 + between**2))
    return 0.5 * (math.erfc((limit - value) / spread) + math.erfc((limit + value) / spread))
