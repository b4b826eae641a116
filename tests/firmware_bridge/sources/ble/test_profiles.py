"""Every built-in profile that speaks Bluetooth: its virtual insoles are found, told apart, started and understood."""

from __future__ import annotations

import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.model import SECOND, Side
from firmware_bridge.sources import open_source
from tests.benchmarks.ble_bench import LEFT, URL, Bench, run_on_bench
from tests.walkers.steady import PROFILES

SPEAKING = sorted(name for name, profile in PROFILES.items() if profile.ble)


@pytest.mark.parametrize("name", SPEAKING)
def test_both_feet_stream_what_the_profile_understands(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    profile = PROFILES[name]

    async def story(bench: Bench) -> None:
        bench.listen(Side.RIGHT, LEFT)
        await bench.until(lambda: all(len(bench.data(side)) > 100 for side in Side))
        assert bench.losses == {LEFT: [], Side.RIGHT: []}
        for side in Side:
            assert bench.connected(side)
            decoder = Decoder(bench.insole(side), "ble")
            frames = decoder.whole(bench.heard[side])
            assert frames is not None
            spans = (frames.time[-1] - frames.time[0]) / SECOND
            assert len(frames) == pytest.approx(spans * profile.rate_hz, rel=0.05, abs=5)
            assert (decoder.counts.lost, decoder.counts.corrupt, decoder.trouble) == (0, 0, "")

    run_on_bench(monkeypatch, story, profile=profile)


@pytest.mark.parametrize("name", SPEAKING)
def test_the_battery_is_known(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async def story(bench: Bench) -> None:
        async with open_source(URL, bench.insole(LEFT), bench.clock) as packets:
            await anext(packets)
            assert packets.battery_pct == 96

    run_on_bench(monkeypatch, story, profile=PROFILES[name])
