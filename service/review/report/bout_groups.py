"""Which bouts a report is about, and how two groups of them compare: with and without an insert, shoe A and shoe B."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from firmware_bridge import ConfigError, Side
from service.gait.thresholds import MIN_BOUTS
from service.records.bouts import Bout
from service.records.notes import About
from service.records.quantities import Quantity, quantities
from service.records.rows import Block
from service.review.comparison import Difference, Estimate, difference, mean, welch_difference
from service.review.read_model import Reviews, Soles, Wearer, pairs, used_blocks
from service.review.stance_curves import MeanStance
from service.wording.measure_cards import sheet_lines
from service.wording.phrases import bout_word

_NOTED = tuple(field.name for field in fields(About) if field.name not in {"deleted", "mass", "name"})
_WITHIN = frozenset({"remark", "pain"})
"""Notes of which a part has to fit; of the others all of it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which bouts: those of which a note says something."""

    text: str  # as it was asked for
    topic: str
    value: str

    def fits(self, said: About) -> bool:
        """Tell whether the notes of a bout fit; without a value, whether nothing was noted."""
        noted, value = str(getattr(said, self.topic)).casefold(), self.value.casefold()
        return value in noted if self.topic in _WITHIN and value else noted == value


def chosen(option: str, text: str) -> Chosen:
    """Return what an option such as "shoes=blue" chooses.

    Raises:
        ConfigError: it names no note.
    """
    topic, equals, value = (part.strip() for part in text.partition("="))
    if not equals or topic not in _NOTED:
        raise ConfigError(f"{option} {text}: write what was noted, like shoes=blue; there are: {', '.join(_NOTED)}")
    return Chosen(f"{topic}: {value or 'not noted'}", topic, value)


@dataclass(frozen=True, eq=False)
class Group:
    """Some bouts of one activity with their means and mean stances."""

    name: str
    bouts: tuple[Bout, ...]
    values: dict[str, list[float]]  # by field, the mean of each bout
    strides: int  # behind them, of a foot
    soles: tuple[Soles, ...]

    @property
    def steps(self) -> int:
        """Steps behind the force curve of a foot."""
        return min((sum(own[side].steps for own in self.soles if side in own) for side in Side), default=0)

    def stances(self) -> Soles:
        """Return the mean stance of all bouts, each bout counting alike; the spread is that within a bout."""
        found: dict[Side, MeanStance] = {}
        for side in Side:
            own = [soles[side] for soles in self.soles if side in soles]
            if own and len({stances.unit for stances in own}) == 1:
                force = np.mean([stances.force for stances in own], axis=0)
                spread = np.sqrt(np.mean([np.nan_to_num(stances.force_sd) ** 2 for stances in own], axis=0))
                steps = sum(stances.steps for stances in own)
                found[side] = replace(own[-1], force=force, force_sd=spread, steps=steps)
        return found


def group(name: str, wearer: Wearer, bouts: Sequence[Bout], reviews: Reviews) -> Group:
    """Gather some bouts; those without a block that counts tell nothing."""
    values: dict[str, list[float]] = {number.field: [] for number, _ in sheet_lines()}
    kept, strides = [], 0
    for bout in bouts:
        used = used_blocks(wearer.blocks.get(bout.time, ()), bout.activity)
        if used:
            kept.append(bout)
            strides += min(sum(b.strides_left for b in used), sum(b.strides_right for b in used))
            for field, means in values.items():
                means.append(_mean(used, field))
    return Group(name, tuple(kept), values, strides, tuple(reviews.soles(wearer, bout) for bout in kept))


def _mean(blocks: Sequence[Block], field: str) -> float:
    known = [value for block in blocks if math.isfinite(value := float(getattr(block, field)))]
    return math.fsum(known) / len(known) if known else math.nan


@dataclass(frozen=True, slots=True)
class _Line:
    """One measure in both groups, as text."""

    name: str
    ours: str
    theirs: str
    apart: str


def lines(ours: Group, theirs: Group) -> list[_Line]:
    """Return the comparison of two groups, measure by measure."""
    found = []
    for number, name in sheet_lines():
        unit, factor, digits = _shown(quantities(Block)[number.field])
        one, two = ([factor * value for value in each.values[number.field]] for each in (ours, theirs))
        off = welch_difference(one, two)
        few = math.isnan(off.value)
        said = f"cannot tell: {MIN_BOUTS} bouts on each side are needed" if few else _text(off, unit, digits, sign=True)
        found.append(_Line(name, _text(mean(one), unit, digits), _text(mean(two), unit, digits), said))
    return found


def _shown(quantity: Quantity) -> tuple[str, float, int]:
    """Return the unit on the sheet, how many of it make one of the stored unit, and digits; seconds become ms."""
    return ("ms", 1000.0, quantity.decimals - 3) if quantity.unit == "s" else (quantity.unit, 1.0, quantity.decimals)


def _text(told: Estimate, unit: str, digits: int, *, sign: bool = False) -> str:
    if math.isnan(told.value):
        return "\N{EN DASH}"
    plus = "+" if sign or unit == "%" else ""
    value = f"{told.value:{plus}.{digits}f} {unit}"
    if math.isnan(told.low):
        return value
    return f"{value} ({told.low:{plus}.{digits}f} to {told.high:{plus}.{digits}f})"


def contrast(ours: Group, theirs: Group) -> tuple[Difference | None, Soles, str]:
    """Return the difference foot of two groups with where its sensors lie, or why there is none."""
    whole = [own for own in (*ours.soles, *theirs.soles) if len(own) == len(Side)]
    if not whole:
        return None, {}, "The samples of these bouts are not kept any more."
    like = whole[-1]
    one, two = pairs(ours.soles, like), pairs(theirs.soles, like)
    if min(len(one), len(two)) < MIN_BOUTS:
        few = f"{len(one)} and {len(two)} bouts with samples on like insoles"
        return None, like, f"Cannot tell: {few}; {MIN_BOUTS} on each side are needed."
    return difference(one, two), like, ""


def alike(bouts: Sequence[Bout]) -> list[Bout]:
    """Return the bouts of the most frequent activity: a walk is not compared with a run."""
    kinds = [bout.activity for bout in bouts]
    return [bout for bout in bouts if bout.activity == max(sorted(set(kinds)), key=kinds.count)]


def counted(bouts: Sequence[Bout]) -> str:
    """Return how many runs or walks there are."""
    word = bout_word(bouts[0].activity) if bouts else "bout"
    return f"{len(bouts)} {word}{'' if len(bouts) == 1 else 's'}"
