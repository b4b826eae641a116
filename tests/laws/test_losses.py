"""`lost` means the same on every profile after the same event: the samples that the device sent and nobody heard.

A profile that has neither stamps nor a counter tells of no loss: a packet that was lost and one that was never sent
look alike.
"""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.model import SECOND, Packet
from tests.stand_ins.time_judge import Judge, judged
from tests.stand_ins.timed_insole import (
    COUNTED,
    EACH,
    Delivery,
    Way,
    packed,
    ready_at,
    sampled,
    spoken,
    ticked,
)

TOGETHER = SECOND // 10
SECONDS = 13.0
EVENT_S = 6.0
OFF_S = 0.1
AHEAD_S = 0.5


def at(way: Way, seconds: float) -> int:
    """Return the number of the first packet from then on."""
    return round(seconds * SECOND / way.period / way.samples)


def told(way: Way, lost: int) -> int:
    return 0 if way.arrival_only else lost


@pytest.mark.parametrize("seconds", [0.3, 2.0])
@pytest.mark.parametrize("way", EACH, ids=str)
def test_packets_that_are_lost_in_mid_connection(way: Way, seconds: float) -> None:
    time = sampled(way, SECONDS)
    packets = packed(Delivery(way, 11).arrivals(ready_at(way, time)), spoken(way, ticked(time)))
    gone = slice(at(way, EVENT_S), at(way, EVENT_S + seconds))
    judge = judged(way, time, packets[: gone.start] + packets[gone.stop :], together=TOGETHER)
    lost = np.arange(gone.start * way.samples, gone.stop * way.samples)
    assert judge.all_stored(np.setdiff1d(np.arange(len(time)), lost))
    assert judge.decoder.counts.lost == told(way, len(lost))
    assert judge.decoder.counts.restarts == 0
    assert np.abs(judge.error_s).max() <= OFF_S


@pytest.mark.parametrize("way", EACH, ids=str)
def test_a_disconnection_in_which_the_device_goes_on(way: Way) -> None:
    time = sampled(way, SECONDS)
    gone = slice(at(way, EVENT_S) * way.samples, at(way, EVENT_S + 3.0) * way.samples)
    judge, air = Judge(way, time), Delivery(way, 12)
    for part in (slice(0, gone.start), slice(gone.stop, len(time))):
        if part.start:
            judge.reset()
        data = spoken(way, ticked(time[part]), number=part.start)
        judge.feed(packed(air.arrivals(ready_at(way, time[part])), data), TOGETHER)
    judge.finish()
    assert judge.all_stored(np.r_[: gone.start, gone.stop : len(time)])
    assert judge.decoder.counts.lost == told(way, gone.stop - gone.start)
    assert judge.decoder.counts.restarts == 0
    assert np.abs(judge.error_s).max() <= OFF_S


@pytest.mark.parametrize("link_lost", [False, True], ids=["in mid-connection", "while disconnected"])
@pytest.mark.parametrize("way", EACH, ids=str)
def test_a_restart_of_the_device_is_told_and_is_no_loss(way: Way, link_lost: bool) -> None:
    """It is silent for 1.5 s; then its clock and its counter begin at zero. What was lost meanwhile is not known."""
    time = sampled(way, SECONDS)
    before, after = at(way, EVENT_S) * way.samples, at(way, EVENT_S + 1.5) * way.samples
    judge, air = Judge(way, time), Delivery(way, 13)
    first = spoken(way, ticked(time[:before]))
    again = spoken(way, time[after:] - time[after], number=after, sequence=0)
    early, late = (air.arrivals(ready_at(way, part)) for part in (time[:before], time[after:]))
    judge.feed(packed(early, first), TOGETHER)
    if link_lost:
        judge.reset()
    judge.feed(packed(late, again), TOGETHER)
    judge.finish()
    assert judge.all_stored(np.r_[:before, after : len(time)])
    assert judge.decoder.counts.lost == 0
    assert judge.decoder.counts.corrupt == 0
    assert judge.decoder.counts.duplicate == 0
    assert judge.decoder.counts.restarts == (0 if way.arrival_only else 1)
    assert np.abs(judge.error_s).max() <= AHEAD_S


def told_counts(judge: Judge) -> tuple[int, int, int, int]:
    counts = judge.decoder.counts
    return counts.received, counts.lost, counts.duplicate, counts.restarts


@pytest.mark.parametrize("way", COUNTED, ids=str)
def test_a_packet_that_comes_twice_is_dropped_once(way: Way) -> None:
    time = sampled(way, SECONDS)
    packets = packed(Delivery(way, 14).arrivals(ready_at(way, time)), spoken(way, ticked(time)))
    twice: list[Packet] = []
    for i, packet in enumerate(packets):
        twice += [packet, packet] if i % 10 == 9 and b"#" not in packet.data[:1] else [packet]
    again = len(twice) - len(packets)
    assert again > 10
    judge = judged(way, time, twice, together=TOGETHER)
    assert judge.all_stored(np.arange(len(time)))
    assert told_counts(judge) == (len(time), 0, again * way.samples, 0)


@pytest.mark.parametrize("way", COUNTED, ids=str)
def test_a_packet_that_comes_too_late_is_lost_and_dropped(way: Way) -> None:
    time = sampled(way, SECONDS)
    data = spoken(way, ticked(time))
    late = range(at(way, 2.0), len(data) - 2, 40)
    for i in late:
        data[i], data[i + 1] = data[i + 1], data[i]
    judge = judged(way, time, packed(Delivery(way, 15).arrivals(ready_at(way, time)), data), together=TOGETHER)
    behind = np.concatenate([np.arange(i * way.samples, (i + 1) * way.samples) for i in late])
    assert judge.all_stored(np.setdiff1d(np.arange(len(time)), behind))
    n = len(behind)
    assert told_counts(judge) == (len(time) - n, n, n, 0)
