"""Fifty viewers cost what one does: one reading of the log, and nobody waits for anybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge import SECOND, CorruptData, Log, Side
from service.web.live import broadcaster as module
from service.web.live.broadcaster import Seat, Tails
from service.web.live.snapshot import Live
from service.web.live.stream import events
from tests.walkers.web_rows import NOW, WEARER, a_device, a_flag, a_log, a_step, some_frames

VIEWERS = 50


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = a_log(tmp_path)
    yield log
    log.close()


@pytest.fixture
async def tails(log: Log) -> AsyncIterator[Tails]:
    closing = asyncio.Event()
    yield Tails(log, closing=closing, now=lambda: NOW, poll_s=0)
    closing.set()


async def _put(log: Log, *items: Any) -> None:
    await asyncio.to_thread(log.put, items)


def _names(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.split("\n") if line.startswith("event: ")]


async def _until(texts: AsyncIterator[str], name: str) -> str:
    async with asyncio.timeout(20):
        async for text in texts:
            if name in _names(text):
                return text
    raise AssertionError(f"no {name} came")


async def test_fifty_viewers_read_the_log_once_and_hear_the_same(
    log: Log, tails: Tails, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _put(log, a_device(), a_device(Side.RIGHT))
    read: list[int] = []
    after = log.after

    def counted(*args: Any, **kwargs: Any) -> Any:
        found = after(*args, **kwargs)
        read.extend(number for number, _ in found)
        return found

    monkeypatch.setattr(log, "after", counted)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(aclosing(events(tails, WEARER))) for _ in range(VIEWERS)]
        for texts in streams:
            await _until(texts, "snapshot")
        await _put(log, some_frames(NOW, 20), a_flag(NOW))
        heard = {await _until(texts, "flag") for texts in streams}
    assert len(heard) == 1, "the same text, written once"
    assert len(read) == len(set(read)), "nothing is read twice"
    assert len(read) == 2


async def test_those_who_come_at_once_share_their_snapshots(
    log: Log, tails: Tails, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _put(log, a_device())
    taken: list[Live] = []
    snapshot = Live.snapshot

    def counted(live: Live, *args: Any) -> Any:
        taken.append(live)
        return snapshot(live, *args)

    monkeypatch.setattr(Live, "snapshot", counted)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(aclosing(events(tails, WEARER))) for _ in range(VIEWERS)]
        await asyncio.gather(*(_until(texts, "snapshot") for texts in streams))
    assert len(taken) <= 2, "one is being taken, and all who came meanwhile share the next"


async def test_who_does_not_read_is_dropped_nothing_on_and_gets_a_snapshot_instead(
    log: Log, tails: Tails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2000)
    await _put(log, a_device())
    async with aclosing(events(tails, WEARER)) as slow, aclosing(events(tails, WEARER)) as quick:
        await _until(slow, "snapshot")
        await _until(quick, "snapshot")
        for k in range(20):  # the slow one takes none of them; each is one reading
            await _put(log, a_step(NOW + k * SECOND))
            await _until(quick, "step")
        told = await _until(slow, "snapshot")
    snapshot = json.loads(told.split("data: ", 1)[1])
    assert len(snapshot["steps"]) == 20, "what was missed is told, and nothing of it is lost"


async def test_a_seat_keeps_no_more_than_it_may() -> None:
    seat = Seat()
    for _ in range(3):
        seat.give("x" * (module.MOST_WAITING // 2 + 1))
    assert (seat.missed, len(await seat.take(0) or "")) == (True, module.MOST_WAITING // 2 + 1)


async def test_a_seat_gives_what_waits_before_it_ends() -> None:
    seat = Seat()
    seat.give("last")
    seat.end()
    assert [await seat.take(5), await seat.take(5), await seat.take(5)] == ["last", None, None]


async def test_when_the_last_one_leaves_nobody_reads_any_more(log: Log, tails: Tails) -> None:
    await _put(log, a_device())
    tail = tails.of(WEARER)
    async with aclosing(events(tails, WEARER)) as one:
        await _until(one, "snapshot")
        async with aclosing(events(tails, WEARER)) as other:
            await _until(other, "snapshot")
            assert tails.of(WEARER) is tail
        assert not tail.over
    assert tail.over
    async with aclosing(events(tails, WEARER)) as again:
        await _until(again, "snapshot")
        await _put(log, a_flag(NOW))
        await _until(again, "flag")


async def test_what_ends_the_reading_is_told_to_all(log: Log, tails: Tails, monkeypatch: pytest.MonkeyPatch) -> None:
    await _put(log, a_device())

    def damaged(*_: Any) -> Any:
        raise CorruptData("page 7")

    async with aclosing(events(tails, WEARER)) as one, aclosing(events(tails, WEARER)) as other:
        await _until(one, "snapshot")
        await _until(other, "snapshot")
        monkeypatch.setattr(log, "after", damaged)
        await _put(log, a_flag(NOW))
        for texts in (one, other):
            with pytest.raises(CorruptData):
                await _until(texts, "flag")


async def test_what_is_put_is_heard_after_one_look_at_the_log(
    log: Log, tails: Tails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many look on, and whatever else the loop does: a look is 30 ms from the next one."""
    await _put(log, a_device())
    looks: list[str] = []
    version = log.version

    def looked() -> int:
        looks.append("begun")  # before it reads: one that began before the put need not see it
        return version()

    monkeypatch.setattr(log, "version", looked)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(aclosing(events(tails, WEARER))) for _ in range(VIEWERS)]
        await asyncio.gather(*(_until(texts, "snapshot") for texts in streams))
        log_after = log.after
        found_at: list[int] = []

        def after(*args: Any, **kwargs: Any) -> Any:
            found = log_after(*args, **kwargs)
            if found:
                found_at.append(len(looks))
            return found

        monkeypatch.setattr(log, "after", after)
        await _put(log, some_frames(NOW))
        begun = len(looks)
        await asyncio.gather(*(_until(texts, "frame") for texts in streams))
    assert found_at[0] - begun <= 1
