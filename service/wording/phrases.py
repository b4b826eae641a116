"""Parts that sentences share: sides, counts, intervals, and the wearer's usual."""

from __future__ import annotations

import math
from collections.abc import Callable

from service.records.rows import Flag, Verdict

Finding = Flag | Verdict
Say = Callable[[float], str]


def bout_word(activity: str) -> str:
    """Return what a bout of an activity is called: run, walk, or outing where that is not known."""
    return {"running": "run", "walking": "walk"}.get(activity, "outing")


def quantity(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def leaning(value: float) -> str:
    """Put a signed percentage into words: 7.9 is "right 7.9 %", -7.9 is "left 7.9 %"."""
    if abs(value) < 0.05:
        return "even"
    return f"{'right' if value > 0 else 'left'} {abs(value):.1f} %"


def interval(low: float, high: float, digits: int = 1) -> str:
    """Return the part of an evidence that tells the interval; "" where it is not known."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"95 % interval {low:.{digits}f} to {high:.{digits}f}, "


def sided_interval(low: float, high: float, say: Say) -> str:
    """Drop the side's name where both ends lie on the side that the sentence has named."""
    if math.isnan(low) or math.isnan(high):
        return ""
    if low > 0 or high < 0:
        near, far = sorted((abs(low), abs(high)))
        return interval(near, far)
    return f"95 % interval {say(low)} to {say(high)}, "


def own_usual(finding: Finding, say: Say) -> str:
    """Say what is usual for the wearer, or that it is not known yet."""
    bout = bout_word(finding.activity)
    if math.isnan(finding.normal):
        return f"Your usual is not known yet ({quantity(finding.bouts, f'earlier {bout}')})."
    when = f"In your last {quantity(finding.bouts, bout)}" if finding.bouts else f"Earlier in this {bout}"
    if finding.bouts == 1:
        when = f"In your last {bout}"
    known = not (math.isnan(finding.normal_low) or math.isnan(finding.normal_high))
    band = f" (usual range {say(finding.normal_low)} to {say(finding.normal_high)})" if known else ""
    return f"{when} it was {say(finding.normal)}{band}."


def off_usual(finding: Finding) -> tuple[float, float, float]:
    """Return how far the value is off the wearer's usual, and its interval's ends."""
    return finding.value - finding.normal, finding.low - finding.normal, finding.high - finding.normal


def off_normal(off: float, low: float, high: float, digits: int = 1) -> str:
    """Say "than your normal", with the interval of how far off it (signed) it is, where that is known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "than your normal"
    near, far = sorted((math.copysign(1, off) * low, math.copysign(1, off) * high))
    return f"than your normal ({near:.{digits}f} to {far:.{digits}f})"
