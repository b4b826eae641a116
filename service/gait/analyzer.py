"""From frames to rows: everything of this package in one place, pushed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from firmware_bridge import SECOND, Device, Frames, Link
from service.gait import parameters as p
from service.gait.baseline import Baseline
from service.gait.blocks import Blocks
from service.gait.bouts import Gathering
from service.gait.flags import Detector, detectors
from service.gait.load import Layout, layout_of, plain_layout
from service.gait.verdict import verdicts
from service.rows import Block, Flag, Step, Verdict

Result = Step | Block | Flag | Verdict


class Analyzer:
    """Analyze one wearer's frames.

    Steps come as soon as they are final for their own foot; blocks, flags and verdicts wait for the other foot until
    its own frames or link rows are 2 s further, or this foot is 3 minutes ahead. Laws:
    any split of the frames, and any interleaving of the feet within the lateness, gives the same rows; a fresh
    analyzer fed from `needs_from` goes on as this one would.
    """

    def __init__(self, wearer: str, history: Sequence[Block] = ()) -> None:
        """Begin. `history` holds earlier blocks of this wearer; those of the bouts that are fed again are ignored."""
        self._wearer = wearer
        self._history = {block.time: block for block in history}
        self._layouts: dict[str, Layout] = {}
        self._begin()

    def _begin(self) -> None:
        self._gathering = Gathering(self._wearer)
        self._bout: _Bout | None = None
        self._any = False

    @property
    def needs_from(self) -> int | None:
        """Event time (UTC ns) from which on a fresh analyzer must be fed; None where nothing was fed.

        Rows, devices apart, from before it are not needed any more. It lies before the current bout, at a moment when
        both feet had forgotten everything.
        """
        if not self._any:
            return None
        since = self._gathering.pending
        return None if since is None else since // p.RESET_NS * p.RESET_NS

    def feed(self, item: Frames | Device | Link) -> list[Result]:
        """Take what arrived; return the rows that became final.

        Raises:
            ConfigError: the profile or calibration in a device row cannot be read.
        """
        if isinstance(item, Device):
            self._layouts[item.device] = layout_of(item)
            return []
        self._any = True
        if isinstance(item, Link):
            self._gathering.hear(item.side, item.time + SECOND)
            return self._advance()
        layout = self._layouts.get(item.device)
        if layout is None or layout.count != item.pressure.shape[1]:
            layout = plain_layout(item.pressure.shape[1])
        self._gathering.hear(item.side, int(item.time[0]))
        self._gathering.take(item.side, self._gathering.feet[item.side].feed(item, layout))
        return self._advance()

    def close(self) -> list[Result]:
        """End the input: of a file, of a bout. Return what was held back; the analyzer is then as new."""
        for side, foot in self._gathering.feet.items():
            self._gathering.take(side, foot.flush())
        self._gathering.close()
        out = self._advance()
        self._begin()
        return out

    def _advance(self) -> list[Result]:
        out: list[Result] = list(self._gathering.release())
        for side, item in self._gathering.ordered():
            if not isinstance(item, Step):
                if self._bout is not None:
                    self._bout.blocks.lose(side, item[1])
                continue
            if self._bout is None or self._bout.time != item.bout:
                out += self._end_bout()
                self._bout = _Bout(self._wearer, item.bout, self._gathering, self._history)
            out += self._bout.add(item)
        complete = self._gathering.complete
        if self._bout is not None and complete >= self._bout.last + p.BOUT_NS:
            out += self._end_bout()
        if self._bout is None and not math.isinf(complete):
            self._gathering.forget(int(complete))
        return out

    def _end_bout(self) -> list[Result]:
        out = [] if self._bout is None else self._bout.end()
        self._bout = None
        return out


class _Bout:
    """One bout in the making: its blocks, its detectors, its verdicts."""

    def __init__(self, wearer: str, time: int, gathering: Gathering, history: dict[int, Block]) -> None:
        self.time = self.last = time
        self.blocks = Blocks(wearer, time, gathering.share)
        self._gathering = gathering
        self._history = history
        self._baseline = Baseline(history.values(), time)
        self._detectors: list[Detector] = detectors(self._baseline)
        self._own: list[Block] = []

    def add(self, step: Step) -> list[Result]:
        """Take the next step of either foot."""
        self.last = step.time
        out = self._say(list(self.blocks.add(step)))
        self._gathering.forget(step.time if self.blocks.start is None else self.blocks.start)
        return out

    def end(self) -> list[Result]:
        """End the bout."""
        return self._say(list(self.blocks.end()))

    def _say(self, blocks: list[Block]) -> list[Result]:
        out: list[Result] = []
        for block in blocks:
            self._own.append(block)
            self._history[block.time] = block
            out.append(block)
            for detector in self._detectors:
                out += detector.update(block)
            out += verdicts(self._own, self._baseline)
        return out
