"""What both feet did until each had fifty valid strides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from firmware_bridge import Side
from service.gait import thresholds as p
from service.gait.blocks.gains import ballistic_ratio, whole_strides
from service.gait.blocks.medial_loading import medial_loading
from service.gait.blocks.settling import SETTLING
from service.gait.blocks.symmetry import symmetry_index
from service.gait.signal.events import RATE
from service.gait.steps.activity import RUNNING, UNKNOWN
from service.records.quantities import MEAN, SYMMETRY, Carried, Datum, Interval, Tier, numbers
from service.records.rows import ANALYSIS, Block, Step

_Share = Callable[[Side, int, int], float]
"""From a foot, a start and a stop to the share of its expected samples that arrived."""

UNEQUAL = "unequal"
"""Reason why feet are not compared in force: their insoles have different numbers of sensors in use."""
_UNKNOWN = Interval(math.nan, math.nan, math.nan)


@dataclass
class _Tally:
    valid: list[Step] = field(default_factory=list)
    rejected: int = 0
    slow: int = 0  # of the rejected, for too few samples a second
    unsettled: int = 0  # left out beside these, while a clock was settling

    @property
    def seen(self) -> int:
        return len(self.valid) + self.rejected

    @property
    def share_rejected(self) -> float:
        return self.rejected / self.seen if self.seen else 0.0

    @property
    def sensors(self) -> int:
        """The fewest that were in use, 0 where nobody knows."""
        return min((step.sensors for step in self.valid), default=0)

    def all(self, name: str) -> list[float]:
        return [getattr(step, name) for step in self.valid]


class _Pair:
    """What the valid steps of both feet say together."""

    def __init__(self, left: _Tally, right: _Tally) -> None:
        self._feet = {Side.LEFT: left, Side.RIGHT: right}
        valid = [*left.valid, *right.valid]
        units = {step.unit for step in valid}
        self._tier = min((step.tier for step in valid if step.sensors), default=Tier.T4)
        self.unit = units.pop() if len(units) == 1 else "raw"
        self.faulty = _faulty(left, right)

    def summed(self, number: Datum, carried: Carried) -> Sequence[float]:
        """Return what a measure of the steps makes of a number of the block, in the order of its columns."""
        unknown = [math.nan] * len(number.fields)
        if number.quantity is None or (number.quantity.every_sensor and self.faulty):
            return unknown
        left, right = (foot.all(carried.measure) for foot in self._feet.values())
        if carried.statistic is SYMMETRY:
            return symmetry_index(left, right) if self._compares(number, carried) else unknown
        values = {Side.LEFT: left, Side.RIGHT: right, None: left + right}[carried.side]
        return medial_loading(values) if carried.statistic is MEAN else [_middle(values)]

    def forces_compare(self, number: Datum) -> bool:
        """Tell whether a force of both feet may be compared.

        Raw readings of two insoles cannot be, nor can forces once a sensor is broken on one of them.
        """
        seen = number.quantity is not None and self._tier >= number.quantity.needs
        return seen and self.unit == "N" and not self.faulty

    def _compares(self, number: Datum, carried: Carried) -> bool:
        of = numbers(carried.row)[carried.measure].quantity
        if of is not None and of.scales:
            return self.forces_compare(number)
        return number.quantity is not None and self._tier >= number.quantity.needs


class Blocks:
    """Gather the steps of both feet of one bout, in order of time, into blocks."""

    def __init__(self, wearer: str, bout: int, share: _Share) -> None:
        self._wearer, self._bout, self._share = wearer, bout, share
        self._number = 0
        self._clear()

    def _clear(self) -> None:
        self._start: int | None = None
        self._steps: list[Step] = []
        self._feet = {side: _Tally() for side in Side}
        self._activity = ""

    @property
    def start(self) -> int | None:
        """First contact of the block in the making."""
        return self._start

    def add(self, step: Step, *, settled: bool = True) -> Iterator[Block]:
        """Take a step; yield the blocks that it ends.

        A step that was made while a clock was not settled is left out, and a block that begins with such ones begins
        behind them.
        """
        if self._start is not None and step.time - self._start > p.BLOCK_MAX_NS:
            yield self._close("too_long")
        if settled and step.valid and self._activity not in {"", step.activity}:
            yield self._close("activity")
        if self._start is None or (settled and not any(foot.seen for foot in self._feet.values())):
            self._start, self._steps = step.time, []
        self._steps.append(step if settled else replace(step, valid=False))
        tally = self._feet[step.side]
        if not settled:
            tally.unsettled += 1
        elif step.valid:
            tally.valid.append(step)
            self._activity = step.activity
        else:
            tally.rejected += 1
            tally.slow += step.reason == RATE
        if all(len(foot.valid) >= p.BLOCK_STRIDES for foot in self._feet.values()):
            much = any(foot.share_rejected > p.MAX_REJECTED for foot in self._feet.values())
            yield self._close("rejected" if much else "")

    def lose(self, side: Side, steps: int) -> None:
        """Count steps that missing data hid as rejected."""
        if self._start is not None:
            self._feet[side].rejected += steps

    def end(self) -> Iterator[Block]:
        """Yield what the bout's end cut short."""
        if self._start is not None:
            yield self._close("short")

    def _close(self, reason: str) -> Block:
        assert self._start is not None
        left, right = self._feet[Side.LEFT], self._feet[Side.RIGHT]
        start, stop = self._start, self._steps[-1].time
        pair = _Pair(left, right)
        measured: dict[str, Any] = {}
        for number in numbers(Block).values():
            if number.carried is not None:
                measured |= number.columns(pair.summed(number, number.carried))
        gain = numbers(Block)["gain_ratio"]
        measured |= gain.columns(self._gain() if pair.forces_compare(gain) else _UNKNOWN)
        block = Block(
            time=start,
            wearer=self._wearer,
            stop=stop,
            bout=self._bout,
            number=self._number,
            activity=self._activity or UNKNOWN,
            strides_left=len(left.valid),
            strides_right=len(right.valid),
            rejected_left=left.rejected,
            rejected_right=right.rejected,
            received_left=self._share(Side.LEFT, start, stop),
            received_right=self._share(Side.RIGHT, start, stop),
            void=bool(reason),
            reason=_reason(reason, left, right),
            unit=pair.unit,
            analysis=ANALYSIS,
            sensors_left=left.sensors,
            sensors_right=right.sensors,
            faulty=pair.faulty,
            unsettled_left=left.unsettled,
            unsettled_right=right.unsettled,
            **measured,
        )
        self._number += 1
        self._clear()
        return block

    def _gain(self) -> Interval:
        """Return the ratio of the insoles' gains; in running alone are the feet tied to each other by flights."""
        if self._activity != RUNNING:
            return _UNKNOWN
        strides = [s for s in whole_strides(self._steps) if s.left.valid and s.right.valid]
        ratio = ballistic_ratio(
            [s.left.impulse for s in strides],
            [s.left.contact_time_s for s in strides],
            [s.right.impulse for s in strides],
            [s.right.contact_time_s for s in strides],
            [s.stride_time_s for s in strides],
        )
        return Interval(ratio.value, ratio.low, ratio.high)


def _reason(reason: str, left: _Tally, right: _Tally) -> str:
    """Return why a block is void, "" where it is not: what hit both feet, before that one of them is missing."""
    if not reason:
        return ""
    if left.slow + right.slow > (left.rejected + right.rejected) / 2:
        return RATE
    if left.unsettled + right.unsettled > left.seen + right.seen:
        return SETTLING
    return "one_foot" if bool(left.valid) != bool(right.valid) else reason


def _faulty(left: _Tally, right: _Tally) -> str:
    """Return what is wrong with the sensors: the fault of most steps that have one, or that the feet differ."""
    faults: list[str] = sorted(step.faulty for foot in (left, right) for step in foot.valid if step.faulty)
    if faults:
        return max(faults, key=faults.count)
    every = {step.sensors for foot in (left, right) for step in foot.valid}
    return UNEQUAL if len(every) > 1 else ""


def _middle(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else math.nan
