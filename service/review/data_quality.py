"""How good the data of a bout is: which share of its steps counts, why the rest does not, and a grade from A to D.

The one place where the grade is defined. It is about the recording, never about the wearer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from firmware_bridge import Side
from service.gait import thresholds as p
from service.records.rows import Block, Step

LIMITS: Mapping[str, tuple[float, float, float]] = {
    "A": (0.95, 0.99, 0.01),
    "B": (0.90, 0.95, 0.02),
    "C": (p.MIN_VALID, 0.80, p.MAX_LOSS_DIFFERENCE),
}
"""Least share of the steps that count, least share of the samples that arrived (both of the worse foot), and most by
which the feet may differ in what arrived. Steps beyond C are what no statement is made of (`parameters`); what is
better than C is a choice. All else is D."""

WORDS: Mapping[str, str] = {
    "start": "first steps after a pause",
    "activity": "neither walking nor running",
    "contact_time": "contact too short or too long",
    "stride_change": "change of pace",
    "outlier": "unlike the steps before",
    "gap": "samples missing",
    "rate": "too few samples a second",
    "both_feet": "not known which foot",
}
"""Why a step does not count, as a person says it; a reason that is not here is shown as it is."""
HIDDEN = "hidden by missing data"
"""Steps that nobody saw, but that the rhythm tells must have been made."""
UNSETTLED = "made while an insole's clock settled"
"""Steps that are stored but not compared with the other foot's."""


@dataclass(frozen=True, slots=True)
class _Share:
    """What became of one foot's steps."""

    side: Side
    seen: int  # or known to have been made
    used: int
    withheld: Mapping[str, int]  # by reason, as a person says it
    received: float  # share of the expected samples that arrived, 0 to 1; NaN where there is no block

    @property
    def part(self) -> float:
        """Share of the steps seen that count, 0 to 1; 0 where none was seen."""
        return self.used / self.seen if self.seen else 0.0


@dataclass(frozen=True, slots=True)
class Grading:
    """The grade of a bout and what it is made of."""

    grade: str  # A, B, C or D
    feet: tuple[_Share, ...]

    @property
    def withheld(self) -> float:
        """Share of all steps that were seen and do not count, 0 to 1; NaN where none was seen."""
        seen = sum(foot.seen for foot in self.feet)
        return 1 - sum(foot.used for foot in self.feet) / seen if seen else math.nan


def quality(steps: Iterable[Step], blocks: Sequence[Block]) -> Grading:
    """Grade the data of one bout by its steps and blocks."""
    every = list(steps)
    feet = tuple(_share(side, [step for step in every if step.side is side], blocks) for side in Side)
    return Grading(grade_of(blocks), feet)


def grade_of(blocks: Sequence[Block]) -> str:
    """Return the grade of a bout by its blocks, which count all of its steps."""
    if not blocks:
        return "D"
    left = sum(b.strides_left for b in blocks), sum(b.rejected_left for b in blocks)
    right = sum(b.strides_right for b in blocks), sum(b.rejected_right for b in blocks)
    counts = zip(Side, (left, right), strict=True)
    return grade([_Share(side, used + bad, used, {}, received(blocks, side)) for side, (used, bad) in counts])


def grade(feet: Sequence[_Share]) -> str:
    """Return the best grade of which both feet meet every limit."""
    arrived = [0.0 if math.isnan(foot.received) else foot.received for foot in feet]
    used, received, apart = min(foot.part for foot in feet), min(arrived), max(arrived) - min(arrived)
    for name, (least_used, least_received, most_apart) in LIMITS.items():
        if used >= least_used and received >= least_received and apart <= most_apart:
            return name
    return "D"


def received(blocks: Sequence[Block], side: Side) -> float:
    """Return the share of a foot's samples that arrived in some blocks, by their length; NaN where there is none."""
    known = [(b.stop - b.time, getattr(b, f"received_{side}")) for b in blocks]
    known = [(length, share) for length, share in known if math.isfinite(share) and length > 0]
    whole = sum(length for length, _ in known)
    return sum(length * share for length, share in known) / whole if whole else math.nan


def _share(side: Side, steps: Sequence[Step], blocks: Sequence[Block]) -> _Share:
    reasons = Counter(WORDS.get(s.reason, s.reason.replace("_", " ") or "not said") for s in steps if not s.valid)
    made, unsettled = sum(_made(block, side) for block in blocks), sum(_unsettled(block, side) for block in blocks)
    used = sum(step.valid for step in steps) - unsettled
    if unsettled:
        reasons[UNSETTLED] = unsettled
    if made > len(steps):
        reasons[HIDDEN] = made - len(steps)
    return _Share(side, max(len(steps), made), used, dict(reasons.most_common()), received(blocks, side))


def _made(block: Block, side: Side) -> int:
    """Return how many steps a foot made in a block: those that count, those that do not, and those in missing data."""
    made = block.strides_left + block.rejected_left, block.strides_right + block.rejected_right
    return made[side is Side.RIGHT] + _unsettled(block, side)


def _unsettled(block: Block, side: Side) -> int:
    return block.unsettled_left if side is Side.LEFT else block.unsettled_right
