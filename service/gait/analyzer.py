"""From frames to rows: everything of this package in one place, pushed."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from firmware_bridge import SECOND, Device, Frames, Link, Side
from service.gait import thresholds as p
from service.gait.blocks.settling import Settling
from service.gait.blocks.stride_blocks import Blocks
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.built_in import Detector, detectors
from service.gait.detectors.verdict import verdicts
from service.gait.sensor_health.fault_tracker import FaultReporter, SensorSet
from service.gait.steps.activity import UNKNOWN
from service.gait.steps.bout_assembly import Gathering
from service.records.notes import STOP
from service.records.rows import Block, Flag, Note, Second, Step, Verdict

Result = Step | Second | Block | Flag | Verdict


class Analyzer:
    """Analyze one wearer's frames.

    Steps come as soon as they are final for their own foot; blocks, flags and verdicts wait for the other foot until
    its own frames or link rows are 2 s further, or this foot is 3 minutes ahead. Laws:
    any split of the frames, and any interleaving of the feet within the lateness, gives the same rows; a fresh
    analyzer that begins at `needs_from` goes on as this one would. Recordings may come in any order, each whole.
    """

    def __init__(self, wearer: str, history: Iterable[Block] | History = (), since: int | None = None) -> None:
        """Begin.

        Args:
            wearer: whose frames come.
            history: earlier blocks of this wearer; those of the bouts that are fed again are ignored. A `History`
                learns what is found.
            since: the `needs_from` of another analyzer that this one takes over from; older samples are left out.
        """
        self._wearer = wearer
        self._history = history if isinstance(history, History) else History(history)
        self._insoles: dict[str | int, SensorSet] = {}  # by device, or by number of sensors where nobody described it
        self._described: set[Side] = set()
        self._stops: list[int] = []
        self._begin(since)

    def _begin(self, since: int | None = None) -> None:
        self._gathering = Gathering(self._wearer, self._described, self._stops)
        self._settling = Settling()
        self._bout: _Bout | None = None
        self._since = since

    @property
    def needs_from(self) -> int | None:
        """Event time (UTC ns) at which a fresh analyzer would have to begin; None where nothing was fed.

        Rows, devices apart, from before it are not needed any more. It lies before the current bout, at a moment when
        both feet had forgotten everything.
        """
        return self._since

    def is_late(self, item: Frames | Link) -> bool:
        """Tell whether an item comes too late for this analyzer.

        It lies wholly before what is settled, or its foot counted as lost at that time. What it would have changed is
        found when the same time is analyzed again, in order of event time.
        """
        last = item.time if isinstance(item, Link) else int(item.time[-1])
        if self._since is not None and last < self._since:
            return True
        return isinstance(item, Frames) and self._gathering.misses(item.side, last)

    def let_pass(self, time: int) -> list[Result]:
        """Let event time advance to `time` for both feet, for a caller who knows that nothing comes before it."""
        for side in Side:
            self._gathering.hear(side, time)
        return self._advance()

    def feed(self, item: Frames | Device | Link | Note) -> list[Result]:
        """Take what arrived; return the rows that became final.

        A note changes what later bouts are compared with, and this one until it was first compared. A stop note that
        lies before the last step comes too late: the bout is parted when the same frames are analyzed again.

        Raises:
            ConfigError: the profile or calibration in a device row cannot be read; its samples then count as those
                of an insole that nobody described.
        """
        if isinstance(item, Device):
            self._described.add(item.side)
            if item.device not in self._insoles:
                self._insoles[item.device] = SensorSet.described(item)
            return []
        if isinstance(item, Note):
            self._note(item)
            return []
        last = item.time if isinstance(item, Link) else int(item.time[-1])
        told = self.close() if self._gathering.precedes(item.side, last) else []
        if isinstance(item, Link):
            self._gathering.hear(item.side, item.time + SECOND)
            self._settling.hear(item)
        else:
            self._gathering.hear(item.side, int(item.time[0]))
            self._take(item)
        return told + self._advance()

    def _note(self, note: Note) -> None:
        self._history.note(note)
        last = self._gathering.last
        if note.topic == STOP and (last is None or note.time >= last):
            at = bisect_left(self._stops, note.time)
            self._stops[at:] = [stop for stop in self._stops[at:] if stop != note.time]
            if note.text:
                self._stops.insert(at, note.time)

    def _take(self, frames: Frames) -> None:
        if self._since is not None and frames.time[0] < self._since:
            if frames.time[-1] < self._since:
                return
            frames = frames[int(np.searchsorted(frames.time, self._since)) :]
        count = frames.pressure.shape[1]
        insole = self._insoles.get(frames.device)
        if insole is None or insole.layout.count != count:
            insole = self._insoles.setdefault(count, SensorSet.plain(count))
        self._gathering.hold(frames, insole)

    def close(self) -> list[Result]:
        """End the input: of a file, of a bout. Return what was held back; the analyzer is then as new."""
        self._gathering.close()
        out = self._advance()
        self._begin()
        return out

    def _advance(self) -> list[Result]:
        self._gathering.look()
        out: list[Result] = [*self._gathering.seconds(), *self._gathering.release()]
        for side, item in self._gathering.ordered():
            if not isinstance(item, Step):
                if self._bout is not None:
                    self._bout.blocks.lose(side, item[1])
                continue
            if self._bout is None or self._bout.time != item.bout:
                chain = item.bout
                if self._bout is not None and item.bout < self._bout.last + p.BOUT_NS:
                    chain = self._bout.chain
                out += self._end_bout(item.bout)
                self._bout = _Bout(self._wearer, item.bout, chain, self._gathering, self._settling, self._history)
            out += self._bout.add(item)
        complete = self._gathering.complete
        if self._bout is not None and complete >= self._bout.last + p.BOUT_NS:
            out += self._end_bout(self._bout.last + p.RESET_NS)
        if self._bout is None and not math.isinf(complete):
            self._gathering.forget(int(complete))
            self._settling.forget(int(complete))
        self._settle()
        return out

    def _settle(self) -> None:
        since = self._gathering.pending
        if since is not None:
            start = since // p.RESET_NS * p.RESET_NS
            self._since = start if self._since is None else max(start, self._since)

    def _end_bout(self, until: int) -> list[Result]:
        out = [] if self._bout is None else self._bout.end(until)
        self._bout = None
        return out


class _Bout:
    """One bout in the making: its blocks, its detectors, its verdicts."""

    def __init__(
        self, wearer: str, time: int, chain: int, gathering: Gathering, settling: Settling, history: History
    ) -> None:
        self.time = self.last = time
        self.chain = chain  # the first of the bouts that stop notes alone keep apart
        self.blocks = Blocks(wearer, time, gathering.share)
        self._gathering, self._settling = gathering, settling
        self._history = history
        self._detectors: list[Detector] = detectors(Baseline(history, time))
        self._own: list[Block] = []
        self._told = FaultReporter(wearer, chain, time, gathering.findings)
        self._activity = UNKNOWN

    def add(self, step: Step) -> list[Result]:
        """Take the next step of either foot."""
        self.last, self._activity = step.time, step.activity
        out: list[Result] = [*self._told.until(step.time, step.activity)]
        out += self._say(list(self.blocks.add(step, settled=not self._settling.covers(step.time))))
        self._gathering.forget(step.time if self.blocks.start is None else self.blocks.start)
        self._settling.forget(step.time)
        return out

    def end(self, until: int) -> list[Result]:
        """End the bout; what was found before `until` is told with it."""
        return [*self._told.until(until - 1, self._activity), *self._say(list(self.blocks.end()))]

    def _say(self, blocks: list[Block]) -> list[Result]:
        out: list[Result] = []
        for block in blocks:
            self._own.append(block)
            self._history.learn(self._own)
            out.append(block)
            for detector in self._detectors:
                out += detector.update(block)
            out += verdicts(self._own, Baseline(self._history, self.time))
        return out
