"""Which fields of a block are compared with the wearer's own normal, and what a change of each must exceed.

Asymmetry does not depend on speed: nine runners at 10 to 25 km/h (Girard 2019, Front Sports Act Living 1:36). Its
normal is made of all bouts of an activity, fast and slow. Where the load lies under the foot does depend on it, region
by region (Pataky 2008, J Biomech 41:1987): that is compared at about the same pace. Contact time needs no calibration
and is compared across insoles; loads are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import t975
from service.records.quantities import Interval, numbers
from service.records.rows import Block

Kit = tuple[int, int]
"""Sensors in use on the left and on the right: what tells insoles apart in a block."""
UNTOLD: Kit = (0, 0)
"""That of blocks which do not tell; they are compared with all."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A field of `Block` and what a change of it must exceed to matter."""

    field: str
    least: float  # change that matters, in the measure's unit
    least_sd: float  # between bouts: few bouts can agree by chance
    wanders: Mapping[str, float]  # correlation of a block with the next one, by activity
    level: float = 0.975  # quantile beyond which a change is no chance
    by_insole: bool = False  # compared with bouts on insoles with as many sensors alone
    by_pace: bool = False  # compared with bouts at about the same pace alone

    def __hash__(self) -> int:
        return hash(self.field)

    def wander(self, activity: str) -> float:
        """Return the correlation of a block with the next one; where the activity is not known, the highest."""
        return self.wanders.get(activity, max(self.wanders.values()))

    def values(self, blocks: Sequence[Block]) -> np.typing.NDArray[np.float64]:
        """Return the measure in each block."""
        return np.array([float(getattr(block, self.field)) for block in blocks], np.float64)

    def interval(self, block: Block) -> Interval:
        """Return the measure in a block with its 95 % interval; NaN where it has none."""
        return numbers(Block)[self.field].interval(block)

    def error(self, block: Block) -> float:
        """Return the standard error of the measure in a block, from the strides within it; 0 where it tells none."""
        number = numbers(Block)[self.field]
        if number.error:
            return float(getattr(block, number.error))
        if not number.low:
            return 0.0
        seen = number.interval(block)
        return (seen.high - seen.low) / (2 * t975(p.BATCHES - 1))


CONTACT = Measure("contact_time_si_pct", p.CONTACT_SI_PCT, p.CONTACT_SI_SD_PCT, p.CONTACT_WANDER)
IMPULSE = Measure("impulse_si_pct", p.IMPULSE_SI_PCT, p.IMPULSE_SI_SD_PCT, p.IMPULSE_WANDER, by_insole=True)
PEAK = Measure("peak_si_pct", p.PEAK_SI_PCT, p.PEAK_SI_SD_PCT, p.PEAK_WANDER, by_insole=True)
GAIN = Measure("gain_ratio", p.GAIN_MISMATCH, p.GAIN_SD, p.PEAK_WANDER, by_insole=True)
LEFT_INDEX, RIGHT_INDEX = (
    Measure(f"medial_lateral_{side}", p.INDEX_POINTS, p.INDEX_SD_POINTS, p.INDEX_WANDER, p.INDEX_LEVEL, True, True)
    for side in ("left", "right")
)
# It only ever explains a change of the index, and needs no limits of its own.
LEFT_BOW, RIGHT_BOW = (
    Measure(f"cop_bow_{side}", 0.0, 0.0, p.INDEX_WANDER, by_insole=True, by_pace=True) for side in ("left", "right")
)
COMPARED = (CONTACT, IMPULSE, PEAK, GAIN, LEFT_INDEX, RIGHT_INDEX, LEFT_BOW, RIGHT_BOW)
"""What is compared with the wearer's own normal."""


class Setting(NamedTuple):
    """How and with what blocks were walked."""

    activity: str
    kit: Kit
    contact_s: float  # mean contact time of both feet; NaN where unknown


def setting(blocks: Sequence[Block]) -> Setting:
    """Return the setting of some blocks (at least one) of the activity that the last one has."""
    return Setting(blocks[-1].activity, kit_of(blocks), contact_s(blocks))


def kit_of(blocks: Iterable[Block]) -> Kit:
    """Return the sensors that most blocks had in use."""
    counts = Counter((block.sensors_left, block.sensors_right) for block in blocks)
    return max(sorted(counts), key=lambda kit: counts[kit], default=UNTOLD)


def contact_s(blocks: Iterable[Block]) -> float:
    """Return the mean contact time (s) of both feet, which stands for the pace.

    There is no speed without a satellite. While a foot is on the ground the body passes over it by about the same way
    at any speed of running, so that speed goes with one over contact time (Weyand 2000, J Appl Physiol 89:1991); in
    walking both strides and their grounded part get shorter.
    """
    feet = [(block.contact_time_left_s + block.contact_time_right_s) / 2 for block in blocks]
    return float(np.mean(feet)) if feet else float("nan")
