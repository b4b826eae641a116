"""XSENSOR's CSV export: frames, and in each of them a grid of pressures of each foot, then of regions.

A foot's grid is below its `SENSOR` line (...-LF..., ...-RF...) and the next `SENSELS` line; those of the regions
(`GROUP`) repeat parts of it and are passed over. Rows run from the toes to the heel, and the feet mirror each other:
the published walk shows the highest pressures of the toes, the hallux, at the left foot's high columns, and no
pressure there at the middle of the sole, the arch. So medial is at the left foot's high columns and at the right
foot's low ones. Cells that never read are no sensors. The dates have no zone and are taken for UTC. Source: the sample
file of the R package pressuRe, github.com/Telfer/pressuRe.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firmware_bridge.devices.profile import load_profile
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.parsing.column_map import NA_VALUES
from firmware_bridge.importers.parsing.dates import month_of, utc_ns
from firmware_bridge.importers.parsing.files import UNREADABLE, lines_of
from firmware_bridge.importers.parsing.grid import Pitch, grid_profile, places, sensors_of
from firmware_bridge.importers.parsing.header.cells import cells_of, separator_of, with_point
from firmware_bridge.importers.parsing.header.header_keys import Keys
from firmware_bridge.importers.parsing.number_rows import LARGEST_READING, TimedValues, increasing_rows
from firmware_bridge.importers.parsing.pressure_units import to_kpa
from firmware_bridge.importers.parsing.tracks import FootSignals, samples_of
from firmware_bridge.model import Bools, Side

_HEADER_LINES = 400  # up to the first grid
FRAME_LINES = 5000

_SENSOR = re.compile(r"-([LR])F\b")
_DATE = re.compile(r"(\d{4})[ -](\w{1,12})[ -](\d\d?)", re.ASCII)
_TIME = re.compile(r"(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9}))?", re.ASCII)
_GRIDS = re.compile(rb'(?m)^"?SENSELS\b')
_SENSORS = re.compile(rb'(?m)^"?SENSOR"?[,;\t]')
_FEET = {"L": Side.LEFT, "R": Side.RIGHT}


class _Head(NamedTuple):
    path: Path
    separator: str
    scale: float
    rows: int
    columns: int
    pitch: Pitch
    apart: int  # lines from one row to the next: 2 where each second one is blank


def _recognizes(head: bytes) -> bool:
    return bool(re.match(rb'"?(?:File:|FRAME)"?[,;\t]', head) and _SENSORS.search(head) and _GRIDS.search(head))


def _read(recording: Recording) -> Iterator[Samples]:
    head = _head(recording.path)
    sensor = _sensors(head)
    base = load_profile("xsensor-31x11")
    profile = grid_profile(base, sensor, head.pitch)
    yield from samples_of(
        recording, dict.fromkeys(Side, profile), _feet(recording, head, sensor), lambda time_us: int(time_us) * 1000
    )


def _feet(recording: Recording, head: _Head, sensor: Bools) -> Iterator[FootSignals]:
    """Yield the readings of both feet in kPa; times are since 1970."""
    own = {side: places(sensor, side) + 1 + number * head.rows * head.columns for number, side in enumerate(Side)}
    lines = lines_of(recording.path, recording.progress)
    for rows in increasing_rows(_frames(lines), _reader(head)):
        values = rows.values.reshape(-1, 1 + len(Side) * head.rows * head.columns)
        for side, cells in own.items():
            pressure = np.ascontiguousarray(values[:, cells] * head.scale, np.float32)
            yield FootSignals(side, values[:, 0], {"pressure": pressure}, rows.report)


def _head(path: Path) -> _Head:
    """Return what the lines up to the first grid say.

    Raises:
        CorruptData: they do not say how large the grid is, or its cells.
        ConfigError: the unit is not known.
    """
    said: dict[str, tuple[int, str]] = {}
    separator = ","
    blank: set[int] = set()
    for number, raw in enumerate(islice(lines_of(path), _HEADER_LINES), 1):
        line = raw
        if number == 1:
            separator = separator_of(line)
        cells = [cell.strip() for cell in cells_of(line, separator)]
        if not any(cells):
            blank.add(number)
        elif cells[0] == "SENSELS":
            break
        if len(cells) > 1:
            said.setdefault(cells[0], (number, cells[1]))
    else:
        raise CorruptData(f"{path}: has no line SENSELS in its first {_HEADER_LINES} lines; is it cut off?")
    keys = Keys(path, said)
    scale = to_kpa(path, *keys.text("Units:"))
    rows, columns = keys.shape("Rows", "Columns")
    across = 10 * keys.number("Sensel Width (cm)", 0.01, 10)
    along = 10 * keys.number("Sensel Height (cm)", 0.01, 10) if "Sensel Height (cm)" in said else across
    _check_date(path, said)
    apart = 2 if blank >= {2, 4} else 1
    return _Head(path, separator, scale, rows, columns, Pitch(across, along), apart)


def _check_date(path: Path, said: dict[str, tuple[int, str]]) -> None:
    line, date = said.get("Date", (0, ""))
    clock = said.get("Time", (0, ""))[1]
    if _moment_us(date, clock) is None:
        raise ConfigError(
            f"{path}: line {line}: the date {date[:30]!r} with the time {clock[:30]!r} cannot be read; "
            "export it with dates as 2022 Aug 16 and times as 08:21:17.982"
        )


def _moment_us(date: str, clock: str) -> float | None:
    day, time = _DATE.fullmatch(date.strip()), _TIME.fullmatch(clock.strip())
    if day is None or time is None:
        return None
    moment = utc_ns((int(day[1]), month_of(day[2]), int(day[3])), (int(time[1]), int(time[2]), int(time[3])), time[4])
    return None if moment is None else float(moment // 1000)


def _frames(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines of each frame as one; what is before the first one belongs to none."""
    frame: list[bytes] = []
    for line in lines:
        if line == UNREADABLE or (not frame and not _begins(line)):
            if frame:
                frame.append(line)
        elif frame and _begins(line):
            yield b"".join(frame)
            frame = [line]
        elif len(frame) < FRAME_LINES:
            frame.append(line)
    if frame:
        yield b"".join(frame)


def _begins(line: bytes) -> bool:
    return line.lstrip(b'"').startswith(b"FRAME")


def _reader(head: _Head) -> Callable[[bytes], TimedValues | None]:
    """Return what makes a row of a frame: the time in us, then the left grid, then the right one, as the file has them.

    A foot that is not in the frame is missing; a frame with a grid that is cut, or of another size, is none.
    """
    size = head.rows * head.columns

    def row(frame: bytes) -> TimedValues | None:
        lines = frame.splitlines(keepends=True)
        said: dict[str, str] = {}
        grids: dict[Side, list[float]] = {}
        side: Side | None = None
        for number, line in enumerate(lines):
            key, value = [*(cell.strip() for cell in cells_of(line, head.separator)[:2]), "", ""][:2]
            if key == "SENSOR":
                found = _SENSOR.search(value)
                side = _FEET[found[1]] if found else None
            elif key == "GROUP":
                side = None
            elif key == "SENSELS" and side is not None:
                grid = _grid(head, lines[number + 1 : number + 1 + head.rows * head.apart])
                if grid is None:
                    return None
                grids[side] = grid
                side = None
            elif key:
                said.setdefault(key, value)
        moment = _moment_us(said.get("Date", ""), said.get("Time", ""))
        if moment is None or not grids or side is not None:
            return None
        nothing = [math.nan] * size
        return [moment, *grids.get(Side.LEFT, nothing), *grids.get(Side.RIGHT, nothing)]

    return row


def _grid(head: _Head, lines: list[bytes]) -> list[float] | None:
    """Return the readings of a grid's lines, row by row, None where it is not whole."""
    spaces = [line for number, line in enumerate(lines, 1) if number % head.apart]
    if len(lines) < head.rows * head.apart or not lines[-1].endswith(b"\n") or any(map(_blankless, spaces)):
        return None
    cells: list[str] = []
    for line in lines[head.apart - 1 :: head.apart]:
        own = cells_of(line, head.separator)
        if len(own) < head.columns or any(cell.strip() for cell in own[head.columns :]):
            return None
        cells += own[: head.columns]
    try:
        values = [math.nan if cell.strip() in NA_VALUES else float(with_point(cell)) for cell in cells]
    except ValueError:
        return None
    return values if all(not abs(value) >= LARGEST_READING / 100 for value in values) else None


def _blankless(line: bytes) -> bool:
    return bool(line.strip(b' ,;\t"\r\n'))


def _sensors(head: _Head) -> Bools:
    """Return which cells are sensors: those of the profile, and any other one that reads anything in the file.

    Cells that are blank throughout are none.
    """
    base = load_profile("xsensor-31x11")
    shape = (head.rows, head.columns)
    known = sensors_of(base, *shape) if shape == (31, 11) else np.zeros(shape, np.bool_)
    loaded, read = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for rows in increasing_rows(_frames(lines_of(head.path)), _reader(head)):
        grids = rows.values.reshape(-1, 1 + len(Side) * known.size)[:, 1:].reshape(-1, len(Side), *shape)
        left, right = grids[:, 0], grids[:, 1, :, ::-1]
        loaded |= (left > 0).any(axis=0) | (right > 0).any(axis=0)
        read |= np.isfinite(left).any(axis=0) | np.isfinite(right).any(axis=0)
    sensor = np.asarray((known | loaded) & read)
    if not sensor.any():
        raise CorruptData(f"{head.path}: no cell of any frame reads anything; is it cut off, or was nothing worn?")
    return sensor


FORMAT = Format("xsensor", "XSENSOR", _recognizes, _read)
