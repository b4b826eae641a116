"""Recordings on their way into a log: read, put, analyzed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bar

from firmware_bridge import (
    ConfigError,
    CorruptData,
    Device,
    Frames,
    Item,
    Link,
    Log,
    open_log,
    read_recording,
    wearer_of,
)
from service.analysis import analyze_all
from service.when import parse_iso

PUT_ITEMS = 500


def import_files(files: Sequence[Path], store: str, *, wearer: str | None, start: str | None, form: str | None) -> int:
    """Import files one by one, saying on stderr what came of each; return how many failed.

    A file that fails leaves the others alone, and what was read of it before the fault is kept.

    Raises:
        ConfigError: `start` is no moment, or the store cannot be opened.
    """
    try:
        began = parse_iso(start) if start else 0
    except ValueError as error:
        raise ConfigError(f"--start: {error}") from error
    console = Console(stderr=True)
    failed = 0
    with closing(open_log(store)) as log, Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        for path in bar.track(files, description="importing"):
            try:
                console.print(_import(path, log, wearer or wearer_of(path), began, form), highlight=False)
            except (ConfigError, CorruptData) as error:
                console.print(f"insole: {error}", style="red", highlight=False, soft_wrap=True)
                failed += 1
        console.print(f"analysis: {analyze_all(log)} rows", highlight=False)
    return failed


def _import(path: Path, log: Log, wearer: str, start: int, form: str | None) -> str:
    samples = skipped = 0
    items = read_recording(path, wearer, start=start, form=form)
    while batch := list(islice(items, PUT_ITEMS)):
        _refuse_overlap(path, log, batch)
        log.put(batch)
        samples += sum(len(item) for item in batch if isinstance(item, Frames))
        skipped += sum(item.corrupt for item in batch if isinstance(item, Link))
    skips = f", {skipped} malformed rows skipped" if skipped else ""
    return f"{path.name}: {samples} samples of {wearer}{skips}"


def _refuse_overlap(path: Path, log: Log, batch: Sequence[Item]) -> None:
    """Refuse a recording that would overwrite another one of the same wearer and time.

    Raises:
        ConfigError: other samples lie there already; the same file again is no fault.
    """
    for device in (item for item in batch if isinstance(item, Device)):
        mine = next(i for i in batch if isinstance(i, Frames) and i.side is device.side)
        for stored in log.read(Frames, device.wearer, int(mine.time[0]), int(mine.time[-1]) + 1):
            if stored.side is mine.side and not _same(stored, mine):
                raise ConfigError(
                    f"{path}: {device.wearer} has another recording at that time; "
                    "give this one another --start, or another --wearer"
                )


def _same(one: Frames, other: Frames) -> bool:
    return one.time.tobytes() == other.time.tobytes() and one.pressure.tobytes() == other.pressure.tobytes()
