"""Text lines: a profile's `[text]`, read and written. Boot messages, cut lines and the other foot's lines pass by."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

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
        sequence = self._columns.get("sequence")
        self.sequence_modulus = 1 << sequence.width if sequence else None
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
        battery = self._columns.get("battery")
        return Readings(
            packet=np.array(kept, np.int64),
            sequence=self._numbers(data, "sequence").astype(np.int64),
            tick=np.round(self._numbers(data, self._time.role if self._time else "") * self._tick_ns).astype(np.int64),
            battery=to_readings(data[:, self._slices["battery"]][:, 0], battery).astype(np.float64)
            if battery
            else np.full(len(rows), np.nan),
            values={
                role: to_readings(data[:, None, self._slices[role]], self._columns[role])
                for role in SAMPLE_ROLES
                if role in self._columns
            },
        )

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
        cells = line.split(self._table.separator)
        prefix = self._table.side_prefix.get(cells[0].strip())
        if prefix is not None and prefix != self._side:
            return None
        if self._announcement and not self._announcement.believable(named=prefix is not None):
            raise CorruptData(self._announcement.trouble)
        return self._spread(_parsed(cells[prefix is not None :]))

    def _spread(self, numbers: list[float]) -> list[float]:
        """Put a line's numbers to their columns, NaN where it lacks optional ones, and check their range."""
        columns = self._shapes.get(len(numbers))
        if columns is None:
            raise CorruptData(f"{len(numbers)} columns, not {sorted(self._shapes)}")
        row = [math.nan] * self._width
        at = 0
        for column in columns:
            part = numbers[at : at + column.count]
            _check(part, column)
            row[self._slices[column.role]] = part
            at += column.count
        return row

    def _numbers(self, data: Floats, role: str) -> Floats:
        return data[:, self._slices[role].start] if role in self._slices else np.zeros(len(data))

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


def _parsed(cells: list[str]) -> list[float]:
    """Return the numbers of cells, NaN for an empty one; what only Python takes for a number (1_000) is noise here."""
    try:
        numbers = [float(cell) if cell else math.nan for cell in cells]
    except ValueError as error:
        raise CorruptData(str(error)) from error
    if any("_" in cell for cell in cells):
        raise CorruptData("an underscore is no part of a number")
    return numbers


def _check(numbers: list[float], column: TextColumn) -> None:
    """Refuse what the column cannot hold: without a checksum, that is how a mangled line shows."""
    if column.role in ("sequence", *NANOSECONDS):
        number = numbers[0]
        if not 0 <= number < 1 << column.width or (column.role == "sequence" and not number.is_integer()):
            raise CorruptData(f"{column.role} cannot be {number}")
    limit = math.inf if column.saturated is None or column.invert_from is not None else column.saturated
    if any(number > limit for number in numbers):
        raise CorruptData(f"{column.role} is beyond {limit:g}")


def _written(readings: Floats, column: TextColumn) -> list[list[str]]:
    """Return the cells (n, count) of a column."""
    sent = to_sent(readings, column, -math.inf, math.inf, column.decimals)
    return [["nan" if math.isnan(x) else f"{x:.{column.decimals}f}" for x in row] for row in sent.tolist()]
