"""What a virtual insole's firmware gives, and when."""

from __future__ import annotations

from firmware_bridge.virtual.insole.firmware import Firmware
from firmware_bridge.virtual.insole.radio import StartUp
from tests.stand_ins.manual_clock import ManualClock
from tests.walkers.steady import START, SteadyFoot


async def _streamed(firmware: Firmware, clock: ManualClock, seconds: float) -> list[tuple[float, int]]:
    """Return how long after its start the firmware gave how many packets."""
    firmware.start()
    begun, given = clock.now(), []
    while (at := (clock.now() - begun) * 1e-9) < seconds:
        if packets := firmware.packets():
            given.append((round(at, 3), len(packets)))
        await clock.advance(min(firmware.wait_s, 0.01))
    firmware.stop()
    return given


async def test_what_is_felt_while_the_host_connects_comes_together_after_every_start() -> None:
    clock = ManualClock(START)
    firmware = Firmware(SteadyFoot(), "ble", clock, StartUp((0.05, 0.75), (4,)))
    plain = Firmware(SteadyFoot(), "ble", clock)
    first, again, usual = [await _streamed(one, clock, 1.5) for one in (firmware, firmware, plain)]
    assert first[0][0] - StartUp((0.05, 0.75), (4,)).draw() * 1e-9 < 0.011
    assert first[0][0] != again[0][0]
    for given in (first, again):
        assert 0.05 <= given[0][0] <= 0.76
        assert given[0][1] > 1
        assert {count for _, count in given[1:]} == {1}
        assert abs(sum(count for _, count in given) - sum(count for _, count in usual)) <= 1
    assert {count for _, count in usual} == {1}
