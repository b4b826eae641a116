"""What a decoder made of a device's time, against the truth: fed as a bridge feeds it, judged sample by sample."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.model import SECOND, Float64s, Frames, Int64s, Packet, Side
from tests.stand_ins.timed_insole import (
    START,
    Delivery,
    Way,
    numbers_of,
    packed,
    ready_at,
    spoken,
    ticked,
    with_heartbeats,
)

QUIET = ("steady", "settling")
"""States of a clock in which nothing is said."""
SECONDS_OF_CONTACT = (0.25, 0.45, 0.7)


class Judge:
    """Feeds a decoder and keeps what it gives. `truth`: the true time of each sample, by its number, UTC ns."""

    def __init__(self, way: Way, truth: Int64s, side: Side = Side.LEFT) -> None:
        self.way, self.truth = way, truth
        self.decoder = Decoder(Insole("anna", side, way.profile, f"{way.link}:"), way.link)
        self.said: int | None = None
        """Arrival of the packet after which the clock was neither steady nor settling any more."""
        self._frames: list[Frames] = []
        self._states: list[str] = []

    def feed(self, packets: list[Packet], together: int = 1) -> None:
        """Feed packets and heartbeats; `together`: ns of arrival that are fed at once."""
        for _, batch in groupby(with_heartbeats(packets), lambda packet: packet.time // together):
            self.feed_batch(list(batch))

    def feed_batch(self, packets: list[Packet]) -> None:
        """Feed some packets at once."""
        self._take(self.decoder.feed(packets))
        if self.said is None and self.decoder.clock.state not in QUIET:
            self.said = packets[-1].time

    def reset(self) -> None:
        """Tell the decoder that the link was lost."""
        self._take(self.decoder.reset())

    def finish(self) -> None:
        """Take what the decoder still holds."""
        self._take(self.decoder.finish())

    def _take(self, frames: Frames | None) -> None:
        if frames is None:
            return
        assert len(frames.time)
        assert np.all(np.diff(frames.time) > 0)
        assert not self._frames or frames.time[0] > self._frames[-1].time[-1], "time went back"
        self._frames.append(frames)
        self._states += [str(self.decoder.clock.state)] * len(frames.time)

    @cached_property
    def _stored(self) -> tuple[Int64s, Int64s, NDArray[np.str_]]:
        """Numbers, times and states of all stored samples that were sent; not those that are put into silences."""
        if not self._frames:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.str_)
        numbers = np.concatenate([numbers_of(self.way, frames) for frames in self._frames])
        sent = np.flatnonzero(numbers >= 0)
        return (
            numbers[sent],
            np.concatenate([frames.time for frames in self._frames])[sent],
            np.array(self._states)[sent],
        )

    @property
    def number(self) -> Int64s:
        """The numbers of all stored samples that were sent; to be asked when all is over."""
        return self._stored[0]

    @property
    def time(self) -> Int64s:
        """When they were stored, UTC ns."""
        return self._stored[1]

    @property
    def state(self) -> NDArray[np.str_]:
        """The clock's state when they were given."""
        return self._stored[2]

    @property
    def true(self) -> Int64s:
        """When they were."""
        return self.truth[self.number]

    @property
    def error_s(self) -> Float64s:
        """How far stored time is ahead of the truth, s."""
        return (self.time - self.true) / SECOND

    def all_stored(self, sent: Int64s) -> bool:
        """Tell whether each of these samples was stored, once, in order."""
        return np.array_equal(self.number, sent)

    def contacts(self, since: int) -> tuple[Int64s, Float64s, Float64s]:
        """Return true begin (UTC ns), stored and true length (s) of intervals as long as contacts."""
        number, time, true = self.number, self.time, self.true
        found = []
        for seconds in SECONDS_OF_CONTACT:
            n = round(seconds * SECOND / np.median(np.diff(self.truth)))
            if len(number) <= n:
                continue
            whole = (number[n:] - number[:-n] == n) & (true[:-n] >= since) & (true[n:] - true[:-n] < SECOND)
            found.append(np.stack([true[:-n], time[n:] - time[:-n], true[n:] - true[:-n]])[:, whole])
        begin, stored, length = np.concatenate(found, axis=1)
        return begin, stored / SECOND, length / SECOND


def steady_run(way: Way, time: Int64s, ticks: Int64s | None = None, *, seed: int = 1, together: int = 1) -> Judge:
    """Return the judge of one undisturbed connection; `ticks`: the device's time, else a right clock's."""
    data = spoken(way, ticked(time) if ticks is None else ticks)
    return judged(way, time, packed(Delivery(way, seed).arrivals(ready_at(way, time)), data), together=together)


def judged(way: Way, time: Int64s, packets: list[Packet], *, together: int = 1) -> Judge:
    """Return the judge of packets that came in one connection."""
    judge = Judge(way, time)
    judge.feed(packets, together)
    judge.finish()
    return judge


def seconds_in(time: int) -> float:
    """Return how long after the start of all a time is, s."""
    return (time - START) / SECOND
