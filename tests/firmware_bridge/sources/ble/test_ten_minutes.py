"""Two insoles of 200 samples a second whose clocks drift apart, for ten minutes on one adapter."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.model import SECOND, Int64s, Packet, Side
from firmware_bridge.virtual.insole.foot import Readout
from tests.benchmarks.ble_bench import LEFT, RIGHT, Bench, run_on_bench
from tests.stand_ins.timewarp import EPOCH

FAST = parse_profile(load_profile("demo-16").text.replace("rate_hz = 100", "rate_hz = 200"), "demo-16 at 200 Hz")
PERIOD = SECOND // 200
DRIFT = {LEFT: 40e-6, RIGHT: -30e-6}  # ordinary crystals
SETTLED_S = 360  # two turns of the vernier of packets against connection events, see DeviceClock
MINUTES = 10


class DriftingFoot:
    """Sample `k` is taken a little sooner or later than its device believes, and reads `k` on the first sensor."""

    def __init__(self, side: Side, profile: Profile) -> None:
        self.side, self.profile = side, profile
        self._period = PERIOD * (1 + DRIFT[side])

    def taken(self, k: Int64s) -> Int64s:
        """Return the UTC ns at which samples are taken."""
        return EPOCH + np.round(k * self._period).astype(np.int64)

    def samples(self, start: int, stop: int) -> Readout:
        first, last = (int(np.ceil((time - EPOCH) / self._period)) for time in (start, stop))
        k = np.arange(max(first, 0), last, dtype=np.int64)
        k = k[(self.taken(k) >= start) & (self.taken(k) < stop)]
        reads = np.repeat((k % 1000).astype(np.float32)[:, None], self.profile.sensors.count, axis=1)
        still = np.zeros((len(k), 3), np.float32)
        return Readout(self.taken(k), k * PERIOD, reads, still, still)


def late_by(side: Side, packets: list[Packet]) -> tuple[Int64s, Int64s]:
    """Return when samples were taken, and by how many ns they are placed too late; nothing may be missing."""
    decoder = Decoder(Insole("anna", side, FAST, "ble:"), "ble")
    frames = decoder.whole(packets)
    assert frames is not None
    assert (decoder.counts.lost, decoder.counts.corrupt, decoder.counts.duplicate) == (0, 0, 0)
    reads = frames.pressure[:, 0].astype(np.int64)
    assert (np.diff(reads) % 1000 == 1).all()
    first = round((int(frames.time[0]) - EPOCH) / PERIOD)
    first -= (first - int(reads[0]) + 500) % 1000 - 500  # the number of the first sample, by what it reads
    taken = DriftingFoot(side, FAST).taken(first + np.arange(len(frames)))
    return taken, frames.time - taken


@pytest.mark.slow
def test_nothing_is_lost_and_the_feet_agree_on_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        bench.listen(LEFT, RIGHT)
        wanted = MINUTES * 60 * SECOND // (4 * PERIOD)
        await bench.until(lambda: min(len(bench.data(side)) for side in Side) >= wanted, seconds=MINUTES * 60 + 30)
        assert [device.dropped for device in bench.insoles.values()] == [0, 0]
        late = []
        for side in Side:
            taken, by = late_by(side, bench.data(side))
            grid = EPOCH + np.arange(SETTLED_S, MINUTES * 60 - 5) * SECOND
            late.append(np.interp(grid, taken, by))
        apart = np.abs(late[0] - late[1])
        print(f"\nclocks of the feet: {apart.mean() / 1e6:.3f} ms apart on average, {apart.max() / 1e6:.3f} at most")
        assert apart.max() < SECOND // 1000

    run_on_bench(monkeypatch, story, profile=FAST, foot=DriftingFoot)
