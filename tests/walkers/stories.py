"""The demo's story told flat out into a store, without the part that goes on live."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from firmware_bridge import SECOND, Insole, Log, bridge_insole, open_log
from service.cli.actions.demo import demo_insoles
from service.pipeline.analysis import analyze_all

NOW = 1_780_000_000 * SECOND


class Present:
    """A clock that stands at the present: whoever sleeps has told its past and waits for ever."""

    def __init__(self, now: int, sleepers: int) -> None:
        self._now = now
        self._awake = sleepers
        self.told = asyncio.Event()

    def now(self) -> int:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._awake -= 1
        if not self._awake:
            self.told.set()
        await asyncio.Event().wait()


def tell(store: str, gait: str, seed: int, *, past: bool = True) -> None:
    """Bridge both virtual insoles until their past is told, and stop them as Ctrl-C would."""
    with closing(open_log(store)) as log:
        asyncio.run(_tell(log, demo_insoles(gait, seed, NOW, past=past)))


async def _tell(log: Log, insoles: list[Insole]) -> None:
    clock = Present(NOW, len(insoles))
    async with asyncio.TaskGroup() as group:
        bridges = [group.create_task(bridge_insole(insole, log, clock)) for insole in insoles]
        await clock.told.wait()
        for task in bridges:
            task.cancel()


def told_and_analyzed(folder: Path, gait: str, seed: int) -> str:
    """Return the URL of a store that holds the demo's past of this gait and seed, analyzed."""
    store = f"sqlite:///{folder / f'{gait}-{seed}.sqlite'}"
    tell(store, gait, seed)
    with closing(open_log(store)) as log:
        analyze_all(log)
    return store
