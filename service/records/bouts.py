"""The one reader of bouts: a bout is never stored itself, but found by its blocks and the steps that no block holds.

Blocks count every step of a bout, those included that missing data hid, and there are some hundred times fewer of them
than of steps. Of the steps only those around the end of a bout's last block are read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from firmware_bridge import SECOND, ConfigError, Log, Pace
from service.records.json_rows import plain
from service.records.notes import Span
from service.records.rows import Block, Step, Verdict
from service.records.timestamps import iso, parse_listed

NEAREST = 3
"""Bouts that are listed where one is not found."""
_STANCE_NS = 3 * SECOND
"""Longer than a stance lasts (choice): so long before a bout's last contact may a stance begin that ends after it."""


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch of activity; `time` is its first contact, `stop` the foot-off that ends its last stance (UTC ns)."""

    time: int
    stop: int
    activity: str  # that of most steps that count
    steps: int  # of both feet, those included that missing data hid
    valid_steps: int
    blocks: int
    void_blocks: int
    verdicts: tuple[Verdict, ...]

    @property
    def span(self) -> Span:
        """The bout in time, as notes are attributed to it."""
        return Span(self.time, self.stop)


def read_bouts(log: Log, wearer: str, blocks: Sequence[Block] | None = None) -> list[Bout]:
    """Return a wearer's bouts, oldest first, those included that are noted as deleted.

    Args:
        log: where they are found.
        wearer: whose.
        blocks: all of the wearer, by time, from a caller who has read them already.
    """
    of_blocks: dict[int, list[Block]] = {}
    for block in log.read(Block, wearer) if blocks is None else blocks:
        of_blocks.setdefault(block.bout, []).append(block)
    ends = {time: max(block.stop for block in own) for time, own in of_blocks.items()}
    of_steps: dict[int, list[Step]] = {time: [] for time in ends}
    for step in _steps_at_ends(log, wearer, ends):
        of_steps.setdefault(step.bout, []).append(step)
    of_verdicts: dict[int, list[Verdict]] = {}
    for verdict in log.read(Verdict, wearer):
        of_verdicts.setdefault(verdict.time, []).append(verdict)
    return [
        _bout(time, of_blocks.get(time, []), of_steps[time], of_verdicts.get(time, [])) for time in sorted(of_steps)
    ]


def spans(log: Log, wearer: str) -> list[Span]:
    """Return a wearer's bouts in time alone, oldest first."""
    return [bout.span for bout in read_bouts(log, wearer)]


def _steps_at_ends(log: Log, wearer: str, ends: Mapping[int, int]) -> Iterator[Step]:
    """Yield the steps around the last contacts that blocks hold (by bout), and all between them and the next bout."""
    starts = sorted(ends)
    if not starts:
        yield from log.read(Step, wearer)
        return
    yield from log.read(Step, wearer, stop=starts[0])
    for k, start in enumerate(starts):
        begin = max(ends[start] - _STANCE_NS, start)
        if k + 1 < len(starts):
            yield from log.read(Step, wearer, begin, starts[k + 1])
        else:
            yield from log.read(Step, wearer, begin)


def _bout(time: int, blocks: Sequence[Block], steps: Sequence[Step], verdicts: Sequence[Verdict]) -> Bout:
    held = max((block.stop for block in blocks), default=time - 1)
    later = [step for step in steps if step.time > held]  # the block that will hold them is not closed yet
    activities: Counter[str] = Counter()
    for block in blocks:
        activities[block.activity] += block.strides_left + block.strides_right
    activities.update(step.activity for step in later)
    valid = sum(block.strides_left + block.strides_right for block in blocks)
    rejected = sum(block.rejected_left + block.rejected_right for block in blocks)
    unsettled = sum(block.unsettled_left + block.unsettled_right for block in blocks)
    return Bout(
        time=time,
        stop=max(held, *(step.foot_off for step in steps)) if steps else held,
        activity=activities.most_common(1)[0][0],
        steps=valid + rejected + unsettled + len(later),
        valid_steps=valid + sum(step.valid for step in later),
        blocks=len(blocks),
        void_blocks=sum(block.void for block in blocks),
        verdicts=tuple(verdicts),
    )


def mean_speed(log: Log, wearer: str, bout: Bout) -> float:
    """Return the mean speed (m/s) that a foot pod told within a bout, NaN where there was none.

    It is no part of a bout because it takes a row a second to tell: only who shows it reads them.
    """
    told = [pace.speed_mps for pace in log.read(Pace, wearer, bout.time, bout.stop)]
    return fmean(told) if told else math.nan


def plain_bout(bout: Bout, speed_mps: float, show: Callable[[Verdict], dict[str, Any]] = plain) -> dict[str, Any]:
    """Return a bout and its mean speed as JSON can hold them, its verdicts as `show` gives them."""
    shown = asdict(bout) | {"time": iso(bout.time), "stop": iso(bout.stop)}
    shown |= {"verdicts": [show(verdict) for verdict in bout.verdicts]}
    return shown | {"speed_mps": None if math.isnan(speed_mps) else speed_mps}


def bout_named(bouts: Sequence[Bout], text: str, wearer: str) -> Bout:
    """Return the bout that `--bout` names: a moment within it, or its start to the minute as `insole bouts` prints it.

    Raises:
        ConfigError: it is no moment, or there is no bout then; the nearest ones are named.
    """
    first, last = parse_listed("--bout", text)
    found = next((bout for bout in bouts if bout.time <= last and first <= bout.stop), None)
    if found is None:
        raise ConfigError(f"--bout {text}: {wearer} has no bout then; {name_nearest((b.span for b in bouts), first)}")
    return found


def name_nearest(spans: Iterable[Span], time: int) -> str:
    """Name the bouts that are nearest to a moment."""
    found = sorted(spans, key=lambda span: max(span.start - time, time - span.stop))[:NEAREST]
    return "the nearest are: " + (", ".join(iso(span.start) for span in sorted(found)) or "none")
