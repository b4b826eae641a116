"""Cells of a line of text: how they are cut, and which of them are numbers."""

from __future__ import annotations

import csv
import re

SEPARATORS = ("\t", ";", ",")
NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?", re.ASCII)

_SPACED = re.compile(r'"([^"]*)"|(\S+)')


def line_text(line: bytes) -> str:
    """Return the text of a line: in UTF-8, and where it is none in Windows-1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def cells_of(line: bytes, separator: str) -> list[str]:
    """Return the cells of a line; a separator inside double quotes is none."""
    text = line_text(line).rstrip("\r\n")
    if '"' not in text:
        return text.split() if separator == " " else text.split(separator)
    if separator == " ":
        return [quoted or plain for quoted, plain in _SPACED.findall(text)]
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def separator_of(line: bytes) -> str:
    """Return the separator that stands most often in a line."""
    return max(SEPARATORS, key=lambda separator: line.count(separator.encode()))


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, with a decimal point or a comma."""
    return NUMBER.fullmatch(cell.strip()) is not None


def with_point(cell: str) -> str:
    """Return a cell's number with a decimal point where it has a decimal comma."""
    return cell.replace(",", ".") if "," in cell else cell
