"""What else was different in a bout that differs: shoes, surface, pace, lost data, the insoles themselves.

Facts that went together, in the order in which they are to be looked at; which of them matters nobody knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from firmware_bridge import Side
from service.alerts.episodes import cleared
from service.gait.detectors.baseline import usable, warm
from service.gait.detectors.measures import GAIN, contact_s
from service.gait.steps.activity import RUNNING
from service.records.notes import About, Span, about
from service.records.rows import Block, Flag, Note
from service.records.topics import topic_of
from service.review.data_quality import received

LATEST = 10
"""Earlier bouts of the same activity that are the usual ones."""
PACE_PCT = 5.0
_LOST = 0.05
"""Share of samples or steps, more than usual, that is worth a word: beyond it no statement is made of one foot's loss
(`parameters.MAX_LOSS_DIFFERENCE`)."""


def alongside(flag: Flag, blocks: Iterable[Block], notes: Iterable[Note], flags: Iterable[Flag]) -> tuple[str, ...]:
    """Return what else was different in a flag's bout, as parts of a sentence.

    Args:
        flag: raised.
        blocks: of the wearer, of this bout and those before it.
        notes: of the wearer.
        flags: of the wearer.
    """
    bouts: dict[int, list[Block]] = {flag.bout: []}
    for block in blocks:
        if block.bout <= flag.bout and block.time <= flag.time:
            bouts.setdefault(block.bout, []).append(block)
    spans = [Span(bout, max((b.stop for b in own), default=bout)) for bout, own in sorted(bouts.items())]
    said = about(spans, notes)
    earlier = [
        bout
        for bout in sorted(bouts)
        if bout < flag.bout and not said[bout].deleted and any(b.activity == flag.activity for b in bouts[bout])
    ]
    usual = [bouts[bout] for bout in earlier[-LATEST:]]
    return (
        *_insoles(flag, list(flags)),
        *_worn(said, flag.bout, earlier),
        *(_pace(flag.activity, bouts[flag.bout], usual) if topic_of(flag.topic).by_gait else ()),
        *_data(bouts[flag.bout], usual),
    )


def sentence(facts: Sequence[str]) -> str:
    """Return the facts as a sentence; "" where there is none."""
    if not facts:
        return ""
    together = "They went together; which of them" if len(facts) > 1 else "It went together with this; whether it"
    return f"Also different this time: {', '.join(facts)}. {together} matters is not known."


def _insoles(flag: Flag, flags: Sequence[Flag]) -> Iterator[str]:
    """Say what is wrong with the insoles, once for each foot."""
    if topic_of(flag.topic).about_insole:
        return
    told = [f for f in flags if f.raised and f.bout == flag.bout and f.time <= flag.time]
    standing = [f.measure for f in told if topic_of(f.topic).about_insole and cleared(f, flags) is None]
    if GAIN.field in standing:
        yield "the two insoles do not weigh alike"
    for side in Side:
        if any(measure.endswith(f"_{side}") for measure in standing):
            yield f"the {side} insole has a broken sensor"


def _worn(said: Mapping[int, About], bout: int, earlier: Sequence[int]) -> Iterator[str]:
    """Compare shoes and surface with those of the latest bout of which they are known."""
    shoes, worn = said[bout].shoes, [said[other].shoes for other in earlier if said[other].shoes]
    if shoes and shoes.casefold() not in {other.casefold() for other in worn}:
        yield f"new shoes ({shoes})" if worn else f"shoes that were not named before ({shoes})"
    elif shoes and worn[-1].casefold() != shoes.casefold():
        yield f"other shoes ({shoes}) than last time ({worn[-1]})"
    ground, before = said[bout].surface, [said[other].surface for other in earlier if said[other].surface]
    if ground and before and before[-1].casefold() != ground.casefold():
        yield f"another surface ({ground}) than last time ({before[-1]})"


def _pace(activity: str, blocks: Sequence[Block], usual: Sequence[Sequence[Block]]) -> Iterator[str]:
    """Compare the pace by contact times, and the cadence: no insole measures a speed (`gait.measures.contact_s`)."""
    now, then = _good(activity, blocks), [good for own in usual if (good := _good(activity, own))]
    if not now or not then:
        return
    faster = 100 * (median(contact_s(own) for own in then) / contact_s(now) - 1)
    if math.isfinite(faster) and abs(faster) >= PACE_PCT:
        how = "faster" if faster > 0 else "slower"
        if activity == RUNNING:
            yield f"about {abs(faster):.0f} % {how}, by the contact times"
        else:  # contacts get shorter with the speed, but not by the same factor
            yield f"a pace that was {how}, by the contact times"
    more = 100 * (_cadence(now) / median(_cadence(own) for own in then) - 1)
    if math.isfinite(more) and abs(more) >= PACE_PCT:
        yield f"cadence {abs(more):.0f} % {'higher' if more > 0 else 'lower'}"


def _data(blocks: Sequence[Block], usual: Sequence[Sequence[Block]]) -> Iterator[str]:
    """Compare what was lost on the way, and what could not be used."""
    for side in Side:
        lost = 1 - received(blocks, side)
        before = [1 - received(own, side) for own in usual]
        known = [share for share in before if math.isfinite(share)]
        if math.isfinite(lost) and lost > _LOST + (median(known) if known else 0.0):
            yield f"{100 * lost:.0f} % of the {side} foot's data was lost"
    share, shares = _withheld(blocks), [_withheld(own) for own in usual]
    known = [each for each in shares if math.isfinite(each)]
    if math.isfinite(share) and known and share > _LOST + median(known):
        yield f"{100 * share:.0f} % of the steps could not be used (usually {100 * median(known):.0f} %)"


def _good(activity: str, blocks: Iterable[Block]) -> list[Block]:
    return [block for block in blocks if block.activity == activity and warm(block) and usable(block)]


def _cadence(blocks: Sequence[Block]) -> float:
    return median(block.cadence_spm for block in blocks)


def _withheld(blocks: Sequence[Block]) -> float:
    used = sum(b.strides_left + b.strides_right for b in blocks)
    seen = used + sum(b.rejected_left + b.rejected_right for b in blocks)
    return 1 - used / seen if seen else math.nan
