"""Following a log: what is put comes in order, a log that is away is waited for, and the end is heard at once."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from firmware_bridge import Backoff, Log, Unavailable
from firmware_bridge.contracts.logs.items import Reading, number
from service.pipeline.tail import tail
from tests.stand_ins.memory_log import MemoryLog


class Away(MemoryLog):
    """A log that is away at its first calls."""

    def __init__(self, times: int, call: str) -> None:
        super().__init__()
        self._times, self._call = times, call

    def version(self) -> int:
        self._ask("version")
        return super().version()

    def after(self, *args: Any, **kwargs: Any) -> Any:
        self._ask("after")
        return super().after(*args, **kwargs)

    def _ask(self, call: str) -> None:
        if call == self._call and self._times:
            self._times -= 1
            raise Unavailable("the store is locked")


async def told(log: Log, limit: int = 2) -> list[list[int]]:
    return [[n for n, _ in batch] async for batch in tail(log, [Reading], 0, follow=False, limit=limit)]


async def test_without_following_it_ends_when_there_is_no_more() -> None:
    log = MemoryLog()
    assert await told(log) == []
    log.put([number(i) for i in range(5)])
    assert await told(log) == [[1, 2], [3, 4], [5]]


async def test_what_is_put_later_comes_later() -> None:
    log = MemoryLog()
    log.put([number(0)])
    seen: list[int] = []
    async for batch in tail(log, [Reading], 0, poll_s=0):
        seen += [n for n, _ in batch]
        if len(seen) == 4:
            break
        log.put([number(len(seen))])
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize("call", ["version", "after"])
async def test_a_log_that_is_away_is_waited_for(
    call: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waited: list[float] = []
    delay = Backoff.delay

    def short(self: Backoff, error: Unavailable) -> float:
        waited.append(delay(self, error))
        return 0.0

    monkeypatch.setattr(Backoff, "delay", short)
    log = Away(3, call)
    log.put([number(0)])
    with caplog.at_level(logging.WARNING):
        assert await told(log) == [[1]]
    assert len(waited) == 3
    assert waited[2] > waited[0], "less and less often"
    assert caplog.text.count("store: the store is locked; trying again") == 1


async def test_who_waits_for_a_log_that_is_away_still_hears_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = asyncio.Event()

    def for_ever(self: Backoff, error: Unavailable) -> float:
        asyncio.get_running_loop().call_soon(ending.set)
        return 1e9

    monkeypatch.setattr(Backoff, "delay", for_ever)
    async with asyncio.timeout(20):
        async for _ in tail(Away(10**9, "version"), [Reading], 0, closing=ending):
            raise AssertionError("nothing can come")
    assert ending.is_set()
