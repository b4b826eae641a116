"""Stretches of a wearer's past that are found anew because samples came late: the other foot's file, one in between.

A stretch begins and ends where no bout goes on, so that what lies before and after it stays as it is. It is analyzed in
order of event time, whatever the order in which its samples arrived; only what lies in it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_bridge import END, SECOND, ConfigError, Device, Frames, Item, Link, Log, Row
from service.gait import Analyzer, History
from service.gait.thresholds import BOUT_NS, RESET_NS
from service.pipeline.item_order import windows
from service.records.rows import Note, Step

_log = logging.getLogger(__name__)


def analyze(analyzer: Analyzer, item: Item) -> list[Row]:
    """Feed an analyzer; an insole whose description cannot be read is nobody else's trouble."""
    assert isinstance(item, Device | Frames | Link | Note)
    try:
        return [*analyzer.feed(item)]
    except ConfigError as error:
        _log.warning(
            "%s's %s insole counts as one that nobody described: %s", item.wearer, getattr(item, "side", ""), error
        )
        return []


@dataclass(slots=True)
class LateSamples:
    """Where samples lie that came too late for the analyzer that goes on: spans that do not overlap, by time."""

    number: int  # of the first that arrived
    spans: list[tuple[int, int]] = field(default_factory=list)

    def add(self, frames: Frames) -> None:
        """Take frames."""
        first, last = int(frames.time[0]), int(frames.time[-1])
        near = [span for span in self.spans if span[0] <= last + BOUT_NS and first <= span[1] + BOUT_NS]
        rest = [span for span in self.spans if span not in near]
        joined = (min([first, *(a for a, _ in near)]), max([last, *(b for _, b in near)]))
        self.spans = sorted([*rest, joined])


def frames_are_stored(log: Log, wearer: str, start: int, stop: int) -> bool:
    """Tell whether the frames of all bouts that were found in a range are stored, so that finding anew loses none."""
    bouts = {step.bout for step in log.read(Step, wearer, start, stop)}
    return all(log.read(Frames, wearer, bout, bout + SECOND) for bout in bouts)


class FoundAnew(NamedTuple):
    """What was found anew in [start, stop); `stop` is END where a bout may still go on."""

    start: int
    stop: int
    rows: list[Row]
    since: int  # from when on a fresh analyzer goes on


def fresh_analyzer(log: Log, wearer: str, history: History, since: int) -> Analyzer:
    """Return an analyzer that begins at a time and knows every insole and note of the wearer."""
    analyzer = Analyzer(wearer, history, since)
    known: list[Row] = [*log.read(Device, wearer), *log.read(Note, wearer)]
    for row in known:
        analyze(analyzer, row)
    return analyzer


def quiet_before(log: Log, wearer: str, time: int) -> int:
    """Return a moment at or before a time at which no bout goes on that is stored, as a fresh analyzer needs it."""
    start = time // RESET_NS * RESET_NS
    while bouts := [step.bout for step in log.read(Step, wearer, start - BOUT_NS, start)]:
        start = min(bouts) // RESET_NS * RESET_NS
    return start


def derive_stretch(
    log: Log, wearer: str, history: History, start: int, late: Sequence[tuple[int, int]], settled: int
) -> FoundAnew:
    """Find anew what the first of the late samples touch, and as many of the others as lie in the same stretch.

    Args:
        log: where everything is that arrived.
        wearer: whose.
        history: what is known from before the stretch; it learns what is found.
        start: a moment at or before the first late sample at which no bout goes on (`quiet_before`).
        late: when samples were that came late, by time.
        settled: time before which the analyzer that goes on has told everything. A stretch that does not end before
            it goes on to the end of what is stored, and replaces that analyzer.
    """

    def ends(rows: Sequence[Row], told: int) -> int | None:
        stop = min(told, settled)
        return stop if _is_quiet(log, wearer, stop, late, rows) else None

    return _derive(log, wearer, history, start, ends)


def derive_again(log: Log, wearer: str, history: History, start: int, stop: int) -> FoundAnew:
    """Find anew what a stretch holds whose bounds are known."""
    return _derive(log, wearer, history, start, lambda _, told: stop if told >= stop else None, stop)


def _derive(
    log: Log,
    wearer: str,
    history: History,
    start: int,
    ends: Callable[[Sequence[Row], int], int | None],
    stop: int = END,
) -> FoundAnew:
    analyzer = fresh_analyzer(log, wearer, history, start)
    rows: list[Row] = []
    for began, items in windows(log, wearer, start):
        for item in items:
            rows += analyze(analyzer, item)
        if not items:
            rows += analyzer.let_pass(began)
        told = analyzer.needs_from
        if told is not None and (found := ends(rows, told)) is not None:
            return FoundAnew(start, found, _before(rows, found), found)
    return FoundAnew(start, stop, _before(rows, stop), analyzer.needs_from or start)


def _before(rows: Iterable[Row], stop: int) -> list[Row]:
    return [row for row in rows if row.time < stop]


def _is_quiet(log: Log, wearer: str, time: int, late: Sequence[tuple[int, int]], rows: Iterable[Row]) -> bool:
    """Tell whether a stretch may end: behind the first late samples, where no other ones and no bout go on.

    Neither a bout that is stored nor one that was found anew.
    """
    if time <= late[0][1] or any(first < time <= last for first, last in late):
        return False
    silent = range(time - BOUT_NS, time)
    return not any(isinstance(row, Step) and row.time in silent for row in rows) and not log.read(
        Step, wearer, silent.start, silent.stop
    )
