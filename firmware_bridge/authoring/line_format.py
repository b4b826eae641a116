"""How the lines of an unknown text stream are cut into numbers, as far as they show it."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from firmware_bridge.codec.payloads.line_syntax import NO_READING
from firmware_bridge.model import Float64s

_LARGEST = 1e15
"""Of a number that anything measures or counts."""
_MOSTLY = 0.9
"""Share of lines with a separator at their end from which on it is no column whose number is missing (choice)."""
_PREFIX = re.compile(r"(left|right|[LR])([:_*;,= ]\s*)(?=[-+.\d\[{])", re.IGNORECASE)
_PAIR = re.compile(r"([A-Za-z_]\w*)\s*([=:])\s*([-+]?[\d.][\w.+-]*|nan|-)", re.IGNORECASE)
_COMMA = re.compile(r"[-+]?\d+,\d+")


@dataclass(frozen=True)
class LineFormat:
    """How lines are cut into numbers."""

    form: str = "cells"
    separator: str = ","
    assign: str = "="
    decimal: str = "."
    prefix: str = ""  # what stands between the word for a foot and the numbers
    suffix: str = ""  # what stands behind the last number
    words: tuple[str, ...] = ()
    matrix: tuple[int, int] | None = None
    names: tuple[str, ...] = ()  # of the columns, by a header line, labels or keys
    lists: tuple[int, ...] = ()  # how many numbers each key of a JSON object has


def look_at(data: bytes) -> tuple[LineFormat, Float64s, int]:
    """Return how the lines of a stream are cut, their numbers (n, k), and how many lines hold something else."""
    lines = [line.strip("\r ") for line in data.decode("ascii", "replace").split("\n")]
    lines = [line for line in lines if line and not line.startswith("#")]
    suffix, lines = _ended(lines)
    look, kept = _look(lines)
    look = replace(look, suffix=suffix)
    rows = _rows(look, kept)
    return look, rows, len(lines) - len(rows)


def _ended(lines: list[str]) -> tuple[str, list[str]]:
    """Return the separator that lines end with, "" where they do not, and the lines without it."""
    told = [line for line in lines if re.search(r"\d", line)]
    for suffix in (",", ";", "\t"):
        if told and sum(line.endswith(suffix) for line in told) > _MOSTLY * len(told):
            return suffix, [line.removesuffix(suffix).rstrip(" ") for line in lines]
    return "", lines


def _look(lines: Sequence[str]) -> tuple[LineFormat, list[str]]:
    """Return how the lines are cut, and their texts without what names a foot."""
    found = [(match, line) for line in lines if (match := _PREFIX.match(line))]
    look = LineFormat()
    if len(found) > len(lines) / 3:
        words = Counter(match[1] for match, _ in found)
        look = replace(look, prefix=found[-1][0][2], words=tuple(sorted(words)))
        lines = [line[match.end() :] for match, line in found]
    last = next((line for line in reversed(lines) if re.search(r"\d", line)), "")
    if last[:1] in ("{", "["):
        return _json_look(look, lines)
    if len(_PAIR.findall(last)) > 1:
        return _labeled_look(look, lines)
    return _cells_look(look, lines)


def _json_look(look: LineFormat, lines: Sequence[str]) -> tuple[LineFormat, list[str]]:
    values = [(value, line) for line in lines if (value := _loaded(line)) is not None]
    if not values:
        return look, []
    value = values[-1][0]
    look = replace(look, form="json")
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if _is_number(part) or _is_numbers(part)}
        sizes = tuple(len(part) if isinstance(part, list) else 1 for part in kept.values())
        names = tuple(key for key, size in zip(kept, sizes, strict=True) for _ in range(size))
        return replace(look, names=names, lists=sizes), [line for v, line in values if isinstance(v, dict)]
    inner = [row for row in value if isinstance(row, list)]
    if inner and len(inner) == len(value):
        look = replace(look, matrix=(len(value), len(inner[0])))
    return look, [line for v, line in values if isinstance(v, list)]


def _labeled_look(look: LineFormat, lines: Sequence[str]) -> tuple[LineFormat, list[str]]:
    named = [tuple(name for name, _, _ in _PAIR.findall(line)) for line in lines]
    names = Counter(one for one in named if len(one) > 1).most_common(1)[0][0]
    kept = [line for line, own in zip(lines, named, strict=True) if own == names]
    first = _PAIR.findall(kept[-1])
    between = _PAIR.sub("\0", kept[-1]).split("\0")[1] or " "
    separator = between.strip()[:1] or "whitespace"
    return replace(look, form="labeled", separator=separator, assign=first[0][1], names=names), kept


def _cells_look(look: LineFormat, lines: Sequence[str]) -> tuple[LineFormat, list[str]]:
    best: tuple[int, int, LineFormat, list[str]] | None = None
    for separator in ("\t", ";", ",", "whitespace"):
        for decimal in (".", ","):
            if decimal == separator:
                continue
            one = replace(look, separator=separator, decimal=decimal)
            widths = Counter(n for line in lines if (n := _width(one, line)) > 0)
            if not widths:
                continue
            count, width = max((n, k) for k, n in widths.items())
            kept = [line for line in lines if _width(one, line) == width]
            exact = decimal == "." or any(_COMMA.fullmatch(cell) for line in kept for cell in _cells(one, line))
            if width > 1 and exact and (best is None or (count, width) > best[:2]):
                best = (count, width, one, kept)
    if best is None:
        return look, []
    _, width, one, kept = best
    header = next((cells for line in lines if len(cells := _cells(one, line)) == width and _is_header(cells)), None)
    return replace(one, names=tuple(header or ())), kept


def _cells(look: LineFormat, line: str) -> list[str]:
    return [cell.strip() for cell in line.split(None if look.separator == "whitespace" else look.separator)]


def _width(look: LineFormat, line: str) -> int:
    """Return how many numbers a line has, 0 where it has something else."""
    numbers = [_number(cell, look.decimal) for cell in _cells(look, line)]
    known = [x for x in numbers if x is not None and not math.isnan(x)]
    return len(numbers) if known and None not in numbers else 0


def _is_header(cells: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[A-Za-z_][\w .\[\]/-]*", cell) for cell in cells) and len(set(cells)) == len(cells)


def _number(cell: str, decimal: str = ".") -> float | None:
    if cell.lower() in NO_READING:
        return math.nan
    if decimal == "," and "." in cell:
        return None
    try:
        return None if "_" in cell else float(cell.replace(decimal, "."))
    except ValueError:
        return None


def _loaded(line: str) -> dict[str, object] | list[object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))


def _rows(look: LineFormat, lines: Sequence[str]) -> Float64s:
    """Return the numbers of all lines that have as many as most have."""
    rows = [_row(look, line) for line in lines]
    widths = Counter(len(row) for row in rows if row)
    if not widths:
        return np.zeros((0, 0))
    width = widths.most_common(1)[0][0]
    found = np.array([row for row in rows if len(row) == width], np.float64)
    found[:, np.isnan(found).all(axis=0)] = 0.0  # a column that is never there says as little
    return found


def _row(look: LineFormat, line: str) -> list[float]:
    if look.form == "labeled":
        cells: list[object] = [_number(value) for _, _, value in _PAIR.findall(line)]
    elif look.form == "json":
        value = _loaded(line)
        parts = [value.get(key) for key in dict.fromkeys(look.names)] if isinstance(value, dict) else value or []
        cells = [x for part in parts for x in (part if isinstance(part, list) else [part])]
    else:
        cells = [_number(cell, look.decimal) for cell in _cells(look, line)]
    if not all(map(_is_number, cells)):
        return []
    return [float(x) if isinstance(x, (int, float)) and abs(x) < _LARGEST else math.nan for x in cells]
