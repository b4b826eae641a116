"""The bridge: what arrives is in the log, once; what is lost is counted; it opens a lost link again."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
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
    bridge_insole,
    load_profile,
    open_log,
)
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.plugins import SOURCES
from firmware_bridge.sources import Address, Source
from firmware_bridge.sources.stream.packet_stream import Lossless, PacketStream
from tests.walkers.stories import tell

START = 1_700_000_000 * SECOND
PROFILE = load_profile("demo-16")


class Script:
    """A link that plays given packets, then what comes next: an error, the end, or silence for ever."""

    attempts: list[list[Packet | Exception]]

    def __init__(self, *attempts: list[Packet | Exception]) -> None:
        self.attempts = list(attempts)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PacketStream]:
        yield Lossless(self._play(self.attempts.pop(0)))

    async def _play(self, events: list[Packet | Exception]) -> AsyncGenerator[Packet, None]:
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield event


script = Script()


def open_script(_: Address, __: Insole, ___: Clock) -> AbstractAsyncContextManager[PacketStream]:
    return script.open()


SOURCE = Source(open_script, link="ble")


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
    monkeypatch.setitem(SOURCES.builtin, "script", "tests.firmware_bridge.bridge.test_insole:SOURCE")


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
    asyncio.run(bridge_insole(INSOLE, log, Leaping(START)))
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
    monkeypatch.setattr("firmware_bridge.bridge.retry.Backoff.delay", lambda self, error: 3.0)
    script.attempts = [
        [*packets(100), Unavailable("out of range")],
        [Unavailable("not advertising")],
        packets(100, start=START + 10 * SECOND, first=250),
    ]
    asyncio.run(bridge_insole(INSOLE, log, Leaping(START + 4 * SECOND)))
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
    asyncio.run(bridge_insole(INSOLE, log, Leaping(START)))
    links = log.read(Link, "ann")
    assert samples(log) == 400
    assert (sum(link.corrupt for link in links), sum(link.duplicate for link in links)) == (1, 4)


def test_cancelling_puts_what_was_received(log: Log) -> None:
    async def interrupted() -> None:
        async with asyncio.timeout(0.5):
            await bridge_insole(Insole("ann", Side.LEFT, PROFILE, "virtual:?faults=off"), log)

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
    monkeypatch.setattr("firmware_bridge.bridge.retry.Backoff.delay", lambda self, error: 0.0)
    script.attempts = [packets(250)]
    asyncio.run(bridge_insole(INSOLE, cast("Log", Stubborn(log)), Leaping(START)))
    assert samples(log) == 1000
    assert sum(link.received for link in log.read(Link, "ann")) == 1000


class Dropping:
    """A link whose inbox has dropped packets, and then breaks or falls silent for ever."""

    battery_pct = math.nan

    def __init__(self, packets: list[Packet | Exception], dropped: int) -> None:
        self._events = list(packets)
        self.dropped = 0
        self._at_the_end = dropped

    def __aiter__(self) -> AsyncIterator[Packet]:
        return self

    async def __anext__(self) -> Packet:
        if len(self._events) == 1:
            self.dropped = self._at_the_end
        event = self._events.pop(0) if self._events else None
        if event is None:
            await asyncio.Event().wait()
        if isinstance(event, Exception):
            raise event
        assert event is not None
        return event


def test_what_an_inbox_dropped_is_told_also_of_a_link_that_ends(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.bridge.retry.Backoff.delay", lambda self, error: 2.0)
    links = [
        Dropping([*packets(50), Unavailable("lost")], 5),
        Dropping([*packets(50, start=START + 5 * SECOND, first=125), Unavailable("lost")], 2),
    ]

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[PacketStream]:
        if not links:
            raise ConfigError("enough")
        yield links.pop(0)

    monkeypatch.setattr(script, "open", opened)
    with pytest.raises(ConfigError, match="enough"):
        asyncio.run(bridge_insole(INSOLE, log, Leaping(START + 2 * SECOND)))
    dropped = [link.dropped for link in log.read(Link, "ann")]
    assert sum(dropped) == 7
    assert min(dropped) == 0


def test_the_last_seconds_account_is_put_when_the_bridge_is_cancelled(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    class Told(Dropping):
        async def __anext__(self) -> Packet:
            if not self._events:
                ended.set()
            return await super().__anext__()

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[PacketStream]:
        yield Told([*packets(30), Packet(START + 2 * SECOND, b"noise")], 3)

    async def cancelled() -> None:
        task = asyncio.ensure_future(bridge_insole(INSOLE, log, Leaping(START)))
        await ended.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(script, "open", opened)
    asyncio.run(cancelled())
    links = log.read(Link, "ann")
    assert samples(log) == sum(link.received for link in links) == 120
    assert (links[-1].corrupt, sum(link.dropped for link in links)) == (1, 3)
    assert links[-1].time == START + 2 * SECOND


def test_cancelled_in_a_put_no_packet_is_lost(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packet has been read and the put before it is under way: it belongs to what is put last."""
    monkeypatch.setattr("firmware_bridge.bridge.insole.PUT_EVERY_S", 3600.0)  # the packets' time decides, no machine's

    class Away:
        def __init__(self) -> None:
            self.away = True
            self.asked = threading.Event()

        def put(self, items: list[Item]) -> None:
            if self.away:
                self.asked.set()
                raise Unavailable("the disk is full")
            log.put(items)

    async def cancelled() -> None:
        store = Away()
        task = asyncio.ensure_future(bridge_insole(INSOLE, cast("Log", store), Leaping(START)))
        await asyncio.to_thread(store.asked.wait)
        store.away = False
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    script.attempts = [packets(1000)]
    asyncio.run(cancelled())
    read = [int(t) for frames in log.read(Frames, "ann") for t in frames.time]
    assert (max(read) - START) // SECOND == 10  # the put of the first ten seconds, and the packet that ended them


def test_a_device_that_announces_what_its_profile_does_not_say_is_told(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    lines = b"#insole v1 side=L n=8 rate=50 unit=raw max=4095\n" + b"".join(
        b"%d,%d,1,2,3,4,5,6,7,8\n" % (i, i * 10) for i in range(300)
    )
    insole = Insole("ann", Side.LEFT, load_profile("insole-line"), "script:")
    script.attempts = [[Packet(START + i * SECOND // 100, lines[i * 20 : i * 20 + 20]) for i in range(300)]]
    asyncio.run(bridge_insole(insole, log, Leaping(START)))
    assert samples(log) == 0
    told = [record.getMessage() for record in caplog.records if "announces" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith(
        "ann's left insole: nothing of it is stored: the insole announces rate=50, but its profile says 100; choose a "
    )


def test_bytes_that_do_not_fit_the_profile_are_told_once(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    noise: list[Packet | Exception] = [Packet(START + i * SECOND // 10, bytes(200)) for i in range(100)]
    script.attempts = [[*noise, *packets(10, start=START + 20 * SECOND)]]
    asyncio.run(bridge_insole(INSOLE, log, Leaping(START)))
    assert samples(log) == 40
    told = [record.getMessage() for record in caplog.records if "came" in record.getMessage()]
    assert len(told) == 1
    assert "no packet of profile demo-16 in them; are its frame, head and checksum right" in told[0]


def test_a_wrong_link_ends_the_bridge_with_what_to_change(log: Log) -> None:
    with pytest.raises(ConfigError, match=f"there are: {', '.join(SOURCES.names())}"):
        asyncio.run(bridge_insole(Insole("ann", Side.LEFT, PROFILE, "carrier-pigeon:"), log))


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
