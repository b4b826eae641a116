"""The bridge: what arrives is in the log, once; what is lost is counted; it opens a lost link again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    Clock,
    ConfigError,
    Device,
    Frames,
    Insole,
    Item,
    Link,
    Log,
    Packet,
    Side,
    Unavailable,
    bridge,
    load_profile,
    open_log,
)
from firmware_bridge.codec import Encoder
from firmware_bridge.plugins import SOURCES
from tests.stories import tell

START = 1_700_000_000 * SECOND
PROFILE = load_profile("demo-16")


class Script:
    """A link that plays given packets, then what comes next: an error, the end, or silence for ever."""

    attempts: list[list[Packet | Exception]]

    def __init__(self, *attempts: list[Packet | Exception]) -> None:
        self.attempts = list(attempts)

    @asynccontextmanager
    async def open(self, url: str, insole: Insole, clock: Clock) -> AsyncIterator[AsyncIterator[Packet]]:
        yield self._play(self.attempts.pop(0))

    async def _play(self, events: list[Packet | Exception]) -> AsyncGenerator[Packet, None]:
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield event


script = Script()


def open_script(url: str, insole: Insole, clock: Clock):  # type: ignore[no-untyped-def]
    return script.open(url, insole, clock)


class Leaping:
    """A clock on which sleeping takes no time."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += round(seconds * SECOND)
        await asyncio.sleep(0)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES.builtin, "script", "tests.bridge.test_bridge:open_script")


INSOLE = Insole("ann", Side.LEFT, PROFILE, "script:")


def packets(count: int, *, start: int = START, first: int = 0) -> list[Packet | Exception]:
    """Return notifications of four samples of a ramp, 40 ms apart, with `first` already sent."""
    encoder = Encoder(PROFILE, Side.LEFT, first_sequence=first)
    ticks = (np.arange(count * 4) + first * 4) * (SECOND // 100)
    pressure = np.repeat(np.arange(count * 4, dtype=np.float32)[:, None] % 300, 16, axis=1)
    zeros = np.zeros((count * 4, 3), np.float32)
    return [
        Packet(start + i * 4 * SECOND // 100, data)
        for i, data in enumerate(encoder.packets(ticks, pressure, zeros, zeros))
    ]


def all_items(log: Log) -> list[Item]:
    return [item for _, item in log.after([Device, Frames, Link], 0, limit=10_000)]


def samples(log: Log) -> int:
    return sum(len(frames) for frames in log.read(Frames, "ann"))


def test_a_recording_is_stored_whole_with_its_device_first(log: Log) -> None:
    script.attempts = [packets(250)]
    asyncio.run(bridge(INSOLE, log, Leaping(START)))
    items = all_items(log)
    kinds = [type(item) for item in items if not isinstance(item, Link)]
    assert kinds[0] is Device
    assert kinds.count(Device) == 1
    assert samples(log) == 1000
    links = log.read(Link, "ann")
    assert sum(link.received for link in links) == 1000
    assert sum(link.lost + link.corrupt + link.duplicate for link in links) == 0
    assert [link.connected for link in links[-1:]] == [False]


def test_a_lost_link_is_opened_again_and_the_hole_is_counted(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.retry.Backoff.delay", lambda self: 3.0)
    script.attempts = [
        [*packets(100), Unavailable("out of range")],
        [Unavailable("not advertising")],
        packets(100, start=START + 10 * SECOND, first=250),
    ]
    asyncio.run(bridge(INSOLE, log, Leaping(START + 4 * SECOND)))
    links = log.read(Link, "ann")
    assert samples(log) == 800
    assert sum(link.lost for link in links) == 600
    assert max(link.reconnects for link in links) == 2
    assert any(not link.connected and link.received == 0 for link in links[:-1])
    seconds = [link.time for link in links[:-1]]
    assert np.diff(seconds).tolist() == [SECOND] * (len(seconds) - 1)


def test_what_is_malformed_or_double_is_counted_and_harms_nothing_else(log: Log) -> None:
    events = packets(100)
    noise = Packet(START + SECOND, b"noise")
    script.attempts = [[*events[:30], noise, events[29], *events[30:]]]
    asyncio.run(bridge(INSOLE, log, Leaping(START)))
    links = log.read(Link, "ann")
    assert samples(log) == 400
    assert (sum(link.corrupt for link in links), sum(link.duplicate for link in links)) == (1, 4)


def test_cancelling_puts_what_was_received(log: Log) -> None:
    async def interrupted() -> None:
        async with asyncio.timeout(0.5):
            await bridge(Insole("ann", Side.LEFT, PROFILE, "virtual:?faults=off"), log)

    with pytest.raises(TimeoutError):
        asyncio.run(interrupted())
    assert samples(log) > 0


class Stubborn:
    """A log that is away for the first puts, once even after it has stored."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.refusals = ["before", "after", "before"]

    def put(self, items: list[Item]) -> None:
        refusal = self.refusals.pop(0) if self.refusals else ""
        if refusal == "before":
            raise Unavailable("the disk is full")
        self._log.put(items)
        if refusal == "after":
            raise Unavailable("the disk is full")

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


def test_a_log_that_is_away_delays_and_loses_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.retry.Backoff.delay", lambda self: 0.0)
    script.attempts = [packets(250)]
    asyncio.run(bridge(INSOLE, cast("Log", Stubborn(log)), Leaping(START)))
    assert samples(log) == 1000
    assert sum(link.received for link in log.read(Link, "ann")) == 1000


def test_a_wrong_link_ends_the_bridge_with_what_to_change(log: Log) -> None:
    with pytest.raises(ConfigError, match="ble, file, script, serial, virtual"):
        asyncio.run(bridge(Insole("ann", Side.LEFT, PROFILE, "carrier-pigeon:"), log))


def test_two_virtual_insoles_tell_their_past_through_the_bridge(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'log.sqlite'}"
    tell(store, "normal", 3)
    with closing(open_log(store)) as log:
        links = log.read(Link, "demo")
        frames = log.read(Frames, "demo")
    for side in Side:
        received = sum(link.received for link in links if link.side is side)
        lost = sum(link.lost for link in links if link.side is side)
        stored = sum(len(f) for f in frames if f.side is side)
        assert received <= stored <= received + 200  # the last second's account is not closed yet
        assert 0 < lost < 0.05 * received  # the radio's faults are on
        time = np.concatenate([f.time for f in frames if f.side is side])
        assert (np.diff(time) > 0).all()
