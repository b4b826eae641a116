"""What is said of a bout: a pure function of its blocks and of the wearer's normal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from service.gait import parameters as p
from service.gait.baseline import Baseline, usable, warm
from service.gait.change import CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX, Change, change
from service.gait.flags import IMBALANCE, OVER_PRONATION, Imbalance, OverPronation, imbalance, medial
from service.rows import ANALYSIS, Block, Verdict

NORMAL, DIFFERS, CANNOT_TELL = "normal", "differs", "cannot_tell"


def verdicts(blocks: Sequence[Block], baseline: Baseline) -> list[Verdict]:
    """Return what is said of one bout's blocks (at least one, in their order) on each topic."""
    activity = Counter(block.activity for block in blocks if usable(block)).most_common(1)
    kind = activity[0][0] if activity else blocks[-1].activity
    used = [block for block in blocks if block.activity == kind and warm(block) and usable(block)]
    return [_balance(blocks, used, baseline, kind), _loading(blocks, used, baseline, kind)]


def _balance(blocks: Sequence[Block], used: Sequence[Block], baseline: Baseline, kind: str) -> Verdict:
    contact, impulse = (change(used, m, m.normal(baseline, kind)) for m in (CONTACT, IMPULSE))
    found = _standing(Imbalance(baseline), used) or imbalance(contact, impulse)
    answer, reason = _answer(blocks, used, contact, differs=found is not None)
    return _verdict(IMBALANCE, blocks, used, kind, found or contact, answer, reason)


def _loading(blocks: Sequence[Block], used: Sequence[Block], baseline: Baseline, kind: str) -> Verdict:
    left, right = (change(used, m, m.normal(baseline, kind)) for m in (LEFT_INDEX, RIGHT_INDEX))
    found = _standing(OverPronation(baseline), used)
    if found is None:
        found = medial(left, right)
    shown = found or max((left, right), key=lambda c: abs(c.off) / c.limit if c.limit > 0 else 0.0)
    answer, reason = _answer(blocks, used, shown, differs=found is not None)
    if answer == NORMAL and found is None and (left.exceeds or right.exceeds):
        answer, reason = CANNOT_TELL, "surface"
    return _verdict(OVER_PRONATION, blocks, used, kind, shown, answer, reason)


def _standing(detector: Imbalance | OverPronation, used: Sequence[Block]) -> Change | None:
    """Return the change that a detector has raised in these blocks and not cleared."""
    for block in used:
        for _ in detector.update(block):
            pass
    return detector.standing


def _answer(blocks: Sequence[Block], used: Sequence[Block], seen: Change, *, differs: bool) -> tuple[str, str]:
    if len(used) < p.PERSIST_BLOCKS:
        return CANNOT_TELL, "data_quality" if _spoilt(blocks) else "too_short"
    if math.isnan(seen.value):
        return CANNOT_TELL, "layout"
    if math.isnan(seen.normal):
        return CANNOT_TELL, "no_baseline"
    return (DIFFERS, "") if differs else (NORMAL, "")


def _spoilt(blocks: Sequence[Block]) -> bool:
    """Tell whether there were enough blocks, had their data been better."""
    return sum(warm(block) and block.reason != "short" for block in blocks) >= p.PERSIST_BLOCKS


def _verdict(
    topic: str, blocks: Sequence[Block], used: Sequence[Block], kind: str, seen: Change, answer: str, reason: str
) -> Verdict:
    strides = [sum(b.strides_left for b in used), sum(b.strides_right for b in used)]
    every = [b.strides_left + b.strides_right + b.rejected_left + b.rejected_right for b in blocks]
    return Verdict(
        time=blocks[0].bout,
        wearer=blocks[0].wearer,
        topic=topic,
        stop=blocks[-1].stop,
        activity=kind,
        answer=answer,
        reason=reason,
        measure=seen.measure.field,
        value=seen.value,
        low=seen.low,
        high=seen.high,
        normal=seen.normal,
        normal_low=seen.normal - seen.limit,
        normal_high=seen.normal + seen.limit,
        bouts=seen.bouts,
        blocks=len(used),
        strides=min(strides),
        steps_used=sum(strides),
        steps_expected=sum(every),
        analysis=ANALYSIS,
    )
