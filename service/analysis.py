"""The analysis of everybody in a log: which items go to whose analyzer, and how far each partition has come.

Synchronous and without a clock: the stage that tails, the import of a file and a replay all feed it the same way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from firmware_bridge import PARTITIONS, Device, Frames, Item, Link, Log, Row, partition_of
from service.gait import Analyzer
from service.rows import Block, Progress

STAGE = "analyze"
INPUTS: tuple[type, ...] = (Device, Frames, Link)
PROGRESS_EVERY = 1000
"""Items after which progress is put although nothing was found, so that a restart need not read them again."""


class Analysis:
    """Feeds each wearer's analyzer, and remembers from where a fresh one would have to be fed.

    The law: `put` what `feed` returns in one transaction, and however often the process dies, the rows in the log are
    those of a run that never stopped.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._wearers: dict[str, _Wearer] = {}
        self._done = dict.fromkeys(range(PARTITIONS), 0)
        self._put = dict.fromkeys(range(PARTITIONS), 0)

    def resume(self) -> int:
        """Bring fresh analyzers to where the log says that the last ones were; return the cursor to go on from."""
        progress = {p.partition: p for p in self._log.read(Progress, "") if p.stage == STAGE}
        head = max((p.done for p in progress.values()), default=0)
        for partition, was in progress.items():
            cursor = was.restart
            while batch := self._log.after(INPUTS, cursor, [partition]):
                cursor = batch[-1][0]
                self._run([entry for entry in batch if entry[0] <= head])
                if cursor >= head:
                    break
            self._put[partition] = was.done
        return head

    def feed(self, batch: Sequence[tuple[int, Item]]) -> list[Row]:
        """Analyze a batch of (arrival number, item); return the rows to put, progress included."""
        rows = self._run(batch)
        touched = {partition_of(row.wearer) for row in rows}
        moved = {p for p in self._done if self._done[p] - self._put[p] >= PROGRESS_EVERY}
        return [*rows, *self._progress(sorted(touched | moved))]

    def finish(self) -> list[Row]:
        """Return where everything stands, for a caller whose input has come to its end."""
        return list(self._progress(sorted({partition_of(wearer) for wearer in self._wearers})))

    def _run(self, batch: Iterable[tuple[int, Item]]) -> list[Row]:
        found = []
        for number, item in batch:
            wearer = self._wearers.get(item.wearer)
            if wearer is None:
                wearer = self._wearers[item.wearer] = _Wearer(self._log, item.wearer)
            found.append(wearer.feed(number, item))
            self._done[partition_of(item.wearer)] = number
        return list(chain.from_iterable(found))

    def _progress(self, partitions: Iterable[int]) -> Iterator[Progress]:
        for partition in partitions:
            done = self._done[partition]
            restarts = [w.restart for name, w in self._wearers.items() if partition_of(name) == partition]
            self._put[partition] = done
            restart = min([done, *(r for r in restarts if r is not None)])
            yield Progress(0, "", STAGE, partition, restart=restart, done=done)


class _Wearer:
    """One wearer's analyzer, with the arrival numbers of what it still needs."""

    def __init__(self, log: Log, wearer: str) -> None:
        self._analyzer = Analyzer(wearer, log.read(Block, wearer))
        for device in log.read(Device, wearer):  # those described before the restart point
            self._analyzer.feed(device)
        self._needed: deque[tuple[int, int]] = deque()  # (arrival number, last event time), oldest first

    def feed(self, number: int, item: Item) -> list[Row]:
        assert isinstance(item, Device | Frames | Link)
        rows: list[Row] = [*self._analyzer.feed(item)]
        if not isinstance(item, Device):
            self._needed.append((number, int(item.time[-1]) if isinstance(item, Frames) else item.time))
        start = self._analyzer.needs_from
        while self._needed and (start is None or self._needed[0][1] < start):
            self._needed.popleft()
        return rows

    @property
    def restart(self) -> int | None:
        """Arrival number after which a fresh analyzer would have to be fed; None if it needs nothing."""
        return self._needed[0][0] - 1 if self._needed else None


def analyze_all(log: Log) -> int:
    """Analyze what has arrived in a log since its last analysis; return how many rows were put."""
    analysis = Analysis(log)
    cursor, count = analysis.resume(), 0
    while batch := log.after(INPUTS, cursor):
        cursor = batch[-1][0]
        rows = analysis.feed(batch)
        log.put(rows)
        count += sum(not isinstance(row, Progress) for row in rows)
    log.put(analysis.finish())
    return count


def replay(log: Log, wearer: str) -> Iterator[Row]:
    """Yield the rows that the stored frames of a wearer give today, without putting anything."""
    analyzer = Analyzer(wearer)
    cursor = 0
    while batch := log.after(INPUTS, cursor, [partition_of(wearer)]):
        cursor = batch[-1][0]
        for _, item in batch:
            if item.wearer == wearer and isinstance(item, Device | Frames | Link):
                yield from analyzer.feed(item)
