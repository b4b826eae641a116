"""The wearer's own normal, from earlier bouts of the same activity in the same shoes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_bridge import columns
from service.gait import parameters as p
from service.notes import JUDGED, About, Span, about, bout_of
from service.rows import Block, Note

_MEASURES = tuple(column.name for column in columns(Block) if column.type is float)
JUDGED_BY = frozenset({"contact_time_si_pct", "impulse_si_pct", "medial_lateral_left", "medial_lateral_right"})
"""The measures that detectors and verdicts compare with the normal."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Mean of earlier bouts' means, and their standard deviation."""

    mean: float
    sd: float
    bouts: int


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
        if was is None or was.means != known.means:
            self._stale.update(self._following(bout, {after[bout].kind}))

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

    def means(self, measure: str, activity: str, bout: int) -> list[float]:
        """Return the measure's mean in each bout that a bout is compared with and that tells it, in order of time.

        Those that started before it, in the same shoes, and are not deleted.
        """
        said = self.about
        kind = said[bout].kind if bout in said else self._unknown(bout).kind
        found = (
            self._bouts[other].means.get((activity, measure))
            for other in sorted(self._bouts)
            if other < bout and not said[other].deleted and said[other].kind == kind
        )
        return [mean for mean in found if mean is not None]

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
        told: dict[str, Counter[tuple[str, str]]] = {}
        every = {key for known in self._bouts.values() for key in known.means if key[1] in JUDGED_BY}
        for other in sorted(other for other in self._bouts if other > bout):
            kind = said[other].kind
            if kinds is not None and kind not in kinds:
                continue
            count = told.setdefault(kind, Counter())
            if any(count[key] < p.MAX_BOUTS for key in every):
                yield other
            if not said[other].deleted:
                count.update(self._bouts[other].means.keys())


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of one bout."""

    stop: int  # its last contact
    means: dict[tuple[str, str], float]  # by activity and measure


def _known(blocks: Sequence[Block]) -> _Known:
    good = [block for block in blocks if warm(block) and usable(block)]
    return _Known(max(block.stop for block in blocks), dict(_means(good)))


def _means(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, str], float]]:
    for activity in {block.activity for block in blocks}:
        for measure in _MEASURES:
            every = (float(getattr(block, measure)) for block in blocks if block.activity == activity)
            values = [value for value in every if math.isfinite(value)]
            if len(values) >= p.MIN_BASELINE_BLOCKS:
                yield (activity, measure), float(np.mean(values))


class Baseline:
    """The normal of every measure for one bout: made from the bouts that it is compared with, and from no other.

    It is looked up when it is first needed, and then stays.
    """

    def __init__(self, history: History, bout: int) -> None:
        self._history, self._bout = history, bout
        self._known: dict[tuple[str, str], Normal | None] = {}

    def normal(self, measure: str, activity: str, least_sd: float) -> Normal | None:
        """Return the normal of a measure (a field of `Block`) in an activity; None where too few bouts can tell.

        `least_sd` is the least spread that is believed: few bouts can agree by chance.
        """
        key = (measure, activity)
        if key not in self._known:
            self._known[key] = _normal(self._history.means(measure, activity, self._bout), least_sd)
        return self._known[key]


def _normal(every: Sequence[float], least_sd: float) -> Normal | None:
    if len(every) < p.MIN_BOUTS:
        return None
    means = np.array(every[-p.MAX_BOUTS :])
    return Normal(float(means.mean()), max(float(means.std(ddof=1)), least_sd), len(means))
