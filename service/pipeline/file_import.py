"""Recordings on their way into a log: read, compared with what is there, put, analyzed.

Nothing of a recording is put before all of it was compared with what the wearer has, and never more than some seconds
of it are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from firmware_bridge import (
    SECOND,
    Claims,
    ConfigError,
    CorruptData,
    Damaged,
    Device,
    Frames,
    Item,
    Link,
    Log,
    Side,
    open_embedded_log,
    read_recording,
    wearer_of,
)
from service.pipeline.analysis import analyze_all
from service.records.timestamps import iso, parse_iso

BATCH_ITEMS = 500
BATCH_BYTES = 1 << 22
ALIKE = 6
"""Seconds of changing readings that two recordings must share at their beginnings to count as the same."""
BEGINNING_S = 600
"""The beginning of a recording, for that comparison."""

_Read = Callable[[str], Generator[Item, None, None]]
"""Reads the recording from its beginning; the text says for what, on the progress bar."""


def import_files(
    files: Sequence[Path],
    store: str,
    *,
    wearer: str | None,
    start: str | None,
    form: str | None,
    columns: Path | None = None,
    again: bool = False,
    skip_bad_rows: bool = False,
) -> int:
    """Import files one by one, saying on stderr what came of each; return how many failed.

    A file that fails leaves the others alone, and nothing of it is put. The same file again changes nothing.

    Raises:
        ConfigError: `start` is no moment, or the store cannot be opened.
    """
    try:
        began = parse_iso(start) if start else None
    except ValueError as error:
        raise ConfigError(f"--start: {error}") from error
    console = Console(stderr=True)
    failed = 0
    with closing(open_embedded_log(store)) as log, _bar(console) as bar:
        for path in files:
            name = wearer or wearer_of(path)
            read = _reader(bar, path, name, began, form, columns, _each_once(console), skip_bad_rows=skip_bad_rows)
            try:
                said = _Import(path, log, name, read, again=again).run()
            except Damaged:  # of the store: no file is to blame, and no other one fares better
                raise
            except (ConfigError, CorruptData) as error:
                _say(console, f"insole: {error}", "red")
                failed += 1
            else:
                _say(console, said)
        bar.stop()
        try:
            log.claim()
        except ConfigError as error:
            _say(console, f"analysis: {_left_to_a_service(log) or error}")
            return failed
        with console.status("analyzing") if console.is_terminal else nullcontext():
            rows = analyze_all(log)
        _say(console, f"analysis: {rows} rows")
    return failed


def _left_to_a_service(claims: Claims) -> str:
    """Say that a service is at work, which finds new frames by itself; "" where it is not that."""
    try:
        owner = claims.workers().get("")
    except ConfigError:
        return ""
    return f"left to the insole service that works on this store (pid {owner})" if owner else ""


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, highlight=False, soft_wrap=True, markup=False)


def _bar(console: Console) -> Bar:
    parts = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Bar(*parts, console=console, transient=True, disable=not console.is_terminal)


def _each_once(console: Console) -> Callable[[str], None]:
    """Return what says each notice of a file once, however often it is read."""
    said: set[str] = set()

    def notice(text: str) -> None:
        if text not in said:
            said.add(text)
            _say(console, text)

    return notice


def _reader(
    bar: Bar,
    path: Path,
    wearer: str,
    start: int | None,
    form: str | None,
    columns: Path | None,
    notice: Callable[[str], None],
    *,
    skip_bad_rows: bool,
) -> _Read:
    def read(purpose: str) -> Generator[Item, None, None]:
        task = bar.add_task(f"{purpose} {path.name}", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            yield from read_recording(
                path,
                wearer,
                start=start,
                form=form,
                columns=columns,
                progress=progress,
                notice=notice,
                skip_bad_rows=skip_bad_rows,
            )
        finally:
            bar.remove_task(task)

    return read


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way into the log."""

    path: Path
    log: Log
    wearer: str
    read: _Read
    again: bool

    def run(self) -> str:
        """Put the recording unless it is there; return what to say of it.

        Raises:
            ConfigError: it is there for somebody else or at another time, or other samples lie at its time.
            CorruptData: it cannot be read.
        """
        known = self.log.wearers()
        with closing(self.read("looking at")) as items:
            beginning = _beginning(items)
        twins = [where for name in known for where in self._twins(beginning, name)]
        if twins and not self.again:
            raise ConfigError(
                f"{self.path}: the same recording is already stored for {', '.join(twins)}; "
                f"if it is to be stored for {self.wearer} all the same, import it with --again"
            )
        if not self._compare():
            return f"{self.path.name}: is there already, as a recording of {self.wearer}; nothing new"
        return self._put() + (f" (also stored for {', '.join(twins)})" if twins else "")

    def _twins(self, beginning: _Beginning, wearer: str) -> Iterator[str]:
        """Yield where a wearer has a recording that begins as this one does, but for itself."""
        for device in self.log.read(Device, wearer):  # one is put where a recording begins
            mine = beginning.devices.get(device.side)
            if mine is None or mine.device != device.device or (wearer == self.wearer and mine.time == device.time):
                continue
            shift = device.time - mine.time
            own = [frames for frames in beginning.seconds if frames.side is device.side]
            if own and all(_is_there(self.log, frames, wearer, shift) for frames in own):
                yield f"{wearer} from {iso(device.time)[:19]}Z on"
                return

    def _compare(self) -> bool:
        """Read the whole recording; tell whether anything of it is not stored yet.

        Raises:
            ConfigError: other samples lie at its time.
        """
        new = less = False
        for batch in _batches(self.read("checking")):
            mine = [item for item in batch if isinstance(item, Frames)]
            if not mine:
                continue
            start, stop = min(int(item.time[0]) for item in mine), max(int(item.time[-1]) for item in mine)
            stored = self.log.read(Frames, self.wearer, start, stop + 1)
            there = {(frames.side, int(frames.time[0])): frames for frames in stored}
            for frames in mine:
                twin = there.pop((frames.side, int(frames.time[0])), None)
                if twin is None:
                    new = True
                elif not _same(twin, frames):  # one of them was cut off in the midst of this second
                    new, less = new or _begins(frames, twin), less or _begins(twin, frames)
                    if not (_begins(frames, twin) or _begins(twin, frames)):
                        self._refuse()
            if any(_overlap(one, other) for one in there.values() for other in mine):
                self._refuse()
        if new and less:
            self._refuse()
        return new

    def _refuse(self) -> None:
        raise ConfigError(
            f"{self.path}: {self.wearer} has another recording at that time; "
            "give this one another --start, or another --wearer"
        )

    def _put(self) -> str:
        samples = skipped = 0
        for batch in _batches(self.read("importing")):
            self.log.put(self._beside(batch))
            samples += sum(len(item) for item in batch if isinstance(item, Frames))
            skipped += sum(item.corrupt for item in batch if isinstance(item, Link))
        skips = f", {skipped} malformed rows skipped" if skipped else ""
        return f"{self.path.name}: {samples} samples of {self.wearer}{skips}"

    def _beside(self, batch: list[Item]) -> list[Item]:
        """Leave out the silence behind the file's end where another file tells of that second already."""
        silent = [item for item in batch if isinstance(item, Link) and not item.connected and not item.received]
        told = {
            (row.side, row.time)
            for item in silent
            for row in self.log.read(Link, self.wearer, item.time, item.time + 1)
            if row.connected
        }
        return [item for item in batch if item not in silent or (item.side, item.time) not in told]


class _Beginning(NamedTuple):
    """What tells one recording from another."""

    devices: dict[Side, Device]
    seconds: list[Frames]  # the first ones whose readings change


def _beginning(items: Iterable[Item]) -> _Beginning:
    """Return how a recording begins; of shoes that nobody wore nothing can be told apart."""
    found = _Beginning({}, [])
    for item in items:
        if isinstance(item, Device):
            found.devices[item.side] = item
        elif isinstance(item, Frames):
            began = min(device.time for device in found.devices.values())
            if len(found.seconds) == ALIKE or item.time[0] > began + BEGINNING_S * SECOND:
                break
            if (item.pressure != item.pressure[0]).any():
                found.seconds.append(item)
    return found


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut items into lists that are small in number and in memory."""
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += item.pressure.nbytes if isinstance(item, Frames) else 0
        if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _is_there(log: Log, mine: Frames, wearer: str, shift: int) -> bool:
    """Tell whether a wearer has the same samples, `shift` ns later."""
    first, last = int(mine.time[0]) + shift, int(mine.time[-1]) + shift
    stored = [frames for frames in log.read(Frames, wearer, first, last + 1) if frames.side is mine.side]
    if not stored or any(frames.pressure.shape[1] != mine.pressure.shape[1] for frames in stored):
        return False
    time = np.concatenate([frames.time for frames in stored])
    inside = (time >= first) & (time <= last)
    pressure = np.concatenate([frames.pressure for frames in stored])[inside]
    return np.array_equal(time[inside] - shift, mine.time) and pressure.tobytes() == mine.pressure.tobytes()


def _same(one: Frames, other: Frames) -> bool:
    return one.time.tobytes() == other.time.tobytes() and one.pressure.tobytes() == other.pressure.tobytes()


def _begins(longer: Frames, shorter: Frames) -> bool:
    """Tell whether one chunk is how the other one begins."""
    return len(shorter) < len(longer) and _same(longer[: len(shorter)], shorter)


def _overlap(one: Frames, other: Frames) -> bool:
    return one.side is other.side and one.time[0] <= other.time[-1] and other.time[0] <= one.time[-1]
