"""Whether a packet follows the last one: what lies between them, told by counters that wrap and start again.

A sequence number of 16 bits wraps within minutes, a device restarts in the middle of a run, a recording goes on days
later, and a radio may give a packet twice. The sequence number, the device's time stamp and the arrival each tell a
part; what they agree on is believed.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware_bridge.model import SECOND

SLACK = 10 * SECOND
"""How far the arrival of a packet may be off: radios and computers stall for seconds."""
RELINKED = SECOND
"""The same once a lost link was made again: no packet waited in it, so that a device whose clock has gone on for less
than the time that passed has started again."""
DRIFT = 5e-4
"""And how far a device's clock may be, as a part of the time that passed."""
ROUGH = 0.1
"""The same where only packets are counted: their rate is known by its declared value only."""
LATE = 32
"""A packet that is back by no more than this is a duplicate, or late."""
LATE_RUN = 8
"""After so many of them in a row the device did start again, just behind where it had been."""
_RATE = 8.0
"""By which factor a device's true rate may differ from the declared one before counter and clock contradict."""


class Follows(NamedTuple):
    """How a packet follows the last one that was taken."""

    lost: int  # packets missing in between
    tick: int  # its device time, unwrapped, ns
    restarted: bool  # device time began anew; what was lost is not known


class Continuity:
    """Follows the counters of one device; each may be absent (modulus None).

    Args:
        sequence_modulus: where the packets' number wraps.
        tick_modulus: where the device's time stamp wraps, ns.
        period: nominal time between packets, ns; with no time stamp, sequence times period is the device's time.
    """

    def __init__(self, sequence_modulus: int | None, tick_modulus: int | None, period: int) -> None:
        self._sequence_modulus = sequence_modulus
        self._tick_modulus = tick_modulus
        self._period = period
        self._started = False
        self._relinked = False
        self._late = 0

    def relink(self) -> None:
        """Note that the link was lost; the counters go on, unless the device started again meanwhile."""
        self._relinked = True

    def follow(self, sequence: int, tick: int, arrival: int, period: int | None = None) -> Follows | None:
        """Take a packet's raw counters (0 where it has none) and return how it follows; None: late, not to be used.

        `period`: the nominal time from this packet to the next one, where packets differ.
        """
        follows = self._followed(sequence, tick, arrival)
        if follows is not None and period is not None:
            self._period = period
        return follows

    def _followed(self, sequence: int, tick: int, arrival: int) -> Follows | None:
        if not self._started:
            return self._take(sequence, tick, arrival, Follows(0, tick, restarted=False))
        ahead = None if self._sequence_modulus is None else (sequence - self._sequence) % self._sequence_modulus
        ticks = None if self._tick_modulus is None else (tick - self._tick) % self._tick_modulus
        waited = arrival - self._arrival
        if self._is_late(ahead, ticks, waited):
            self._late += 1
            if self._late <= LATE_RUN:
                return None
            between = None
        else:
            between = self._between(ahead, ticks, waited)
        if between is None:
            return self._take(sequence, tick, arrival, Follows(0, tick, restarted=True))
        packets, passed = between
        return self._take(sequence, tick, arrival, Follows(packets - 1, self._unwrapped + passed, restarted=False))

    def _take(self, sequence: int, tick: int, arrival: int, follows: Follows) -> Follows:
        self._started = True
        self._relinked = False
        self._late = 0
        self._sequence, self._tick, self._arrival = sequence, tick, arrival
        self._unwrapped = follows.tick
        return follows

    def _is_late(self, ahead: int | None, ticks: int | None, waited: int) -> bool:
        if waited > SLACK:
            return False
        behind_ticks = None if ticks is None or self._tick_modulus is None else -ticks % self._tick_modulus
        if ahead is None or self._sequence_modulus is None:
            return not self._relinked and behind_ticks is not None and behind_ticks <= LATE * self._period
        behind = -ahead % self._sequence_modulus
        return behind <= LATE and (behind_ticks is None or self._agree(behind, behind_ticks))

    def _between(self, ahead: int | None, ticks: int | None, waited: int) -> tuple[int, int] | None:
        """Return packets and ns since the last packet, None where the counters contradict each other or the arrival."""
        if ahead is None and ticks is None:
            return 1, max(waited, 1)
        guided = self._counted(ahead, ticks, waited)
        if guided and self._fits(guided[1], waited, ticks):
            return guided
        alone = self._counted(ahead, ticks, 0)  # arrival leapt, the device did not: a recording that goes on
        return alone if alone and not self._relinked and alone[1] <= SLACK else None

    def _counted(self, ahead: int | None, ticks: int | None, waited: int) -> tuple[int, int] | None:
        """Return packets and ns that the counters tell, with the whole turns that bring them nearest to `waited`."""
        if ticks is None:
            packets = self._whole(ahead or 0, waited)
            return (packets, packets * self._period) if packets else None
        passed = max(1, ticks + _turns(waited - ticks, self._tick_modulus))
        packets = max(1, round(passed / self._period)) if ahead is None else self._whole(ahead, passed)
        return (packets, passed) if packets and self._agree(packets, passed) else None

    def _fits(self, passed: int, waited: int, ticks: int | None) -> bool:
        """Tell whether the device's time and the arrival's agree, and could not have done so by chance."""
        turn = self._tick_modulus or (self._sequence_modulus or 0) * self._period
        rough = (ROUGH if ticks is None else DRIFT) * waited
        tolerance = SLACK + rough
        if self._relinked and waited - passed > RELINKED + rough:
            return False
        return abs(passed - waited) <= tolerance and (passed < turn or 2 * tolerance <= turn)

    def _whole(self, ahead: int, passed: int) -> int:
        """Return how many packets passed in a time, `ahead` being all that the wrapping number tells."""
        return ahead + _turns(passed / self._period - ahead, self._sequence_modulus)

    def _agree(self, packets: int, ticks: int) -> bool:
        """Tell whether a number of packets and a time can belong together, the declared rate being a rough one."""
        few = 3 * self._period
        nominal = packets * self._period
        return nominal <= _RATE * ticks + few and ticks <= _RATE * nominal + few


def _turns(missing: float, modulus: int | None) -> int:
    """Return the whole turns of a counter, in its unit, that come nearest to what is missing."""
    return 0 if modulus is None else max(0, round(missing / modulus)) * modulus
