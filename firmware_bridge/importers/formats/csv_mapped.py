"""CSV files of any maker, by a map of their columns that lies beside the file or is named by --columns.

Without a map the columns are shown with one to begin with. A column is found by its name or number; the others are
not looked at. A foot of which every reading is missing has no sample in that row.
"""

from __future__ import annotations

import math
import sys
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
from firmware_bridge.importers.parsing.column_values import ColumnValues, flag_of
from firmware_bridge.importers.parsing.files import head_of, lines_of
from firmware_bridge.importers.parsing.header.cells import cells_of, with_point
from firmware_bridge.importers.parsing.header.header_line import SOUGHT, Header, find_header, header_at
from firmware_bridge.importers.parsing.header.map_draft import draft_map
from firmware_bridge.importers.parsing.inverted_readings import not_inverted
from firmware_bridge.importers.parsing.number_rows import LARGEST_READING, NO_ROW, TimedValues, reading_of
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet, Stamps, first_times, rows_by_foot
from firmware_bridge.importers.parsing.times.sampling_rate import Declared
from firmware_bridge.importers.parsing.times.time_cells import time_reader
from firmware_bridge.importers.row_report import NO_REPORT
from firmware_bridge.model import SECOND

_UNTIMED_SHARE = 0.9
"""Share of skipped rows above which no rate can be told by the others (choice)."""


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
    names = header.names if columns.header else []
    places = ColumnPositions(columns, names, path)
    for notice in places.notices:
        recording.notice(notice)
    widest = _most_cells(columns, names)
    parts = rows_by_foot(
        _lines(recording, columns, header),
        _reader(columns, places, widest),
        places.feet,
        Stamps.of_unit(columns.time_unit, declared_rate(columns, origin), on_arrival=columns.stamped == "on arrival"),
        lambda line: _why(line, columns, places, widest),
    )
    begins, taken = first_times(parts, places.feet)
    looked_at = sum((next(iter(portion.values())).report for portion in taken), NO_REPORT)
    if not begins:
        skipped = f": skipped {looked_at.bad_rows}" if looked_at.skipped else ""
        raise CorruptData(
            f"{path}: no row has the {places.width} numbers that {origin} looks for{skipped}{_advice(columns, header)}"
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
    values = ColumnValues(columns, places, other, origin)
    feet = PairOfFeet(recording, other, int(began) * (SECOND // 1_000_000) if dated else None, float(began))
    samples = (
        feet.foot(side, profiles.get(side, other), values.readings(side, rows), slice(1, None))
        for portion in chain(taken, parts)
        for side, rows in portion.items()
    )
    yield from samples if columns.rises else not_inverted(samples, origin, already=values.inverted)


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
        f"its columns are named in line {found.line + 1}; what is above is left out "
        f"(skip_lines = {found.line} in the map says the same)"
    )
    return found


def _lines(recording: Recording, columns: ColumnMap, header: Header) -> Iterator[bytes]:
    """Return the lines that may be rows; a board that restarts repeats those above them."""
    lines = lines_of(recording.path, recording.progress)
    above = {line.strip() for line in islice(lines, header.line + columns.header + bool(header.units))}
    comment = columns.comment.encode()
    return (line for line in lines if not line.startswith(comment) and line.strip() not in above)


def _advice(columns: ColumnMap, header: Header) -> str:
    """Say what to try where the map fits no row."""
    if header.decimal == "," != columns.decimal:
        return '; its numbers have decimal commas: say decimal = "," in the map'
    if columns.separator == columns.decimal:
        return '; numbers with decimal commas have to stand in quotes, or save it with ";" between the cells'
    return ""


def _most_cells(columns: ColumnMap, names: list[str]) -> int:
    """Return how many cells a row has at most: with more of them, a decimal comma stands outside of quotes."""
    return len(names) + 1 if names and columns.separator == columns.decimal else sys.maxsize


def _reader(columns: ColumnMap, places: ColumnPositions, most: int) -> Callable[[bytes], TimedValues | None]:
    """Return what makes a row of a line: the time in us, the left foot's numbers, the right foot's, the flags."""
    timed = places.time is not None
    pick = itemgetter(*([] if timed else places.all[:1]), *places.all)
    widest = max(places.all)
    separator, comma, flags = columns.separator, columns.decimal == ",", len(places.flags)
    when = time_reader(columns.time_unit)
    apart_us = 1e6 / (columns.rate_hz or 1.0)
    numbers = count()
    readings = _reading(columns)

    def row(line: bytes) -> TimedValues | None:
        cells = cells_of(line, separator)
        moment = None if timed or not line.strip() else next(numbers) * apart_us  # one that is none has its time, too
        if not widest < len(cells) <= most:
            return None
        time, *values = pick(cells)
        if comma:
            time, values = with_point(time), [with_point(value) for value in values]
        try:
            first = when(time) if moment is None else float(round(moment))
            if not flags:
                return [first, *readings(values)]
            return [first, *readings(values[:-flags]), *map(flag_of, values[-flags:])]
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


def _why(line: bytes, columns: ColumnMap, places: ColumnPositions, most: int) -> str:
    """Say why a line is no row."""
    cells = cells_of(line, columns.separator)
    if len(cells) <= max(places.all):
        return f"it has {len(cells)} cells, the map needs {max(places.all) + 1}"
    if len(cells) > most:
        return f"it has {len(cells)} cells, but its header {most - 1}"
    when, readings = time_reader(columns.time_unit), _reading(columns)
    for place in places.all:
        cell = with_point(cells[place]) if columns.decimal == "," else cells[place]
        try:
            if place == places.time:
                when(cell)
            elif place not in places.flags:
                readings([cell])
        except (ValueError, OverflowError):
            return f"its cell {place + 1} is {cells[place].strip()[:30]!r}"
    return NO_ROW


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


FORMAT = Format("csv", "CSV of any maker", _recognizes, _read)
