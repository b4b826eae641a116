"""What a CSV file looks like, as far as its first lines show: its separator, its header, and a map to begin with."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

from firmware_bridge.importers.parsing.files import BOM
from firmware_bridge.importers.parsing.times.time_cells import likely_unit

SEPARATORS = ("\t", ";", ",")
NUMBER = re.compile(
    r"[-+]?\d+([.,]\d*)?([eE][-+]?\d+)?|\d{4}-\d\d-\d\d[T ]\S+|\d\d?:\d\d(:\d\d)?([.,:]\d{1,9})?( ?[AaPp][Mm])?",
    re.ASCII,
)
NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.ASCII | re.DOTALL)
_SHOWN = 24


class _Look(NamedTuple):
    """What the first lines show."""

    separator: str
    decimal: str
    names: list[str]


def cells_of(line: bytes, separator: str) -> list[str]:
    """Return the cells of a line; a separator inside double quotes is none."""
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    if separator == " ":
        return text.split()
    if '"' not in text:
        return text.split(separator)
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def sniff(head: bytes) -> _Look | None:
    """Return how a file's first lines are cut, or None: a header of names above rows that are mostly numbers."""
    lines = head.removeprefix(BOM).split(b"\n")
    lines = [line for line in lines[: len(lines) if head.endswith(b"\n") else -1 or None] if line.strip()][:6]
    if len(lines) < 2:
        return None
    looks = [look for separator in SEPARATORS if (look := _look(lines, separator))]
    return max(looks, key=lambda look: len(look.names), default=None)


def _look(lines: list[bytes], separator: str) -> _Look | None:
    names = [name.strip() for name in cells_of(lines[0], separator)]
    while names and not names[-1]:
        names.pop()
    if len(names) < 2 or not all(name.isprintable() for name in names) or not names[0] or _numeric(names[0]):
        return None
    rows = [cells_of(line, separator) for line in lines[1:]]
    if not any(len(names) <= len(row) <= len(names) + 1 and _mostly_numbers(row) for row in rows):
        return None
    comma = separator != "," and any("," in cell for row in rows for cell in row)
    return _Look(separator, "," if comma else ".", names)


def _numeric(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None


def _mostly_numbers(row: list[str]) -> bool:
    return _numeric(row[0]) and 2 * sum(map(_numeric, row)) >= len([cell for cell in row if cell.strip()])


def example_map(path: Path, head: bytes) -> str:
    """Return what to say of a CSV file without a map: its header, and a map that needs only a look."""
    look = sniff(head) or _Look(",", ".", [cell.strip() for cell in cells_of(head.split(b"\n", 1)[0], ",")])
    shown = [f"{number} {name!r}" for number, name in enumerate(look.names[:_SHOWN], 1)]
    more = f" and {len(look.names) - _SHOWN} more" if len(look.names) > _SHOWN else ""
    beside = path.with_name(f"{path.name.split('.')[0]}.columns.toml")
    left, right = _foot(look.names, "l"), _foot(look.names, "r")
    if not (left or right):
        left, right = '"left_{n}"', '"right_{n}"'
    unit, dated = _unit(look, head)
    feet = [f"{key} = {columns}" for key, columns in (("left", left), ("right", right)) if columns]
    lines = [
        f"time = {_quoted(_time(look.names))}",
        f"{f'time_unit = {_quoted(unit)}':<30}# s, ms, us, ns, iso or hms",
        f"{f'since_1970 = {str(dated).lower()}':<30}# true: the time is a date",
        *feet,
        f"separator = {_quoted(look.separator)}",
        f'decimal = "{look.decimal}"',
        'unit = "raw"                  # kPa, N or raw; or, for these and the positions: profile = "demo-16"',
        "# positions = [[0.5, 0.1]]    # of each sensor: 0 lateral to 1 medial, 0 heel to 1 toe",
        '# missing = ["", "NaN", -1]   # what stands for a reading that is not there',
    ]
    return (
        f"{path}: a CSV file needs a map of its columns. Its header is\n  {', '.join(shown)}{more}\n"
        f"Save this as {beside}, correct it, and import again (or name it by --columns):\n\n" + "\n".join(lines) + "\n"
    )


def _unit(look: _Look, head: bytes) -> tuple[str, bool]:
    """Return the likely unit of the time, and whether it is counted from 1970."""
    name = _time(look.names)
    place = look.names.index(name) if name in look.names else 0
    rows = [cells_of(line, look.separator) for line in head.removeprefix(BOM).split(b"\n")[1:]]
    return likely_unit(name, [row[place] for row in rows if len(row) > place])


def _time(names: list[str]) -> str:
    timely = [name for name in names if re.match(r"(?i)t(ime.*|_?m?s)?\b|.*time|.*stamp|sec|ms\b", name)]
    return (timely or names or ["time"])[0]


def _foot(names: list[str], letter: str) -> str | None:
    """Return the pattern of the names that are numbered from 1 and begin as the foot does, else the first such."""
    for name in names:
        found = NUMBERED.fullmatch(name)
        if found and found[2] == "1" and name.lower().startswith(letter):
            return _quoted(f"{found[1]}{{n}}{found[3]}")
    words = {"l": "left", "r": "right"}
    plain = [name for name in names if name.lower().startswith(words[letter]) and "time" not in name.lower()]
    return f"[{', '.join(map(_quoted, plain))}]" if plain else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
