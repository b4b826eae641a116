"""What runs: the bridges and every stage on the log in one task group, until cancelled."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from firmware_bridge import (
    Claims,
    ConfigError,
    Damaged,
    EmbeddedLog,
    Insole,
    Log,
    SystemClock,
    bridge_foot_pod,
    bridge_insole,
    open_archive,
    open_embedded_log,
    open_log,
    open_recorder,
    persist,
)
from service.alerts.dispatcher import Dispatcher, check_receivers
from service.alerts.stage import hear, remind
from service.pipeline.analysis import INPUTS, Analysis
from service.pipeline.mirror import MirrorProgress, keep_mirrored, mirror
from service.pipeline.mirror_selection import MirrorTarget
from service.pipeline.retention import Retention
from service.pipeline.tail import tail
from service.settings import PodSettings, Settings
from service.web.server import serve

_log = logging.getLogger(__name__)
SETTLE_EVERY_S = 1.0
"""How soon what samples that came late touch is found anew (choice: an import is shown at once)."""
SETTLE_SHARE = 0.1
"""Of the time at most, that takes (choice: where one foot is behind all along, its whole bout is found again)."""


async def run(settings: Settings, insoles: Sequence[Insole], pods: Sequence[PodSettings] = ()) -> None:
    """Bridge, analyze, alert, mirror and serve until cancelled.

    Raises:
        ExceptionGroup: of `ConfigError` where something has to be changed by the user.
    """
    settings.web.check()
    check_receivers(settings.alerts.settings())
    targets = settings.mirror_targets()
    for target in targets:
        open_archive(target.url, target.token).close()  # only the URL is looked at
    try:
        opened = await asyncio.to_thread(open_embedded_log, settings.store)
    except Damaged as error:
        if not (insoles or pods):
            raise
        _log.error("%s; until then the insoles are only recorded", error)
        await run_bridges(settings, insoles, pods)
        return
    with (
        closing(opened) as log,
        closing(await asyncio.to_thread(_recorder, settings.store, insoles, pods)) as recorder,
        closing(Dispatcher(log, settings.alerts.settings())) as dispatcher,
    ):
        await asyncio.to_thread(log.claim)
        async with asyncio.TaskGroup() as group:

            def work(stage: Coroutine[Any, Any, None]) -> None:
                group.create_task(_while_sound(stage, recording=bool(insoles or pods)))

            _record(group, recorder, insoles, pods)
            work(_analyze(log))
            work(retain(Retention(log, settings.keep.keep(), [target.url for target in targets])))
            work(hear(log, dispatcher))
            work(remind(dispatcher))
            for target in targets:
                work(keep_mirrored(log, target))
            work(serve(log, settings.web))


async def _while_sound(stage: Coroutine[Any, Any, None], *, recording: bool) -> None:
    """Run a stage; a log that is found damaged ends it, but not the recording of what the insoles send."""
    try:
        await stage
    except Damaged as error:
        if not recording:
            raise
        _log.error("%s; until then the insoles are only recorded", error)


def _record(group: asyncio.TaskGroup, log: Log, insoles: Sequence[Insole], pods: Sequence[PodSettings]) -> None:
    """Let every insole's and every pod's bridge run."""
    clock = SystemClock()
    for insole in insoles:
        group.create_task(bridge_insole(insole, log, clock))
    for pod in pods:
        group.create_task(bridge_foot_pod(pod.wearer, pod.url, log, clock))


def _recorder(store: str, insoles: Sequence[Insole], pods: Sequence[PodSettings]) -> EmbeddedLog:
    """Open a log for the bridges, one for each insole: a second one would mix its samples into those of the first.

    So it is with pods: a wearer has one.
    """
    recorder = open_recorder(store)
    try:
        for insole in insoles:
            recorder.claim(f"{insole.wearer}'s {insole.side} insole")
        for pod in pods:
            recorder.claim(f"{pod.wearer}'s foot pod")
    except BaseException:
        recorder.close()
        raise
    return recorder


async def run_bridges(settings: Settings, insoles: Sequence[Insole], pods: Sequence[PodSettings] = ()) -> None:
    """Only carry samples to the log, until cancelled or until every recording has ended."""
    with closing(await asyncio.to_thread(_recorder, settings.store, insoles, pods)) as log:
        async with asyncio.TaskGroup() as group:
            _record(group, log, insoles, pods)


async def _analyze(log: Log) -> None:
    """Turn frames into steps, blocks, flags and verdicts."""
    analysis, turn = Analysis(log), asyncio.Lock()
    cursor = await persist("store", analysis.resume)
    async with asyncio.TaskGroup() as group:
        group.create_task(_settle(analysis, turn))
        async for batch in tail(log, INPUTS, cursor):
            async with turn:
                rows = await asyncio.to_thread(analysis.feed, batch)
                if rows:
                    await persist("store", partial(log.put, rows))


async def _settle(analysis: Analysis, turn: asyncio.Lock) -> None:
    """Find anew what late samples touch: soon, but for no more than a share of the time where they keep coming."""
    spent_s = 0.0
    while True:
        await asyncio.sleep(max(SETTLE_EVERY_S, spent_s / SETTLE_SHARE))
        async with turn:
            began = time.monotonic()
            await persist("store", analysis.settle)
            spent_s = time.monotonic() - began


async def retain(retention: Retention) -> None:
    """Forget old samples, at the start and then every hour, in pieces between which others have their turn."""
    while True:
        pause_s = await persist("store", retention.step)
        await asyncio.sleep(pause_s)


async def run_mirrors(
    settings: Settings,
    targets: Sequence[MirrorTarget],
    *,
    follow: bool,
    on_progress: MirrorProgress | None = None,
) -> None:
    """Bring archives up to date with the log, and keep them so with `follow`; at full pace where nobody else works."""
    with closing(await asyncio.to_thread(open_log, settings.store)) as log:
        alone = await asyncio.to_thread(_alone, log)
        async with asyncio.TaskGroup() as group:
            for target in targets:
                paced = replace(target, pace=1.0) if alone else target
                archive = open_archive(target.url, target.token)
                group.create_task(mirror(log, paced, archive, follow=follow, on_progress=on_progress))


def _alone(log: Log) -> bool:
    try:
        return isinstance(log, Claims) and not log.workers()
    except ConfigError:  # claims do not hold here
        return False
