"""Text lines: a profile's `[text]`, read and written. Boot messages, cut lines and the other foot's lines pass by."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.announcement import Announcement
from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Int64s, Side
from firmware_bridge.payload_schema import NANOSECONDS, SAMPLE_ROLES, TextColumn, TextTable
from firmware_bridge.readings import Floats, Readings, to_readings, to_sent

ANNOUNCE_EVERY = 500
"""Lines between two announcements of the virtual insole: five seconds at 100 Hz."""


class TextPayload:
    """The content of text lines, for one foot (see `Payload`)."""

    samples = 1

    def __init__(self, table: TextTable, side: Side) -> None:
        self.corrupt = 0
        self._table, self._side = table, side
        self._announcement = Announcement(table.announce, side) if table.announce else None
        self._columns: dict[str, TextColumn] = {column.role: column for column in table.columns}
        self._slices = _slices(table.columns)
        self._width = sum(column.count for column in table.columns)
        self._shapes = table.shapes
        self._time = self._columns.get("time.ms") or self._columns.get("time.us")
        self._tick_ns = NANOSECONDS[self._time.role] if self._time else 1
        self._sequence = self._columns.get("sequence")
        self._highest = np.concatenate([np.full(column.count, _highest(column)) for column in table.columns])
        self.sequence_modulus = 1 << self._sequence.width if self._sequence else None
        self.tick_modulus = (1 << self._time.width) * self._tick_ns if self._time else None
        self._written = 0

    @property
    def trouble(self) -> str:
        """See `Payload.trouble`."""
        return self._announcement.trouble if self._announcement else ""

    def read(self, packets: list[bytes]) -> Readings:
        """See `Payload.read`: comments and the other foot's lines are left out, bad lines counted."""
        kept, rows = [], []
        for i, packet in enumerate(packets):
            try:
                row = self._row(packet.decode("ascii", "replace"))
            except CorruptData:
                self.corrupt += 1
                continue
            if row is not None:
                kept.append(i)
                rows.append(row)
        data = np.array(rows, np.float64).reshape(len(rows), self._width)
        possible = self._possible(data)
        self.corrupt += len(rows) - int(possible.sum())
        return self._readings(np.array(kept, np.int64)[possible], data[possible])

    def _readings(self, kept: Int64s, data: Floats) -> Readings:
        nothing = np.full(len(data), np.nan)
        return Readings(
            packet=kept,
            sequence=self._counter(data, self._sequence).astype(np.int64),
            tick=np.round(self._counter(data, self._time) * self._tick_ns).astype(np.int64),
            battery=to_readings(data[:, self._slices["battery"].start], self._columns["battery"]).astype(np.float64)
            if "battery" in self._columns
            else nothing,
            values={
                role: to_readings(data[:, None, self._slices[role]], self._columns[role])
                for role in SAMPLE_ROLES
                if role in self._columns
            },
        )

    def _possible(self, data: Floats) -> NDArray[np.bool_]:
        """Tell which lines hold what their columns can: without a checksum, that is how a mangled line shows."""
        sequence, time = self._counter(data, self._sequence), self._counter(data, self._time)
        possible: NDArray[np.bool_] = ~np.any(data > self._highest, axis=1)
        possible &= (sequence >= 0) & (sequence == np.floor(sequence)) & (time >= 0)
        return possible

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Floats]) -> list[bytes]:
        """See `Payload.write`: one line each, an announcement before the first one and every few seconds."""
        n = len(sequence)
        given: dict[str, Floats] = {role: array.reshape(n, -1) for role, array in values.items()}
        if self.sequence_modulus:
            given["sequence"] = (sequence % self.sequence_modulus).astype(np.float64)[:, None]
        if self._time and self.tick_modulus:
            given[self._time.role] = (tick % self.tick_modulus // self._tick_ns).astype(np.float64)[:, None]
        if not math.isnan(battery):
            given["battery"] = np.full((n, 1), battery)
        absent = {column.optional for column in self._table.columns if column.role not in given}
        columns = [column for column in self._table.columns if not column.optional or column.optional not in absent]
        nothing = np.full((n, self._width), np.nan)
        cells = [_written(given.get(column.role, nothing[:, : column.count]), column) for column in columns]
        return [self._line([text for column in cells for text in column[i]]) for i in range(n)]

    def reset(self) -> None:
        """See `Payload.reset`."""
        if self._announcement:
            self._announcement.forget()

    def _row(self, line: str) -> list[float] | None:
        """Return a line's numbers in the order of all columns, None for a line that holds none for this foot.

        Raises:
            CorruptData: it is not a line of this profile, or its device is not to be believed.
        """
        if line.startswith(self._table.comment):
            if self._announcement:
                self._announcement.hear(line)
            return None
        if "_" in line:
            raise CorruptData("1_000 is a number to Python only")
        cells = line.split(self._table.separator)
        prefix = self._table.side_prefix.get(cells[0].strip())
        if prefix is not None and prefix != self._side:
            return None
        if self._announcement and not self._announcement.believable(named=prefix is not None):
            raise CorruptData(self._announcement.trouble)
        return self._spread(_numbers(cells[prefix is not None :]))

    def _spread(self, numbers: list[float]) -> list[float]:
        """Put a line's numbers to their columns, NaN where it lacks optional ones."""
        if len(numbers) == self._width:
            return numbers
        columns = self._shapes.get(len(numbers))
        if columns is None:
            raise CorruptData(f"{len(numbers)} columns, not one of {sorted(self._shapes)}")
        row = [math.nan] * self._width
        at = 0
        for column in columns:
            row[self._slices[column.role]] = numbers[at : at + column.count]
            at += column.count
        return row

    def _counter(self, data: Floats, column: TextColumn | None) -> Floats:
        return np.zeros(len(data)) if column is None else data[:, self._slices[column.role].start]

    def _line(self, cells: list[str]) -> bytes:
        line = self._table.separator.join(cells) + "\n"
        if self._announcement and self._written % ANNOUNCE_EVERY == 0:
            line = f"{self._announcement.line()}\n{line}"
        self._written += 1
        return line.encode()


def _slices(columns: tuple[TextColumn, ...]) -> dict[str, slice]:
    """Return where each role lies in a line that has all columns."""
    found, at = {}, 0
    for column in columns:
        found[str(column.role)] = slice(at, at + column.count)
        at += column.count
    return found


def _highest(column: TextColumn) -> float:
    """Return the highest number that a column can hold."""
    if column.role in ("sequence", *NANOSECONDS):
        return (1 << column.width) - 1
    if column.saturated is None or column.invert_from is not None:
        return math.inf
    return column.saturated


def _numbers(cells: list[str]) -> list[float]:
    """Return the numbers of cells, NaN for an empty one."""
    try:
        return [float(cell) if cell else math.nan for cell in cells]
    except ValueError as error:
        raise CorruptData(str(error)) from error


def _written(readings: Floats, column: TextColumn) -> list[list[str]]:
    """Return the cells (n, count) of a column."""
    sent = to_sent(readings, column, -math.inf, math.inf, column.decimals)
    return [["nan" if math.isnan(x) else f"{x:.{column.decimals}f}" for x in row] for row in sent.tolist()]
