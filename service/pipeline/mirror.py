"""The stage that brings an archive up to date with the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from firmware_bridge import (
    Archive,
    ConfigError,
    CorruptData,
    Damaged,
    Frames,
    Item,
    Log,
    TooOld,
    open_archive,
    persist,
)
from service.pipeline.mirror_selection import KIND_OF, MirrorTarget
from service.pipeline.progress import progress_of, progress_row
from service.pipeline.tail import tail
from service.records.rows import Replaced

_log = logging.getLogger(__name__)
MIRROR_EVERY_S = 0.5
MIRROR_LIMIT = 400
"""Items that a mirror takes at once: about a third of a second's work, of which it lets go between lines."""
MIRROR_AGAIN_S = 300.0
"""After this a mirror that somebody has to put right is tried again."""
MirrorProgress = Callable[[str, int, int], None]
"""Takes how far a mirror has come: its URL, the items' arrival numbers that are copied, and how many there are."""


def set_up(targets: Sequence[MirrorTarget], keep_days: float | None) -> Iterator[str]:
    """Create what archives lie in, unless it is there; yield a line of each."""
    for target in targets:
        with closing(open_archive(target.url, target.token)) as archive:
            yield archive.setup(keep_days)


async def keep_mirrored(log: Log, target: MirrorTarget) -> None:
    """Mirror beside a run: what somebody has to put right about an archive is said, and never ends the run."""
    while True:
        try:
            await mirror(log, target, open_archive(target.url, target.token))
        except Damaged:
            raise
        except (ConfigError, CorruptData) as error:
            _log.error("%s; all of it stays in the log, and is copied from where it stopped when that is right", error)
            await asyncio.sleep(MIRROR_AGAIN_S)


async def mirror(
    log: Log,
    target: MirrorTarget,
    archive: Archive,
    *,
    follow: bool = True,
    on_progress: MirrorProgress | None = None,
) -> None:
    """Put everything of a log into an archive, at least once; it goes on where it stopped, hours later too.

    What was replaced in the log is replaced there. Without `follow` it ends when the archive has everything. Where it
    lags behind it works for a share `target.pace` of the time, so that a run that is being recorded never waits.
    """
    done = await persist("store", partial(progress_of, log, target.stage))
    try:
        if on_progress is not None:
            on_progress(target.url, done, await asyncio.to_thread(log.head))
        async for batch in tail(log, (*target.kinds, Replaced), done, follow=follow, limit=MIRROR_LIMIT):
            spent_s = await persist(target.url, partial(_carry, log, target, archive, batch))
            done = batch[-1][0]
            await persist("store", partial(log.put, [progress_row(target.stage, done)]))
            if on_progress is not None:
                on_progress(target.url, done, await asyncio.to_thread(log.head))
            pause_s = spent_s * (1 / target.pace - 1)
            if follow and len(batch) < MIRROR_LIMIT:  # fewer and larger writes: an archive is not for watching a foot
                pause_s = max(pause_s, MIRROR_EVERY_S)
            await asyncio.sleep(pause_s)
        if on_progress is not None:
            head = await asyncio.to_thread(log.head)
            on_progress(target.url, head, head)
        _log.info("%s: everything is there", target.url)
    finally:
        await asyncio.to_thread(archive.close)


def _carry(log: Log, target: MirrorTarget, archive: Archive, batch: Sequence[tuple[int, Item]]) -> float:
    """Put a batch, and follow what was replaced; return the seconds that it took. To be done again as a whole."""
    began = time.monotonic()
    try:
        archive.put(target.of(item for _, item in batch if not isinstance(item, Replaced)))
    except TooOld as error:
        _log.warning("%s; the rest is copied", error)
    for _, item in batch:
        if isinstance(item, Replaced):
            _replace(log, target, archive, item)
    return time.monotonic() - began


def _replace(log: Log, target: MirrorTarget, archive: Archive, told: Replaced) -> None:
    """Bring an archive to what the log holds now; rows that the log has since are put again later, and stay."""
    kinds = [KIND_OF[name] for name in told.kinds.split() if KIND_OF.get(name) in target.kinds]
    samples: list[type] = [kind for kind in kinds if kind is Frames]
    found: list[type] = [kind for kind in kinds if kind is not Frames]
    for part in (samples, found):  # hours of samples are not held beside the rest
        if not part:
            continue
        rows: list[Any] = []
        for kind in part:
            rows += log.read(kind, told.wearer, told.time, told.stop)
        try:
            archive.replace(part, told.wearer, told.time, told.stop, target.of(rows))
        except ConfigError as error:  # it cannot delete, or what is wrong shows again with the next put
            _log.warning("what is not true any more stays in the archive: %s", error)
            archive.put(target.of(rows))
