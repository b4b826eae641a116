"""novel loadsol's text export: a line of channel ids, a line of units, then columns by tab with a clock for each foot.

Ids are as `PGV247-L::heel` and `PGV247-L` (the total); the two feet list their zones in different orders. A missing
sample has -1.000 in its zones, 0.000 in the total and `-` in the motion sensor: it is a hole, not a foot in the air.
The only date is in the file's first line, without a zone; it is taken for UTC. Source: sample exports of
github.com/zpomarat/loadsol.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firmware_bridge.devices.profile import load_profile
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples, untold
from firmware_bridge.importers.parsing.dates import utc_ns
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.header.cells import cells_of, separator_of
from firmware_bridge.importers.parsing.number_rows import increasing_rows
from firmware_bridge.importers.parsing.tracks import Channel, FootSignals, Track, in_turn, samples_of
from firmware_bridge.model import Side

ZONES = ("heel", "medial", "lateral")
AXES = tuple("xyz")
_HEADER_LINES = 20
MISSING_N = -1.0
TO_G = {"[g]": 1.0}
TO_DPS = {"[rad/s]": math.degrees(1), "[deg/s]": 1.0, "[dps]": 1.0}

_UNITS = re.compile(rb'(?m)^"?Time\[secs\]"?[\t;,]"?Force\[')
_ID = re.compile(r".*-(?P<side>[LR])(?:::(?P<what>\w+))?")
_DATE = re.compile(rb"loadapp_(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d{3})")


class _Column(NamedTuple):
    cell: int
    time: int  # the cell of its clock
    unit: str


class _Head(NamedTuple):
    path: Path
    line: int  # of the units
    separator: str
    feet: dict[Side, dict[str, _Column]]  # "" is the total
    began: int | None


def _recognizes(head: bytes) -> bool:
    return _UNITS.search(head) is not None


def _read(recording: Recording) -> Iterator[Samples]:
    head = _head(recording.path)
    profiles = {side: load_profile(f"loadsol-{len(_zones(columns))}") for side, columns in head.feet.items()}
    yield from samples_of(
        recording,
        profiles,
        _measured(recording),
        lambda time_us: None if head.began is None else head.began + int(time_us) * 1000,
    )


def _measured(recording: Recording) -> Iterator[FootSignals]:
    """Yield what the file says of each foot, zones in the order heel, medial, lateral, its total force included.

    Raises:
        CorruptData: it has no line of ids above a line of units, or an id twice.
        ConfigError: its forces are not in newtons.
    """
    head = _head(recording.path)
    tracks = [_track(head, side) for side in head.feet]
    width = max(track.width for track in tracks)
    streams = []
    for number, track in enumerate(tracks):
        lines = lines_of(recording.path, recording.progress if number == 0 else untold)
        rows = increasing_rows(islice(lines, head.line, None), replace(track, width=width, whole=width).parse)
        streams.append(map(_without_missing, map(track.measured, rows)))
    yield from in_turn(streams)


def _without_missing(part: FootSignals) -> FootSignals:
    pressure = np.where(part.pressure == MISSING_N, np.float32(np.nan), part.pressure)
    gone = np.isnan(pressure).all(axis=1, keepdims=True)
    force = part.channels.get("force")
    channels = {**part.channels, "pressure": pressure}
    if force is not None:
        channels["force"] = np.where(gone, np.float32(np.nan), force)
    return part._replace(channels=channels)


def _head(path: Path) -> _Head:
    lines = list(islice(lines_of(path), _HEADER_LINES))
    line = next((number for number, line in enumerate(lines) if number and _UNITS.match(line)), None)
    if line is None:
        raise CorruptData(f"{path}: has no line `Time[secs] Force[N] ...` under a line of ids; is it cut off?")
    separator = separator_of(lines[line])
    ids, units = (cells_of(text, separator) for text in lines[line - 1 : line + 1])
    feet: dict[Side, dict[str, _Column]] = {}
    clock = 0
    for cell, (name, unit) in enumerate(zip(ids, units, strict=False)):
        if unit.strip().startswith("Time["):
            clock = cell
        elif found := _ID.fullmatch(name.strip()):
            columns = feet.setdefault(Side.LEFT if found["side"] == "L" else Side.RIGHT, {})
            if (found["what"] or "") in columns:
                raise CorruptData(
                    f"{path}: line {line}: the id {name.strip()!r} stands there twice; remove the column too many"
                )
            columns[found["what"] or ""] = _Column(cell, clock, unit.strip())
    if not feet:
        raise CorruptData(f"{path}: line {line}: has no id that ends in -L or -R; export it again with its ids")
    return _Head(path, line + 1, separator, dict(sorted(feet.items())), _began(b"".join(lines[:line])))


def _began(said: bytes) -> int | None:
    """Return the UTC ns at which the times of the file are 0."""
    found = _DATE.search(said)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    return utc_ns((year, month, day), (hour, minute, second), found[7].decode())


def _zones(columns: dict[str, _Column]) -> list[str]:
    """Return the names of the readings: the three zones where all are there, else the total alone."""
    return list(ZONES) if all(zone in columns for zone in ZONES) else [""]


def _track(head: _Head, side: Side) -> Track:
    columns = head.feet[side]
    zones = _zones(columns)
    if zones == [""] and "" not in columns:
        raise CorruptData(
            f"{head.path}: line {head.line - 1}: of the {side} foot there is neither the total nor all of the zones "
            f"{', '.join(ZONES)}; export it with the total"
        )
    readings = [columns[zone] for zone in zones]
    for column in readings:
        if column.unit != "Force[N]":
            raise ConfigError(f"{head.path}: line {head.line}: {column.unit!r} is no force; export it as Force[N]")
    channels = {"pressure": Channel(tuple(column.cell for column in readings))}
    if "" in columns:
        channels["force"] = Channel((columns[""].cell,))
    for name, ending, units in (("acc", "Acc", TO_G), ("gyro", "Gyro", TO_DPS)):
        motion = [columns[axis + ending] for axis in AXES if axis + ending in columns]
        if len(motion) == len(AXES) and {column.unit for column in motion} <= set(units):
            channels[name] = Channel(tuple(column.cell for column in motion), units[motion[0].unit])
    width = max(cell for channel in channels.values() for cell in channel.cells) + 1
    return Track(side, readings[0].time, channels, head.separator, width, width)


FORMAT = Format("loadsol", "novel loadsol", _recognizes, _read)
