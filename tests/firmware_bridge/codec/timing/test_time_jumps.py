"""The host's clock leaps or the computer sleeps in mid-walk: every step is there once, and every second is accounted.

Both feet walk ten minutes; packets arrive as the air delivers them and are stamped by a `SystemClock` whose wall and
steady clocks are told what to show.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from firmware_bridge import SECOND, Clock, Frames, Insole, Item, Link, Packet, Side, Unavailable, bridge_insole
from firmware_bridge.clock import SystemClock
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources import Address, Source
from firmware_bridge.sources.stream.inbox import HEARTBEAT_S
from firmware_bridge.sources.stream.packet_stream import Lossless, PacketStream
from firmware_bridge.virtual.gait.scenario import plain_story
from firmware_bridge.virtual.insole.foot import VirtualFoot
from firmware_bridge.virtual.insole.radio import Radio
from firmware_bridge.virtual.insole.transmission import transmit
from service.gait import Analyzer
from service.records.rows import Step
from tests.walkers.walks import START, Gait, devices, insole

MINUTE = 60 * SECOND
WALK_S = 600.0
LEAPS_AT = START + 4 * MINUTE
JUMPS = [-20 * MINUTE, -MINUTE, -5 * SECOND, -SECOND // 5, SECOND // 5, 5 * SECOND, 12 * SECOND, MINUTE, 20 * MINUTE]
NIGHT = 10 * MINUTE


@dataclass
class Host:
    """A computer at a true time: what its clocks show, and when it does not run."""

    jump: int = 0
    now: int = START

    def wall(self) -> int:
        return self.now + (self.jump if self.now >= LEAPS_AT else 0)

    def steady(self) -> int:
        return self.now - START


class HostClock:
    """The program's clock on that computer; sleeping lets true time pass."""

    def __init__(self, host: Host) -> None:
        self._host, self._clock = host, SystemClock(host.wall, host.steady)

    def now(self) -> int:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        self._host.now += round(seconds * SECOND)
        await asyncio.sleep(0)


@dataclass
class Collecting:
    """In place of a log: what was put, with the true time at which it was."""

    host: Host
    items: list[tuple[int, Item]] = field(default_factory=list)

    def put(self, items: Iterable[Item]) -> None:
        self.items += [(self.host.now, item) for item in items]


@dataclass
class Attempt:
    """One connection: what arrives (true time), and whether it ends by an error."""

    packets: list[Packet]
    fails: bool = False


class Air:
    """A source that lets true time pass until each packet arrives, and stamps it with the program's clock."""

    def __init__(self, host: Host, attempts: list[Attempt]) -> None:
        self._host, self._attempts = host, attempts

    @asynccontextmanager
    async def open(self, clock: Clock) -> AsyncIterator[PacketStream]:
        yield Lossless(self._heard(self._attempts.pop(0), clock))

    async def _heard(self, attempt: Attempt, clock: Clock) -> AsyncGenerator[Packet, None]:
        beat = round(HEARTBEAT_S * SECOND)
        for packet in attempt.packets:
            while packet.time - self._host.now > beat and packet.time - self._host.now < NIGHT // 2:
                self._host.now += beat
                yield Packet(clock.now(), b"")
            self._host.now = max(self._host.now, packet.time)
            yield Packet(clock.now(), packet.data)
        if attempt.fails:
            raise Unavailable("the link ended while the computer slept")


air: dict[Side, Air] = {}


def open_air(_: Address, worn: Insole, clock: Clock) -> AbstractAsyncContextManager[PacketStream]:
    return air[worn.side].open(clock)


SOURCE = Source(open_air, link="ble")


@pytest.fixture(autouse=True)
def on_air(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES.builtin, "air", "tests.firmware_bridge.codec.timing.test_time_jumps:SOURCE")


@cache
def sent(side: Side) -> list[Packet]:
    """Return the walk's packets with their true arrivals."""
    story = plain_story(Gait(activity="walking", seconds=WALK_S), START, 11, faults=True)
    radio = Radio(loss=0, to_bad=0, disconnects_per_h=0)
    return [p for piece in transmit(VirtualFoot(insole(side).profile, side, story), radio, 0) for p in piece]


def carried(attempts: dict[Side, list[Attempt]], jump: int = 0) -> list[Item]:
    """Bridge both feet on that computer; return what was put, in true order."""
    items: list[tuple[int, Item]] = []
    for side in Side:
        host = Host(jump)
        log: Any = Collecting(host)
        air[side] = Air(host, attempts[side])
        worn = insole(side)
        asyncio.run(bridge_insole(Insole(worn.wearer, side, worn.profile, "air:"), log, HostClock(host)))
        items += log.items
    return [item for _, item in sorted(items, key=lambda entry: entry[0])]


def steps(items: list[Item]) -> dict[Side, list[Step]]:
    analyzer = Analyzer("ada")
    rows = [row for device in devices() for row in analyzer.feed(device)]
    for item in items:
        if isinstance(item, Frames | Link):
            rows += analyzer.feed(item)
    rows += analyzer.close()
    return {side: [r for r in rows if isinstance(r, Step) and r.side is side] for side in Side}


@cache
def undisturbed() -> dict[Side, list[Step]]:
    return steps(carried({side: [Attempt(sent(side))] for side in Side}))


def check_account(items: list[Item], *, leap_s: int) -> None:
    """Every second has one row, but for what was leapt over; every sample is told in them, and none lies before one."""
    for side in Side:
        frames = [item for item in items if isinstance(item, Frames) and item.side is side]
        seconds = [item.time // SECOND for item in items if isinstance(item, Link) and item.side is side]
        times = np.concatenate([f.time for f in frames])
        assert (np.diff(times) > 0).all()
        apart = np.diff(seconds[:-1])  # the last row lies behind the end
        assert (apart >= 1).all()
        assert sorted(apart.tolist())[:-1] == [1] * (len(apart) - 1)
        assert apart.max() - 1 <= leap_s + 1
        received = sum(item.received for item in items if isinstance(item, Link) and item.side is side)
        assert received == len(times)


@pytest.mark.parametrize("jump", JUMPS, ids=lambda ns: f"{ns / SECOND:+g} s")
def test_no_step_is_lost_when_the_clock_leaps(jump: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "firmware_bridge.clock"):
        items = carried({side: [Attempt(sent(side))] for side in Side}, jump)
    check_account(items, leap_s=max(jump, 0) // SECOND)
    assert any("set back" in said for said in caplog.messages) == (jump <= -SECOND)
    found, expected = steps(items), undisturbed()
    for side in Side:
        # a leap forward is a hole in time: the step and the stride that it touches are no measures
        assert 0 <= len(expected[side]) - len(found[side]) <= (2 if jump > 0 else 0)
        ours, theirs = _lengths(found[side]), _lengths(expected[side])
        assert abs(np.median(ours) - np.median(theirs)) < 0.5e-3
        assert np.quantile(ours, 0.95) == pytest.approx(np.quantile(theirs, 0.95), abs=3e-3)
        last = (found[side][-1].time - expected[side][-1].time) / SECOND
        assert last == pytest.approx(max(jump, 0) / SECOND, abs=0.1)
        assert sum(step.valid for step in found[side]) >= sum(step.valid for step in expected[side]) - 10
    if abs(jump) < 2 * MINUTE:
        assert {step.bout for step in found[Side.LEFT]} == {step.bout for step in found[Side.RIGHT]}
        assert len({step.bout for step in found[Side.LEFT]}) == 1


def _lengths(found: Collection[Step]) -> list[float]:
    return [step.contact_time_s for step in found]


def night(side: Side, kind: str) -> list[Attempt]:
    """Return what a computer hears that slept for ten minutes from `LEAPS_AT` on."""
    before = [p for p in sent(side) if p.time < LEAPS_AT]
    if kind == "goes on":  # and what it sent meanwhile is gone; it walks on for the minutes after
        return [Attempt([*before, *(p for p in sent(side) if p.time >= LEAPS_AT + 3 * MINUTE)])]
    after = [p._replace(time=p.time + NIGHT) for p in sent(side) if p.time >= LEAPS_AT]
    if kind == "waits":
        return [Attempt([*before, *after])]
    return [Attempt(before, fails=True), Attempt(after)]


@pytest.mark.parametrize("kind", ["goes on", "waits", "link ends"])
def test_a_computer_that_slept_goes_on_with_the_next_step(kind: str) -> None:
    items = carried({side: night(side, kind) for side in Side})
    slept = 180 if kind == "goes on" else 600
    check_account(items, leap_s=slept)
    found = steps(items)
    for side in Side:
        expected = [s for s in undisturbed()[side] if s.foot_off < LEAPS_AT or (kind != "goes on")]
        if kind == "goes on":
            expected += [s for s in undisturbed()[side] if s.time >= LEAPS_AT + 3 * MINUTE]
        assert 0 <= len(expected) - len(found[side]) <= 3
        assert len({step.bout for step in found[side]}) == 2  # ten minutes of nothing part them
        gap = max(b.time - a.foot_off for a, b in pairwise(found[side]))
        assert gap / SECOND == pytest.approx(slept, abs=3)
