"""StappOne's CSV export: a row a sample, the two soles in one file.

`sole_id` 1 is taken for the left foot and 2 for the right, which their outlines suggest; `timestamp` is in ms since
1970; a row whose `corrupt` is not 0 is skipped and counted. The readings are whole numbers without a unit, and so are
those of its motion sensor, which are not read. Source: the R package pressuRe, github.com/Telfer/pressuRe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from firmware_bridge.devices.profile import load_profile
from firmware_bridge.importers.format import Format, Recording, Samples, untold
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.header.cells import cells_of
from firmware_bridge.importers.parsing.header.column_names import ColumnNames
from firmware_bridge.importers.parsing.number_rows import TimedValues, increasing_rows
from firmware_bridge.importers.parsing.tracks import Channel, FootSignals, Track, in_turn, samples_of
from firmware_bridge.model import Side

_SENSORS = 12
MS_US = 1e3
SIDES = {"1": Side.LEFT, "2": Side.RIGHT}

_COLUMN = re.compile(rb'(?:^|[,;\t])"?(sole_id|pressure_01|corrupt)"?(?=[,;\t]|$)')


def _recognizes(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0].strip()
    return {b"sole_id", b"pressure_01"} <= set(_COLUMN.findall(first))


def _read(recording: Recording) -> Iterator[Samples]:
    table = _table(recording.path)
    streams = [_foot(recording, table, side) for side in Side]
    profiles = dict.fromkeys(Side, load_profile("stappone-12"))
    yield from samples_of(recording, profiles, in_turn(streams), lambda time_us: int(time_us) * 1000)


def _table(path: Path) -> ColumnNames:
    return ColumnNames.of(path, 1, next(lines_of(path), b""))


def _foot(recording: Recording, table: ColumnNames, side: Side) -> Iterator[FootSignals]:
    cells = table.places(f"pressure_{number:02}" for number in range(1, _SENSORS + 1))
    sole, time = table.places(("sole_id", "timestamp"))
    corrupt = table.find("corrupt")
    width = max(*cells, sole, time, corrupt or 0) + 1
    track = Track(side, time, {"pressure": Channel(cells)}, table.separator, width, len(table.names), MS_US)
    lines = islice(lines_of(recording.path, recording.progress if side is Side.LEFT else untold), table.line, None)
    own = (line for line in lines if _side(line, table, sole) is not side.other)
    return map(track.measured, increasing_rows(own, _reader(track, table, sole, corrupt)))


def _reader(track: Track, table: ColumnNames, sole: int, corrupt: int | None) -> Callable[[bytes], TimedValues | None]:
    def row(line: bytes) -> TimedValues | None:
        cells = cells_of(line, table.separator)
        if _side(line, table, sole) is None or len(cells) < track.width:
            return None
        if corrupt is not None and cells[corrupt].strip() not in {"", "0", "false", "False"}:
            return None
        return track.parse(line)

    return row


def _side(line: bytes, table: ColumnNames, sole: int) -> Side | None:
    """Return whose row it is, None where that cannot be told."""
    cells = cells_of(line, table.separator)
    return SIDES.get(cells[sole].strip()) if len(cells) > sole else None


FORMAT = Format("stappone", "StappOne", _recognizes, _read)
