"""Detectors: from blocks to flags. Statistical, practical and persistent, or silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from service.gait import parameters as p
from service.gait.baseline import Baseline, usable, warm
from service.gait.change import CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX, Change, Measure, change
from service.rows import ANALYSIS, Block, Flag

IMBALANCE = "imbalance"
OVER_PRONATION = "over_pronation"


class Detector(Protocol):
    """Watch the blocks of one bout, in their order."""

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block; yield what began or ended with it. At most one flag is raised in a bout."""
        ...


@dataclass
class _Watch:
    """What a detector remembers of a bout: the blocks it may look at, and whether it has spoken."""

    baseline: Baseline
    recent: list[Block] = field(default_factory=list)
    raised: Measure | None = None
    spoken: bool = False

    def update(self, block: Block, topic: str, find: Callable[[], Change | None]) -> Iterator[Flag]:
        """Take a block; yield the flag that it raises, `find` telling the change that matters, or clears."""
        if not self.take(block):
            return
        if self.raised is None and not self.spoken:
            found = find()
            if found is not None and found.persists:
                yield self.flag(topic, found, raised=True)
        elif (over := self.ended()) is not None:
            yield self.flag(topic, over, raised=False)

    @property
    def standing(self) -> Change | None:
        """The change that is raised and not over, as the recent blocks show it."""
        return None if self.raised is None else self.look(self.raised)

    def take(self, block: Block) -> bool:
        """Take a block; tell whether there are enough recent ones of its activity."""
        if not (warm(block) and usable(block)):
            return False
        if self.recent and self.recent[-1].activity != block.activity:
            self.recent.clear()
        self.recent = [*self.recent, block][-p.PERSIST_BLOCKS :]
        return len(self.recent) == p.PERSIST_BLOCKS

    def look(self, measure: Measure) -> Change:
        """Compare the recent blocks with the normal."""
        return change(self.recent, measure, measure.normal(self.baseline, self.recent[-1].activity))

    def flag(self, topic: str, seen: Change, raised: bool) -> Flag:
        """Make the row of a transition."""
        first, last = self.recent[0], self.recent[-1]
        self.raised, self.spoken = (seen.measure, True) if raised else (None, self.spoken)
        return Flag(
            time=last.stop,
            wearer=last.wearer,
            topic=topic,
            measure=seen.measure.field,
            raised=raised,
            bout=last.bout,
            activity=last.activity,
            since=first.time,
            value=seen.value,
            low=seen.low,
            high=seen.high,
            normal=seen.normal,
            normal_low=seen.normal - seen.limit,
            normal_high=seen.normal + seen.limit,
            bouts=seen.bouts,
            strides=min(sum(b.strides_left for b in self.recent), sum(b.strides_right for b in self.recent)),
            analysis=ANALYSIS,
        )

    def ended(self) -> Change | None:
        """Return the raised measure's change if it is over."""
        seen = self.standing
        if seen is None:
            return None
        return seen if abs(seen.off) < p.CLEAR * seen.limit else None


@dataclass
class Imbalance:
    """Contact time, and impulse where contact time agrees, differ between the feet otherwise than usual."""

    baseline: Baseline
    needs_contact: float = p.IMPULSE_NEEDS_CONTACT

    def __post_init__(self) -> None:
        self._watch = _Watch(self.baseline)

    @property
    def standing(self) -> Change | None:
        """The change that is raised and not over, as the recent blocks show it."""
        return self._watch.standing

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block; yield what began or ended with it."""
        yield from self._watch.update(block, IMBALANCE, self._found)

    def _found(self) -> Change | None:
        return imbalance(self._watch.look(CONTACT), self._watch.look(IMPULSE), self.needs_contact)


@dataclass
class OverPronation:
    """Both feet load their medial side more than usual, one of them clearly."""

    baseline: Baseline
    common: float = p.COMMON_MODE

    def __post_init__(self) -> None:
        self._watch = _Watch(self.baseline)

    @property
    def standing(self) -> Change | None:
        """The change that is raised and not over, as the recent blocks show it."""
        return self._watch.standing

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block; yield what began or ended with it."""
        yield from self._watch.update(block, OVER_PRONATION, self._found)

    def _found(self) -> Change | None:
        found = medial(self._watch.look(LEFT_INDEX), self._watch.look(RIGHT_INDEX), self.common)
        return found if found is not None and found.off > 0 else None


def imbalance(contact: Change, impulse: Change, needs_contact: float = p.IMPULSE_NEEDS_CONTACT) -> Change | None:
    """Return the change that is an imbalance, None if there is none.

    An impulse needs contact time to agree: a gain that drifts on one side changes the one, never the other.
    """
    if contact.exceeds:
        return contact
    agrees = contact.off * impulse.off > 0 and abs(contact.off) >= needs_contact * abs(impulse.off)
    return impulse if impulse.exceeds and agrees else None


def medial(left: Change, right: Change, common: float = p.COMMON_MODE) -> Change | None:
    """Return the foot whose loading changed, if the other one changed the same way; the clearer one of two.

    Feet that move in opposite directions are on a camber or in a turn (Damavandi 2012).
    """
    ranked = sorted((left, right), key=lambda c: -abs(c.off) / c.limit if c.limit > 0 else 0.0)
    for one, other in (ranked, ranked[::-1]):
        if one.exceeds and other.off * one.off > 0 and abs(other.off) >= common * abs(one.off):
            return one
    return None


def detectors(baseline: Baseline) -> list[Detector]:
    """Return fresh detectors for one bout."""
    return [Imbalance(baseline), OverPronation(baseline)]
