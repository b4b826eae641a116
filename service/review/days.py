"""A wearer's days: what hurt, what was measured and what was worn, from notes and bouts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

import numpy as np

from firmware_bridge import SECOND
from service.gait.detectors.measures import CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX
from service.gait.signal.load import Float64s
from service.records.notes import INSERT, PAIN, SHOES, SURFACE, pains
from service.records.rows import Note
from service.review.read_model import Wearer, used_blocks

DAY_STEPS = "steps"
"""The load of a day: steps of all bouts; a day without one has none."""
_MEASURES = (CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX)


@dataclass(frozen=True, slots=True)
class Worn:
    """How much one pair of shoes was used. Insoles measure no distance: steps and hours stand for it."""

    shoes: str  # "" where none were noted
    bouts: int
    steps: int
    hours: float
    last: int  # UTC ns, start of the latest bout


@dataclass(frozen=True, eq=False)
class Days:
    """One value a calendar day, from the first to the last day with anything."""

    first: date
    pain: Float64s  # the strongest that was noted, NaN where none was
    measures: Mapping[str, Float64s]


def day_of(time: int, zone: tzinfo) -> date:
    """Return the wearer's calendar day of a moment."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).date()


def days(wearer: Wearer, zone: tzinfo) -> Days | None:
    """Return pain and measures by day; None where there is no pain noted or no bout."""
    felt: dict[date, float] = {}
    for note in wearer.notes:
        if note.topic == PAIN:
            level = max((level for _, level in pains(note.text)), default=math.nan)
            day = day_of(note.time, zone)
            felt[day] = max(level, felt.get(day, 0.0))
    if not felt or not wearer.bouts:
        return None
    first = min(*felt, day_of(wearer.bouts[0].time, zone))
    last = max(*felt, day_of(wearer.bouts[-1].time, zone))
    count = (last - first).days + 1
    pain = np.full(count, math.nan)
    for day, level in felt.items():
        pain[(day - first).days] = level
    return Days(first, pain, _measured(wearer, zone, first, count))


def _measured(wearer: Wearer, zone: tzinfo, first: date, count: int) -> dict[str, Float64s]:
    """Return each measure's mean over the blocks of a day, of the activity that is most frequent, and the steps."""
    steps = np.zeros(count)
    values: dict[str, dict[int, list[float]]] = {measure.field: defaultdict(list) for measure in _MEASURES}
    activity = _usual_activity(wearer)
    for bout in wearer.bouts:
        day = (day_of(bout.time, zone) - first).days
        steps[day] += bout.steps
        if bout.activity == activity:
            used = used_blocks(wearer.blocks.get(bout.time, ()), activity)
            for measure in _MEASURES:
                own = measure.values(used)
                values[measure.field][day] += own[np.isfinite(own)].tolist()
    found: dict[str, Float64s] = {}
    for field, by_day in values.items():
        found[field] = np.full(count, math.nan)
        for day, own_values in by_day.items():
            if own_values:
                found[field][day] = np.mean(own_values)
    return found | {DAY_STEPS: steps}


def _usual_activity(wearer: Wearer) -> str:
    kinds = [bout.activity for bout in wearer.bouts]
    return max(kinds, key=kinds.count)


def worn(wearer: Wearer) -> list[Worn]:
    """Return how much each pair of shoes was used, the one that was used last first."""
    groups: dict[str, list[int]] = {}
    for k, bout in enumerate(wearer.bouts):
        groups.setdefault(wearer.said[bout.time].shoes.casefold(), []).append(k)
    found = []
    for own in groups.values():
        bouts = [wearer.bouts[k] for k in own]
        hours = sum(bout.stop - bout.time for bout in bouts) / (3600 * SECOND)
        name = wearer.said[bouts[-1].time].shoes
        found.append(Worn(name, len(bouts), sum(bout.steps for bout in bouts), hours, bouts[-1].time))
    return sorted(found, key=lambda one: -one.last)


def used_before(notes: Sequence[Note], topic: str, most: int = 6) -> list[str]:
    """Return what was noted on shoes, insert or surface before, the latest first, however it was spelt once."""
    latest: dict[str, str] = {}
    for note in sorted(notes, key=lambda note: -note.time):
        if note.topic == topic:
            latest.setdefault(note.text.casefold(), note.text)
    return list(latest.values())[:most]


WORN = (SHOES, INSERT, SURFACE)
"""What is picked from a list of what was used before."""


def entries(notes: Iterable[Note], topics: Iterable[str]) -> list[Note]:
    """Return what stands in the diary, the latest first."""
    wanted = frozenset(topics)
    return sorted((note for note in notes if note.topic in wanted), key=lambda note: -note.time)
