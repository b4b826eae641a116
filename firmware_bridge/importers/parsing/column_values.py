"""How the numbers of a map's columns become readings: by what the map says, or its profile's columns of text."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.conversion import to_readings
from firmware_bridge.devices.profile import Profile
from firmware_bridge.devices.schema.text import TextColumn
from firmware_bridge.devices.schema.values import ValueTable
from firmware_bridge.importers.parsing.column_map import VALUE_KEYS, ColumnMap, ColumnPositions, pressure_values
from firmware_bridge.importers.parsing.number_rows import Rows
from firmware_bridge.model import Side


class ColumnValues:
    """Turns rows of a time, the numbers of the feet, and flags into rows of a time and a foot's readings."""

    def __init__(self, columns: ColumnMap, places: ColumnPositions, profile: Profile, origin: Path) -> None:
        """Settle what each foot's numbers mean.

        Raises:
            ConfigError: what is said of them does not fit the number of sensors.
        """
        count = places.sensors
        self._feet = places.feet
        own = None if columns.profile is None or columns.model_fields_set & {*VALUE_KEYS} else profile.table.text
        plain = [pressure_values(columns, count, origin)]
        self._values: dict[Side, list[ValueTable]] = {}
        for side in self._feet:
            told: list[TextColumn] = [one for one in own.of(side.value) if one.role == "pressure"] if own else []
            self._values[side] = [*told] or plain
        self._absent: dict[str, int] = {str(side): mask for side, mask in columns.absent.items()}
        self._flags = slice(1 + len(self._feet) * count, None)

    @property
    def inverted(self) -> bool:
        """Whether some numbers are taken to fall when pressed."""
        return any(value.invert_from is not None for values in self._values.values() for value in values)

    def readings(self, side: Side, rows: Rows) -> Rows:
        """Return rows of a time in us and a foot's readings in the profile's unit, NaN where it has none."""
        if not len(rows.values):
            return rows
        sent = rows.values[:, self._feet[side]]
        ends = np.cumsum([value.count for value in self._values[side]])
        parts = zip(np.split(sent, ends[:-1], axis=1), self._values[side], strict=True)
        readings = np.column_stack([rows.values[:, :1], *(to_readings(part, value) for part, value in parts)])
        if mask := self._absent.get(side.value):
            readings[self._gone(rows.values[:, self._flags], mask), 1:] = np.nan
        return rows._replace(values=readings)

    @staticmethod
    def _gone(flags: NDArray[np.float64], mask: int) -> NDArray[np.bool_]:
        blank = ~(flags >= 0)
        bits = np.where(blank, 0, flags).astype(np.int64) & mask
        return np.asarray((blank | (bits != 0)).any(axis=1))


def flag_of(cell: str) -> float:
    """Return the bits in a cell as a whole number, in decimal or as 0x1F; NaN where it is blank or says none."""
    text = cell.strip().lower()
    try:
        value = float(int(text, 16) if text.startswith("0x") else float(text))
    except (ValueError, OverflowError):
        return math.nan
    return value if 0 <= value < 1 << 53 else math.nan
