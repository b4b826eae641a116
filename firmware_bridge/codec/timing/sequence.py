"""Whether a packet follows the last one: what lies between them, told by counters that wrap and start again.

A sequence number of 16 bits wraps within minutes, a device restarts in the middle of a run, a recording goes on days
later, and a radio may give a packet twice. The sequence number, the device's time stamp and the arrival each tell a
part; what they agree on is believed. A single packet that contradicts the others is outvoted, not followed: only where
several in a row go on from it did the device begin anew.
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
VOTES = 5
"""So many packets in a row that contradict what came before and agree with each other are a new beginning; fewer are
garbled (choice: two garbled stamps in a row were seen)."""
_FUTURE = SECOND // 2
"""A packet whose time lies ahead of what the least delayed ones allow by more than this is not believed (choice)."""
_RATE = 8.0
"""By which factor a device's true rate may differ from the declared one before counter and clock contradict."""


class Follows(NamedTuple):
    """How a packet follows the last one that was taken."""

    lost: int  # packets missing in between; -1: one that was told to be missing was not, it had another's stamp
    tick: int  # its device time, unwrapped, ns
    restarted: bool  # device time began anew; what was lost is not known
    least: int | None = None  # the least arrival - tick of those that voted for a restart
    doubted: bool = False  # its counters are not believed; it is placed behind the last one


class _Vote(NamedTuple):
    """A packet that contradicts what came before."""

    sequence: int
    tick: int
    arrival: int
    time: int  # device time since the first vote, ns


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
        self.rate = 1.0
        """Seconds of the device's clock per second of ours; what it tells is divided by it. May be set at any time."""
        self._started = False
        self._relinked = False
        self._late = 0
        self._beside = 0  # packets since the last one whose counters were believed
        self._missed = 0  # packets that the last one told to be missing
        self._votes: list[_Vote] = []
        self._lead: int | None = None  # the most that device time was ahead of arrival
        self._given = 0  # the device time that was told last

    def relink(self) -> None:
        """Note that the link was lost; the counters go on, unless the device started again meanwhile."""
        self._relinked = True

    def distrust_stamps(self) -> None:
        """Look at the device's time stamps no more."""
        self._tick_modulus = None

    def trust_stamps(self, tick_modulus: int | None) -> None:
        """Look at the device's time stamps again, which wrap at a modulus, ns."""
        self._tick_modulus = tick_modulus

    def follow(
        self, sequence: int, tick: int, arrival: int, period: int | None = None, *, repeated: bool = False
    ) -> Follows | None:
        """Take a packet's raw counters (0 where it has none) and return how it follows; None: late, not to be used.

        Args:
            sequence: its number.
            tick: its time stamp, ns.
            arrival: when it came, UTC ns.
            period: the nominal time from this packet to the next one, where packets differ.
            repeated: it equals the packet before, byte by byte.
        """
        follows = self._followed(sequence, tick, arrival, repeated=repeated)
        if follows is None:
            return None
        if self._started and not follows.restarted:
            follows = follows._replace(tick=max(follows.tick, self._given + 1))
        self._started, self._given = True, follows.tick
        if period is not None:
            self._period = period
        return follows

    def _followed(self, sequence: int, tick: int, arrival: int, *, repeated: bool) -> Follows | None:
        if not self._started:
            return self._begin(sequence, tick, arrival, restarted=False)
        ahead, ticks = self._steps(self._sequence, self._tick, sequence, tick)
        waited = arrival - self._arrival
        if ahead is None and ticks == 0 and not repeated and not self._relinked:
            return self._share()
        if self._is_late(ahead, ticks, waited):
            self._late += 1
            return None if self._late <= LATE_RUN else self._begin(sequence, tick, arrival)
        between = self._between(ahead, ticks, waited)
        if between is None or self._is_from_the_future(between[1], arrival):
            return self._contradicted(sequence, tick, arrival)
        packets, passed = between
        lost = max(packets - 1 - self._beside, 0)
        return self._take(sequence, tick, arrival, Follows(lost, self._unwrapped + passed, restarted=False))

    @property
    def _own_period(self) -> int:
        """The nominal time between packets, by our clock, ns."""
        return self._period if self._tick_modulus is not None else round(self._period / self.rate)

    def _begin(
        self, sequence: int, tick: int, arrival: int, *, restarted: bool = True, least: int | None = None
    ) -> Follows:
        self._lead = None
        return self._take(sequence, tick, arrival, Follows(0, round(tick / self.rate), restarted, least))

    def _take(self, sequence: int, tick: int, arrival: int, follows: Follows) -> Follows:
        self._relinked = False
        self._late = self._beside = 0
        self._missed = follows.lost
        self._votes = []
        self._sequence, self._tick, self._arrival = sequence, tick, arrival
        self._unwrapped = follows.tick
        lead = follows.tick - arrival
        stood_still = self._lead is None or self._lead - lead > SLACK  # the host's clock was set, or it slept
        self._lead = lead if stood_still or self._lead is None else max(self._lead, lead)
        return follows

    def _go_on(self, passed: int) -> Follows:
        """Take a packet whose counters are not believed: it comes some time after the one that was taken last."""
        self._beside += 1
        tick = max(self._unwrapped + passed, self._given + self._own_period)
        return Follows(0, tick, restarted=False, doubted=True)

    def _share(self) -> Follows:
        """Take another sample that has the stamp of the last one: if a sample seemed to miss before, it is this one."""
        taken_back = self._missed > 0
        self._missed -= taken_back
        self._beside -= taken_back
        return self._go_on(self._own_period)._replace(lost=-int(taken_back), doubted=False)

    def _contradicted(self, sequence: int, tick: int, arrival: int) -> Follows:
        """Take a packet that does not follow: garbled, unless the link was made anew or others go on from it."""
        if self._relinked:
            return self._begin(sequence, tick, arrival)
        last, time = (self._votes[-1], 0) if self._votes else (None, 0)
        if last:
            ahead, ticks = self._steps(last.sequence, last.tick, sequence, tick)
            step = ticks if ticks is not None else (ahead or 0) * self._own_period
            if step > 0 and abs(step - (arrival - last.arrival)) <= _FUTURE:
                time = last.time + step
            else:
                self._votes = []
        self._votes.append(_Vote(sequence, tick, arrival, time))
        if len(self._votes) >= VOTES:
            least = min(vote.arrival - vote.time for vote in self._votes) + time - round(tick / self.rate)
            return self._begin(sequence, tick, arrival, least=least)
        return self._go_on(arrival - self._arrival)

    def _steps(self, sequence: int, tick: int, sequence_now: int, tick_now: int) -> tuple[int | None, int | None]:
        """Return how far number and stamp (ns by our clock) went on, each up to whole turns; None: there is none."""
        ahead = None if self._sequence_modulus is None else (sequence_now - sequence) % self._sequence_modulus
        ticks = None if self._tick_modulus is None else round((tick_now - tick) % self._tick_modulus / self.rate)
        return ahead, ticks

    @property
    def _turn(self) -> int | None:
        """When the time stamp wraps, ns by our clock."""
        return None if self._tick_modulus is None else round(self._tick_modulus / self.rate)

    def _is_from_the_future(self, passed: int, arrival: int) -> bool:
        lead = self._unwrapped + passed - arrival
        return not self._relinked and self._lead is not None and lead > self._lead + _FUTURE

    def _is_late(self, ahead: int | None, ticks: int | None, waited: int) -> bool:
        if waited > SLACK:
            return False
        behind_ticks = None if ticks is None or self._turn is None else -ticks % self._turn
        if ahead is None or self._sequence_modulus is None:
            if self._relinked or behind_ticks is None or self._turn is None:
                return False
            return behind_ticks <= min(LATE * self._period, self._turn // 4)
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
            return (packets, packets * self._own_period) if packets else None
        passed = max(1, ticks + _turns(waited - ticks, self._turn))
        packets = max(1, round(passed / self._period)) if ahead is None else self._whole(ahead, passed)
        return (packets, passed) if packets and self._agree(packets, passed) else None

    def _fits(self, passed: int, waited: int, ticks: int | None) -> bool:
        """Tell whether the device's time and the arrival's agree, and could not have done so by chance."""
        turn = self._turn or (self._sequence_modulus or 0) * self._own_period
        rough = (ROUGH if ticks is None else DRIFT) * waited
        tolerance = SLACK + rough
        if self._relinked and waited - passed > RELINKED + rough:
            return False
        return abs(passed - waited) <= tolerance and (passed < turn or 2 * tolerance <= turn)

    def _whole(self, ahead: int, passed: int) -> int:
        """Return how many packets passed in a time, `ahead` being all that the wrapping number tells."""
        return ahead + _turns(passed / self._own_period - ahead, self._sequence_modulus)

    def _agree(self, packets: int, ticks: int) -> bool:
        """Tell whether a number of packets and a time can belong together, the declared rate being a rough one."""
        few = 3 * self._period
        nominal = packets * self._period
        return nominal <= _RATE * ticks + few and ticks <= _RATE * nominal + few


def _turns(missing: float, modulus: int | None) -> int:
    """Return the whole turns of a counter, in its unit, that come nearest to what is missing."""
    return 0 if modulus is None else max(0, round(missing / modulus)) * modulus
