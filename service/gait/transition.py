"""A change that began or ended, as a row."""

from __future__ import annotations

from service.gait.change import Change
from service.rows import ANALYSIS, Block, Flag


def flag(topic: str, seen: Change, last: Block, *, raised: bool) -> Flag:
    """Make the row of a transition that a block shows."""
    return Flag(
        time=last.stop,
        wearer=last.wearer,
        topic=topic,
        measure=seen.measure.field,
        raised=raised,
        bout=last.bout,
        activity=last.activity,
        since=seen.blocks[0].time,
        value=seen.value,
        low=seen.low,
        high=seen.high,
        normal=seen.normal,
        normal_low=seen.normal - seen.limit,
        normal_high=seen.normal + seen.limit,
        bouts=seen.bouts,
        strides=min(sum(b.strides_left for b in seen.blocks), sum(b.strides_right for b in seen.blocks)),
        analysis=ANALYSIS,
        rule=seen.rule,
    )
