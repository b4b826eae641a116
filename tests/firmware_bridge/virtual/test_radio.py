"""The air: how much is lost and how, that nothing comes before it was sent, and that a perfect link is perfect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.model import SECOND, Int64s
from firmware_bridge.virtual.insole.radio import Air, Arrivals, Radio

START = 1_750_000_000 * SECOND
QUIET = Radio.perfect()


def hear(radio: Radio, packets: int, seed: int = 0, at_once: int = 500) -> tuple[Int64s, Arrivals]:
    ready = START + np.arange(packets, dtype=np.int64) * 40_000_000
    air = Air(radio, START, (seed,))
    parts = [air.send(ready[k : k + at_once]) for k in range(0, packets, at_once)]
    packet = np.concatenate([p.packet + k * at_once for k, p in enumerate(parts)])
    return ready, Arrivals(np.concatenate([p.time for p in parts]), packet)


def test_a_perfect_link_delivers_all_in_order_at_the_next_event() -> None:
    ready, got = hear(QUIET, 2000)
    assert np.array_equal(got.packet, np.arange(2000))
    delay = got.time - ready
    assert delay.min() >= 0
    assert delay.max() <= 22_500_000 + 1000


def test_single_losses_are_as_many_as_asked_for() -> None:
    _, got = hear(replace(QUIET, loss=0.05), 20_000)
    assert 1 - len(got.packet) / 20_000 == pytest.approx(0.05, abs=0.006)


def test_bursts_are_as_many_and_as_long_as_gilbert_says() -> None:
    _, got = hear(replace(QUIET, to_bad=0.002, to_good=0.1, bad_loss=1.0), 100_000, seed=1)
    holes = np.diff(got.packet) - 1
    holes = holes[holes > 0]
    assert holes.sum() / 100_000 == pytest.approx(0.002 / 0.102, rel=0.25)
    assert holes.mean() == pytest.approx(10, rel=0.25)


def test_disconnects_are_silences_of_2_to_8_seconds() -> None:
    _, got = hear(replace(QUIET, disconnects_per_h=60), 90_000, seed=2)
    holes = np.diff(got.packet)
    silent = holes[holes > 1] * 0.04
    assert len(silent) == pytest.approx(60, abs=20)
    assert silent.min() >= 1.9
    assert silent.max() <= 8.1


@pytest.mark.parametrize("at_once", [7, 500, 90_000])
def test_after_each_connection_all_waits_until_the_host_is_no_longer_busy(at_once: int) -> None:
    often = replace(QUIET, disconnects_per_h=60)
    ready, plain = hear(often, 90_000, seed=2, at_once=at_once)
    _, got = hear(replace(often, start_up_s=(0.05, 0.75)), 90_000, seed=2, at_once=at_once)
    assert np.array_equal(got.packet, plain.packet)
    later = got.time - plain.time
    first = np.flatnonzero(np.diff(plain.packet, prepend=-20) > 1)  # packets of every connection
    waits = [got.time[k] - ready[plain.packet[k]] for k in first]
    assert len(first) > 40
    assert 50e6 - 40e6 <= min(waits) < 120e6
    assert 650e6 < max(waits) <= 750e6
    assert min(later) == 0
    for k in first[later[first] > 0]:
        held = slice(k, k + int(np.searchsorted(got.time[k : k + 30], got.time[k], side="right")))
        assert (got.time[held] == got.time[k]).all(), "at once"
    assert (later > 0).sum() < 20 * len(first), "and nothing else is late"


def test_a_host_that_connects_in_the_middle_of_a_session_is_busy_then() -> None:
    ready = START + np.arange(200, dtype=np.int64) * 40_000_000
    radio, joined = replace(QUIET, start_up_s=(0.3, 0.3)), START + 4 * SECOND
    delay = Air(radio, START, (1,), joined).send(ready).time - ready
    late = np.flatnonzero(delay > 22_501_000)
    assert (ready[late[0]], len(late)) == (joined, 7)
    assert delay[late[0]] == 300_000_000


def test_duplicates_come_again_and_late_ones_at_most_three_late() -> None:
    _, got = hear(replace(QUIET, duplicate=0.01, reorder=0.01), 20_000, seed=3)
    _, counts = np.unique(got.packet, return_counts=True)
    assert (counts == 2).sum() == pytest.approx(200, abs=60)
    behind = np.maximum.accumulate(got.packet) - got.packet
    assert 0 < behind.max() <= 3


def test_an_ordinary_link_loses_a_little_and_never_hears_the_future() -> None:
    ready, got = hear(Radio(), 50_000)
    assert 0.003 < 1 - len(set(got.packet.tolist())) / 50_000 < 0.03
    assert (got.time >= ready[got.packet]).all()
    assert np.median(got.time - ready[got.packet]) < 60_000_000


def test_the_same_seed_is_the_same_air() -> None:
    one, same, other = (hear(Radio(), 5000, seed)[1] for seed in (4, 4, 5))
    assert np.array_equal(one.time, same.time)
    assert not np.array_equal(one.time[:1000], other.time[:1000])
