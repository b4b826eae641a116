"""What both feet did until each had fifty valid strides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from firmware_bridge import Side
from service.gait import parameters as p
from service.gait.activity import UNKNOWN
from service.gait.asymmetry import UNKNOWN as NO_INDEX
from service.gait.asymmetry import symmetry_index
from service.gait.pronation import medial_loading
from service.rows import ANALYSIS, Block, Step

Share = Callable[[Side, int, int], float]
"""From a foot, a start and a stop to the share of its expected samples that arrived."""


@dataclass
class _Tally:
    valid: list[Step] = field(default_factory=list)
    rejected: int = 0

    @property
    def share_rejected(self) -> float:
        seen = len(self.valid) + self.rejected
        return self.rejected / seen if seen else 0.0


class Blocks:
    """Gather the steps of both feet of one bout, in order of time, into blocks."""

    def __init__(self, wearer: str, bout: int, share: Share) -> None:
        self._wearer, self._bout, self._share = wearer, bout, share
        self._number = 0
        self._clear()

    def _clear(self) -> None:
        self._start: int | None = None
        self._stop = 0
        self._feet = {side: _Tally() for side in Side}
        self._activity = ""

    @property
    def start(self) -> int | None:
        """First contact of the block in the making."""
        return self._start

    def add(self, step: Step) -> Iterator[Block]:
        """Take a step; yield the blocks that it ends."""
        if self._start is not None and step.time - self._start > p.BLOCK_MAX_NS:
            yield self._close("too_long")
        if step.valid and self._activity not in {"", step.activity}:
            yield self._close("activity")
        if self._start is None:
            self._start = step.time
        self._stop = step.time
        tally = self._feet[step.side]
        if step.valid:
            tally.valid.append(step)
            self._activity = step.activity
        else:
            tally.rejected += 1
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
        start, stop = self._start, self._stop
        contact = symmetry_index(_all(left, "contact_time_s"), _all(right, "contact_time_s"))
        units = {step.unit for foot in (left, right) for step in foot.valid}
        newtons = units == {"N"}  # raw readings of two insoles cannot be compared
        impulse = symmetry_index(_all(left, "impulse"), _all(right, "impulse")) if newtons else NO_INDEX
        loading = {foot: medial_loading(_all(self._feet[foot], "medial_lateral_index")) for foot in Side}
        cadence = [x for foot in (left, right) for x in _all(foot, "cadence_spm") if not math.isnan(x)]
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
            reason="one_foot" if reason and bool(left.valid) != bool(right.valid) else reason,
            contact_time_left_s=_middle(_all(left, "contact_time_s")),
            contact_time_right_s=_middle(_all(right, "contact_time_s")),
            cadence_spm=_middle(cadence),
            contact_time_si_pct=contact.value,
            contact_time_si_low_pct=contact.low,
            contact_time_si_high_pct=contact.high,
            impulse_si_pct=impulse.value,
            impulse_si_low_pct=impulse.low,
            impulse_si_high_pct=impulse.high,
            medial_lateral_left=loading[Side.LEFT].mean,
            medial_lateral_left_se=loading[Side.LEFT].error,
            medial_lateral_right=loading[Side.RIGHT].mean,
            medial_lateral_right_se=loading[Side.RIGHT].error,
            unit=units.pop() if len(units) == 1 else "raw",
            analysis=ANALYSIS,
        )
        self._number += 1
        self._clear()
        return block


def _all(foot: _Tally, name: str) -> list[float]:
    return [getattr(step, name) for step in foot.valid]


def _middle(values: list[float]) -> float:
    return median(values) if values else math.nan
