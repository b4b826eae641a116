"""A map of a CSV file's columns to begin with, made of what its first lines show."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.importers.parsing.foot_from_name import side_of
from firmware_bridge.importers.parsing.header.cells import cells_of, is_number, separator_of, with_point
from firmware_bridge.importers.parsing.header.header_line import SOUGHT, Header, find_header, names_of
from firmware_bridge.importers.parsing.inverted_readings import looks_inverted
from firmware_bridge.importers.parsing.times.time_cells import likely_unit
from firmware_bridge.model import Side

NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.ASCII | re.DOTALL)
ROW_NUMBER = re.compile(r"(?i)(unnamed: 0|index|idx|row|no\.?|nr\.?|#)?")
"""Names that number the rows (pandas leaves the name out, or calls it so when it reads its own file)."""
_SHOWN = 24
_NO_LOAD = re.compile(
    r"(?i)acc|gyr|mag(?!n)|imu|quat|euler|temp|batt?|volt|time|stamp|cop|(?<![a-z])(force|sum|total|mean|a[xyz]|g[xyz])"
)
"""Names that are none of a sensor's pressure; a foot's total force is no sensor, either."""
_FEET = {
    Side.LEFT: re.compile(
        r"(?i:(?<![a-z])(left|links|gauche|izq|sinist))|(?i:(?<![a-z])(l|li|lf|lt|sx|g)(?![a-z]))"
        r"|(?<=[a-z])L(?![a-z])|(?<=[a-z])Left"
    ),
    Side.RIGHT: re.compile(
        r"(?i:(?<![a-z])(right|rechts|droite?|der|destr))|(?i:(?<![a-z])(r|re|rf|rt|dx|d)(?![a-z]))"
        r"|(?<=[a-z])R(?![a-z])|(?<=[a-z])Right"
    ),
}
"""How a column's name says its foot: by a word of some languages, or a letter that stands alone."""
_UNITS = {"kpa": "kPa", "n": "N", "mmhg": "mmHg", "n/cm2": "N/cm2", "n/cm\u00b2": "N/cm2"}


def draft_map(path: Path, head: bytes) -> str:
    """Return what to say of a CSV file without a map: its header, a map that needs only a look, what that leaves out.

    Args:
        path: the file.
        head: its first bytes, as `head_of` gives them.
    """
    look = find_header(head) or _first_line(head)
    headed = any(look.names) or not look.rows
    first = look.names if headed else look.rows[0]
    last = max((place for place, cell in enumerate(first) if cell.strip()), default=0)
    names = look.names[: last + 1]
    shown = [f"{number} {cell!r}" for number, cell in enumerate(first[: last + 1][:_SHOWN], 1)]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    beside = path.with_name(f"{path.name.split('.')[0]}.columns.toml")
    time = _time(names, look.rows)
    named = {side: columns for side in Side if (columns := _foot(names, side))}
    feet = named or (_either_foot if headed else _all_of_a_foot)(path, names, time)
    whose = "" if named or len(feet) != 1 or side_of(path.name) else "  # left or right? The header does not say"
    sensors = {place for columns in feet.values() for place in columns}
    taken = sensors if time is None else sensors | {time}
    lines = [
        *_times(names, time, look.rows),
        *(f"{side} = {_columns(names, columns)}{whose}" for side, columns in feet.items()),
        *([] if feet else ['left = "left_{n}"', 'right = "right_{n}"']),
        *_above(look),
        *([] if headed else ["header = false"]),
        f"separator = {_quoted(look.separator)}",
        f'decimal = "{look.decimal}"',
        f'unit = "{_unit(look, sensors)}"'.ljust(30)
        + '# kPa, N or raw; or, for these and the positions: profile = "demo-16"',
        *_falling(look, feet),
        "# positions = [[0.5, 0.1]]    # of each sensor: 0 lateral to 1 medial, 0 heel to 1 toe",
        '# missing = ["", "NaN", -1]   # what stands for a reading that is not there',
    ]
    left_out = [
        f"{place + 1} {repr(name) if name else 'without a name'}"
        for place, name in enumerate(names)
        if place not in taken
    ]
    leaves = f"It leaves out {', '.join(left_out)}.\n" if left_out and feet else ""
    shows = "Its header is" if headed else "It has no header; its first row is"
    return (
        f"{path}: a CSV file needs a map of its columns. {shows}\n  {', '.join(shown)}{more}\n{leaves}"
        f"Save this as {beside}, correct it, and import again (or name it by --columns):\n\n" + "\n".join(lines) + "\n"
    )


def _first_line(head: bytes) -> Header:
    """Return the first line as a header, of columns without names where it is a row of numbers."""
    lines = [line for line in head.split(b"\n")[:SOUGHT] if line.strip()]
    separator = separator_of(lines[0]) if lines else ","
    rows = [cells_of(line, separator) for line in lines]
    said = [cell for cell in rows[0] if cell.strip()] if rows else []
    if len(said) < 2 or not all(map(is_number, said)):
        return Header(",", ".", names_of(head.split(b"\n", 1)[0], ","), 0, [], [])
    comma = separator != "," and any("," in cell for cell in said)
    return Header(separator, "," if comma else ".", [""] * len(rows[0]), 0, [], rows)


def _all_of_a_foot(path: Path, names: list[str], time: int | None) -> dict[Side, list[int]]:
    """Return all columns but the time as those of the foot that the file's name tells, or else of the left one."""
    columns = [place for place in range(len(names)) if place != time]
    return {side_of(path.name) or Side.LEFT: columns} if columns else {}


def _above(look: Header) -> list[str]:
    return [f"skip_lines = {look.line}".ljust(30) + "# above the header"] if look.line else []


def _time(names: list[str], rows: list[list[str]]) -> int | None:
    """Return the cell of the time: by its name, else the first one that does not number the rows, unless it falls."""
    timely = [
        place
        for place, name in enumerate(names)
        if re.match(r"(?i)t(ime.*|_?m?s)?\b|.*time|.*stamp|.*zeit|sec|ms\b", name)
    ]
    others = [place for place, name in enumerate(names) if not ROW_NUMBER.fullmatch(name)]
    if timely:
        return timely[0]
    first = (others or [0])[0]
    cells = [row[first] for row in _whole(rows, [first])]
    stamps = [float(with_point(cell)) for cell in cells if is_number(cell)]
    falls = any(after < before for before, after in pairwise(stamps)) or (len(stamps) > 2 and stamps[0] == stamps[-1])
    return None if falls else first


def _times(names: list[str], time: int | None, rows: list[list[str]]) -> list[str]:
    """Write what the map says of the rows' times."""
    if time is None:
        return ["# rate_hz = 100".ljust(30) + "# samples a second: no column is a time, so take off the # and say it"]
    unit, dated = likely_unit(names[time], [row[time] for row in _whole(rows, [time])])
    return [
        f"time = {_column(names, time)}",
        f"time_unit = {_quoted(unit)}".ljust(30) + "# s, ms, us, ns, iso or hms",
        f"since_1970 = {str(dated).lower()}".ljust(30) + "# true: the time is a date",
    ]


def _foot(names: list[str], side: Side) -> list[int]:
    """Return the cells of a foot: the most of its names that differ in a number only, else all of its names."""
    own = [place for place, name in enumerate(names) if _is_of(side, name)]
    return _numbered(names, own) or own


def _is_of(side: Side, name: str) -> bool:
    of = [foot for foot in Side if _FEET[foot].search(re.sub(r"[_\d]", " ", name))]
    return of == [side] and not _NO_LOAD.search(name)


def _either_foot(path: Path, names: list[str], time: int | None) -> dict[Side, list[int]]:
    """Return the columns whose names say no foot: the left foot's first where all names stand twice.

    Else those of numbered names are of the foot that the file's name tells, or, which only a person can tell, of the
    left one.
    """
    loads = [place for place, name in enumerate(names) if place != time and name and not _NO_LOAD.search(name)]
    half = len(loads) // 2
    if loads and [names[place] for place in loads[:half]] == [names[place] for place in loads[half:]]:
        return {Side.LEFT: loads[:half], Side.RIGHT: loads[half:]}
    columns = _numbered(names, loads)
    return {side_of(path.name) or Side.LEFT: columns} if columns else {}


def _numbered(names: list[str], places: Sequence[int]) -> list[int]:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in places:
        if found := NUMBERED.fullmatch(names[place]):
            groups[found[1], found[3]].append(place)
    largest = max(groups.values(), key=len, default=[])
    return largest if len(largest) > 1 else []


def _columns(names: list[str], places: list[int]) -> str:
    """Write columns as a map does: as a pattern, or a range, where exactly these fit it, else one by one."""
    found = NUMBERED.fullmatch(names[places[0]])
    once = all(names.count(names[place]) == 1 for place in places)
    if len(places) > 1 and not once and places == [*range(places[0], places[-1] + 1)]:
        return f'"{places[0] + 1}-{places[-1] + 1}"'
    if found and len(places) > 1 and once:
        fitting = re.compile(f"{re.escape(found[1])}\\d+{re.escape(found[3])}", re.ASCII)
        if [place for place, name in enumerate(names) if fitting.fullmatch(name)] == places:
            return _quoted(f"{found[1]}{{n}}{found[3]}")
    return f"[{', '.join(_column(names, place) for place in places)}]"


def _column(names: list[str], place: int) -> str:
    name = names[place]
    return _quoted(name) if name and names.count(name) == 1 else str(place + 1)


def _unit(look: Header, taken: set[int]) -> str:
    """Return the unit of the pressures as the line of units, or their names, say it."""
    said = set()
    for place in taken:
        name, below = look.names[place], look.units[place] if place < len(look.units) else ""
        bracketed = re.search(r"[\[(]([^\])]+)[\])]\s*$", name)
        said.add((bracketed[1] if bracketed else below.strip(" []()")).lower())
    return _UNITS.get(said.pop(), "raw") if len(said) == 1 else "raw"


def _falling(look: Header, feet: dict[Side, list[int]]) -> list[str]:
    """Write `invert_from` where the readings fall when pressed, as far as the first rows show."""
    for places in feet.values():
        values = _readings(look.rows, places)
        if (unloaded := looks_inverted(values)) is not None:
            return [f"invert_from = {unloaded:g}".ljust(30) + "# its readings fall when pressed"]
    return []


def _readings(rows: list[list[str]], places: list[int]) -> NDArray[np.float64]:
    numbers = [[row[place] if is_number(row[place]) else "nan" for place in places] for row in _whole(rows, places)]
    values = [[float(with_point(cell)) for cell in row] for row in numbers]
    return np.array(values, np.float64).reshape(-1, len(places))


def _whole(rows: list[list[str]], places: list[int]) -> list[list[str]]:
    return [row for row in rows if len(row) > max(places)]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
