"""CSV files of any maker: columns go by a map that lies beside the file (`walk.columns.toml`) or is named.

A row that has too few cells, or a cell that is no number, is skipped and counted; cells beyond those of the map are
not looked at. A foot of which every reading is missing has no sample in that row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path

import numpy as np

from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples, columns_beside
from firmware_bridge.importers.parsing.column_map import UNITS_US, ColumnMap, ColumnPositions, mapped_profile, read_map
from firmware_bridge.importers.parsing.csv_sniffer import cells_of, example_map, sniff
from firmware_bridge.importers.parsing.files import BOM, lines_of
from firmware_bridge.importers.parsing.number_rows import (
    LARGEST_READING,
    TimedValues,
    increasing_rows,
    reading_of,
    whole_us,
)
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet
from firmware_bridge.model import SECOND

_WIDE = (b"\xff\xfe", b"\xfe\xff")
_LOWEST_HZ, _HIGHEST_HZ = 1.0, 20_000.0
_AGREES = 1.25
_IS_UNIT_RIGHT = f"is the map's time_unit right (one of {', '.join(UNITS_US)})"


def _recognizes(head: bytes) -> bool:
    return sniff(head) is not None


def _read(recording: Recording) -> Iterator[Samples]:
    path = recording.path
    origin = recording.columns or columns_beside(path)
    lines = lines_of(path, recording.progress)
    first = next(lines, b"")
    if first.startswith(_WIDE):
        raise ConfigError(f"{path}: is written in UTF-16; save it as CSV UTF-8")
    lines = chain([first.removeprefix(BOM)], lines)
    if origin is None:
        raise ConfigError(example_map(path, b"".join(islice(lines, 20))))
    columns = read_map(origin)
    for _ in islice(lines, columns.skip_lines):
        pass
    names = cells_of(next(lines, b""), columns.separator) if columns.header else []
    places = ColumnPositions(columns, names, path)
    parts = increasing_rows(lines, _reader(columns, places))
    first_rows = next(parts, None)
    if first_rows is None or not len(first_rows.values):
        raise CorruptData(f"{path}: no row has the {1 + 2 * places.sensors} numbers that {origin} looks for")
    times = first_rows.values[:, 0]
    profile = mapped_profile(columns, places.sensors, lambda said: _rate(path, times, said), origin)
    dated = columns.since_1970 or columns.time_unit == "iso"
    date = int(times[0]) * (SECOND // 1_000_000) if dated else None
    feet = PairOfFeet(recording, profile, date)
    count = len(places.left or ())
    left = slice(1, 1 + count) if places.left else None
    right = slice(1 + count, None) if places.right else None
    for rows in chain([first_rows], parts):
        yield from feet.samples(rows, left, right)


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


def _reader(columns: ColumnMap, places: ColumnPositions) -> Callable[[bytes], TimedValues | None]:
    """Return what makes a row of a line: the time in us, then the left foot's readings, then the right foot's."""
    wanted = [places.time, *(places.left or ()), *(places.right or ())]
    pick = itemgetter(*wanted)
    widest = max(wanted)
    separator, comma = columns.separator, columns.decimal == ","
    when = _iso_us if columns.time_unit == "iso" else _counted(UNITS_US[columns.time_unit])
    readings = _reading(columns)

    def row(line: bytes) -> TimedValues | None:
        cells = cells_of(line, separator)
        if len(cells) <= widest:
            return None
        time, *values = pick(cells)
        if comma:
            time, values = time.replace(",", "."), [value.replace(",", ".") for value in values]
        try:
            return [when(time), *readings(values)]
        except (ValueError, OverflowError):
            return None

    return row


def _reading(columns: ColumnMap) -> Callable[[list[str]], list[float]]:
    """Return what makes readings of cells; it raises ValueError where one is neither a number nor missing."""
    words = {str(word).strip() for word in columns.missing}
    numbers = {number for word in words if (number := _number(word)) is not None}
    scale = columns.scale

    def reading(cell: str) -> float:
        if cell.strip() in words:
            return math.nan
        value = float(cell)
        if value in numbers:
            return math.nan
        return reading_of(value * scale)

    def readings(cells: list[str]) -> list[float]:
        if not numbers and scale == 1:
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
