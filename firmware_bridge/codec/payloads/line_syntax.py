"""From a line of text to its numbers and back: separators, names, JSON, and what stands around them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from firmware_bridge.devices.schema.text import DAY_S, TextColumn, TextTable
from firmware_bridge.errors import CorruptData

NO_READING = frozenset(("", "-", "--", "nan", "null", "none", "na", "n/a"))
"""Cells that hold no reading, in any case of letters."""
WHITESPACE = "whitespace"
_HMS = re.compile(r"(\d{1,2}):(\d\d):(\d\d(?:\.\d*)?)", re.ASCII)
_COMMA = re.compile(r"[-+]?\d+,\d+", re.ASCII)


class TextLines:
    """Splits the lines of a profile's `[text]` and writes them; the numbers come in the order of all columns."""

    def __init__(self, table: TextTable) -> None:
        self._table = table
        self._forms = [_compiled(line, table.side_prefix) for line in table.line]
        self._bare = table.line == ("{values}",)
        self._separator = None if table.separator == WHITESPACE else table.separator
        self._hms = any(column.role == "time.hms" for column in table.columns)
        self._labeled = bool(table.columns[0].labels)
        self._takes = {n: _take(table.columns, line) for n, line in table.shapes.items()}
        self._pairs = _pairs(table) if table.form == "labeled" else None
        self.width = sum(column.count for column in table.columns)

    def read(self, line: str) -> tuple[str | None, Callable[[], list[float]]]:
        """Return the word for the foot, None where the line has none, and what reads its numbers, NaN where missing.

        Raises:
            CorruptData: it is no such line; what reads the numbers says the same of them.
        """
        word, text = (None, line) if self._bare else self._unwrapped(line)
        if self._table.form != "cells":
            read = self._object if self._labeled else self._list
            return word, lambda: read(text)
        if "_" in text:
            raise CorruptData("1_000 is a number to Python only")
        cells = text.split(self._separator)
        if word is None and cells and cells[0].strip() in self._table.side_prefix:
            word, cells = cells[0].strip(), cells[1:]
        return word, lambda: self._spread(self._numbers(cells))

    def write(self, cells: Sequence[str], columns: Sequence[TextColumn], word: str) -> str:
        """Return a line of written numbers, those of `columns`; `word` is the foot's."""
        table = self._table
        if table.form == "cells":
            text = (self._separator or " ").join(cells)
        elif self._labeled:
            text = self._written(cells, columns)
        else:
            width = table.matrix[1] if table.matrix else len(cells)
            rows = [f"[{','.join(map(_json, cells[i : i + width]))}]" for i in range(0, len(cells), width)]
            text = f"[{','.join(rows)}]" if table.matrix else rows[0]
        if table.decimal != ".":
            text = text.replace(".", table.decimal)
        return table.line[0].replace("{side}", word).replace("{values}", text)

    def _unwrapped(self, line: str) -> tuple[str | None, str]:
        for form in self._forms:
            if found := form.fullmatch(line):
                named = found.groupdict()
                return named.get("side"), named["values"]
        raise CorruptData(f"the line is not of the form {self._table.line[0]!r}")

    def _numbers(self, cells: Sequence[str]) -> list[float]:
        try:
            if self._table.decimal == ".":
                return [float(cell) for cell in cells]
        except ValueError:
            pass
        return [self._number(cell) for cell in cells]

    def _number(self, cell: str) -> float:
        text = cell.strip()
        if text.lower() in NO_READING:
            return math.nan
        if self._hms and (clock := _HMS.fullmatch(text)):
            seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
            return seconds if seconds < DAY_S else -1.0
        if self._table.decimal != ".":
            text = text.replace(self._table.decimal, ".")
        elif _COMMA.fullmatch(text):
            raise CorruptData(
                f"the numbers have a decimal comma ({text}): let the device write a point, or say "
                'decimal = "," in the [text] of the profile'
            )
        try:
            return float(text)
        except ValueError:
            raise CorruptData(f"{text[:20]!r} is no number") from None

    def _spread(self, numbers: list[float]) -> list[float]:
        """Put a line's numbers to their columns, NaN where it lacks optional ones."""
        take = self._takes.get(len(numbers))
        if take is None:
            wanted = sorted(self._takes)
            twice = "; are they decimal commas?" if self._separator == "," and len(numbers) == 2 * wanted[0] else ""
            raise CorruptData(
                f"{len(numbers)} numbers in a line, where the profile has {' or '.join(map(str, wanted))}{twice}"
            )
        return [math.nan if i < 0 else numbers[i] for i in take]

    def _list(self, text: str) -> list[float]:
        value = _parsed(text)
        if not isinstance(value, list):
            raise CorruptData("the line is not a list of numbers")
        matrix = self._table.matrix
        if matrix is not None:
            if len(value) != matrix[0] or any(not isinstance(row, list) or len(row) != matrix[1] for row in value):
                raise CorruptData(f"the line is not a matrix of {matrix[0]} rows of {matrix[1]}")
            value = [cell for row in value for cell in row]
        return self._spread([self._plain(cell) for cell in value])

    def _object(self, text: str) -> list[float]:
        said = _parsed(text) if self._pairs is None else _Pairs(self._pairs.findall(text))
        if not isinstance(said, Mapping):
            raise CorruptData("the line is not an object with names")
        if isinstance(said, _Pairs) and self._pairs is not None and self._pairs.sub("", text).strip(" \t,;"):
            raise CorruptData("the line has more in it than names and numbers")
        row: list[float] = []
        for column in self._table.columns:
            numbers = [x for label in column.labels for x in self._labeled_numbers(said, label, column)]
            if len(numbers) != column.sent:
                raise CorruptData(f"{column.labels[0]} holds {len(numbers)} numbers, not {column.sent}")
            row += [x for i, x in enumerate(numbers) if i not in column.drop]
        return row

    def _labeled_numbers(self, said: Mapping[str, Any], label: str, column: TextColumn) -> list[float]:
        if label not in said:
            if not column.optional:
                raise CorruptData(f"the line has nothing by the name {label}")
            return [math.nan] * (column.sent // len(column.labels))
        value = said[label]
        if isinstance(value, list):
            return [self._plain(cell) for cell in value]
        return [self._plain(value)]

    def _plain(self, value: object) -> float:
        if value is None:
            return math.nan
        if isinstance(value, float):
            return value
        if isinstance(value, str) and "_" not in value:
            return self._number(value)
        raise CorruptData(f"{str(value)[:20]!r} is no number")

    def _written(self, cells: Sequence[str], columns: Sequence[TextColumn]) -> str:
        rest, parts = list(cells), []
        for column in columns:
            mine, rest = rest[: column.sent], rest[column.sent :]
            if self._table.form == "labeled":
                parts += [f"{k}{self._table.assign}{x}" for k, x in zip(column.labels, mine, strict=True)]
            elif len(column.labels) == len(mine):
                parts += [f"{json.dumps(k)}:{_json(x)}" for k, x in zip(column.labels, mine, strict=True)]
            else:
                parts.append(f"{json.dumps(column.labels[0])}:[{','.join(map(_json, mine))}]")
        return (self._separator or " ").join(parts) if self._table.form == "labeled" else f"{{{','.join(parts)}}}"


class _Pairs(dict[str, str]):
    """Name and number pairs of a labeled line."""


def _compiled(line: str, words: Mapping[str, str]) -> re.Pattern[str]:
    """Turn a form such as `{side}: {values}` into what finds its parts; blanks in it may be more, fewer or none."""
    pattern = r"\s*".join(re.escape(part) for part in line.split(" "))
    sides = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(pattern.replace(r"\{side\}", f"(?P<side>{sides})").replace(r"\{values\}", "(?P<values>.*)"))


def _pairs(table: TextTable) -> re.Pattern[str]:
    """Return what finds `name=number` in a labeled line."""
    names = sorted({label for column in table.columns for label in column.labels}, key=len, reverse=True)
    name = "|".join(map(re.escape, names))
    separator = r"\s" if table.separator == WHITESPACE else re.escape(table.separator[:1])
    return re.compile(rf"(?<![\w])({name})\s*{re.escape(table.assign)}\s*([^\s{separator}]*)")


def _take(columns: Sequence[TextColumn], line: Sequence[TextColumn]) -> list[int]:
    """Return, for each number of all columns, which of a line's numbers it is; -1 where the line lacks it."""
    places: dict[int, list[int]] = {}
    at = 0
    for column in line:
        places[id(column)] = [at + i for i in range(column.sent) if i not in column.drop]
        at += column.sent
    return [i for column in columns for i in places.get(id(column), [-1] * column.count)]


def _parsed(text: str) -> object:
    try:
        return json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        raise CorruptData("the line is not JSON") from None


def _json(cell: str) -> str:
    return "null" if cell == "nan" else cell
