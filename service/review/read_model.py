"""What there is to see of a run after it, and of the weeks: read from the log, for pages and reports. It only reads."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from firmware_bridge import SECOND, ConfigError, Device, Frames, Log, Side
from service.gait.detectors.baseline import Baseline, History, usable, warm
from service.gait.detectors.change import Change
from service.gait.detectors.measures import CONTACT, IMPULSE, LEFT_INDEX, PEAK, RIGHT_INDEX, Measure, setting
from service.gait.detectors.watch import against_normal
from service.gait.steps.activity import UNKNOWN
from service.gait.thresholds import BOUT_NS, MIN_BOUTS
from service.records.bouts import Bout, mean_speed, read_bouts
from service.records.notes import STOP, About, about, standing
from service.records.rows import Block, Flag, Note, Step, Verdict
from service.review.comparison import Difference, FootLoads, difference
from service.review.data_quality import Grading, quality
from service.review.headline import Point, headline
from service.review.stance_curves import MOST, SWING_NS, Gathered, MeanStance, evenly_spread

USUAL_BOUTS = 10
"""Latest comparable bouts that the difference foot is made of."""
USUAL_STEPS = 60
"""Steps of a foot that are looked at in each of them."""
_SHOWN = (CONTACT, IMPULSE, PEAK, LEFT_INDEX, RIGHT_INDEX)
_KEPT = 64

Soles = Mapping[Side, MeanStance]


@dataclass(frozen=True, eq=False)
class Review:
    """One bout and all that is shown of it."""

    wearer: str
    bout: Bout
    speed_mps: float  # mean, by a foot pod; NaN where there was none
    said: About
    blocks: tuple[Block, ...]
    flags: tuple[Flag, ...]
    quality: Grading
    changes: Mapping[str, Change]  # by the measure's field, against the own normal
    soles: Soles  # none where the samples were forgotten, or a foot was not heard
    difference: Difference | None
    without: str  # why there is no difference foot, "" where there is one
    under_way: bool

    def headline(self, verdict: Verdict) -> str:
        """Return the one sentence on a topic."""
        return headline(verdict, self.blocks, self.flags)


@dataclass(frozen=True, eq=False)
class Wearer:
    """Everything of one wearer that is small: bouts, notes and blocks, without samples."""

    name: str
    bouts: tuple[Bout, ...]  # that count, oldest first
    said: Mapping[int, About]
    blocks: Mapping[int, tuple[Block, ...]]
    flags: tuple[Flag, ...]
    notes: tuple[Note, ...]
    history: History = field(repr=False)

    def bout(self, time: int | None) -> Bout | None:
        """Return the bout that begins at a time, or the latest one; None where there is none."""
        found = [bout for bout in self.bouts if time is None or bout.time == time]
        return found[-1] if found else None


def read_wearer(log: Log, wearer: str) -> Wearer:
    """Read what is stored of a wearer's bouts."""
    every = log.read(Block, wearer)
    notes = log.read(Note, wearer)
    found = read_bouts(log, wearer, every)
    said = about([bout.span for bout in found], notes)
    blocks: dict[int, list[Block]] = {}
    for block in every:
        blocks.setdefault(block.bout, []).append(block)
    return Wearer(
        wearer,
        tuple(bout for bout in found if not said[bout.time].deleted),
        said,
        {bout: tuple(own) for bout, own in blocks.items()},
        tuple(log.read(Flag, wearer)),
        tuple(standing(notes)),
        History(every, notes),
    )


class Reviews:
    """Reads runs; the mean stances of bouts that it has seen are kept, since those of the past do not change."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._soles: OrderedDict[tuple[object, ...], Soles] = OrderedDict()

    def review(self, wearer: Wearer, bout: Bout, now: int) -> Review:
        """Return all that is shown of a bout; `now` (UTC ns) tells whether it is still under way."""
        blocks = wearer.blocks.get(bout.time, ())
        steps = self._steps(wearer.name, bout)
        used = used_blocks(blocks, bout.activity)
        baseline = Baseline(wearer.history, bout.time)
        soles = self.soles(wearer, bout, steps, MOST)
        usual = self._usual(wearer, used, baseline)
        found, why = _difference(soles, usual)
        return Review(
            wearer.name,
            bout,
            mean_speed(self._log, wearer.name, bout),
            wearer.said[bout.time],
            blocks,
            tuple(flag for flag in wearer.flags if flag.bout == bout.time),
            quality(steps, blocks),
            dict(_changes(used, baseline)),
            soles,
            found,
            why,
            _under_way(wearer, bout, now),
        )

    def soles(self, wearer: Wearer, bout: Bout, steps: Sequence[Step] | None = None, most: int = USUAL_STEPS) -> Soles:
        """Return the mean stance of each foot in a bout, of those whose samples are still there."""
        blocks = wearer.blocks.get(bout.time, ())
        found = repr([(b.time, b.contact_time_left_s, b.contact_time_right_s) for b in blocks])  # others once corrected
        key = (wearer.name, bout.time, bout.stop, bout.valid_steps, found, most)
        if key not in self._soles:
            if steps is None:
                steps = self._steps(wearer.name, bout)
            self._soles[key] = self._gather(wearer.name, bout, steps, most)
            while len(self._soles) > _KEPT:
                self._soles.popitem(last=False)
        return self._soles[key]

    def _steps(self, wearer: str, bout: Bout) -> list[Step]:
        return [step for step in self._log.read(Step, wearer, bout.time, bout.stop + 1) if step.bout == bout.time]

    def _gather(self, wearer: str, bout: Bout, steps: Iterable[Step], most: int) -> Soles:
        devices = {(row.side, row.device): row for row in self._log.read(Device, wearer)}
        valid = [step for step in steps if step.valid and step.activity == bout.activity and not step.faulty]
        found: dict[Side, MeanStance] = {}
        for side in Side:
            gathered: dict[str, Gathered] = {}
            for step in evenly_spread([step for step in valid if step.side is side], most):
                frames = [
                    part
                    for part in self._log.read(Frames, wearer, step.time - SWING_NS, step.foot_off + 1)
                    if part.side is side
                ]
                for device in {part.device for part in frames}:
                    if (side, device) in devices:
                        if device not in gathered:
                            gathered[device] = Gathered(devices[side, device])
                        gathered[device].add(step, frames)
            known = [stances for each in gathered.values() if (stances := each.mean_stance()) is not None]
            if known:
                found[side] = max(known, key=lambda stances: stances.steps)
        return found

    def _usual(self, wearer: Wearer, used: Sequence[Block], baseline: Baseline) -> list[Soles]:
        """Return the mean stances of the bouts that make the normal of where the load lies."""
        if not used:
            return []
        times = [mean.bout for mean in baseline.means(LEFT_INDEX, setting(used))][-USUAL_BOUTS:]
        known = {bout.time: bout for bout in wearer.bouts}
        return [self.soles(wearer, known[time]) for time in times if time in known]


def used_blocks(blocks: Sequence[Block], activity: str) -> list[Block]:
    """Return the blocks of a bout that statements are made of."""
    return [block for block in blocks if block.activity == activity and warm(block) and usable(block)]


def _changes(used: Sequence[Block], baseline: Baseline) -> Iterator[tuple[str, Change]]:
    if used:
        look = against_normal(used, baseline)
        yield from ((measure.field, look(measure)) for measure in _SHOWN)


def pairs(soles: Iterable[Soles], like: Soles) -> list[FootLoads]:
    """Return both feet's loads of those bouts that felt at the same places as one bout did."""
    return [
        (own[Side.LEFT].loads, own[Side.RIGHT].loads)
        for own in soles
        if len(own) == len(Side) and all(own[side].sensors.same(like[side].sensors) for side in Side)
    ]


def _difference(soles: Soles, usual: Sequence[Soles]) -> tuple[Difference | None, str]:
    if not soles:
        return None, "The samples of this bout are not kept any more, or none were complete."
    if len(soles) < len(Side):
        return None, "Only one foot was heard."
    if min(len(soles[side].sensors.ml) for side in Side) < _LEAST_SENSORS:
        return None, "The sensors of these insoles are too few for a map."
    if len(usual) < MIN_BOUTS:
        return None, f"Your usual is not known yet: {len(usual)} comparable earlier bouts of {MIN_BOUTS}."
    known = pairs(usual, soles)
    if len(known) < MIN_BOUTS:
        gone = sum(not own for own in usual)
        why = f"the samples of {gone} of them are not kept any more" if gone else "they were on other insoles"
        return None, f"There are {len(usual)} comparable earlier bouts, but {why}."
    return difference([(soles[Side.LEFT].loads, soles[Side.RIGHT].loads)], known), ""


_LEAST_SENSORS = 4


def _under_way(wearer: Wearer, bout: Bout, now: int) -> bool:
    """Tell whether a bout may go on: nothing ended it yet."""
    last = bout is wearer.bouts[-1]
    ended = any(note.topic == STOP and note.time >= bout.stop - 10 * SECOND for note in wearer.notes)
    return last and not ended and 0 <= now - bout.stop < BOUT_NS


def points(wearer: Wearer, measure: Measure = CONTACT, activity: str | None = None) -> list[Point]:
    """Return one activity's bouts (the most frequent one's) on the trend of a measure, oldest first."""
    kinds = Counter(bout.activity for bout in wearer.bouts if bout.activity != UNKNOWN)
    kind = activity or (kinds.most_common(1)[0][0] if kinds else UNKNOWN)
    found = []
    for bout in wearer.bouts:
        used = used_blocks(wearer.blocks.get(bout.time, ()), kind)
        if bout.activity == kind and used:
            change = against_normal(used, Baseline(wearer.history, bout.time))(measure)
            found.append(_point(wearer, bout, change))
    return found


def _point(wearer: Wearer, bout: Bout, seen: Change) -> Point:
    said = wearer.said[bout.time]
    own = [verdict for verdict in bout.verdicts if verdict.measure == seen.measure.field]
    flags = [flag for flag in wearer.flags if flag.bout == bout.time]
    text = headline(own[0], wearer.blocks.get(bout.time, ()), flags) if own else ""
    unknown = math.isnan(seen.normal)
    return Point(
        time=bout.time,
        activity=bout.activity,
        measure=seen.measure.field,
        value=seen.value,
        low=seen.low,
        high=seen.high,
        normal=seen.normal,
        normal_low=math.nan if unknown else seen.normal - seen.limit,
        normal_high=math.nan if unknown else seen.normal + seen.limit,
        answer=own[0].answer if own else "",
        said=text,
        shoes=said.worn,
        pain=said.pain,
    )


def mass_kg(said: About) -> float:
    """Return the mass that was noted, NaN where none was."""
    try:
        return float(said.mass.split()[0]) if said.mass else math.nan
    except ValueError as error:
        raise ConfigError(f"{said.mass!r} is no mass") from error
