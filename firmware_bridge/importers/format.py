"""What a file format is: how it knows its files, and how it reads one as samples of two feet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.row_report import NO_REPORT, RowReport
from firmware_bridge.model import END, Float32s, Int64s, Side


class Samples(NamedTuple):
    """Consecutive samples of one foot; a file gives them in the order of time, the feet in turn.

    The feet take turns at least every ten seconds of the recording, so that whoever waits for the other foot need not
    wait long. Without any sample it says only what became of rows.
    """

    side: Side
    profile: Profile
    time: Int64s  # (n,) UTC ns, strictly increasing over the whole file
    pressure: Float32s  # (n, sensors) in the profile's unit, NaN where missing
    report: RowReport = NO_REPORT  # what became of the rows before or among these
    force: Float32s | None = None  # (n,) N, the file's own total
    acc: Float32s | None = None  # (n, 3) g
    gyro: Float32s | None = None  # (n, 3) deg/s


def unsaid(notice: str) -> None:
    """Tell nobody what was noticed."""


def untold(done: int, total: int) -> None:
    """Tell nobody how far the reading has come."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to be read, and what was said about it by whoever named it."""

    path: Path
    start: int | None = None  # UTC ns of the first sample, before any date that the file itself has
    columns: Path | None = None  # the map of a file that is read by one
    progress: Callable[[int, int], None] = untold  # is told bytes read, and bytes in all
    notice: Callable[[str], None] = unsaid  # is told, in a clause, what a person should know of how it is read

    def moments(self, since_us: NDArray[np.float64], own: int | None = None) -> Int64s:
        """Return the UTC ns of times that are given in us since the first sample.

        `own` is the file's own date of its first sample. Without a `start` and a date a recording begins in 1970.

        Raises:
            ConfigError: they lie beyond the year 2262.
        """
        began = next((moment for moment in (self.start, own) if moment is not None), 0)
        if began + int(since_us[-1]) * 1000 > END:
            raise ConfigError(f"{self.path}: ends after the year 2262; give it another --start")
        return since_us.astype(np.int64) * 1000 + began


def no_advice(_: Path) -> str:
    """Say nothing about a file."""
    return ""


@dataclass(frozen=True, slots=True)
class Format:
    """One file format: the `name` that `--format` takes, and as the `title` what its makers call it.

    `recognizes(head)` tells by the first bytes (unpacked) whether a file is of this format, and of no other;
    `read(recording)` yields its samples holding no more than some seconds of them, and may raise `ConfigError` and
    `CorruptData`; `advice(path)` says what to do with a file that no format recognizes but that belongs to one.
    """

    name: str
    title: str
    recognizes: Callable[[bytes], bool]
    read: Callable[[Recording], Iterator[Samples]]
    advice: Callable[[Path], str] = no_advice


def columns_beside(path: Path) -> Path | None:
    """Return the map of its columns that lies beside a file: `walk.columns.toml` beside `walk.csv`, if there is one."""
    beside = path.with_name(f"{path.name.split('.')[0]}.columns.toml")
    return beside if beside.is_file() else None
