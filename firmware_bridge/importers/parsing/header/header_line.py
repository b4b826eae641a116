"""Which line of a text file names its columns: there may be others above it, and one of units below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from firmware_bridge.importers.parsing.files import HEAD_BYTES
from firmware_bridge.importers.parsing.header.cells import SEPARATORS, cells_of, is_number

COMMENT = "#"
SOUGHT = 200
"""Lines among which the first row of numbers is looked for (choice; a maker's preamble has some dozens)."""
ABOVE = 4
"""Lines above the first row of numbers that may be its header, units and groups of columns among them (choice)."""
NAMED_SHARE = 0.75
"""Share of the columns that a header names at least (choice; a line that names groups of columns names fewer)."""

_TIME = re.compile(r"\d[\d:.,/TZ +-]*( ?[AaPp]\.?[Mm]\.?)?", re.ASCII)
_UNIT = re.compile(
    r"[\[(]?(n?s|[mu\u00b5\u03bc]s|sec(onds)?|msec|iso|k?pa|mpa|psi|mmhg|bar|k?n|n/cm.{0,3}|k?g|gram|lbs?|m?v|volts?|raw"
    r"|adc|counts?|lsb|m?g|m/s.{0,3}|deg(/s|rees)?|dps|rad(/s)?|[\u00b0\ufffd]?c|hz|%|a\.?u\.?|ohm|-|\d*)[\])]?",
    re.IGNORECASE,
)


class Header(NamedTuple):
    """The line that names the columns."""

    separator: str
    decimal: str
    names: list[str]  # of all cells of a row, "" for one without a name
    line: int  # how many lines are above it
    units: list[str]  # of each column as the line below it says them, empty where there is none
    rows: list[list[str]]  # the first ones


def find_header(head: bytes, separators: Sequence[str] = (*SEPARATORS, "|", " ")) -> Header | None:
    """Return the header of a text file by its first bytes: a line of names above rows that are mostly numbers.

    White space divides the cells only where nothing else does.
    """
    lines = head.split(b"\n")
    if not head.endswith(b"\n") and (len(head) >= HEAD_BYTES or len(lines) > SOUGHT):
        lines.pop()  # it is cut off
    looks = (_header(lines, separator) for separator in separators if separator != " ")
    found = max((look for look in looks if look), key=lambda look: len(look.names), default=None)
    return found if found or " " not in separators else _header(lines, " ")


def names_of(line: bytes, separator: str) -> list[str]:
    """Return the names of a header; a mark of comment before the first one is taken off."""
    names = [name.strip() for name in cells_of(line, separator)]
    if names:
        names[0] = names[0].lstrip(f"{COMMENT}% ")
    if separator == " " and names and not names[0]:
        names.pop(0)
    return names


def are_units(cells: Sequence[str]) -> bool:
    """Tell whether cells are units, or blank, rather than names or readings."""
    said = [cell.strip() for cell in cells if cell.strip()]
    return bool(said) and not any(map(is_number, said)) and all(map(_UNIT.fullmatch, said))


def _header(lines: list[bytes], separator: str) -> Header | None:
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    cells = [cells_of(lines[number], separator) for number in numbers]
    plain = [not lines[number].startswith(COMMENT.encode()) for number in numbers]
    first = next((i for i in range(min(SOUGHT, len(numbers))) if plain[i] and _begins_rows(cells, i)), None)
    if first is None:
        return None
    width = len(cells[first])
    above = range(max(first - ABOVE, 0), first)
    named = {i: names for i in above if (names := _names(lines[numbers[i]], separator, width))}
    chosen = max(named, key=lambda i: (not are_units(named[i]), plain[i], len(set(named[i])), i), default=None)
    if chosen is None:
        return None
    return header_at(lines, numbers[chosen], separator)


def header_at(lines: Sequence[bytes], line: int, separator: str) -> Header:
    """Return the header that a line is, whatever it says; `lines` are the file's first ones."""
    names = names_of(lines[line], separator) if line < len(lines) else []
    below = [
        cells_of(text, separator)
        for text in lines[line + 1 :]
        if text.strip() and not text.startswith(COMMENT.encode())
    ]
    units = below[0] if below and are_units(below[0]) else []
    rows = below[1:] if units else below
    if _numbers_its_rows(names, rows):
        names = ["", *names]
    comma = any("," in cell and is_number(cell) for row in rows for cell in row)
    return Header(separator, "," if comma else ".", names, line, units, rows)


def _numbers_its_rows(names: list[str], rows: list[list[str]]) -> bool:
    """Tell whether rows begin with a number that the header has no name for, as R writes them."""
    first = [row[0] for row in rows[:3] if len(row) == len(names) + 1 and row[-1].strip()]
    return len(first) == len(rows[:3]) > 1 and first in (["0", "1", "2"][: len(first)], ["1", "2", "3"][: len(first)])


def _begins_rows(cells: list[list[str]], i: int) -> bool:
    """Tell whether a line is a row of numbers, and the next one is one, too, or there is none."""
    if not _mostly_numbers(cells[i]):
        return False
    following = cells[i + 1] if i + 1 < len(cells) else cells[i]
    return _mostly_numbers(following) and abs(len(following) - len(cells[i])) <= 1


def _names(line: bytes, separator: str, width: int) -> list[str] | None:
    """Return the names in a line, None where it cannot be the header of rows of that many cells."""
    names = names_of(line, separator)
    while names and not names[-1]:
        names.pop()
    said = [name for name in names if name]
    if len(names) < 2 or not width - 1 <= len(names) <= width or len(said) < NAMED_SHARE * len(names):
        return None
    return names if all(map(str.isprintable, names)) and not is_number(said[0]) else None


def _mostly_numbers(row: list[str]) -> bool:
    if len(row) < 2 or not (is_number(row[0]) or _TIME.fullmatch(row[0].strip())):
        return False
    said = [cell for cell in row[1:] if cell.strip()]
    return bool(said) and 2 * sum(map(is_number, said)) >= len(said)
