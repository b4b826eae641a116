"""The wearer's own normal, from earlier bouts of the same activity in the same shoes.

Where it matters, on insoles with as many sensors (a block knows no more of them) and at about the same pace. The pace
is that of the whole bout, by its contact time against the wearer's own median: slower, usual or faster.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import Spread, inflation, pooled, spread
from service.gait.detectors.measures import COMPARED, UNTOLD, Kit, Measure, Setting, contact_s, kit_of
from service.gait.steps.activity import RUNNING
from service.records.notes import JUDGED, About, Span, about, bout_of
from service.records.rows import Block, Note


class Mean(NamedTuple):
    """One measure in one bout."""

    value: float
    error: float  # standard error, by how the blocks lie apart
    spread: Spread  # of the blocks
    contact_s: float  # mean contact time of both feet
    bout: int = 0  # whose it is


class StepCount(NamedTuple):
    """How far one bout went on the run."""

    time: int
    steps: int


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean of earlier bouts' means, and their standard deviation."""

    mean: float
    sd: float
    bouts: int
    spread: Spread  # of the blocks within those bouts


def usable(block: Block) -> bool:
    """Tell whether the data of a block is good enough for a statement about it."""
    feet = ((block.strides_left, block.rejected_left), (block.strides_right, block.rejected_right))
    enough = all(valid >= p.MIN_VALID * (valid + rejected) for valid, rejected in feet)
    return not block.void and enough and abs(block.received_left - block.received_right) <= p.MAX_LOSS_DIFFERENCE


def warm(block: Block) -> bool:
    """Tell whether the shoe is warm and the sensors have settled."""
    return block.time - block.bout >= p.WARM_UP_NS


class History:
    """What is kept of a wearer's bouts: the mean of every measure, by activity, and what the notes say of them.

    Some numbers a bout, for years. It also knows which bouts may have to be judged anew since `stale` was last asked.
    """

    def __init__(self, blocks: Iterable[Block] = (), notes: Iterable[Note] = ()) -> None:
        bouts: dict[int, list[Block]] = {}
        for block in blocks:
            bouts.setdefault(block.bout, []).append(block)
        self._bouts = {bout: _known(own) for bout, own in bouts.items()}
        self._notes = {(note.time, note.topic): note for note in notes}
        self._about: dict[int, About] | None = None
        self._stale: set[int] = set()

    def learn(self, blocks: Sequence[Block]) -> None:
        """Take all blocks of one bout, in their order, in place of what was known of it."""
        bout, known = blocks[0].bout, _known(blocks)
        was = self._bouts.get(bout)
        if was == known:
            return
        before = {other: said.basis for other, said in self.about.items()}
        self._bouts[bout], self._about = known, None
        after = self.about
        for other, basis in before.items():  # a note that seemed to be about an earlier bout may be about this one
            if after[other].basis != basis:
                self._doubt(other)
        if was is None or (was.kit, was.means) != (known.kit, known.means):
            self._stale.update(self._following(bout, {after[bout].kind}))

    def unlearn(self, bout: int) -> None:
        """Forget a bout of which nothing is known any more, as if it had never been."""
        self._doubt(bout)
        before = {other: said.basis for other, said in self.about.items()}
        del self._bouts[bout]
        self._about = None
        for other, said in self.about.items():  # a note that seemed to be about it may be about this one
            if before[other] != said.basis:
                self._doubt(other)
        self._stale.discard(bout)

    def note(self, note: Note) -> None:
        """Take what a person said."""
        self._notes[note.time, note.topic], self._about = note, None
        if note.topic in JUDGED:
            spans = self._spans
            for ahead in (False, True):
                found = bout_of(note.time, spans, ahead=ahead)
                if found is not None:
                    self._doubt(found.start)

    def stale(self) -> list[int]:
        """Return the bouts of which something else may have to be said since this was last asked, oldest first."""
        found, self._stale = sorted(self._stale), set()
        return found

    @property
    def about(self) -> dict[int, About]:
        """What the notes say of each bout that is known."""
        if self._about is None:
            self._about = about(self._spans, self._notes.values())
        return self._about

    def span(self, bout: int) -> Span:
        """Return from when to when a bout is known."""
        return Span(bout, self._bouts[bout].stop)

    def means(self, measure: str, activity: str, bout: int, kit: Kit | None = None) -> list[Mean]:
        """Return the measure in each bout that a bout is compared with and that tells it, in order of time.

        Those that started before it, in the same shoes, and are not deleted; on insoles with as many sensors where a
        `kit` is given.
        """
        said = self.about
        kind = said[bout].kind if bout in said else self._unknown(bout).kind
        found = (
            self._bouts[other].means.get((activity, measure))
            for other in sorted(self._bouts)
            if other < bout and not said[other].deleted and said[other].kind == kind
            if kit in {None, UNTOLD} or self._bouts[other].kit in {kit, UNTOLD}
        )
        return [mean for mean in found if mean is not None]

    def runs(self, bout: int) -> list[StepCount]:
        """Return how far the bouts before this one went on the run (walks: 0), whatever the shoes, in order of time."""
        said = self.about
        earlier = (other for other in sorted(self._bouts) if other < bout and not said[other].deleted)
        return [StepCount(other, self._bouts[other].run_steps) for other in earlier]

    @property
    def _spans(self) -> list[Span]:
        return [self.span(bout) for bout in sorted(self._bouts)]

    def _unknown(self, bout: int) -> About:
        """Return what the notes say of a bout of which there is no block yet."""
        return about(sorted([*self._spans, Span(bout, bout)]), self._notes.values())[bout]

    def _doubt(self, bout: int) -> None:
        self._stale.add(bout)
        self._stale.update(self._following(bout, None))

    def _following(self, bout: int, kinds: Collection[str] | None) -> Iterator[int]:
        """Yield the later bouts (in shoes of some kinds) for whose normal a bout can matter: as many as make one."""
        said = self.about
        told: dict[tuple[str, Kit], Counter[tuple[str, str]]] = {}
        every = {key for known in self._bouts.values() for key in known.means}
        for other in sorted(other for other in self._bouts if other > bout):
            kind = said[other].kind
            if kinds is not None and kind not in kinds:
                continue
            count = told.setdefault((kind, self._bouts[other].kit), Counter())
            if any(count[key] < p.MAX_BOUTS for key in every):
                yield other
            if not said[other].deleted:
                count.update(self._bouts[other].means.keys())


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of one bout."""

    stop: int  # its last contact
    kit: Kit
    run_steps: int
    means: dict[tuple[str, str], Mean]  # by activity and measure


def _known(blocks: Sequence[Block]) -> _Known:
    good = [block for block in blocks if warm(block) and usable(block)]
    return _Known(max(block.stop for block in blocks), kit_of(good), run_steps(blocks), dict(_means(good)))


def _means(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, str], Mean]]:
    for activity in {block.activity for block in blocks}:
        own = [block for block in blocks if block.activity == activity]
        for measure in COMPARED:
            values = measure.values(own)
            values = values[np.isfinite(values)]
            if len(values) >= p.MIN_BASELINE_BLOCKS:
                wander, count = measure.wander(activity), len(values)
                scatter = spread(values, wander)
                error = math.sqrt(scatter.variance * inflation(count, wander) / count)
                yield (activity, measure.field), Mean(float(values.mean()), error, scatter, contact_s(own), own[0].bout)


def run_steps(blocks: Iterable[Block]) -> int:
    """Return the steps of both feet on the run, those included that do not count for other things.

    They stand for the distance, which no insole measures: a pause adds none, and a foot whose data is lost is made up
    for by the other one.
    """
    feet = [
        (b.strides_left + b.rejected_left + b.unsettled_left, b.strides_right + b.rejected_right + b.unsettled_right)
        for b in blocks
        if b.activity == RUNNING
    ]
    return 2 * max(sum(foot) for foot in zip(*feet, strict=True)) if feet else 0


_Key = tuple[str, str, Kit | None]  # measure, activity, insoles


class Baseline:
    """The normal of every measure for one bout: made from the bouts that it is compared with, and from no other.

    It is looked up when it is first needed, and then stays.
    """

    def __init__(self, history: History, bout: int) -> None:
        self._history, self._bout = history, bout
        self._means: dict[_Key, list[Mean]] = {}
        self._usual: dict[_Key, float] = {}
        self._normals: dict[tuple[_Key, int], Normal | None] = {}
        self._runs: list[StepCount] | None = None

    def means(self, measure: Measure, where: Setting) -> list[Mean]:
        """Return the measure in the latest bouts that this one is compared with, in order of time."""
        key, pace = self._place(measure, where)
        every = self._latest(key)
        if not measure.by_pace:
            return every
        return [mean for mean in every if _pace(mean.contact_s, self._usual[key]) == pace]

    def _latest(self, key: _Key) -> list[Mean]:
        if key not in self._means:
            measure, activity, kit = key
            self._means[key] = self._history.means(measure, activity, self._bout, kit)[-p.MAX_BOUTS :]
        return self._means[key]

    def _place(self, measure: Measure, where: Setting) -> tuple[_Key, int]:
        """Return among which bouts the normal is looked for, and at which pace: -1 faster, 0 as usual, 1 slower.

        The usual pace is the median of those bouts.
        """
        key = (measure.field, where.activity, where.kit if measure.by_insole else None)
        if not measure.by_pace:
            return key, 0
        if key not in self._usual:
            paces = [mean.contact_s for mean in self._latest(key)]
            self._usual[key] = float(np.median(paces)) if paces else math.nan
        return key, _pace(where.contact_s, self._usual[key])

    def normal(self, measure: Measure, where: Setting) -> Normal | None:
        """Return the normal of a measure; None where too few bouts can tell."""
        place = self._place(measure, where)
        if place not in self._normals:
            self._normals[place] = _normal(self.means(measure, where), measure.least_sd)
        return self._normals[place]

    def elsewhere(self, measure: Measure, where: Setting) -> bool:
        """Tell whether a normal would be known, had the insoles as many sensors in use as they have had."""
        some, every = (self._latest((measure.field, where.activity, kit)) for kit in (where.kit, None))
        return measure.by_insole and len(some) < p.MIN_BOUTS <= len(every)

    @property
    def runs(self) -> list[StepCount]:
        """How far the bouts before this one went on the run, in order of time."""
        if self._runs is None:
            self._runs = self._history.runs(self._bout)
        return self._runs


def _normal(means: Sequence[Mean], least_sd: float) -> Normal | None:
    if len(means) < p.MIN_BOUTS:
        return None
    values = np.array([mean.value for mean in means])
    sd = max(float(values.std(ddof=1)), least_sd)
    return Normal(float(values.mean()), sd, len(means), pooled(mean.spread for mean in means))


def _pace(contact_s: float, usual: float) -> int:
    off = math.log(contact_s / usual)
    return (off > p.PACE_BAND) - (off < -p.PACE_BAND)
