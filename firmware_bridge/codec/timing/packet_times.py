"""When the samples of packets were taken: their counters, their stamps and their arrivals, brought together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from firmware_bridge.codec.timing.arrival_clock import ArrivalClock
from firmware_bridge.codec.timing.clock_rate import RateJudge, steady_rate
from firmware_bridge.codec.timing.device_clock import MAX_DRIFT, DeviceClock
from firmware_bridge.codec.timing.sequence import Continuity, Follows
from firmware_bridge.codec.timing.stamps import BACKLOG, FEWEST_STAMPS, SHARED, FirstLook, first_look, mended
from firmware_bridge.model import SECOND, Bools, ClockState, Int64s

COUNTED_DRIFT = 0.05
"""How far a device's true rate may be from its declared one, where only its packets are counted."""
_COUNT_DOUBT = 0.02
"""Where packets are only counted, a rate that differs by more is looked at for longer (choice)."""
_COUNT_SURE = 0.015, SECOND * 3 // 100
"""After three seconds it is believed, if it differs by more than the first, and what came apart is more than the second
(choice): a declared rate is a rough one, unlike a crystal's."""
_DECLARED_WITHIN = 0.02
"""A declared rate that is nearer to the seen one than this is believed: stamps in whole ms show no better (choice)."""
_MOST = 5.0
"""By which factor the true time between samples may differ from the declared one (choice)."""
_JUDGED = 64
"""Of so many stamps most must be believed, else they are no clock (choice)."""


@dataclass(frozen=True, eq=False)
class PacketStamps:
    """What n packets say of when their oldest samples were taken."""

    sequence: Int64s  # (n,) as sent; zeros where the device counts nothing
    tick: Int64s  # (n,) ns as sent; zeros where it sends none
    arrival: Int64s  # (n,) UTC ns, less what the packet's samples span
    period: Int64s  # (n,) nominal time to the next packet, ns
    repeated: Bools  # (n,) it equals the packet before, byte by byte
    spread: Bools  # (n,) the stamps within it are no clock of its samples

    def each(self) -> Iterator[tuple[int, int, int, int, bool]]:
        """Yield sequence, tick, arrival, period and whether it is repeated, of one packet after the other."""
        columns = (self.sequence, self.tick, self.arrival, self.period, self.repeated)
        return zip(*(column.tolist() for column in columns), strict=True)


class Placed(NamedTuple):
    """Where a packet belongs."""

    time: int | None  # UTC ns of its oldest sample; None: it is a duplicate, or too late
    lost: int = 0  # packets missing before it
    restarted: bool = False
    stretch: float = 1.0
    """What the declared time between the samples of a packet has to be multiplied with."""


class PacketTimes:
    """Places the packets of one device in time; a function of the packets alone, not of how they were batched.

    Args:
        source: of the clock, as the profile says: "device", "sequence" or "arrival".
        sequence_modulus: where the packets' number wraps, None where there is none.
        tick_modulus: where the device's time wraps, ns, None where it sends none.
        period: nominal time between packets, ns.
    """

    def __init__(self, source: str, sequence_modulus: int | None, tick_modulus: int | None, period: int) -> None:
        self._period = period
        self._counted = sequence_modulus
        self._modulus = tick_modulus if source == "device" else None
        self._continuity = Continuity(sequence_modulus, self._modulus, period)
        self._clock: DeviceClock | ArrivalClock = ArrivalClock()
        if source != "arrival":
            self._clock = DeviceClock(MAX_DRIFT if source == "device" else COUNTED_DRIFT)
        self._judge = RateJudge()
        self._shared = self._spread_within = False
        self._distrusted = False
        self._stretch = 1.0
        self._doubted: deque[bool] = deque(maxlen=_JUDGED)
        self._spread = _SharedStamps(self._modulus or 1)

    @property
    def state(self) -> ClockState:
        """What the clock is, samples being placed by it."""
        if self._distrusted:
            return ClockState.ARRIVAL
        if not self._clock.settled:
            return ClockState.SETTLING
        if self._continuity.rate != 1:
            return ClockState.RESCALED
        return ClockState.BATCHED if self._shared or self._spread_within else ClockState.STEADY

    @property
    def rate(self) -> float:
        """Seconds of the device's clock per second of arrival; NaN where it is taken for 1, or not known."""
        return math.nan if self._continuity.rate == 1 else self._continuity.rate

    def relink(self) -> None:
        """Note that the link was lost. Stamps that were given up are looked at again: the device may be another one."""
        self._continuity.relink()
        if self._distrusted:
            self._distrusted = False
            self._continuity.trust_stamps(self._modulus)
            self._clock = DeviceClock(last=self._clock.last)
        self._judge.reset()
        self._spread.reset()
        self._doubted.clear()

    def is_doubtful(self, first: PacketStamps) -> bool:
        """Tell whether the first packets of a connection should be looked at for longer before they are placed."""
        if isinstance(self._clock, ArrivalClock):
            return False
        if self._modulus is not None:
            return self._look(first).doubtful
        return abs(self._counted_rate(first)[0] - 1) > _COUNT_DOUBT

    def place_first(self, packets: PacketStamps) -> list[Placed]:
        """Place the packets with which a connection began, all known at once."""
        if self._modulus is not None and not self._distrusted:
            look = self._look(packets)
            self._believe(look)
            packets = self._mended(packets, look)
        elif isinstance(self._clock, DeviceClock):
            rate, apart = self._counted_rate(packets)
            if abs(rate - 1) > _COUNT_SURE[0] and apart > _COUNT_SURE[1]:
                self._rescale(rate)
        followed = [self._follow(*packet) for packet in packets.each()]
        self._stretch = self._stretched(packets, followed)
        self._spread_within = bool(packets.spread.mean() > SHARED)
        columns = (followed, packets.arrival.tolist(), packets.period.tolist(), self._latest(packets, followed))
        return [self._place(*packet) for packet in zip(*columns, strict=True)]

    def place(self, packets: PacketStamps) -> list[Placed]:
        """Place packets that follow."""
        placed = []
        for sequence, tick, arrival, period, repeated in packets.each():
            follows = self._follow(sequence, tick, arrival, period, repeated)
            placed.append(self._place(follows, arrival, period))
            if follows and not isinstance(self._clock, ArrivalClock):
                self._judge_rate(arrival, follows)
        return placed

    def _look(self, packets: PacketStamps) -> FirstLook:
        """Look at the stamps; what a link gave twice says nothing of them."""
        assert self._modulus is not None
        rate, once = self._continuity.rate, ~packets.repeated
        stamps = np.round(packets.tick[once] / rate).astype(np.int64) if rate != 1 else packets.tick[once]
        look = first_look(stamps, round(self._modulus / rate), packets.arrival[once])
        garbled = np.zeros(len(once), np.bool_)
        garbled[once] = look.garbled
        return replace(look, garbled=garbled)

    def _counted_rate(self, packets: PacketStamps) -> tuple[float, float]:
        """Return the rate at which packets came against the declared one, see `steady_rate`."""
        assert self._counted is not None
        steps = np.diff(packets.sequence) % self._counted
        steps[steps > self._counted // 2] = 0  # late ones
        time = np.concatenate([[0], np.cumsum(steps * packets.period[:-1])]) / self._continuity.rate
        arrival = (packets.arrival - packets.arrival[0]).astype(np.float64)
        whole = arrival >= BACKLOG
        return steady_rate(arrival[whole], time[whole])

    def _believe(self, look: FirstLook) -> None:
        if not look.is_clock:
            self._distrust()
            return
        self._shared = look.shared or (self._shared and len(look.garbled) == 0)
        if not math.isnan(look.sure_rate):
            self._rescale(look.sure_rate)

    def _mended(self, packets: PacketStamps, look: FirstLook) -> PacketStamps:
        if self._distrusted or not look.garbled.any() or self._modulus is None:
            return packets
        step = float(np.median(packets.period)) * self._continuity.rate
        tick = mended(packets.tick, look.garbled, step, self._modulus)
        return replace(packets, tick=tick)

    def _follow(self, sequence: int, tick: int, arrival: int, period: int, repeated: bool) -> Follows | None:
        if self._shared and not self._distrusted:
            tick = self._spread.own(tick, round(period * self._continuity.rate))
            repeated = False
        follows = self._continuity.follow(sequence, tick, arrival, period, repeated=repeated)
        if self._modulus is not None and not self._distrusted and follows is not None:
            self._doubted.append(follows.doubted)
            if len(self._doubted) == _JUDGED and sum(self._doubted) > _JUDGED // 2:
                self._distrust()
        return follows

    def _place(self, follows: Follows | None, arrival: int, period: int, latest: int | None = None) -> Placed:
        if follows is None:
            return Placed(None)
        if isinstance(self._clock, ArrivalClock):
            time = self._clock.place(arrival, period, latest)
        else:
            if follows.restarted:
                self._clock.restart()
                self._judge.reset()
                if latest is None and follows.least is not None:
                    latest = follows.tick + follows.least
            time = self._clock.place(follows.tick, arrival, latest)
        return Placed(time, follows.lost, follows.restarted, self._stretch)

    def _judge_rate(self, arrival: int, follows: Follows) -> None:
        if follows.doubted:
            return
        rate = self._judge.take(arrival, follows.tick)
        if not math.isnan(rate):
            self._rescale(rate)

    def _rescale(self, rate: float) -> None:
        self._continuity.rate *= rate
        self._judge.reset()
        if isinstance(self._clock, DeviceClock):
            self._clock.rescale(rate)

    def _distrust(self) -> None:
        """Give up the stamps: they stand still, or jump."""
        self._distrusted = True
        self._shared = False
        self._stretch = self._continuity.rate = 1.0
        self._continuity.distrust_stamps()
        self._clock = ArrivalClock(self._clock.last)

    def _stretched(self, packets: PacketStamps, followed: list[Follows | None]) -> float:
        """Return by how much packets lie further apart than declared, where nothing between them is missing."""
        if isinstance(self._clock, ArrivalClock):
            return 1.0
        periods = packets.period.tolist()
        apart = [
            (now.tick - before.tick, period)
            for before, now, period in zip(followed, followed[1:], periods, strict=False)
            if before and now and not (now.lost or now.restarted or now.doubted or before.doubted)
        ]
        if len(apart) < FEWEST_STAMPS:
            return self._stretch
        passed, declared = map(sum, zip(*apart, strict=True))
        stretch = min(max(passed / declared, 1 / _MOST), _MOST)
        return stretch if abs(stretch - 1) > _DECLARED_WITHIN else 1.0

    def _latest(self, packets: PacketStamps, followed: list[Follows | None]) -> list[int | None]:
        """Return of each packet the latest time that it and those behind it allow, up to where the clock began anew."""
        if isinstance(self._clock, ArrivalClock):
            ticks = self._clock.spread(packets.arrival, packets.period).tolist()
            known = [None if follows is None else tick for follows, tick in zip(followed, ticks, strict=True)]
        else:
            known = [None if follows is None else follows.tick for follows in followed]
        latest: list[int | None] = []
        least: int | None = None
        for follows, tick, arrival in zip(
            reversed(followed), reversed(known), reversed(packets.arrival.tolist()), strict=True
        ):
            if follows is None or tick is None:
                latest.append(None)
                continue
            least = arrival - tick if least is None else min(least, arrival - tick)
            latest.append(tick + least)
            if follows.restarted:
                least = None
        return latest[::-1]


class _SharedStamps:
    """Gives each of several samples that have the stamp of one packet a stamp of its own."""

    def __init__(self, modulus: int) -> None:
        self._modulus = modulus
        self.reset()

    def reset(self) -> None:
        """Forget what came."""
        self._last: int | None = None
        self._number, self._step = 0, SECOND

    def own(self, stamp: int, period: int) -> int:
        """Return the stamp of the next sample, ns; `period` is the nominal one by the device's clock."""
        if stamp == self._last:
            self._number += 1
        else:
            if self._last is not None:
                self._step = (stamp - self._last) % self._modulus // (self._number + 1)
            self._last, self._number = stamp, 0
        return (stamp + self._number * min(period, self._step)) % self._modulus
