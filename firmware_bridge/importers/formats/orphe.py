"""ORPHE INSOLE's CSV files of one foot each: the phone app's `sensor-left.csv`, and the SDK's from the insole's memory.

The app's `timestamp` is in s since 1970. The SDK's is the time of day as `HH:MM:SS:mmm` without a date: the recording
begins on 1 January 1970, and what is earlier than the row before by half a day is of the next day. Which foot it is,
the file's name has to tell; a pair is two files, imported for the same wearer. Accelerations are in g and turning
rates in deg/s; the columns of orientation are not read. Source: github.com/Orphe-OSS/ORPHE-INSOLE.js, its
documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from firmware_bridge.devices.profile import load_profile
from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.foot_from_name import side_needed
from firmware_bridge.importers.parsing.header.column_names import ColumnNames
from firmware_bridge.importers.parsing.number_rows import increasing_rows
from firmware_bridge.importers.parsing.tracks import Channel, FootSignals, Track, samples_of

_SENSORS = 6
DAY_US = 86_400e6
PRESSURE = tuple(f"press{number}" for number in range(1, _SENSORS + 1))
MOTION = tuple(f"{kind}{axis}" for kind in ("acc", "gyro") for axis in "xyz")

_CLOCK = re.compile(r"(\d\d?):(\d\d):(\d\d)[:.,](\d{1,3})", re.ASCII)


def _recognizes(head: bytes) -> bool:
    names = set(_table(Path(), head.split(b"\n", 1)[0]).names)
    return {"timestamp", *PRESSURE} <= names and not names.isdisjoint({*MOTION, "serialnumber"})


def _read(recording: Recording) -> Iterator[Samples]:
    profile = load_profile("orphe-6")
    parts = _measured(recording)
    side = side_needed(recording.path)
    yield from samples_of(recording, {side: profile}, parts, lambda time_us: int(time_us) * 1000)


def _measured(recording: Recording) -> Iterator[FootSignals]:
    """Yield what the file says of its foot, in N, g and deg/s.

    Raises:
        CorruptData: a column is not there, or twice.
        ConfigError: the file's name does not say which foot it is.
    """
    path = recording.path
    table = _table(path, next(lines_of(path), b""))
    cells = table.places(PRESSURE)
    channels = {"pressure": Channel(cells)}
    for kind in ("acc", "gyro"):
        if motion := table.group([name for name in MOTION if name.startswith(kind)]):
            channels[kind] = Channel(motion)
    lines = lines_of(path, recording.progress)
    first = next(islice(lines_of(path), 1, None), b"")
    clock = _time_of_day() if b":" in first else None
    width = max(cell for channel in channels.values() for cell in channel.cells) + 1
    track = Track(
        side_needed(path), table.place("timestamp"), channels, table.separator, width, len(table.names), when=clock
    )
    return map(track.measured, increasing_rows(islice(lines, 1, None), track.parse))


def _table(path: Path, line: bytes) -> ColumnNames:
    """Return the columns by their names without units, case and underscores: `acc_x[G]` and `accX` are `accx`."""
    found = ColumnNames.of(path, 1, line)
    return found._replace(names=[re.sub(r"\s*\[.*\]$|_", "", name).lower() for name in found.names])


def _time_of_day() -> Callable[[str], float]:
    """Return what makes us of `HH:MM:SS:mmm`, the days going on past midnight."""
    before = 0.0
    days = 0

    def when(cell: str) -> float:
        nonlocal before, days
        found = _CLOCK.fullmatch(cell.strip())
        if found is None:
            raise ValueError(cell)
        hour, minute, second = (int(part) for part in found.groups()[:3])
        us = ((hour * 60 + minute) * 60 + second) * 1e6 + int(found[4]) * 1e3
        days += us < before - DAY_US / 2
        before = us
        return days * DAY_US + us

    return when


FORMAT = Format("orphe", "ORPHE INSOLE", _recognizes, _read)
