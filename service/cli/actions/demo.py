"""The demo: two virtual insoles, five earlier runs and today's, by the same way as any others."""

from __future__ import annotations

import asyncio
import tempfile
import time
import webbrowser
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

from rich.console import Console

from firmware_bridge import SECOND, ConfigError, Insole, Side, load_profile, open_log
from service import runtime
from service.records.notes import SIGNS
from service.records.rows import Note
from service.records.timestamps import iso
from service.settings import Settings

GAITS = ("normal", "limping", "pronated")
WEARER = "demo"
_PROFILE = "demo-16"
BROWSER_AFTER_S = 1.0
_BEFORE_NS = 30 * 86_400 * SECOND
"""Longer ago than the first of the earlier runs."""


async def demonstrate(settings: Settings, *, gait: str, seed: int, own_store: bool, browser: bool) -> None:
    """Tell the demo's story into a store of its own, or into the one that was named, and go on live.

    A named store that knows the wearer already is not given the same past again: today's run simply goes on.
    """
    with tempfile.TemporaryDirectory(prefix="insole-demo-") as folder:
        store = settings.store if own_store else f"sqlite:///{Path(folder) / 'demo.sqlite'}"
        told = own_store and await asyncio.to_thread(_knows, store)
        settings = settings.model_copy(update={"store": store})
        insoles = await asyncio.to_thread(demo_insoles, gait, seed, time.time_ns(), past=not told)
        page = f"http://{settings.web.host}:{settings.web.port}/"
        lines = Console(stderr=True, highlight=False)
        lines.print(f"insole demo: {gait}, seed {seed}. The page: [bold]{page}[/]  (Ctrl-C ends it)")
        if not told:
            await asyncio.to_thread(_answer, store, time.time_ns() - _BEFORE_NS)
            lines.print("Five earlier runs are put into the past first; today's began twelve minutes ago.")
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(settings, insoles))
            if browser:
                group.create_task(_open_browser(page))


def demo_insoles(gait: str, seed: int, now: int, *, past: bool = True) -> list[Insole]:
    """Return the demo's two insoles.

    Args:
        gait: today's run: "normal", "limping" or "pronated".
        seed: chance of the person, the insoles and the radio.
        now: UTC ns at which the past ends.
        past: with the five earlier runs; otherwise only a run that begins now.

    Raises:
        ConfigError: no such gait.
    """
    if gait not in GAITS:
        raise ConfigError(f"--gait {gait}: there are {', '.join(GAITS)}")
    options = {"gait": gait, "seed": str(seed), "story": "demo" if past else "none", "start": iso(now), "faults": "on"}
    url = f"virtual:?{urlencode(options)}"
    return [Insole(WEARER, side, load_profile(_PROFILE), url) for side in Side]


async def _open_browser(page: str) -> None:
    await asyncio.sleep(BROWSER_AFTER_S)
    await asyncio.to_thread(webbrowser.open, page)


def _answer(store: str, time: int) -> None:
    """Say for somebody who does not exist that no sign that needs a doctor is there: feet come first in a demo."""
    with closing(open_log(store)) as log:
        log.put([Note(time, WEARER, SIGNS, "none")])


def _knows(store: str) -> bool:
    with closing(open_log(store)) as log:
        return WEARER in log.wearers()
