"""The one queue: nothing lost silently, silence heard, order and times kept."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import Unavailable
from firmware_bridge.model import SECOND, Packet
from firmware_bridge.sources.stream.inbox import Inbox
from firmware_bridge.sources.stream.pacing import Paced
from tests.stand_ins.timewarp import EPOCH, LoopClock, warped


async def _drained(inbox: Inbox) -> list[bytes]:
    """Take packets until the inbox fails."""
    got: list[bytes] = []
    with pytest.raises(Unavailable, match="over"):
        await _collect(inbox, got)
    return got


async def _collect(inbox: Inbox, got: list[bytes]) -> None:
    async for packet in inbox:
        got.append(packet.data)  # noqa: PERF401 - what came before an error has to be kept


@given(n=st.integers(0, 40), capacity=st.integers(1, 20))
def test_a_full_inbox_drops_the_oldest_and_counts(n: int, capacity: int) -> None:
    async def main() -> None:
        inbox = Inbox(LoopClock(), capacity=capacity)
        sent = [bytes([i]) for i in range(1, n + 1)]
        for data in sent:
            inbox.put(data)
        inbox.fail(Unavailable("over"))
        got = await _drained(inbox)
        assert got == sent[-capacity:]
        assert len(got) + inbox.dropped == n

    warped(main)


def test_silence_is_heard_every_100_ms() -> None:
    async def main() -> None:
        inbox = Inbox(LoopClock())
        beats = [await anext(inbox) for _ in range(5)]
        assert [beat.data for beat in beats] == [b""] * 5
        assert [round((beat.time - EPOCH) / 1e6) for beat in beats] == [100, 200, 300, 400, 500]

    warped(main)


def test_a_packet_ends_the_waiting_at_once() -> None:
    async def main() -> None:
        inbox = Inbox(LoopClock())
        asyncio.get_running_loop().call_later(0.03, inbox.put, b"x")
        packet = await anext(inbox)
        assert packet.data == b"x"
        assert packet.time == pytest.approx(EPOCH + 30_000_000, abs=1000)

    warped(main)


def test_what_arrived_comes_before_the_error_and_the_first_error_counts() -> None:
    async def main() -> None:
        inbox = Inbox(LoopClock())
        inbox.put(b"1")
        inbox.fail(Unavailable("over"))
        inbox.fail(Unavailable("later"))
        assert await _drained(inbox) == [b"1"]
        with pytest.raises(Unavailable, match="over"):
            await anext(inbox)

    warped(main)


def test_an_error_wakes_the_reader() -> None:
    async def main() -> None:
        loop, inbox = asyncio.get_running_loop(), Inbox(LoopClock())
        loop.call_later(0.05, inbox.fail, Unavailable("over"))
        began = loop.time()
        with pytest.raises(Unavailable):
            await anext(inbox)
        assert loop.time() - began == pytest.approx(0.05)

    warped(main)


def test_times_never_decrease_when_the_clock_is_set_back() -> None:
    class SetBack(LoopClock):
        times = iter((5 * SECOND, 3 * SECOND, 6 * SECOND))

        def now(self) -> int:
            return next(self.times)

    async def main() -> None:
        inbox = Inbox(SetBack())
        for _ in range(3):
            inbox.put(b"x")
        assert [(await anext(inbox)).time for _ in range(3)] == [5 * SECOND, 5 * SECOND, 6 * SECOND]

    warped(main)


def test_too_much_silence_means_a_dead_link() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        inbox = Inbox(LoopClock(), stall_s=1.5, advice="look at it")
        loop.call_later(1.0, inbox.put, b"x")
        began = loop.time()
        with pytest.raises(Unavailable, match=r"no data for 1\.5 s \(look at it\)"):
            await _collect(inbox, [])
        assert loop.time() - began == pytest.approx(2.5, abs=0.11)

    warped(main)


def test_a_reader_that_was_busy_does_not_take_its_own_silence_for_the_links() -> None:
    async def main() -> None:
        inbox = Inbox(LoopClock(), stall_s=1.5)
        inbox.put(b"1")
        assert (await anext(inbox)).data == b"1"
        await asyncio.sleep(60)
        assert (await anext(inbox)).data == b""
        inbox.put(b"2")
        assert (await anext(inbox)).data == b"2"

    warped(main)


def test_putting_from_a_thread_is_safe_through_the_loop() -> None:
    async def main() -> None:
        loop, clock = asyncio.get_running_loop(), LoopClock()
        inbox = Inbox(clock)

        def read() -> None:
            for i in range(200):
                loop.call_soon_threadsafe(inbox.put, i.to_bytes(2, "big"), clock.now())
            loop.call_soon_threadsafe(inbox.fail, Unavailable("over"))

        await asyncio.to_thread(read)
        assert [data for data in await _drained(inbox) if data] == [i.to_bytes(2, "big") for i in range(200)]

    asyncio.run(main())


@given(
    gaps_ms=st.lists(st.integers(0, 350), min_size=1, max_size=12),
    pace=st.sampled_from([0.5, 1.0, 4.0]),
)
def test_pacing_keeps_packets_and_times_and_lets_them_through_when_due(gaps_ms: list[int], pace: float) -> None:
    async def main() -> None:
        times = [7 * SECOND]
        for gap in gaps_ms:
            times.append(times[-1] + gap * 1_000_000)
        sent = [Packet(time, bytes([i])) for i, time in enumerate(times)]

        class Source:
            dropped = 3
            battery_pct = 80.0

            def __init__(self) -> None:
                self.left = iter(sent)

            def __aiter__(self) -> Source:
                return self

            async def __anext__(self) -> Packet:
                try:
                    return next(self.left)
                except StopIteration:
                    raise StopAsyncIteration from None

        loop = asyncio.get_running_loop()
        paced, began = Paced(Source(), pace, LoopClock()), loop.time()
        got, heard, last = [], began, 0
        async for packet in paced:
            assert loop.time() - heard < 0.11  # silence is heard
            assert packet.time >= last
            heard, last = loop.time(), packet.time
            if packet.data:
                got.append(packet)
                assert loop.time() - began == pytest.approx((packet.time - times[0]) / SECOND / pace, abs=1e-5)
        assert got == sent
        assert paced.dropped == 3
        assert paced.battery_pct == 80

    warped(main)
