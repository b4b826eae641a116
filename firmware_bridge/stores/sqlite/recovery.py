"""A damaged store's rescue: what can be read of it, and what was put beside it since, in its place.

It may be killed at any moment: what is saved has a name of its own until it is whole, and the damaged store is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from firmware_bridge.errors import ConfigError, InsoleError, Unavailable
from firmware_bridge.model import Device, Frames, Link, Pace
from firmware_bridge.stores.log import Log
from firmware_bridge.stores.log_file import Salvaged
from firmware_bridge.stores.sqlite import usage as space
from firmware_bridge.stores.sqlite.disk import free_bytes
from firmware_bridge.stores.sqlite.file import SALVAGED, SPARE, alone, beside, explained, lasting, prepare
from firmware_bridge.stores.sqlite.row_salvage import copy, readable
from firmware_bridge.stores.sqlite.worker_lock import WorkerLock, workers

BUILDING = "-salvaging"
OF_SQLITE = ("-wal", "-shm")
_MARGIN = 64_000_000
PUT: tuple[type, ...] = (Device, Frames, Link, Pace)
"""What recorders put."""


def rescue(path: Path, kinds: Sequence[type], opened: Callable[[Path], Log], *, dry: bool) -> Salvaged:
    """Save what can be read of a store; see `stores.salvage_log`."""
    if not path.exists() and not beside(path, SALVAGED).exists():
        raise ConfigError(f"store {path}: there is none")
    if dry:
        found = readable(path, kinds)
        return Salvaged(found.rows, found.lost, 0, "")
    with closing(WorkerLock(path)):
        _alone(path)
        saved, kept = Salvaged({}, {}, 0, ""), ""
        if path.exists() and not _sound(path, kinds):
            saved = _saved(path, kinds)
        if saved.rows or not path.exists():
            kept = _changed_places(path)
        if beside(path, SPARE).exists():
            rescue(beside(path, SPARE), kinds, opened, dry=False)
        return replace(saved, kept=kept, spare=_taken_in(path, opened))


def _alone(path: Path) -> None:
    """Make sure that nobody goes on with a file that is about to have another name."""
    others = {work: owner for file in (path, beside(path, SPARE)) for work, owner in workers(file).items() if work}
    if others:
        named = "; ".join(f"{work}, pid {owner}" for work, owner in others.items())
        raise ConfigError(f"store {path} is open in another program; end that first ({named})")
    try:
        if path.exists():
            with alone(path):
                pass
    except InsoleError as error:
        if not lasting(error):
            raise


def _sound(path: Path, kinds: Sequence[type]) -> bool:
    try:
        with explained(path, opening=True), closing(prepare(path)) as store:
            whole = not space.wrong(store)
    except InsoleError as error:
        if lasting(error):
            return False
        raise
    return whole and not readable(path, kinds).lost  # SQLite does not look into texts and frames


def _saved(path: Path, kinds: Sequence[type]) -> Salvaged:
    _make_sure_of_room(path)
    building = beside(path, BUILDING)
    _remove(building)
    before = _state(path)
    with explained(building, opening=True):
        found = copy(path, building, kinds)
    if not any(found.rows.values()):
        _remove(building)
        raise ConfigError(f"store {path}: nothing of it can be read; put a backup in its place")
    if _state(path) != before:
        raise ConfigError(f"store {path} was written meanwhile; end the program that does, and call again")
    building.replace(beside(path, SALVAGED))
    _remove(building)
    return Salvaged(found.rows, found.lost, 0, "")


def _make_sure_of_room(path: Path) -> None:
    needed, free = path.stat().st_size + _MARGIN, free_bytes(path)
    if free < needed:
        raise Unavailable(
            f"store {path}: there is no room for what can be saved: up to {needed / 1e9:.1f} GB are needed, its disk "
            f"has {free / 1e9:.1f} GB",
            "free some space on it, or copy the store and what lies beside it to another disk; nothing was changed",
        )


def _state(path: Path) -> list[tuple[int, int]]:
    files = [file for file in (path, beside(path, "-wal")) if file.exists()]
    return [(file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def _changed_places(path: Path) -> str:
    """Put the damaged store aside, its write-ahead log with it, and what was saved in its place."""
    aside = beside(path, f"-damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    for ending in ("", *OF_SQLITE):
        if beside(path, ending).exists():
            beside(path, ending).rename(beside(aside, ending))
    beside(path, SALVAGED).replace(path)
    return str(aside)


def _taken_in(path: Path, opened: Callable[[Path], Log]) -> int:
    """Put what lies in the spare store into the store, then remove the spare one; return how many items that were."""
    spare = beside(path, SPARE)
    if not spare.exists():
        return 0
    count = cursor = 0
    with closing(opened(spare)) as source, closing(opened(path)) as log:
        while batch := source.after(PUT, cursor):
            cursor = batch[-1][0]
            log.put([item for _, item in batch])
            count += len(batch)
    _remove(spare)
    for claimed in path.parent.glob(f"{spare.name}-*"):  # who was at work on it; nobody is
        claimed.unlink()
    return count


def _remove(path: Path) -> None:
    for ending in ("", *OF_SQLITE):
        beside(path, ending).unlink(missing_ok=True)
