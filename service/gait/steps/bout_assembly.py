"""Both feet brought together: which bout a step belongs to, and from when on nothing new can come."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Sequence

from firmware_bridge import Frames, Side
from service.gait import thresholds as p
from service.gait.sensor_health.fault_tracker import Findings, SensorSet
from service.gait.steps.foot import Seen, StanceStream
from service.gait.steps.step_maker import Stepping
from service.records.rows import Second, Step


class Gathering:
    """Give the steps of both feet their bout, and put them in one order of time.

    A step is released as soon as its bout is certain: at once while its foot keeps stepping, and else when the other
    foot is known to have come no earlier.
    """

    def __init__(self, wearer: str, expected: Collection[Side] = (), stops: Sequence[int] = ()) -> None:
        """Begin.

        Args:
            wearer: whose feet they are.
            expected: the feet of which an insole was described, now or later: they are waited for longer.
            stops: when the wearer said that a bout ended, ascending, now or later.
        """
        self._wearer, self._expected, self._stops = wearer, expected, stops
        self.findings = Findings()
        self.feet = {side: StanceStream(side, self.findings, wearer) for side in Side}
        self._seen: dict[Side, deque[Seen]] = {side: deque() for side in Side}
        self._stepping: dict[Side, Stepping | None] = dict.fromkeys(Side)
        self._ordered: dict[Side, deque[Step | tuple[int, int]]] = {side: deque() for side in Side}
        self._heard: dict[Side, int] = {}
        self._bout: int | None = None
        self._chain: int | None = None  # the first of the bouts that stop notes alone keep apart
        self._last: int | None = None  # contact of the bout's last step
        self._closed = False

    def hear(self, side: Side, time: int) -> None:
        """Let a foot's event time advance to at least `time`: its samples, or its link's account, have come there."""
        self._heard[side] = max(time, self._heard.get(side, time))

    @property
    def last(self) -> int | None:
        """Contact of the last step that has its bout."""
        return self._last

    def close(self) -> None:
        """Take it that nothing comes any more."""
        self._closed = True
        self.look()
        for side, foot in self.feet.items():
            self.take(side, foot.close())

    def hold(self, frames: Frames, insole: SensorSet) -> None:
        """Take frames; they wait until it is certain which of the insole's sensors count."""
        self.feet[frames.side].hold(frames, insole)

    def look(self) -> None:
        """Look at the frames for which it is certain.

        Sensors of both feet are left out from the same time on. So a foot waits for the other one where that is far
        behind and not lost: where both were recorded in pieces of several minutes.
        """
        while True:
            held = {side: foot.held for side, foot in self.feet.items()}
            ready = [(time, side) for side, time in held.items() if time is not None and self._fits(side, time)]
            if not ready:
                break
            side = min(ready, key=lambda r: r[0])[1]
            self.take(side, self.feet[side].look())
        for side, foot in self.feet.items():  # what counts as lost is not waited for, and its bout may end now
            if foot.held is None and foot.under_way is not None and foot.under_way < self._lost(side):
                self.take(side, foot.flush())

    def _fits(self, side: Side, time: int) -> bool:
        """Tell whether all is known that the other foot can say of a foot's sensors at a time."""
        return self._decided(side.other) >= time // p.RESET_NS * p.RESET_NS - p.DROP_NS

    def _decided(self, side: Side) -> float:
        """Return the time until which no more can be found to be broken on a foot."""
        foot = self.feet[side]
        known = float("-inf") if foot.decided is None else float(foot.decided)
        if foot.held is not None:
            return max(known, float(foot.held // p.RESET_NS * p.RESET_NS - p.RESET_NS))
        if self._closed:
            return float("inf")
        lost = self._lost(side)
        return known if math.isinf(lost) else max(known, float(int(lost) // p.RESET_NS * p.RESET_NS - p.RESET_NS))

    def take(self, side: Side, seen: list[Seen]) -> None:
        """Take what a foot showed."""
        self._seen[side].extend(seen)

    def horizon(self, side: Side) -> float:
        """Return the time before which this foot can show nothing new; a foot that is late counts as lost."""
        if self._closed:
            return float("inf")
        foot = self.feet[side]
        if foot.held is not None:
            return float(foot.held if foot.horizon is None else foot.horizon)
        lost = self._lost(side)
        if foot.horizon is None or foot.reached is None:
            return lost
        return float(foot.horizon) if foot.reached >= lost else max(float(foot.horizon), lost)

    def _lost(self, side: Side) -> float:
        """Return the time before which a foot that showed nothing counts as lost.

        Its own account says when it is silent. A foot without one may only be behind: a recording of it comes later.
        """
        if not self._heard:
            return float("-inf")
        now, own = max(self._heard.values()), self._heard.get(side)
        if own is None:
            return float(now - (p.BEHIND_NS if side in self._expected else p.ABSENT_NS))
        return float(max(own - p.LATENESS_NS, now - p.BEHIND_NS))

    @property
    def complete(self) -> float:
        """Time before which both feet can show nothing new, and their links' accounts are there too."""
        return min(self.horizon(side) for side in Side) - p.ACCOUNT_NS

    @property
    def pending(self) -> int | None:
        """Time since which something is held that is not final: the current bout's start, or where we are.

        Nobody was silent at a stop note, so a bout that began at one goes back to the one before it.
        """
        complete = self.complete
        if self._bout is not None and self._last is not None and complete < self._last + p.BOUT_NS:
            return self._chain
        return None if math.isinf(complete) else int(complete)

    def precedes(self, side: Side, time: int) -> bool:
        """Tell whether a foot has jumped so far back, between two bouts, that its past is told, not its present."""
        since, heard = self.pending, self._heard.get(side)
        if since is None or since == self._chain or time >= since - p.BEHIND_NS:
            return False
        return heard is None or time < heard - p.BEHIND_NS

    def misses(self, side: Side, time: int) -> bool:
        """Tell whether a foot counted as lost at a time, so that what it showed then can be told no more."""
        return time < self._lost(side)

    def seconds(self) -> list[Second]:
        """Return what each foot did in the seconds that are over."""
        return [second for side, foot in self.feet.items() for second in foot.seconds.over(self.horizon(side))]

    def share(self, side: Side, start: int, stop: int) -> float:
        """Return the share of a foot's samples that arrived between two times."""
        return self.feet[side].samples.share(start, stop)

    def forget(self, before: int) -> None:
        """Drop the counts of samples before a time."""
        for foot in self.feet.values():
            foot.samples.forget(before)

    def release(self) -> list[Step]:
        """Return the steps whose bout has become certain, in order of time where both feet have some."""
        out: list[Step] = []
        while True:
            sides = sorted((s for s in Side if self._certain(s)), key=lambda s: self._seen[s][0].time)
            if not sides:
                return out
            side = sides[0]
            step = self._place(side, self._seen[side].popleft())
            if step is not None:
                out.append(step)

    def _certain(self, side: Side) -> bool:
        if not self._seen[side]:
            return False
        time = self._seen[side][0].time
        own = self._stepping[side]
        if own is not None and own.last is not None and own.bout == self._bout and not self._parts(own.last, time):
            return True
        other = self._seen[side.other]
        return other[0].time >= time if other else self.horizon(side.other) >= time

    def _parts(self, last: int, time: int) -> bool:
        """Tell whether a step begins a new bout: after silence, or because the wearer said so."""
        stop = bisect_right(self._stops, last)
        return time - last >= p.BOUT_NS or (stop < len(self._stops) and self._stops[stop] <= time)

    def _is_over(self, time: int) -> bool:
        """Tell whether there is no bout to which a moment after its last step could belong."""
        return self._last is None or self._parts(self._last, time)

    def _place(self, side: Side, seen: Seen) -> Step | None:
        own = self._stepping[side]
        if seen.measures is None:
            # Before a foot's first step of a bout nothing is known to be hidden, whatever it did in an earlier one.
            if own is not None and own.bout == self._bout and not self._is_over(seen.time):
                self._ordered[side].append((seen.time, own.hole(seen)))
            return None
        if self._is_over(seen.time):
            if self._last is None or seen.time - self._last >= p.BOUT_NS:
                self._chain = seen.time
            self._bout, self._last = seen.time, seen.time
        assert self._bout is not None
        assert self._last is not None
        if own is None or own.bout != self._bout:
            own = self._stepping[side] = Stepping(self._wearer, side, self._bout)
        self._last = max(self._last, seen.time)
        step = own.step(seen)
        self._ordered[side].append(step)
        return step

    def ordered(self) -> list[tuple[Side, Step | tuple[int, int]]]:
        """Return the steps (and the times of holes, with the steps they hid) of both feet that are complete."""
        out: list[tuple[Side, Step | tuple[int, int]]] = []
        until = self.complete
        while True:
            heads = [(_time(queue[0]), side) for side, queue in self._ordered.items() if queue]
            if not heads:
                return out
            time, side = min(heads, key=lambda head: head[0])
            if time >= until:
                return out
            out.append((side, self._ordered[side].popleft()))


def _time(item: Step | tuple[int, int]) -> int:
    return item.time if isinstance(item, Step) else item[0]
