"""What the lines above a file's numbers say, key by key, each with the number of its line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from firmware_bridge.errors import CorruptData

LARGEST_GRID = 4096
"""Cells of a foot (choice; the finest insoles have about a thousand)."""


class Keys(NamedTuple):
    """The values of a file's header."""

    path: Path
    said: Mapping[str, tuple[int, str]]  # the line, counted from 1, and its value

    def text(self, key: str) -> tuple[int, str]:
        """Return the line and what it says.

        Raises:
            CorruptData: there is no such line.
        """
        found = self.said.get(key)
        if found is None:
            raise CorruptData(f"{self.path}: its header has no line {key!r}; export it again with its whole header")
        return found

    def number(self, key: str, low: float, high: float) -> float:
        """Return a number; what follows it in its line is not looked at.

        Raises:
            CorruptData: there is none, or it is out of bounds.
        """
        line, text = self.text(key)
        try:
            value = float(text.split()[0].replace(",", ".") if text.strip() else "")
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise CorruptData(f"{self.path}: line {line}: {key} is {text[:20]!r}, which cannot be; export it again")
        return value

    def shape(self, rows: str, columns: str) -> tuple[int, int]:
        """Return the size of a grid.

        Raises:
            CorruptData: it is no insole's.
        """
        shape = int(self.number(rows, 2, LARGEST_GRID)), int(self.number(columns, 2, LARGEST_GRID))
        if shape[0] * shape[1] > LARGEST_GRID:
            raise CorruptData(
                f"{self.path}: line {self.said[rows][0]}: a grid of {shape[0]} x {shape[1]} is no insole's; "
                "export it again"
            )
        return shape
