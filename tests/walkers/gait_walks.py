"""Walks analyzed whole, for tests of the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from firmware_bridge import SECOND, Frames, Link, Profile, Side
from service.gait import Analyzer, Result
from service.records.rows import Block
from tests.walkers.walks import Gait, Locomotion, Ramp, devices, lose, walk

Rows = list[Result]


@cache
def session(
    activity: Locomotion = "walking", seconds: float = 70, seed: int = 5, lost: float = 0.0
) -> tuple[Frames, ...]:
    """Return both feet of a session, each as one piece; a stop inside."""
    gait = Gait(activity=activity, si=Ramp.constant(3), stand_s=(4.0, 4.0), stops=((30.0, 6.0),))
    left, right, _ = walk(gait, seconds=seconds, seed=seed, faults=True)
    if lost:
        left, right = lose(left, lost, seed=1), lose(right, lost, seed=2)
    return Frames.concatenate(left), Frames.concatenate(right)


def cut(frames: Frames, bounds: Sequence[int]) -> list[Frames]:
    """Split frames at sample indices."""
    edges = [0, *sorted({b for b in bounds if 0 < b < len(frames)}), len(frames)]
    return [frames[a:b] for a, b in pairwise(edges)]


def evenly(frames: Frames, size: int) -> list[Frames]:
    return cut(frames, range(size, len(frames), size))


def analyze(
    items: Sequence[Frames | Link],
    history: Sequence[Block] = (),
    *,
    close: bool = True,
    with_devices: bool = True,
    profile: Profile | str = "demo-16",
) -> Rows:
    analyzer = Analyzer("ada", history)
    rows: Rows = []
    for device in devices(profile) if with_devices else []:
        rows += analyzer.feed(device)
    for item in items:
        rows += analyzer.feed(item)
    return rows + (analyzer.close() if close else [])


def merged(*feet: Sequence[Frames]) -> list[Frames]:
    """Return the frames of both feet in the order in which they begin: long ones are no reason to be late."""
    return sorted((f for foot in feet for f in foot), key=lambda f: int(f.time[0]))


def sets(rows: Rows) -> list[str]:
    """Return rows as text, a verdict by its last version, in an order of its own; NaN equals itself."""
    last = {
        (type(r), r.time, getattr(r, "side", ""), getattr(r, "topic", ""), getattr(r, "raised", "")): r for r in rows
    }
    return sorted(repr(r) for r in last.values())


def silence(start: int, seconds: int) -> list[Link]:
    return [
        Link(start + k * SECOND, "ada", side, "x", False, 0, 0, 0, 0, 0, 0, float("nan"))
        for k in range(seconds)
        for side in Side
    ]
