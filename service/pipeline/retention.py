"""How long raw samples are kept: what is second by second or finer goes when old or room is short, all else stays.

What was found in them stays for ever: steps, blocks, verdicts, flags, alerts, notes and devices are a few percent of a
store. Samples are forgotten only when the analysis and every mirror of the settings are past them, oldest first, and
never a part of a bout, so that what is left can be analyzed again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from firmware_bridge import END, SECOND, Frames, Holding, Link, Log, LogFile, Usage, kind_name, partition_of
from service.gait.thresholds import BOUT_NS, RESET_NS
from service.pipeline.analysis import ANALYSIS_STAGE
from service.records.rows import Block, Progress, Replaced, Second, Step
from service.records.timestamps import iso

_STAGE = "retain"
RAW: tuple[type, ...] = (Frames, Link, Second)
_DAY = 86_400 * SECOND
_AROUND_NS = 3600 * SECOND
"""A bout without a block is shorter than this."""
LONGEST_BOUT_NS = 2 * _DAY
PIECE = 500
"""Items of a kind in one transaction, which takes some 10 ms: a live foot waits no longer than for its own put."""
PAUSE_S = 0.1
_EVERY_S = 3600.0
NOTHING = "there is nothing to forget: the newest day is kept, and what no analysis or mirror has seen"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keep:
    """What of the raw samples is kept. The newest day of each wearer is, whatever the room."""

    frames_days: float = 400.0  # counted back from when the wearer was last heard: who rests loses nothing
    budget_gb: float = 20.0  # of 1e9 bytes; what the log may take
    free_gb: float = 1.0  # what the disk keeps free for others


class Retention:
    """Forgets in small pieces, so that a run that is being recorded never waits.

    Args:
        log: where.
        keep: what.
        mirrors: the archives that have to have a sample before it goes.
        now: UTC ns; samples of the future do not make those of today old.
    """

    def __init__(
        self, log: LogFile, keep: Keep, mirrors: Sequence[str] = (), now: Callable[[], int] = time.time_ns
    ) -> None:
        self._log, self._keep, self._mirrors, self._now = log, keep, mirrors, now
        self._round: Iterator[int] | None = None
        self._items = self._bytes = 0
        self._stuck = False  # that nothing can be forgotten was said, in a round that has not come to its end since

    def step(self) -> float:
        """Do the next small piece; return the seconds to wait before the one after it. Blocking.

        Raises:
            Unavailable: the store is; call again, it begins anew.
        """
        if self._round is None:
            self._round = self._rounds()
            self._items = self._bytes = 0
        try:
            next(self._round)
        except StopIteration:
            self._round, self._stuck = None, False
            return _EVERY_S
        except BaseException:
            self._round = None
            raise
        return PAUSE_S

    def excess(self) -> int:
        """Return the bytes that are too many, by the budget or because the disk is short of room."""
        return excess(self._log.usage(), self._keep)

    def due(self, wearer: str) -> int | None:
        """Return the time before which a wearer's samples are too old; None where nothing is."""
        stored = self._span(wearer)
        if stored is None:
            return None
        cut = self._between_bouts(wearer, self._newest(stored) - round(self._keep.frames_days * _DAY))
        return cut if cut > stored[0] else None

    def waits_for(self, wearer: str, cut: int) -> str:
        """Return what has not seen a wearer's oldest samples yet, for a person; "" where they may go."""
        stored, stages = self._span(wearer), self._stages(wearer, cut)
        safe = min(stages.values())
        may = self._span(wearer, safe)
        if stored is None or (may is not None and may[0] <= stored[0]):
            return ""
        return " and ".join(name for name, number in stages.items() if number == safe)

    def oldest_days(self) -> list[tuple[int, int, str]]:
        """Return everybody's oldest day that may go, the oldest first: from when, until when, whose."""
        return sorted(day for wearer in self._log.wearers() if (day := self._oldest_day(wearer)))

    def _rounds(self) -> Iterator[int]:
        for wearer in self._log.wearers():
            cut = self.due(wearer)
            if cut is not None:
                yield from self._forget(wearer, cut)
        yield from self._make_room()
        while given := self._log.give_back():
            self._bytes += given
            yield given
        if self._items or self._bytes:
            _log.info("%d chunks of old samples forgotten, %.0f MB given back", self._items, self._bytes / 1e6)

    def _make_room(self) -> Iterator[int]:
        """Forget the oldest day of anybody, again and again, until there is room."""
        while (missing := self.excess()) > 0:
            before = self._items
            for _, cut, wearer in self.oldest_days():
                yield from self._forget(wearer, cut)
                if self._items > before:
                    break
            else:
                if not self._stuck:
                    over = "the store is %.1f GB over what keep.budget_gb and keep.free_gb allow, and %s"
                    _log.warning(over, missing / 1e9, NOTHING)
                self._stuck = True
                return

    def _oldest_day(self, wearer: str) -> tuple[int, int, str] | None:
        """Return from when there are samples that may go, and where their day ends, or before the bout then."""
        stored = self._span(wearer)
        if stored is None:
            return None
        cut, last = stored[0], self._newest(stored) - _DAY
        while cut < last:
            cut = min(cut + _DAY, last)
            whole = self._between_bouts(wearer, cut)
            may = self._span(wearer, self._safe(wearer, whole))
            if may is not None and may[0] < whole:
                return may[0], whole, wearer
        return None

    def _forget(self, wearer: str, cut: int) -> Iterator[int]:
        safe = self._safe(wearer, cut)
        may = self._span(wearer, safe)
        if may is None or may[0] >= cut:
            return
        if cut > kept_from(self._log, wearer):  # told before it is done, so that a crash in between does not matter
            self._log.put([Progress(0, "", _stage(wearer), partition_of(wearer), restart=0, done=safe, since=cut)])
        while count := self._log.forget(RAW, wearer, cut, safe, PIECE):
            self._items += count
            yield count

    def _span(self, wearer: str, arrived: int = END) -> tuple[int, int] | None:
        spans = [found for kind in RAW if (found := self._log.span(kind, wearer, arrived)) is not None]
        return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None

    def _newest(self, stored: tuple[int, int]) -> int:
        return min(stored[1], self._now())

    def _safe(self, wearer: str, cut: int) -> int:
        """Return the arrival number up to which nobody needs a wearer's samples of before a time any more."""
        return min(self._stages(wearer, cut).values())

    def _stages(self, wearer: str, cut: int) -> dict[str, int]:
        """Return how far each stage has come that needs samples; one that never was has not come far."""
        rows = {row.stage: row for row in self._log.read(Progress, "")}
        own, everybody = rows.get(f"{ANALYSIS_STAGE} {wearer}"), rows.get(ANALYSIS_STAGE)
        seen = 0
        if own is not None and everybody is not None and not self._replaced_since(everybody.done):
            seen = own.done if cut <= own.since else own.restart  # a fresh analyzer reads neither of them again
        found = {"the analysis": seen}
        for target in self._mirrors:
            row = rows.get(f"mirror {target}")
            found[f"the mirror {target}"] = 0 if row is None or self._replaced_since(row.done) else row.done
        return found

    def _replaced_since(self, done: int) -> bool:
        """Tell whether a stage has still to follow a replacement, for which it reads older samples again."""
        return bool(self._log.after([Replaced], done, limit=1))

    def _between_bouts(self, wearer: str, time: int) -> int:
        """Return a moment, at or before another one, in which no bout goes on."""
        cut = time // RESET_NS * RESET_NS
        near = [
            *((block.bout, block.stop) for block in self._log.read(Block, wearer, cut - LONGEST_BOUT_NS, cut + _DAY)),
            *((step.bout, step.time) for step in self._log.read(Step, wearer, cut - _AROUND_NS, cut + _AROUND_NS)),
        ]
        for start, stop in sorted(near, reverse=True):
            if start < cut < stop + BOUT_NS:
                cut = start // RESET_NS * RESET_NS
        return cut


def excess(usage: Usage, keep: Keep) -> int:
    """Return the bytes that are too many; what is empty within the store counts as free."""
    over = usage.used - keep.budget_gb * 1e9
    short = keep.free_gb * 1e9 - usage.free - usage.reusable
    return round(max(0.0, over, short))


def room(usage: Usage, keep: Keep) -> int:
    """Return the bytes that a store may still grow by."""
    return round(max(0.0, min(keep.budget_gb * 1e9 - usage.used, usage.free + usage.reusable - keep.free_gb * 1e9)))


def kept_from(log: Log, wearer: str) -> int:
    """Return the time before which a wearer's samples may have been forgotten; 0 where none were.

    What was found in them is all that is left: whoever analyzes again begins here.
    """
    return max((row.since for row in log.read(Progress, "") if row.stage == _stage(wearer)), default=0)


def forecast(held: Sequence[Holding], usage: Usage, keep: Keep) -> float | None:
    """Return for how many more days there is room, at the pace of the samples so far; None before a day is told."""
    names = {kind_name(kind) for kind in RAW}
    raw = [holding for holding in held if holding.kind in names]
    start = min((holding.oldest for holding in raw if holding.oldest is not None), default=0)
    stop = max((holding.newest for holding in raw if holding.newest is not None), default=0)
    total = sum(holding.bytes for holding in raw)
    return room(usage, keep) / (total * _DAY / (stop - start)) if total and stop - start >= _DAY else None


def describe(log: LogFile, keep: Keep, mirrors: Sequence[str]) -> list[str]:
    """Return what would be forgotten next, a line each, for a person."""
    retention = Retention(log, keep, mirrors)
    lines = []
    for wearer in log.wearers():
        cut = retention.due(wearer)
        if cut is not None:
            what = f"samples of {wearer} before {iso(cut)[:10]} are older than {keep.frames_days:g} days"
            waits = retention.waits_for(wearer, cut)
            lines.append(f"{what} and wait for {waits}" if waits else f"{what} and go next")
    missing = retention.excess()
    if missing:
        days = retention.oldest_days()
        what = (
            f"the oldest days go until there is room, first {days[0][2]}'s of {iso(days[0][0])[:10]}"
            if days
            else NOTHING
        )
        lines.append(f"{missing / 1e9:.1f} GB are too many; {what}")
    return lines or ["nothing has to go"]


def _stage(wearer: str) -> str:
    return f"{_STAGE} {wearer}"
