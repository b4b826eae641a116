"""Two walkers of different force curves on which the laws have to hold, their days, and what is found of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from hypothesis import settings

from firmware_bridge import SECOND, Frames, Link
from firmware_bridge.virtual.gait.scenario import Session, Story
from service.gait import Analyzer
from service.records.rows import Block, Flag, Second, Step, Verdict
from tests.walkers.gait_walks import Rows, evenly, merged, sets
from tests.walkers.walks import START, Gait, Ramp, devices, walk, walk_story
from tests.walkers.waveforms import DRAWN, feet

WALKERS = {
    "first running": Gait(),
    "first walking": Gait(activity="walking"),
    "second running": Gait(**feet(DRAWN["running"]["double impact"], DRAWN["running"]["long tail"])),
    "second walking": Gait(
        activity="walking", **feet(DRAWN["walking"]["deep valley"], DRAWN["walking"]["heel transient"])
    ),
}
DAY = 86_400 * SECOND
Feet = tuple[Frames, Frames]
_USUAL = settings().max_examples  # of the profile that is chosen


def few(examples: int) -> settings:
    """Return settings for a law that takes its time: `examples` where others have a hundred."""
    return settings(max_examples=max(1, examples * _USUAL // 100), deadline=None)


@cache
def session(walker: str) -> Feet:
    """Return both feet of 45 s with standing at both ends and a stop inside."""
    gait = replace(WALKERS[walker], si=Ramp.constant(3.0), stand_s=(4.0, 3.0), stops=((22.0, 6.0),))
    left, right, _ = walk(gait, seconds=45, seed=5, faults=True)
    return Frames.concatenate(left), Frames.concatenate(right)


@cache
def days(walker: str) -> tuple[Feet, ...]:
    """Return both feet on three ordinary days, and on one on which an ordinary wearer limps."""
    ordinary = replace(WALKERS[walker], seconds=400.0)
    limping = replace(ordinary, si=Ramp(0, 8, 0, 90))
    story = Story(7, tuple(Session(START + k * DAY, ordinary if k < 3 else limping) for k in range(4)))
    left, right, _ = walk_story(story, chunk_s=401)
    return tuple(zip(left, right, strict=True))


def rows_of(items: Sequence[Frames | Link]) -> Rows:
    analyzer = Analyzer("ada")
    out: Rows = []
    for item in [*devices(), *items]:
        out += analyzer.feed(item)
    return out + analyzer.close()


@cache
def plain(walker: str) -> list[str]:
    return sets(rows_of(merged(*(evenly(foot, 100) for foot in session(walker)))))


@cache
def story_rows(walker: str) -> tuple[Step | Second | Block | Flag | Verdict, ...]:
    rows = rows_of([f for both in days(walker) for f in merged(*(evenly(foot, 300) for foot in both))])
    assert [(f.topic, f.raised) for f in rows if isinstance(f, Flag)] == [("imbalance", True)]
    return tuple(rows)
