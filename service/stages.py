"""What runs: the bridge's neighbours, each the same sentence: tail → pure function → put.

With `web` the only modules that await. Live, offline, restart and backfill are this one mechanism.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import uvicorn

from firmware_bridge import (
    Archive,
    ConfigError,
    CorruptData,
    Damaged,
    Frames,
    Insole,
    Item,
    Log,
    SystemClock,
    TooOld,
    bridge,
    bridge_pod,
    open_archive,
    open_log,
    open_recorder,
    persist,
)
from service.alerting import Telling, check_receivers
from service.analysis import INPUTS, Analysis
from service.copies import KIND_OF, Copy
from service.retention import Retention
from service.rows import Flag, Progress, Replaced
from service.settings import PodSettings, Settings, WebSettings
from service.web import LOOPBACK, create_app

TAIL_POLL_S = 0.02
TAIL_LIMIT = 1000
MIRROR_EVERY_S = 0.5
MIRROR_LIMIT = 400
"""Items that a mirror takes at once: about a third of a second's work, of which it lets go between lines."""
MIRROR_AGAIN_S = 300.0
"""After this a mirror that somebody has to put right is tried again."""

Told = Callable[[str, int, int], None]
"""Takes how far a mirror has come: its URL, the items' arrival numbers that are copied, and how many there are."""

_log = logging.getLogger(__name__)


async def run(settings: Settings, insoles: Sequence[Insole], pods: Sequence[PodSettings] = ()) -> None:
    """Bridge, analyze, alert, mirror and serve until cancelled.

    Raises:
        ExceptionGroup: of `ConfigError` where something has to be changed by the user.
    """
    settings.web.check()
    check_receivers(settings.alerts.settings())
    copies = settings.copies()
    for copy in copies:
        open_archive(copy.url, copy.token).close()  # only the URL is looked at
    try:
        opened = await asyncio.to_thread(open_log, settings.store)
    except Damaged as error:
        if not (insoles or pods):
            raise
        _log.error("%s; until then the insoles are only recorded", error)
        await run_bridges(settings, insoles, pods)
        return
    with (
        closing(opened) as log,
        closing(await asyncio.to_thread(_recorder, settings.store, insoles, pods)) as recorder,
        closing(Telling(log, settings.alerts.settings())) as telling,
    ):
        await asyncio.to_thread(log.claim)
        async with asyncio.TaskGroup() as group:

            def work(stage: Coroutine[Any, Any, None]) -> None:
                group.create_task(_while_sound(stage, recording=bool(insoles or pods)))

            _record(group, recorder, insoles, pods)
            work(analyze(log))
            work(retain(Retention(log, settings.keep.keep(), [copy.url for copy in copies])))
            work(hear(log, telling))
            work(remind(telling))
            for copy in copies:
                work(keep_mirrored(log, copy))
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
        group.create_task(bridge(insole, log, clock))
    for pod in pods:
        group.create_task(bridge_pod(pod.wearer, pod.url, log, clock))


def _recorder(store: str, insoles: Sequence[Insole], pods: Sequence[PodSettings]) -> Log:
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


async def run_mirrors(settings: Settings, copies: Sequence[Copy], *, follow: bool, told: Told | None = None) -> None:
    """Bring archives up to date with the log, and keep them so with `follow`; at full pace where nobody else works."""
    with closing(await asyncio.to_thread(open_log, settings.store)) as log:
        alone = await asyncio.to_thread(_alone, log)
        async with asyncio.TaskGroup() as group:
            for copy in copies:
                paced = replace(copy, pace=1.0) if alone else copy
                group.create_task(mirror(log, paced, open_archive(copy.url, copy.token), follow=follow, told=told))


def set_up(copies: Sequence[Copy], keep_days: float | None) -> Iterator[str]:
    """Create what archives lie in, unless it is there; yield a line of each."""
    for copy in copies:
        with closing(open_archive(copy.url, copy.token)) as archive:
            yield archive.setup(keep_days)


def _alone(log: Log) -> bool:
    try:
        return not log.workers()
    except ConfigError:  # claims do not hold here
        return False


async def tail(
    log: Log,
    kinds: Sequence[type[Any]],
    cursor: int,
    partitions: Collection[int] | None = None,
    *,
    follow: bool = True,
    limit: int = TAIL_LIMIT,
) -> AsyncIterator[list[tuple[int, Item]]]:
    """Yield what was put after `cursor` in batches of (arrival number, item); then wait for more, or end."""
    while True:
        version = await asyncio.to_thread(log.version)
        batch = await persist("store", partial(log.after, kinds, cursor, partitions, limit))
        if batch:
            cursor = batch[-1][0]
            yield batch
            continue
        if not follow:
            return
        while await asyncio.to_thread(log.version) == version:  # noqa: ASYNC110 - other processes put, too
            await asyncio.sleep(TAIL_POLL_S)


async def analyze(log: Log) -> None:
    """Turn frames into steps, blocks, flags and verdicts."""
    analysis = Analysis(log)
    async for batch in tail(log, INPUTS, await persist("store", analysis.resume)):
        rows = await asyncio.to_thread(analysis.feed, batch)
        if rows:
            await persist("store", partial(log.put, rows))


async def retain(retention: Retention) -> None:
    """Forget old samples, at the start and then every hour, in pieces between which others have their turn."""
    while True:
        pause_s = await persist("store", retention.step)
        await asyncio.sleep(pause_s)


async def hear(log: Log, telling: Telling) -> None:
    """Bring new flags to people: a row of each is put whether that works or not."""
    async for batch in tail(log, [Flag], await persist("store", partial(_done, log, "alert"))):
        flags = [flag for _, flag in batch if isinstance(flag, Flag)]
        await persist("store", partial(telling.hear, flags))
        await persist("store", partial(log.put, [_progress("alert", batch[-1][0])]))


async def remind(telling: Telling) -> None:
    """Bring to people what did not go out or was held, and what has ended; a receiver that is away is asked less."""
    while True:
        pause_s = await asyncio.to_thread(telling.step)
        await asyncio.sleep(pause_s)


async def keep_mirrored(log: Log, copy: Copy) -> None:
    """Mirror beside a run: what somebody has to put right about an archive is said, and never ends the run."""
    while True:
        try:
            await mirror(log, copy, open_archive(copy.url, copy.token))
        except Damaged:
            raise
        except (ConfigError, CorruptData) as error:
            _log.error("%s; all of it stays in the log, and is copied from where it stopped when that is right", error)
            await asyncio.sleep(MIRROR_AGAIN_S)


async def mirror(log: Log, copy: Copy, archive: Archive, *, follow: bool = True, told: Told | None = None) -> None:
    """Put everything of a log into an archive, at least once; it goes on where it stopped, hours later too.

    What was replaced in the log is replaced there. Without `follow` it ends when the archive has everything. Where it
    lags behind it works for a share `copy.pace` of the time, so that a run that is being recorded never waits.
    """
    done = await persist("store", partial(_done, log, copy.stage))
    try:
        if told is not None:
            told(copy.url, done, await asyncio.to_thread(log.head))
        async for batch in tail(log, (*copy.kinds, Replaced), done, follow=follow, limit=MIRROR_LIMIT):
            spent_s = await persist(copy.url, partial(_carry, log, copy, archive, batch))
            done = batch[-1][0]
            await persist("store", partial(log.put, [_progress(copy.stage, done)]))
            if told is not None:
                told(copy.url, done, await asyncio.to_thread(log.head))
            pause_s = spent_s * (1 / copy.pace - 1)
            if follow and len(batch) < MIRROR_LIMIT:  # fewer and larger writes: an archive is not for watching a foot
                pause_s = max(pause_s, MIRROR_EVERY_S)
            await asyncio.sleep(pause_s)
        if told is not None:
            head = await asyncio.to_thread(log.head)
            told(copy.url, head, head)
        _log.info("%s: everything is there", copy.url)
    finally:
        await asyncio.to_thread(archive.close)


def _carry(log: Log, copy: Copy, archive: Archive, batch: Sequence[tuple[int, Item]]) -> float:
    """Put a batch, and follow what was replaced; return the seconds that it took. To be done again as a whole."""
    began = time.monotonic()
    try:
        archive.put(copy.of(item for _, item in batch if not isinstance(item, Replaced)))
    except TooOld as error:
        _log.warning("%s; the rest is copied", error)
    for _, item in batch:
        if isinstance(item, Replaced):
            _replace(log, copy, archive, item)
    return time.monotonic() - began


def _replace(log: Log, copy: Copy, archive: Archive, told: Replaced) -> None:
    """Bring an archive to what the log holds now; rows that the log has since are put again later, and stay."""
    kinds = [KIND_OF[name] for name in told.kinds.split() if KIND_OF.get(name) in copy.kinds]
    samples: list[type] = [kind for kind in kinds if kind is Frames]
    found: list[type] = [kind for kind in kinds if kind is not Frames]
    for part in (samples, found):  # hours of samples are not held beside the rest
        if not part:
            continue
        rows: list[Any] = []
        for kind in part:
            rows += log.read(kind, told.wearer, told.time, told.stop)
        try:
            archive.replace(part, told.wearer, told.time, told.stop, copy.of(rows))
        except ConfigError as error:  # it cannot delete, or what is wrong shows again with the next put
            _log.warning("what is not true any more stays in the archive: %s", error)
            archive.put(copy.of(rows))


async def serve(log: Log, settings: WebSettings) -> None:
    """Serve the page until cancelled; open event streams are told to end first."""
    ending = asyncio.Event()
    hosts = (*LOOPBACK, settings.host, *settings.hosts)
    app = create_app(
        log,
        token=settings.token or None,
        mirror_token=settings.mirror_token,
        allowed_hosts=hosts,
        closing=ending,
    )
    with bind(settings) as listener:
        server = _Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            ending.set()
            server.should_exit = True
            await serving


def bind(settings: WebSettings) -> socket.socket:
    """Take the page's port.

    Raises:
        ConfigError: the port is in use, or the address is not this computer's.
    """
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"web.host {settings.host}, web.port {settings.port}: {error.strerror}; "
            "choose another port (--port, INSOLE_WEB__PORT) or end what uses it"
        ) from error


class _Server(uvicorn.Server):
    """A uvicorn that leaves the signals to the one task group."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _done(log: Log, stage: str) -> int:
    """Return the arrival number up to which a stage without partitions has come."""
    return max((p.done for p in log.read(Progress, "") if p.stage == stage), default=0)


def _progress(stage: str, number: int) -> Progress:
    return Progress(0, "", stage, 0, restart=number, done=number)
