"""One reading of the log for all who look at the same wearer: what one page costs, fifty cost.

What happens is read, drawn and written once and handed to every viewer. A viewer who does not take it is not waited
for: what has piled up for them is dropped, and a fresh snapshot says it instead.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from firmware_bridge import Log, partition_of
from service.pipeline.tail import Closing, tail
from service.web.live.snapshot import STREAMED, Live

_POLL_S = 0.03
_BATCH = 400  # items at most between two looks at `closing`
MOST_WAITING = 1 << 20  # characters that wait for one viewer; some minutes of frames


def written(name: str, data: dict[str, Any]) -> str:
    """Return one event in the wire format."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'), allow_nan=False)}\n\n"


class Seat:
    """What waits for one viewer. Whoever gives never waits."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._size = 0
        self._woken = asyncio.Event()
        self._over = False
        self.missed = False
        """Something was dropped since the last look: a snapshot has to say it."""

    def give(self, text: str) -> None:
        """Add what happened; where too much waits already, drop all of it."""
        self._texts.append(text)
        self._size += len(text)
        if self._size > MOST_WAITING and len(self._texts) > 1:
            self._texts.clear()
            self._size, self.missed = 0, True
        self._woken.set()

    def end(self) -> None:
        """Let the viewer go when they have taken what waits."""
        self._over = True
        self._woken.set()

    async def take(self, patience_s: float) -> str | None:
        """Return all that waits, "" after `patience_s` of nothing, None when it is over."""
        if not self._woken.is_set():
            try:
                async with asyncio.timeout(patience_s):
                    await self._woken.wait()
            except TimeoutError:
                return ""
        self._woken.clear()
        if self._over:
            self._woken.set()  # the next look ends it
        text = "".join(self._texts)
        self._texts.clear()
        self._size = 0
        return text if text or self.missed or not self._over else None


class Tail:
    """Follows one wearer's items while anybody has a seat."""

    def __init__(self, log: Log, wearer: str, closing: Closing, now: Callable[[], int], poll_s: float) -> None:
        self._log, self._wearer, self._closing, self._now, self._poll_s = log, wearer, closing, now, poll_s
        self._seats: set[Seat] = set()
        self._begun = asyncio.Event()
        self._snapping = asyncio.Lock()
        self._snaps = 0  # how many snapshots have been begun
        self._snap: str | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(self._ended)

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """Give a seat; the last one who leaves ends the reading."""
        seat = Seat()
        self._seats.add(seat)
        if self._task.done():
            seat.end()
        try:
            yield seat
        finally:
            self._seats.discard(seat)
            if not self._seats:
                self._task.cancel()

    @property
    def over(self) -> bool:
        """Nothing more comes from here: nobody was left, or the reading failed."""
        return self._task.done() or self._task.cancelling() > 0

    async def snapshot(self) -> str:
        """Return what a page has to know first, read from now on; those who come meanwhile share the next one.

        Raises:
            Unavailable: the store is busy.
        """
        await self._begun.wait()  # from here on everything is given: what comes between is told twice, never lost
        self.check()
        wanted = self._snaps + 1
        async with self._snapping:
            if self._snaps < wanted or self._snap is None:
                self._snaps += 1
                self._snap = None
                self._snap = await asyncio.to_thread(self._read_snapshot)
            return self._snap

    def check(self) -> None:
        """Raise what has ended the reading, if anything has."""
        if self._task.done() and not self._task.cancelled():
            self._task.result()

    def _read_snapshot(self) -> str:
        return written("snapshot", Live(self._wearer).snapshot(self._log, self._now()))

    async def _run(self) -> None:
        live = Live(self._wearer)
        cursor = await asyncio.to_thread(self._log.head)
        await asyncio.to_thread(live.begin, self._log, self._now())
        self._begun.set()
        own = [partition_of(self._wearer)]
        arrivals = tail(self._log, STREAMED, cursor, own, limit=_BATCH, poll_s=self._poll_s, closing=self._closing)
        async for batch in arrivals:
            moment = self._now()
            text = "".join(written(*event) for _, item in batch for event in live.events(item, moment))
            if text:
                for seat in self._seats:
                    seat.give(text)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # the viewers are told, see `check`
        self._begun.set()
        for seat in self._seats:
            seat.end()


class Tails:
    """The tails of a log, one for each wearer who is looked at."""

    def __init__(self, log: Log, *, closing: Closing, now: Callable[[], int], poll_s: float = _POLL_S) -> None:
        self.log, self.closing, self.now, self._poll_s = log, closing, now, poll_s
        self._open: dict[str, Tail] = {}

    def of(self, wearer: str) -> Tail:
        """Return the tail of a wearer: the one that runs, else a new one."""
        self._open = {name: tail for name, tail in self._open.items() if not tail.over}
        if wearer not in self._open:
            self._open[wearer] = Tail(self.log, wearer, self.closing, self.now, self._poll_s)
        return self._open[wearer]
