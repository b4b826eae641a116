"""What a change of the wearer's own is watched with: two rules, one voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from service.gait import thresholds as p
from service.gait.detectors.baseline import Baseline, usable, warm
from service.gait.detectors.change import AGAINST_NORMAL, WITHIN, Change, change
from service.gait.detectors.measures import Measure, setting
from service.gait.detectors.within_bout import Within
from service.records.rows import ANALYSIS, Block, Flag

ChangeOf = Callable[[Measure], Change]
"""From a measure to how it has changed, by one rule."""
Find = Callable[[ChangeOf], Change | None]
"""From what can be looked at to the change that matters, None if there is none."""


class Watch:
    """A change of the wearer's own: against the normal (rule S) and within the bout (rule W).

    At most one flag is raised in a bout, by the rule that sees it first.
    """

    def __init__(self, topic: str, find: Find, baseline: Baseline, within: Sequence[Measure] = ()) -> None:
        """Begin.

        Args:
            topic: of the flags.
            find: tells the change that matters.
            baseline: the normal.
            within: what rule W follows; all that `find` looks at, or nothing.
        """
        self.topic = topic
        self._find, self._baseline, self._measures = find, baseline, within
        self._recent: list[Block] = []
        self._within: dict[str, dict[Measure, Within]] = {}
        self._raised: Change | None = None
        self._spoken = False

    def update(self, block: Block) -> Iterator[Flag]:
        """Take a block; yield what began or ended with it."""
        if not (warm(block) and usable(block)):
            return
        self._take(block)
        if self._raised is None:
            found = None if self._spoken else self._found()
            if found is not None:
                self._raised, self._spoken = found, True
                yield flag(self.topic, found, block, raised=True)
            return
        seen = self.standing
        if seen is not None and self._told(seen.rule) and abs(seen.off) < p.CLEAR * seen.limit:
            self._raised = None
            yield flag(self.topic, seen, block, raised=False)

    @property
    def standing(self) -> Change | None:
        """The change that is raised and not over, as the recent blocks show it."""
        return None if self._raised is None else self._looks()[self._raised.rule](self._raised.measure)

    def _take(self, block: Block) -> None:
        if self._recent and self._recent[-1].activity != block.activity:
            self._recent.clear()
        self._recent = [*self._recent, block][-p.PERSIST_BLOCKS :]
        if block.activity not in self._within:
            self._within[block.activity] = {measure: Within(measure) for measure in self._measures}
        for followed in self._within[block.activity].values():
            followed.take(block)

    def _found(self) -> Change | None:
        for rule, look in self._looks().items():
            found = self._find(look) if self._told(rule) else None
            if found is not None and found.persists:
                return found
        return None

    def _told(self, rule: str) -> bool:
        """Tell whether there are blocks enough of this activity for a rule; rule W knows itself."""
        return rule != AGAINST_NORMAL or len(self._recent) == p.PERSIST_BLOCKS

    def _looks(self) -> dict[str, ChangeOf]:
        """Return what each rule sees now, the one with the longer memory first."""
        recent, followed = self._recent, self._within[self._recent[-1].activity]
        looks: dict[str, ChangeOf] = {AGAINST_NORMAL: against_normal(recent, self._baseline)}
        return looks | ({WITHIN: lambda measure: followed[measure].look()} if followed else {})


def against_normal(blocks: Sequence[Block], baseline: Baseline) -> ChangeOf:
    """Return how blocks (at least one, of one activity) differ from the normal."""
    where = setting(blocks)
    return lambda measure: change(blocks, measure, baseline.normal(measure, where))


def flag(topic: str, seen: Change, last: Block, *, raised: bool) -> Flag:
    """Make the row of a transition that a block shows."""
    return Flag(
        time=last.stop,
        wearer=last.wearer,
        topic=topic,
        measure=seen.measure.field,
        raised=raised,
        bout=last.bout,
        activity=last.activity,
        since=seen.blocks[0].time,
        value=seen.value,
        low=seen.low,
        high=seen.high,
        normal=seen.normal,
        normal_low=seen.normal - seen.limit,
        normal_high=seen.normal + seen.limit,
        bouts=seen.bouts,
        strides=min(sum(b.strides_left for b in seen.blocks), sum(b.strides_right for b in seen.blocks)),
        analysis=ANALYSIS,
        rule=seen.rule,
    )
