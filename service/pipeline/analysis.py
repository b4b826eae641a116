"""The analysis of everybody in a log: which items go to whose analyzer, and how far each of them has come.

Synchronous and without a clock: the stage that tails, the import of a file and a replay all feed it the same way.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from firmware_bridge import (
    END,
    SECOND,
    Device,
    Frames,
    Item,
    Link,
    Log,
    Row,
    kind_name,
    partition_of,
    row_key,
)
from service.gait import Analyzer, Baseline, History, verdicts
from service.pipeline.item_order import arrivals, by_time, restart_of
from service.pipeline.stretches import (
    FoundAnew,
    LateSamples,
    analyze,
    derive_stretch,
    frames_are_stored,
    quiet_before,
)
from service.records.rows import DERIVED, Block, Note, Progress, Replaced, Step, Verdict, kind_names
from service.records.timestamps import iso

ANALYSIS_STAGE = "analysis"
FED: tuple[type, ...] = (Device, Frames, Link, Note)
"""What an analyzer is fed."""
INPUTS: tuple[type, ...] = (*FED, Replaced)
PROGRESS_EVERY = 1000
"""Arrivals after which progress is put although nothing was found, so that a restart need not read them again."""
STEP = kind_name(Step)
MARK_EVERY = 10 * SECOND
"""Event time between the places from which a wearer's items can be read again."""

_log = logging.getLogger(__name__)


class Analysis:
    """Feeds each wearer's analyzer, and remembers from where a fresh one would have to be fed.

    The law: `put` what `feed` returns in one transaction, and however often the process dies, the rows in the log are
    those of a run that never stopped. There is progress for all, up to where everybody was fed, and for each wearer,
    from whose restart on a fresh analyzer is fed when the wearer is heard again: nobody waits for the past of others,
    and nobody's past is read before it is needed.

    Samples that come too late for the analyzer, as the second foot's file does, wait for `settle`, which finds what
    they touch anew; so recordings may come in any order. Verdicts follow notes and older recordings: in whatever order
    they arrive, those that stand at the end are the same. Only a stop note that comes too late waits for an analysis
    done again; somebody else's is taken over.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._wearers: dict[str, ResumableAnalyzer] = {}
        self._progress: dict[str, Progress] = {}  # by stage, as the log has it
        self._done = self._put = 0

    def resume(self) -> int:
        """Find out where the last analysis was; return the cursor to go on from."""
        self._progress = {p.stage: p for p in self._log.read(Progress, "") if p.stage.split(" ")[0] == ANALYSIS_STAGE}
        self._done = self._put = self._progress[ANALYSIS_STAGE].done if ANALYSIS_STAGE in self._progress else 0
        return self._done

    def feed(self, batch: Sequence[tuple[int, Item]]) -> list[Row]:
        """Analyze a batch of (arrival number, item); return the rows to put, progress included."""
        rows: list[Row] = []
        fed: set[str] = set()
        for number, item in batch:
            if isinstance(item, Replaced):
                rows = self._take_over(item, number, rows)
            elif (wearer := self._wearer(item.wearer)).done < number:
                rows += wearer.feed(number, item)
            fed.add(item.wearer)
            self._done = number
        for name in sorted(fed):
            rows += self._wearer(name).judge([row for row in rows if isinstance(row, Block) and row.wearer == name])
        return [*rows, *self.finish()] if rows or self._done - self._put >= PROGRESS_EVERY else []

    def finish(self) -> list[Row]:
        """Return where everything stands, for a caller whose input has come to its end.

        A wearer stands before the first late samples until they are settled.
        """
        self._put = self._done
        moved = [wearer.progress() for _, wearer in sorted(self._wearers.items()) if wearer.moved and not wearer.late]
        done = min([self._done, *(wearer.late.number - 1 for wearer in self._wearers.values() if wearer.late)])
        return [*moved, Progress(0, "", ANALYSIS_STAGE, 0, restart=done, done=done)]

    @property
    def is_settled(self) -> bool:
        """Tell whether no samples came late since `settle` was last called."""
        return not any(wearer.late for wearer in self._wearers.values())

    def settle(self) -> int:
        """Find anew what late samples touch, and replace it; return how many rows were put.

        One transaction for each stretch, of which whoever analyzes or copies this log is told, this analysis too. Call
        it when nothing more is at hand: what comes in pieces is so found once.
        """
        count = 0
        for name in sorted(name for name, wearer in self._wearers.items() if wearer.late):
            rows, self._progress[_stage(name)] = self._wearers.pop(name).settle()
            count += rows
        return count

    def _take_over(self, told: Replaced, number: int, rows: list[Row]) -> list[Row]:
        """Go on from an analysis that was done again; give what it had not seen, some of which it has replaced."""
        if STEP not in told.kinds.split():
            return rows
        wearer = self._wearers[told.wearer] = ResumableAnalyzer(self._log, told.wearer, resumed(told))
        later = arrivals(self._log, FED, told.wearer, told.done, number)
        found = [row for arrival, item in later for row in wearer.feed(arrival, item)]
        return [row for row in rows if row.wearer != told.wearer] + found

    def _wearer(self, name: str) -> ResumableAnalyzer:
        if name not in self._wearers:
            self._wearers[name] = ResumableAnalyzer(self._log, name, self._progress.pop(_stage(name), None))
        return self._wearers[name]


class _Mark(NamedTuple):
    time: int  # latest event time of the items up to here
    number: int


class ResumableAnalyzer:
    """One wearer's analyzer, with the arrival number of the first item that it still needs."""

    def __init__(self, log: Log, wearer: str, was: Progress | None = None, *, before: int | None = None) -> None:
        """Begin where another one was. `before` is from when on bouts are found anew, and those stored do not count."""
        self._log = log
        self._name = wearer
        self._marks: deque[_Mark] = deque()  # oldest first, and the last one before `since` at their head
        self._since = None if was is None else was.since
        self._again = 0 if was is None else was.again
        self.done = self._put = 0
        self.late: LateSamples | None = None
        self._settling = False
        self.history = History(log.read(Block, wearer) if before is None else log.read(Block, wearer, stop=before))
        self._analyzer = Analyzer(wearer, self.history, self._since)
        if was is not None and before is None:
            deque(self.catch_up(was), maxlen=0)  # what is found on the way is in the log already
        self._settling = before is None

    def catch_up(self, was: Progress) -> Iterator[list[Row]]:
        """Bring the fresh analyzer to where another one was; yield what is found on the way."""
        start = max(was.restart, was.again)
        later = {
            (type(item), row_key(item))
            for _, item in arrivals(self._log, (Device, Note), self._name, start)
            if not isinstance(item, Frames)
        }
        known: list[Row] = [*self._log.read(Device, self._name), *self._log.read(Note, self._name)]
        for row in known:
            if (type(row), row_key(row)) not in later:
                analyze(self._analyzer, row)
        for number, measured in by_time(self._log, self._name, was.restart, was.again, was.since):
            yield self.feed(number, measured)
        for number, item in arrivals(self._log, FED, self._name, start, was.done):
            if isinstance(item, Device | Note) or _last(item) >= was.since:
                yield self.feed(number, item)
        self.done = self._put = was.done
        self.history.stale()

    @property
    def moved(self) -> bool:
        """Tell whether something was fed since progress was put."""
        return self.done > self._put

    def feed(self, number: int, item: Item) -> list[Row]:
        """Take the next item."""
        self.done = number
        if isinstance(item, Frames | Link):
            if self._settling and self._analyzer.is_late(item):
                self._wait(number, item)
                return []
            rows = analyze(self._analyzer, item)
            self._mark(_last(item), number)
            return rows
        return analyze(self._analyzer, item)

    def _wait(self, number: int, item: Frames | Link) -> None:
        if isinstance(item, Frames):
            self.late = self.late or LateSamples(number)
            self.late.add(item)

    def settle(self) -> tuple[int, Progress]:
        """Find anew what late samples touch, and replace it; return how many rows were put, and where to go on."""
        assert self.late is not None
        spans, count = self.late.spans, 0
        while True:
            start = self._untold(quiet_before(self._log, self._name, spans[0][0]))
            head, settled = self._log.head(), self._since or start
            blocks = self._log.read(Block, self._name)
            history = History(block for block in blocks if block.time < start)
            found = derive_stretch(self._log, self._name, history, start, spans, settled)
            spans = [span for span in spans if span[1] >= found.stop]
            at = self.progress()
            if found.stop == END:
                restart = restart_of(self._log, self._name, found.since, head)
                at = replace(at, restart=restart, done=head, since=found.since)
            told = Replaced(start, self._name, kind_names(DERIVED), found.stop, at.restart, at.done, at.since, head)
            if spans:  # whoever goes on from here meets the others again
                told = replace(told, done=self.late.number - 1)
            rows = self._found_anew(found, blocks)
            self._replace(found, [*rows, *([] if spans else [resumed(told)])], told)
            count += len(rows)
            if not spans:
                return count, resumed(told)

    def _untold(self, start: int) -> int:
        """Return a moment just before `start` of which no replacement is told: each stays known, for a replay."""
        known = {told.time for told in self._log.read(Replaced, self._name, start - SECOND, start + 1)}
        while start in known:
            start -= 1
        return start

    def _found_anew(self, found: FoundAnew, blocks: Iterable[Block]) -> list[Row]:
        """Return the rows of a stretch, and the verdicts that follow from them, on later bouts too."""
        history = History(blocks, self._log.read(Note, self._name))
        own: dict[int, list[Block]] = {}
        for bout in {block.bout for block in blocks if found.start <= block.time < found.stop}:
            history.unlearn(bout)
        rows = {(type(row), *row_key(row)): row for row in found.rows if not isinstance(row, Verdict)}
        for row in rows.values():
            if isinstance(row, Block):
                own.setdefault(row.bout, []).append(row)
        for bout in sorted(own):
            history.learn(own[bout])
        later = [bout for bout in history.stale() if bout not in own]
        verdicts = [verdict for bout in sorted(own) for verdict in judged(history, bout, own[bout])]
        verdicts += [verdict for bout in later for verdict in judged(history, bout, self._blocks(bout, (), history))]
        return [*rows.values(), *verdicts]

    def _replace(self, found: FoundAnew, rows: Sequence[Row], told: Replaced) -> None:
        if frames_are_stored(self._log, self._name, found.start, found.stop):
            self._log.replace(DERIVED, self._name, found.start, found.stop, [*rows, told])
            return
        _log.warning(
            "samples of %s from %s came when those around them were not kept any more: what was found then stays beside"
            " what is found now",
            self._name,
            iso(found.start),
        )
        self._log.put(rows)

    def judge(self, fresh: Sequence[Block]) -> list[Verdict]:
        """Return the verdicts that may be others now than those that were given; `fresh` is not in the log yet."""
        return [
            verdict
            for bout in self.history.stale()
            for verdict in judged(self.history, bout, self._blocks(bout, fresh))
        ]

    def _blocks(self, bout: int, fresh: Sequence[Block], history: History | None = None) -> list[Block]:
        blocks = {block.time: block for block in blocks_of(self._log, self._name, history or self.history, bout)}
        blocks |= {block.time: block for block in fresh if block.bout == bout}
        return [blocks[time] for time in sorted(blocks)]

    def _mark(self, time: int, number: int) -> None:
        since = self._analyzer.needs_from
        if self._since is not None and since is not None and since < self._since:
            self._marks.clear()  # an older recording is told, and from here on
        self._since = since
        if not self._marks or time >= self._marks[-1].time + MARK_EVERY:
            self._marks.append(_Mark(time, number))
        while len(self._marks) > 1 and since is not None and self._marks[1].time <= since:
            self._marks.popleft()

    def progress(self) -> Progress:
        """Return how far this wearer has come."""
        self._put = self.done
        restart = self._marks[0].number - 1 if self._marks else self.done
        stage, partition = _stage(self._name), partition_of(self._name)
        since = self._since or 0
        return Progress(0, "", stage, partition, restart=restart, done=self.done, since=since, again=self._again)


def resumed(told: Replaced) -> Progress:
    """Return how far an analysis done again has come: it took everything up to its end in order of time."""
    stage, partition = _stage(told.wearer), partition_of(told.wearer)
    return Progress(0, "", stage, partition, told.restart, told.done, told.since, again=told.done)


def judged(history: History, bout: int, blocks: Sequence[Block]) -> list[Verdict]:
    """Return what is said of a bout by its blocks, the notes and the blocks of earlier bouts; nothing else."""
    return verdicts(blocks, Baseline(history, bout)) if blocks else []


def blocks_of(log: Log, wearer: str, history: History, bout: int) -> list[Block]:
    """Return what is stored of a bout that the history knows, in order."""
    return [block for block in log.read(Block, wearer, bout, history.span(bout).stop + 1) if block.bout == bout]


def analyze_all(log: Log) -> int:
    """Analyze what has arrived in a log since its last analysis; return how many rows were put."""
    analysis = Analysis(log)
    cursor, count = analysis.resume(), 0
    while log.after(INPUTS, cursor, limit=1):
        while batch := log.after(INPUTS, cursor):
            cursor = batch[-1][0]
            rows = analysis.feed(batch)
            log.put(rows)
            count += sum(not isinstance(row, Progress) for row in rows)
        count += analysis.settle()
    log.put(analysis.finish())
    return count


def _last(item: Frames | Link | Row) -> int:
    return int(item.time[-1]) if isinstance(item, Frames) else item.time


def _stage(wearer: str) -> str:
    return f"{ANALYSIS_STAGE} {wearer}"
