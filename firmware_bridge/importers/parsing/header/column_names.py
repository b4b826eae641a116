"""The line that names a file's columns: where each one is, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware_bridge.errors import CorruptData
from firmware_bridge.importers.parsing.header.cells import cells_of, separator_of


class ColumnNames(NamedTuple):
    """The columns of a file."""

    path: Path
    line: int  # that names them, counted from 1
    separator: str
    names: list[str]

    @staticmethod
    def of(path: Path, line: int, text: bytes) -> ColumnNames:
        """Cut a line of names; a mark of comment before the first one is taken off."""
        separator = separator_of(text)
        names = [name.strip() for name in cells_of(text, separator)]
        return ColumnNames(path, line, separator, [names[0].lstrip("# "), *names[1:]] if names else [])

    def find(self, name: str) -> int | None:
        """Return the cell of a column, None where there is none of that name.

        Raises:
            CorruptData: several columns have the name.
        """
        places = [place for place, own in enumerate(self.names) if own == name]
        if len(places) > 1:
            raise CorruptData(
                f"{self.path}: line {self.line}: columns {places[0] + 1} and {places[1] + 1} are both named {name!r}; "
                "rename or remove the one that is too many"
            )
        return places[0] if places else None

    def place(self, name: str) -> int:
        """Return the cell of a column.

        Raises:
            CorruptData: there is no such column, or several.
        """
        found = self.find(name)
        if found is None:
            raise CorruptData(
                f"{self.path}: line {self.line}: has no column {name!r}; export it again with all its columns"
            )
        return found

    def places(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return the cells of columns that have to be there, see `place`."""
        return tuple(self.place(name) for name in names)

    def group(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the cells of columns that are there all or not at all; empty where one is not there."""
        found = [place for name in names if (place := self.find(name)) is not None]
        return tuple(found) if len(found) == len(names) else ()

    def named(self, pattern: str) -> list[re.Match[str]]:
        """Return the matches of the names that fit a pattern wholly, in their order."""
        return [match for name in self.names if (match := re.fullmatch(pattern, name))]
