"""CSV files of any maker: columns go by a map that lies beside the file (`walk.columns.toml`) or is named.

A row that has too few cells, or a cell that is no number, is skipped and counted; cells beyond those of the map are
not looked at. A foot of which every reading is missing has no sample in that row.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path

import numpy as np

from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples, columns_beside
from firmware_bridge.importers.parsing.column_map import UNITS_US, ColumnMap, ColumnPositions, mapped_profile, read_map
from firmware_bridge.importers.parsing.column_values import ColumnValues, flag_of
from firmware_bridge.importers.parsing.files import head_of, lines_of
from firmware_bridge.importers.parsing.header.cells import cells_of, with_point
from firmware_bridge.importers.parsing.header.header_line import SOUGHT, Header, find_header, header_at
from firmware_bridge.importers.parsing.header.map_draft import draft_map
from firmware_bridge.importers.parsing.inverted_readings import looks_inverted
from firmware_bridge.importers.parsing.number_rows import (
    LARGEST_READING,
    Rows,
    TimedValues,
    increasing_rows,
    reading_of,
    whole_us,
)
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet
from firmware_bridge.model import SECOND, Side

_LOWEST_HZ, _HIGHEST_HZ = 1.0, 20_000.0
_AGREES = 1.25
LOOKED_AT_ROWS = 20_000
LOOKED_AT_US = 60e6
"""How much of a recording is looked at before any of it is stored (choice: who puts shoes on walks within a minute)."""
_IS_UNIT_RIGHT = f"is the map's time_unit right (one of {', '.join(UNITS_US)})"


def _recognizes(head: bytes) -> bool:
    return find_header(head) is not None


def _read(recording: Recording) -> Iterator[Samples]:
    path = recording.path
    head = head_of(path)
    origin = recording.columns or columns_beside(path)
    if origin is None:
        raise ConfigError(draft_map(path, head))
    columns = read_map(origin)
    header = _header(columns, head, recording)
    places = ColumnPositions(columns, header.names if columns.header else [], path)
    for notice in places.notices:
        recording.notice(notice)
    above = header.line + columns.header + bool(header.units)
    lines = islice(lines_of(path, recording.progress), above, None)
    rows = (line for line in lines if not line.startswith(columns.comment.encode()))
    parts = increasing_rows(rows, _reader(columns, places, len(header.names)))
    first_rows = next(parts, None)
    if first_rows is None or not len(first_rows.values):
        raise CorruptData(
            f"{path}: no row has the {1 + places.count} numbers that {origin} looks for{_why(columns, header)}"
        )
    times = first_rows.values[:, 0]
    profile = mapped_profile(columns, places.sensors, lambda said: _rate(path, times, said), origin)
    dated = columns.since_1970 or columns.time_unit == "iso"
    date = int(times[0]) * (SECOND // 1_000_000) if dated else None
    feet = PairOfFeet(recording, profile, date)
    values = ColumnValues(columns, places, profile, origin)
    left, right = values.feet.get(Side.LEFT), values.feet.get(Side.RIGHT)
    readings = map(values.readings, chain([first_rows], parts))
    beginning = list(_beginning(readings))
    if not columns.rises:
        _refuse_inverted(beginning, values, origin)
    for rows_of_both in chain(beginning, readings):
        yield from feet.samples(rows_of_both, left, right)


def _header(columns: ColumnMap, head: bytes, recording: Recording) -> Header:
    """Return the header where the map says it, else the first line or the one that is found, and say so."""
    if columns.skip_lines is not None or not columns.header:
        above = columns.skip_lines or 0
        lines = list(islice(lines_of(recording.path), above, above + SOUGHT))
        return header_at(lines, 0, columns.separator)._replace(line=above)
    first = header_at(head.split(b"\n"), 0, columns.separator)
    found = find_header(head, (columns.separator,))
    if found is None or found.line == 0 or columns.time in first.names:
        return first
    recording.notice(
        f"{recording.path}: its columns are named in line {found.line + 1}; what is above is left out "
        f"(skip_lines = {found.line} in the map says the same)"
    )
    return found


def _why(columns: ColumnMap, header: Header) -> str:
    """Say what to try where the map fits no row."""
    if header.decimal == "," != columns.decimal:
        return '; its numbers have decimal commas: say decimal = "," in the map'
    if columns.separator == columns.decimal:
        return '; numbers with decimal commas have to stand in quotes, or save it with ";" between the cells'
    return ""


def _beginning(parts: Iterator[Rows]) -> Iterator[Rows]:
    """Take as much as is looked at before the first sample is given."""
    count, began = 0, -math.inf
    for rows in parts:
        yield rows
        count += len(rows.values)
        if len(rows.values):
            began = rows.values[0, 0] if began == -math.inf else began
            if count >= LOOKED_AT_ROWS or rows.values[-1, 0] - began >= LOOKED_AT_US:
                return


def _refuse_inverted(parts: list[Rows], values: ColumnValues, origin: Path) -> None:
    """Look whether the readings fall when pressed.

    Raises:
        ConfigError: they do.
    """
    together = np.concatenate([rows.values for rows in parts if len(rows.values)])
    for side, columns in values.feet.items():
        unloaded = looks_inverted(together[:, columns])
        if unloaded is None:
            continue
        remedy = (
            "take invert_from out of the map or its profile"
            if values.inverted
            else f"say invert_from = {unloaded:g} in the map, which is taken from their highest number"
        )
        raise ConfigError(
            f"{origin}: the {side} foot's readings look as if they fall when pressed, as most of the time they are "
            f"near {unloaded:g}; {remedy}, or rises = true if they do not"
        )


def _rate(path: Path, times_us: np.ndarray[tuple[int], np.dtype[np.float64]], said: float | None) -> float:
    """Return the rate that is said, or the one that the first times show, to three digits.

    Raises:
        ConfigError: the two do not agree, or no insole has such a rate.
    """
    if len(times_us) < 2:
        if said is None:
            raise ConfigError(f"{path}: has too few rows to tell the rate; {_IS_UNIT_RIGHT}, or is rate_hz missing?")
        return said
    shown = 1e6 / float(np.median(np.diff(times_us)))
    if not _LOWEST_HZ <= shown <= _HIGHEST_HZ or (said is not None and not said / _AGREES < shown < said * _AGREES):
        wanted = f", not the {said:g} of map or profile" if said is not None else ""
        raise ConfigError(f"{path}: its times mean {shown:.3g} samples a second{wanted}; {_IS_UNIT_RIGHT}?")
    return float(f"{shown:.3g}") if said is None else said


def _reader(columns: ColumnMap, places: ColumnPositions, named: int) -> Callable[[bytes], TimedValues | None]:
    """Return what makes a row of a line: the time in us, the left foot's numbers, the right foot's, the flags.

    `named` is how many columns the header names.
    """
    flags = len(places.flags)
    wanted = [places.time, *(places.left or ()), *(places.right or ()), *places.flags]
    pick = itemgetter(*wanted)
    widest = max(wanted)
    separator, comma = columns.separator, columns.decimal == ","
    most = named + 1 if named and separator == columns.decimal else sys.maxsize  # else a comma outside of quotes
    when = _iso_us if columns.time_unit == "iso" else _counted(UNITS_US[columns.time_unit])
    readings = _reading(columns)

    def row(line: bytes) -> TimedValues | None:
        cells = cells_of(line, separator)
        if not widest < len(cells) <= most:
            return None
        time, *values = pick(cells)
        if comma:
            time, values = with_point(time), [with_point(value) for value in values]
        try:
            if not flags:
                return [when(time), *readings(values)]
            return [when(time), *readings(values[:-flags]), *map(flag_of, values[-flags:])]
        except (ValueError, OverflowError):
            return None

    return row


def _reading(columns: ColumnMap) -> Callable[[list[str]], list[float]]:
    """Return what makes numbers of cells; it raises ValueError where one is neither a number nor missing."""
    words = {str(word).strip() for word in columns.missing}
    numbers = {number for word in words if (number := _number(word)) is not None}

    def reading(cell: str) -> float:
        if cell.strip() in words:
            return math.nan
        value = float(cell)
        return math.nan if value in numbers else reading_of(value)

    def readings(cells: list[str]) -> list[float]:
        if not numbers:
            try:
                values = list(map(float, cells))
            except ValueError:
                pass
            else:
                if math.isfinite(sum(values)) and min(values) > -LARGEST_READING and max(values) < LARGEST_READING:
                    return values
        return list(map(reading, cells))

    return readings


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _counted(unit_us: float) -> Callable[[str], float]:
    return lambda cell: whole_us(float(cell), unit_us)


def _iso_us(cell: str) -> float:
    moment = datetime.fromisoformat(cell.strip())
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return whole_us(since.days * 86_400e6 + since.seconds * 1e6 + since.microseconds, 1.0)


FORMAT = Format("csv", "CSV of any maker", _recognizes, _read)
