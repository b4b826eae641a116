"""Moticon OpenGo's text export: `# key: value` lines, a line of column names, then both feet side by side.

A foot's cells are blank while its sample is missing. Columns go by their names, since steps, events and others come
and go. The `Start timestamp` says when it began; older files have only a `Start time` without a zone, which is taken
for UTC. Source: sample exports of github.com/moticon-rego/moticon-opengo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.errors import CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples, untold
from firmware_bridge.importers.parsing.dates import utc_ns
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.header.column_names import ColumnNames
from firmware_bridge.importers.parsing.number_rows import increasing_rows
from firmware_bridge.importers.parsing.pressure_units import to_kpa
from firmware_bridge.importers.parsing.tracks import Channel, FootSignals, Track, in_turn, samples_of
from firmware_bridge.model import SECOND, Side

_SENSORS = 16
_HEADER_LINES = 200
SIZE = 7
"""The insole size that the profile has the areas of."""
GROWTH = 1.0921
"""Area of a size by that of the size before: the root of 204.79 / 143.97 cm², sizes 7 and 3."""
SIZE_3_MM2 = (
    867.1, 766.9, 932.3, 922.3, 919.6, 906.8, 1281.1, 1274.0, 1096.2, 871.3, 874.9, 887.2, 733.0, 714.6, 885.9, 461.8,
)  # fmt: skip
"""As those of the profile: by least squares, so that the sums are the exported total force within its rounding."""
_SIZES = range(20)

_COLUMNS = re.compile(rb'(?m)^(?:\xef\xbb\xbf)?"?#\s*time"?[\t;,].*(?:left|right) pressure 1\[')
_SIZE = re.compile(r"(?m)^#.*\bsize:?\s+(\d{1,2})\b", re.IGNORECASE)
_STAMP = re.compile(r"(?m)^# Start timestamp:\s*(\d{1,16})\b", re.ASCII)  # ms since 1970
_TIME = re.compile(r"(?m)^# Start time:\s*(\d\d?)\.(\d\d?)\.(\d{4}) (\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,6}))?", re.ASCII)


class _Head(NamedTuple):
    said: str
    columns: ColumnNames


def _recognizes(head: bytes) -> bool:
    return _COLUMNS.search(head) is not None


def _read(recording: Recording) -> Iterator[Samples]:
    head = _head(recording.path)
    began = _began(head.said)
    profile = _profile(head.said)
    parts = _measured(recording)
    yield from samples_of(
        recording,
        dict.fromkeys(Side, profile),
        parts,
        lambda time_us: None if began is None else began + int(time_us) * 1000,
    )


def _measured(recording: Recording) -> Iterator[FootSignals]:
    """Yield what the file says of each foot, its total force and center of pressure included.

    The center of pressure is as the file has it: along the foot (-0.5 heel to 0.5 toe), then across it (+ medial).

    Raises:
        CorruptData: its columns are not those of an export.
        ConfigError: its pressures are in a unit that is not known.
    """
    columns = _head(recording.path).columns
    tracks = [track for side in Side if (track := _track(columns, side)) is not None]
    if not tracks:
        raise CorruptData(f"{columns.path}: line {columns.line}: has no column of pressure; export it with pressures")
    width = max(max(track.channels["pressure"].cells) for track in tracks) + 1
    streams = []
    for number, track in enumerate(tracks):
        lines = lines_of(recording.path, recording.progress if number == 0 else untold)
        rows = increasing_rows(islice(lines, columns.line, None), replace(track, width=width).parse)
        streams.append(map(track.measured, rows))
    yield from in_turn(streams)


def _head(path: Path) -> _Head:
    said: list[str] = []
    for number, line in enumerate(islice(lines_of(path), _HEADER_LINES), 1):
        if _COLUMNS.match(line):
            return _Head("\n".join(said), ColumnNames.of(path, number, line))
        said.append(line.decode("utf-8", "replace").strip())
    raise CorruptData(f"{path}: has no line `# time, left pressure 1[N/cm²], ...` above its numbers; is it cut off?")


def _track(columns: ColumnNames, side: Side) -> Track | None:
    found = columns.named(rf"{side} pressure (\d+)\[(.+)\]")
    if not found:
        return None
    unit = found[0][2]
    cells = columns.places(f"{side} pressure {number}[{unit}]" for number in range(1, _SENSORS + 1))
    # the raised 2 has its own byte in each code page
    scale = to_kpa(columns.path, columns.line, "N/cm2" if re.fullmatch(r"N/cm.{0,2}", unit) else unit)
    channels = {
        "pressure": Channel(cells, scale),
        "force": Channel(columns.group([f"{side} total force[N]"])),
        "cop": Channel(columns.group([f"{side} center of pressure {axis}[-0.5...+0.5]" for axis in "XY"])),
        "acc": Channel(columns.group([f"{side} acceleration {axis}[g]" for axis in "XYZ"])),
        "gyro": Channel(columns.group([f"{side} angular {axis}[dps]" for axis in "XYZ"])),
    }
    there = {name: channel for name, channel in channels.items() if channel.cells}
    return Track(side, columns.place("time"), there, columns.separator, max(cells) + 1, len(columns.names))


def _began(said: str) -> int | None:
    """Return the UTC ns at which the time of the file is 0."""
    if (stamp := _STAMP.search(said)) and int(stamp[1]) < 9e12:
        return int(stamp[1]) * (SECOND // 1000)
    if (found := _TIME.search(said)) is None:
        return None
    day, month, year, hour, minute, second = (int(part) for part in found.groups()[:6])
    return utc_ns((year, month, day), (hour, minute, second), found[7])


def _profile(said: str) -> Profile:
    """Return the profile with the areas of the file's size: known for 7 and 3, scaled from them for the others."""
    profile = load_profile("moticon-16")
    found = _SIZE.search(said)
    size = int(found[1]) if found else SIZE
    if size == SIZE or size not in _SIZES:
        return profile
    known = size == 3
    by = GROWTH ** (size - SIZE)
    areas = SIZE_3_MM2 if known else [round(area * by, 1) for area in profile.sensors.area_mm2.tolist()]
    edges = {"length_mm": round(profile.length_mm * by**0.5, 1), "width_mm": round(profile.width_mm * by**0.5, 1)}
    text = profile.text.replace("size 7", f"size {size}")
    if not known:
        text = text.replace('evidence = "documented"', 'evidence = "unconfirmed on hardware"')
    text = re.sub(r"(?s)areas_mm2 = \[.*?\]", f"areas_mm2 = [{', '.join(f'{area:g}' for area in areas)}]", text)
    for key, value in edges.items():
        text = re.sub(rf"{key} = [\d.]+", f"{key} = {value}", text)
    return parse_profile(text, "moticon-16.toml")


FORMAT = Format("moticon", "Moticon OpenGo", _recognizes, _read)
