"""A loop whose clock jumps to the next timer instead of sleeping, and a clock that follows the loop.

For everything that stays in one process: minutes of link trouble take a second, and always go the same way. Time
stands still while a job given to a thread is under way (`asyncio.to_thread`), or it would jump over every timer
meanwhile. Sockets do not belong on such a loop, since its time does not wait for them.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = 1_767_225_600_000_000_000  # 2026-01-01 UTC, ns


class _Selector(selectors.DefaultSelector):
    loop: WarpLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events:
            return events
        if timeout is None or (timeout > 0 and self.loop.in_threads):
            return super().select(None)  # nothing is planned, or a thread will wake the loop: really wait
        self.loop.now += max(timeout, 0.0)
        return events


class WarpLoop(asyncio.SelectorEventLoop):
    """A loop with a time of its own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.in_threads = 0  # jobs under way
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, *job: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        self.in_threads += 1
        done = super().run_in_executor(*job)
        done.add_done_callback(self._left_thread)
        return done

    def _left_thread(self, _: asyncio.Future[Any]) -> None:
        self.in_threads -= 1


class LoopClock:
    """The program's clock on the running loop's time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    def now(self) -> int:
        return EPOCH + round((self._loop.time() - self._began) * 1e9)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def warped(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on a warped loop, from a test that is not a coroutine itself."""
    with asyncio.Runner(loop_factory=WarpLoop) as runner:
        return runner.run(main())
