"""What the stored frames and notes of a wearer give today, to be compared with what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from firmware_bridge import BEGINNING, END, Device, Frames, Item, Link, Log, Row, row_key
from service.gait import Analyzer, History
from service.pipeline.analysis import FED, STEP, judged
from service.pipeline.item_order import arrivals, by_time
from service.pipeline.stretches import analyze, derive_again, fresh_analyzer
from service.records.rows import Block, Note, Replaced, Verdict


def derive_rows(log: Log, wearer: str, kept: int = BEGINNING) -> Iterator[Row]:
    """Yield the rows that the stored frames and notes of a wearer give today, without putting anything.

    What was analyzed again is so here too, after what had arrived by then. Of bouts before `kept` there are blocks
    only, and they count as they are.
    """
    replay = _Replay(log, wearer, kept)
    for _, item in arrivals(log, (*FED, Replaced), wearer, replay.done):
        replay.take(item)
    yield from replay.rows()


class _Replay:
    """An analysis of one wearer that puts nothing."""

    def __init__(self, log: Log, wearer: str, kept: int) -> None:
        self._log, self._wearer, self._kept = log, wearer, kept
        self._found: dict[tuple[Any, ...], Row] = {}
        self._history = History(log.read(Block, wearer, stop=kept))
        self._analyzer = Analyzer(wearer, self._history)
        told = [row for row in log.read(Replaced, wearer, stop=BEGINNING + 1) if _all_is_found_anew(row)]
        self.done = max((row.done for row in told), default=0)  # what was replaced before that does not matter
        if self.done:
            self._feed_by_time(BEGINNING, self.done)

    def take(self, item: Item) -> None:
        """Take what arrived next."""
        if isinstance(item, Replaced):
            known = not item.done or item.done <= self.done or item.stop <= self._kept
            if _is_found_anew(item) and not known:
                self._again(item)
        elif not (isinstance(item, Frames | Link) and self._analyzer.is_late(item)):
            self._keep(analyze(self._analyzer, item))

    def rows(self) -> Iterator[Row]:
        """Yield what was found, and what is said of it."""
        blocks: dict[int, list[Block]] = {}
        for row in self._found.values():
            if isinstance(row, Block):
                blocks.setdefault(row.bout, []).append(row)
        yield from self._found.values()
        for bout in sorted(blocks):
            yield from judged(self._history, bout, sorted(blocks[bout], key=lambda block: block.time))

    def _again(self, told: Replaced) -> None:
        start = max(told.time, self._kept)
        gone = {key: row for key, row in self._found.items() if start <= row.time < told.stop}
        for key in gone:
            del self._found[key]
        for bout in {row.bout for row in gone.values() if isinstance(row, Block)}:
            self._history.unlearn(bout)
        if told.stop == END:
            self._feed_by_time(start, told.done)
            return
        before = [*self._log.read(Block, self._wearer, stop=self._kept), *self._blocks(start)]
        again = derive_again(self._log, self._wearer, History(before), start, told.stop)
        self._keep(again.rows)
        for bout in sorted({row.bout for row in again.rows if isinstance(row, Block)}):
            self._history.learn([block for block in self._blocks(told.stop) if block.bout == bout])

    def _blocks(self, stop: int) -> list[Block]:
        found = [row for row in self._found.values() if isinstance(row, Block) and row.time < stop]
        return sorted(found, key=lambda block: block.time)

    def _feed_by_time(self, start: int, done: int) -> None:
        """Go on with a fresh analyzer that took everything up to an arrival number in order of event time."""
        if start > BEGINNING:
            self._analyzer = fresh_analyzer(self._log, self._wearer, self._history, start)
        else:
            for _, item in arrivals(self._log, (Device, Note), self._wearer, 0, done):
                analyze(self._analyzer, item)
        for _, item in by_time(self._log, self._wearer, 0, done, start):
            self._keep(analyze(self._analyzer, item))

    def _keep(self, rows: list[Row]) -> None:
        self._found |= {(type(row), *row_key(row)): row for row in rows if not isinstance(row, Verdict)}


def _is_found_anew(told: Replaced) -> bool:
    return STEP in told.kinds.split()


def _all_is_found_anew(told: Replaced) -> bool:
    return _is_found_anew(told) and told.time == BEGINNING and told.stop == END
