"""How counters, stamps and arrivals come together: what was given up in one connection is looked at in the next."""

from __future__ import annotations

import numpy as np

from firmware_bridge.codec.timing.packet_times import PacketStamps, PacketTimes
from firmware_bridge.model import SECOND, Int64s

START = 1_700_000_000 * SECOND
PERIOD = SECOND // 100
TURN = (1 << 32) * SECOND // 1000


def stamped(tick: Int64s, since: int) -> PacketStamps:
    """Return packets that arrive one period after the other, and carry these stamps."""
    n = len(tick)
    no = np.zeros(n, np.bool_)
    return PacketStamps(np.zeros(n, np.int64), tick, since + np.arange(n) * PERIOD, np.full(n, PERIOD), no, no)


def test_a_clock_that_stood_still_is_believed_once_it_runs_in_the_next_connection() -> None:
    times = PacketTimes("device", None, TURN, PERIOD)
    still = times.place_first(stamped(np.zeros(100, np.int64), START))
    assert str(times.state) == "arrival"
    times.relink()
    runs = np.arange(500) * PERIOD
    placed = [*still, *times.place_first(stamped(runs[:100], START + 5 * SECOND))]
    placed += times.place(stamped(runs[100:], START + 6 * SECOND))
    assert str(times.state) == "steady"
    given = np.array([one.time for one in placed])
    assert np.array_equal(given[100:], START + 5 * SECOND + runs)
    assert (np.diff(given) > 0).all()
    assert sum(one.lost for one in placed) == 0


def test_a_clock_that_still_stands_is_given_up_again() -> None:
    times = PacketTimes("device", None, TURN, PERIOD)
    for connection in range(3):
        placed = times.place_first(stamped(np.zeros(100, np.int64), START + connection * 5 * SECOND))
        assert str(times.state) == "arrival"
        assert not any(one.lost or one.restarted or one.time is None for one in placed)
        times.relink()
