"""What is said of a bout in one sentence, within ten seconds of its end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmware_bridge import SECOND, Side
from service.records.rows import Block, Flag, Verdict
from service.records.topics import DIFFERS
from service.review.data_quality import received
from service.wording.measures import MEASURE_WORDING
from service.wording.messages import verdict_text

_TOLD_LOSS = 0.05
"""Share of a foot's samples that has to be lost before the headline names the foot."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bout on the trend of one measure; NaN where it is not known."""

    time: int
    activity: str
    measure: str
    value: float
    low: float  # 95 % interval
    high: float
    normal: float  # what was normal then
    normal_low: float
    normal_high: float
    answer: str  # of the verdict on this measure: "normal", "differs" or "cannot_tell"
    said: str  # its headline
    shoes: str = ""
    pain: str = ""


def headline(verdict: Verdict, blocks: Sequence[Block] = (), flags: Iterable[Flag] = ()) -> str:
    """Return one sentence: the difference from the own normal with its interval and since when, or why none is told.

    Args:
        verdict: on one topic of one bout.
        blocks: of that bout; they tell which foot lost data, and whether it was as usual before.
        flags: of that bout; the first one on the verdict's measure that still stands tells since when.
    """
    if verdict.answer == DIFFERS and not math.isnan(verdict.normal):
        said = _difference(verdict)
        since = _began(verdict, flags)
        if said and since is not None and _was_usual(verdict, blocks, since):
            return f"{said}, from minute {minute(since, verdict.time)}"
        return said or verdict_text(verdict).title
    lost = losses(blocks) if verdict.reason in {"loss", "data_quality"} else ""
    return f"Cannot tell: {lost}" if lost else verdict_text(verdict).title


def losses(blocks: Sequence[Block]) -> str:
    """Return which foot lost how much of its data, the worse one first; "" where none lost much."""
    lost = {side: 1 - received(blocks, side) for side in Side}
    worst = sorted((s for s in Side if lost[s] > _TOLD_LOSS), key=lambda side: -lost[side])
    return ", ".join(f"{side} lost {100 * lost[side]:.0f} %" for side in worst)


def _began(verdict: Verdict, flags: Iterable[Flag]) -> int | None:
    """Return since when (UTC ns) what the verdict tells was seen; None where no flag tells."""
    standing: int | None = None
    for flag in sorted(flags, key=lambda flag: flag.time):
        if (flag.bout, flag.topic, flag.measure) == (verdict.time, verdict.topic, verdict.measure):
            standing = (flag.since if standing is None else standing) if flag.raised else None
    return standing


def _was_usual(verdict: Verdict, blocks: Sequence[Block], since: int) -> bool:
    """Tell whether the bout was as usual at first: only then did something begin in it."""
    before = (getattr(block, verdict.measure, math.nan) for block in blocks if block.time < since and not block.void)
    return any(verdict.normal_low <= value <= verdict.normal_high for value in before)


def minute(time: int, bout: int) -> int:
    """Return in which minute of a bout a moment lies; the first one is 1."""
    return max(time - bout, 0) // (60 * SECOND) + 1


def _difference(verdict: Verdict) -> str:
    """Say by how much a measure is off its normal; "" for one that another version found."""
    words = MEASURE_WORDING.get(verdict.measure)
    if words is None:
        return ""
    return words.change(verdict)
