"""Bouts, computed from what is stored of them: a bout is never stored itself."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from firmware_bridge import Pace
from service.records.json_rows import plain
from service.records.rows import Block, Step, Verdict
from service.records.timestamps import iso


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch of activity; `time` is its first contact, `stop` the end of its last stance (UTC ns)."""

    time: int
    stop: int
    activity: str  # the most frequent one among its steps
    steps: int
    valid_steps: int
    blocks: int
    void_blocks: int
    verdicts: tuple[Verdict, ...]
    speed_mps: float = math.nan  # mean of what a foot pod told; NaN where there was none


def bouts(
    steps: Iterable[Step], blocks: Iterable[Block], verdicts: Iterable[Verdict], paces: Iterable[Pace] = ()
) -> list[Bout]:
    """Return one wearer's bouts, oldest first. Rows of a bout that has no step are left out."""
    of_steps: dict[int, list[Step]] = {}
    for step in steps:
        of_steps.setdefault(step.bout, []).append(step)
    of_blocks: dict[int, list[Block]] = {}
    for block in blocks:
        of_blocks.setdefault(block.bout, []).append(block)
    of_verdicts: dict[int, list[Verdict]] = {}
    for verdict in verdicts:
        of_verdicts.setdefault(verdict.time, []).append(verdict)
    known = sorted((pace.time, pace.speed_mps) for pace in paces)
    return [
        _bout(time, of_steps[time], of_blocks.get(time, []), of_verdicts.get(time, []), known)
        for time in sorted(of_steps)
    ]


def _bout(
    time: int, steps: list[Step], blocks: list[Block], verdicts: list[Verdict], speeds: list[tuple[int, float]]
) -> Bout:
    stop = max(step.foot_off for step in steps)
    within = [speed for _, speed in speeds[bisect_left(speeds, (time,)) : bisect_left(speeds, (stop,))]]
    return Bout(
        time=time,
        stop=stop,
        activity=Counter(step.activity for step in steps).most_common(1)[0][0],
        steps=len(steps),
        valid_steps=sum(step.valid for step in steps),
        blocks=len(blocks),
        void_blocks=sum(block.void for block in blocks),
        speed_mps=fmean(within) if within else math.nan,
        verdicts=tuple(verdicts),
    )


def plain_bout(bout: Bout, show: Callable[[Verdict], dict[str, Any]] = plain) -> dict[str, Any]:
    """Return a bout as JSON can hold it, its verdicts as `show` gives them."""
    shown = asdict(bout) | {"time": iso(bout.time), "stop": iso(bout.stop)}
    shown["speed_mps"] = None if math.isnan(bout.speed_mps) else bout.speed_mps
    return shown | {"verdicts": [show(verdict) for verdict in bout.verdicts]}
