"""What is said of a bout: a pure function of its blocks and of the wearer's normal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from service.gait import thresholds as p
from service.gait.blocks.settling import SETTLING
from service.gait.detectors.absolute_limits import beyond
from service.gait.detectors.baseline import Baseline, usable, warm
from service.gait.detectors.built_in import balance_watch, pronation_watch
from service.gait.detectors.change import ABSOLUTE, Change, change
from service.gait.detectors.imbalance_and_pronation import imbalance, medial, moved
from service.gait.detectors.measures import CONTACT, LEFT_INDEX, RIGHT_INDEX, setting
from service.gait.detectors.watch import ChangeOf, Watch, against_normal
from service.gait.signal.events import RATE
from service.records.rows import ANALYSIS, Block, Verdict
from service.records.topics import CANNOT_TELL, DIFFERS, IMBALANCE, NORMAL, OVER_PRONATION

ONE_FOOT, LOSS, SPOILT = "one_foot", "loss", "data_quality"


def verdicts(blocks: Sequence[Block], baseline: Baseline) -> list[Verdict]:
    """Return what is said of one bout's blocks (at least one, in their order) on each topic.

    The mean of a bout has the interval that its blocks give it by lying apart.
    """
    activity = Counter(block.activity for block in blocks if usable(block)).most_common(1)
    kind = activity[0][0] if activity else blocks[-1].activity
    used = [block for block in blocks if block.activity == kind and warm(block) and usable(block)]
    said = _Said(blocks, used, baseline, kind)
    return [said.balance(), said.loading()]


class _Said:
    """One bout, looked at for every topic."""

    def __init__(self, blocks: Sequence[Block], used: Sequence[Block], baseline: Baseline, kind: str) -> None:
        self._blocks, self._used, self._baseline, self._kind = blocks, used, baseline, kind
        self._look: ChangeOf = against_normal(used, baseline) if used else lambda measure: change((), measure, None)

    def balance(self) -> Verdict:
        found = self._standing(balance_watch) or imbalance(self._look)
        shown = found or self._look(CONTACT)
        answer, reason = self._answer(shown, differs=found is not None)
        verdict = self._verdict(IMBALANCE.name, shown, answer, reason)
        habit = beyond(self._used, self._look, self._baseline) if self._used else None
        if habit is None or reason not in {"", "no_baseline"}:
            return verdict
        if answer == DIFFERS:
            same = habit.change.measure is shown.measure
            return replace(verdict, beyond_pct=habit.limit_pct) if same else verdict
        verdict = self._verdict(IMBALANCE.name, habit.change, answer, reason)
        return replace(verdict, rule=ABSOLUTE, beyond_pct=habit.limit_pct)

    def loading(self) -> Verdict:
        left, right = self._look(LEFT_INDEX), self._look(RIGHT_INDEX)
        standing = self._standing(pronation_watch)
        found = standing or medial(self._look)
        shown = found or _foot(left, right)
        answer, reason = self._answer(shown, differs=found is not None)
        if answer == DIFFERS and standing is None and moved(shown, self._look):
            answer, reason = CANNOT_TELL, "shifted"
        elif answer == NORMAL and (left.exceeds or right.exceeds):
            answer, reason = CANNOT_TELL, "surface"
        return self._verdict(OVER_PRONATION.name, shown, answer, reason)

    def _standing(self, watch_of: Callable[[Baseline], Watch]) -> Change | None:
        """Return the change that a detector has raised in these blocks and not cleared."""
        watch = watch_of(self._baseline)
        for block in self._used:
            for _ in watch.update(block):
                pass
        return watch.standing

    def _answer(self, seen: Change, *, differs: bool) -> tuple[str, str]:
        if len(self._used) < p.PERSIST_BLOCKS:
            return CANNOT_TELL, _spoilt(self._blocks) or "too_short"
        if math.isnan(seen.value):
            return CANNOT_TELL, "sensor" if any(block.faulty for block in self._used) else "layout"
        if math.isnan(seen.normal):
            other = self._baseline.elsewhere(seen.measure, setting(self._used))
            return CANNOT_TELL, "sensor" if other else "no_baseline"
        return (DIFFERS, "") if differs else (NORMAL, "")

    def _verdict(self, topic: str, seen: Change, answer: str, reason: str) -> Verdict:
        blocks, used = self._blocks, self._used
        strides = [sum(b.strides_left for b in used), sum(b.strides_right for b in used)]
        every = [b.strides_left + b.strides_right + b.rejected_left + b.rejected_right for b in blocks]
        return Verdict(
            time=blocks[0].bout,
            wearer=blocks[0].wearer,
            topic=topic,
            stop=blocks[-1].stop,
            activity=self._kind,
            answer=answer,
            reason=reason,
            measure=seen.measure.field,
            value=seen.value,
            low=seen.low,
            high=seen.high,
            normal=seen.normal,
            normal_low=seen.normal - seen.limit,
            normal_high=seen.normal + seen.limit,
            bouts=self._earlier(seen),
            blocks=len(used),
            strides=min(strides),
            steps_used=sum(strides),
            steps_expected=sum(every),
            analysis=ANALYSIS,
            rule=seen.rule if answer == DIFFERS else "",
        )

    def _earlier(self, seen: Change) -> int:
        """Return how many bouts are behind the normal, or would be, were they enough."""
        known = not math.isnan(seen.normal)
        return seen.bouts if known or not self._used else len(self._baseline.means(seen.measure, setting(self._used)))


def _foot(left: Change, right: Change) -> Change:
    """Return the foot to be shown where nothing differs: the one that is further off its normal.

    Where no normal is known it is the one that is loaded more medially, since that is what the topic is about.
    """
    if left.rank == right.rank == 0:
        return right if right.value > left.value else left
    return right if right.rank > left.rank else left


def _spoilt(blocks: Sequence[Block]) -> str:
    """Return what spoilt the blocks, "" where there were too few for a statement, had their data been better."""
    if all(block.reason == RATE for block in blocks):
        return RATE  # and more of it would not help
    worth = [(block, _worth(block)) for block in blocks if warm(block)]
    if sum(number for _, number in worth) < p.PERSIST_BLOCKS:
        return ""
    causes = Counter(_cause(block) for block, number in worth if number and not usable(block))
    return causes.most_common(1)[0][0] if causes else SPOILT


def _worth(block: Block) -> int:
    """Return how many blocks there would have been, had the data been better: with steps missing it takes longer."""
    return max(int(block.reason != "short"), (block.stop - block.time) // p.BLOCK_USUAL_NS)


def _cause(block: Block) -> str:
    """Return what spoilt a block; a foot that was heard at all and lost more than the other one is not absent."""
    received = block.received_left, block.received_right
    if max(received) - min(received) > p.MAX_LOSS_DIFFERENCE and min(received) > 0:
        return LOSS
    return block.reason if block.reason in {ONE_FOOT, RATE, SETTLING} else SPOILT
