"""CSV files of any maker: columns go by a map that lies beside the file (`walk.columns.toml`) or is named.

A row that has too few cells, or a cell that is no number, is skipped and counted; cells beyond those of the map are
not looked at. A foot of which every reading is missing has no sample in that row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, count, islice
from operator import itemgetter

from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples, columns_beside
from firmware_bridge.importers.parsing.column_map import (
    ColumnMap,
    ColumnPositions,
    declared_rate,
    mapped_profile,
    read_map,
)
from firmware_bridge.importers.parsing.csv_sniffer import cells_of, example_map, sniff
from firmware_bridge.importers.parsing.files import BOM, lines_of
from firmware_bridge.importers.parsing.number_rows import LARGEST_READING, NO_ROW, TimedValues, reading_of
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet, Stamps, first_times, rows_by_foot
from firmware_bridge.importers.parsing.times.sampling_rate import Declared
from firmware_bridge.importers.parsing.times.time_cells import time_reader
from firmware_bridge.importers.row_report import NO_REPORT
from firmware_bridge.model import SECOND, Side

_UNTIMED_SHARE = 0.9
"""Share of skipped rows above which no rate can be told by the others (choice)."""
_WIDE = (b"\xff\xfe", b"\xfe\xff")


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
    header = next(lines, b"") if columns.header else b""
    names = cells_of(header, columns.separator) if header else []
    places = ColumnPositions(columns, names, path)
    of_foot = _columns_of(places)
    parts = rows_by_foot(
        (line for line in lines if not header or line.strip() != header.strip()),  # a board that restarts repeats it
        _reader(columns, places),
        of_foot,
        Stamps.of_unit(columns.time_unit, declared_rate(columns, origin), on_arrival=columns.stamped == "on arrival"),
        lambda line: _why(line, columns, places),
    )
    begins, taken = first_times(parts, of_foot)
    looked_at = sum((next(iter(portion.values())).report for portion in taken), NO_REPORT)
    if not begins:
        raise CorruptData(
            f"{path}: no row has the {places.width} numbers that {origin} looks for: skipped {looked_at.bad_rows}"
        )
    if looked_at.share > _UNTIMED_SHARE:
        raise CorruptData(
            f"{path}: {looked_at.bad_rows}; is it sorted by its time, and is that column {columns.time!r}?"
        )
    declared = Declared(path, names[places.time] if places.time is not None and names else None, columns.time_unit)
    profiles = {
        side: mapped_profile(columns, places.sensors, partial(declared.agreed, rows.values[:, 0]), origin)
        for side, rows in begins.items()
    }
    began = min(rows.values[0, 0] for rows in begins.values())
    dated = columns.since_1970 or columns.time_unit == "iso"
    other = next(iter(profiles.values()))
    feet = PairOfFeet(recording, other, int(began) * (SECOND // 1_000_000) if dated else None, float(began))
    for portion in chain(taken, parts):
        for side, rows in portion.items():
            yield feet.foot(side, profiles.get(side, other), rows, of_foot[side])


def _columns_of(places: ColumnPositions) -> dict[Side, slice]:
    """Return where the readings of each foot are in a row."""
    count = places.sensors
    feet = [side for side, there in ((Side.LEFT, places.left), (Side.RIGHT, places.right)) if there]
    return {side: slice(1 + number * count, 1 + (number + 1) * count) for number, side in enumerate(feet)}


def _reader(columns: ColumnMap, places: ColumnPositions) -> Callable[[bytes], TimedValues | None]:
    """Return what makes a row of a line: the time in us, then the left foot's readings, then the right foot's."""
    timed = places.time is not None
    pick = itemgetter(*([] if timed else places.all[:1]), *places.all)
    widest = max(places.all)
    separator, comma = columns.separator, columns.decimal == ","
    when = time_reader(columns.time_unit)
    apart_us = 1e6 / (columns.rate_hz or 1.0)
    numbers = count()
    readings = _reading(columns)

    def row(line: bytes) -> TimedValues | None:
        cells = cells_of(line, separator)
        moment = None if timed or not line.strip() else next(numbers) * apart_us  # one that is none has its time, too
        if len(cells) <= widest:
            return None
        time, *values = pick(cells)
        if comma:
            time, values = time.replace(",", "."), [value.replace(",", ".") for value in values]
        try:
            return [when(time) if moment is None else float(round(moment)), *readings(values)]
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


def _why(line: bytes, columns: ColumnMap, places: ColumnPositions) -> str:
    """Say why a line is no row."""
    cells = cells_of(line, columns.separator)
    if len(cells) <= max(places.all):
        return f"it has {len(cells)} cells, the map needs {max(places.all) + 1}"
    comma = columns.decimal == ","
    when, readings = time_reader(columns.time_unit), _reading(columns)
    for place in places.all:
        cell = cells[place].replace(",", ".") if comma else cells[place]
        try:
            when(cell) if place == places.time else readings([cell])
        except (ValueError, OverflowError):
            return f"its cell {place + 1} is {cells[place].strip()[:30]!r}"
    return NO_ROW


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


FORMAT = Format("csv", "CSV of any maker", _recognizes, _read)
