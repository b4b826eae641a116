"""Text lines: a profile's `[text]`, read and written. Boot messages, cut lines and the other foot's lines pass by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from firmware_bridge.codec.payloads.announcement import Announcement
from firmware_bridge.codec.payloads.line_syntax import TextLines
from firmware_bridge.codec.payloads.payload import Readings
from firmware_bridge.codec.refusals import Refusals
from firmware_bridge.devices.conversion import to_readings, to_sent
from firmware_bridge.devices.schema.text import COUNTERS, TICKS_NS, TextColumn, TextTable
from firmware_bridge.devices.schema.values import SAMPLE_ROLES
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.model import Float32s, Float64s, Int64s, Side

ANNOUNCE_EVERY = 500
"""Lines between two announcements of the virtual insole: five seconds at 100 Hz."""
BAD_LINES = 20
"""After so many lines in a row that are not understood, why is told: boot messages are fewer."""
FOREIGN_LINES = 100
"""After so many lines in a row that are the other foot's, that is told."""
_LONGEST_NS = 1 << 62


class TextPayload:
    """The content of text lines, for one foot (see `Payload`).

    Raises:
        ConfigError: the columns say nothing of this foot.
    """

    samples = 1

    def __init__(self, table: TextTable, side: Side) -> None:
        if not table.of(side) or (table.sides != (None,) and side not in table.sides):
            raise ConfigError(f"text.columns of the profile say nothing of the {side} foot")
        self.refused = Refusals()
        self._table, self._side = table, side
        self._lines = TextLines(table)
        self._announcement = Announcement(table.announce, side) if table.announce else None
        self._slices = _slices(table.columns)
        own = [pair for pair in self._slices if pair[0].side in (None, side)]
        self._own = {role: [pair for pair in own if pair[0].role == role] for role in {c.role for c, _ in own}}
        self._time = next((c for c, _ in own if c.role in TICKS_NS), None)
        self._tick_ns = TICKS_NS[self._time.role] if self._time else 1
        self._sequence = next((c for c, _ in own if c.role == "sequence"), None)
        self._highest = [_highest(column) for column in table.columns for _ in range(column.count)]
        self._one_of_two = table.sides != (None,)
        self.sequence_modulus = self._sequence.modulus if self._sequence else None
        self.tick_modulus = min(self._time.modulus * self._tick_ns, _LONGEST_NS) if self._time else None
        self._written = 0
        self._forget()

    def _forget(self) -> None:
        self._bad = self._foreign = 0  # in a row
        self._why = ""

    @property
    def trouble(self) -> str:
        """See `Payload.trouble`."""
        return (self._announcement.trouble if self._announcement else "") or self._why

    def read(self, packets: list[bytes]) -> Readings:
        """See `Payload.read`: comments and the other foot's lines are left out, bad lines counted."""
        kept, rows = [], []
        for i, packet in enumerate(packets):
            try:
                row = self._row(packet.decode("ascii", "replace"))
            except CorruptData as error:
                self.refused.add(str(error))
                self._doubt(str(error))
                continue
            if row is not None and self._is_there(row):
                kept.append(i)
                rows.append(row)
                self._forget()
        data = np.array(rows, np.float64).reshape(len(rows), self._lines.width)
        return self._readings(np.array(kept, np.int64), data)

    def _doubt(self, why: str) -> None:
        self._bad += 1
        if self._bad == BAD_LINES:
            self._why = f"{BAD_LINES} lines in a row are not of this profile: {why}"

    def _readings(self, kept: Int64s, data: Float64s) -> Readings:
        battery = self._own.get("battery")
        return Readings(
            packet=kept,
            sequence=self._counter(data, self._sequence).astype(np.int64),
            tick=np.round(self._counter(data, self._time) * self._tick_ns).astype(np.int64),
            battery=to_readings(data[:, battery[0][1].start], battery[0][0]).astype(np.float64)
            if battery
            else np.full(len(data), np.nan),
            values={role: _joined(data, self._own[role]) for role in SAMPLE_ROLES if role in self._own},
        )

    def _possible(self, row: Sequence[float]) -> bool:
        """Tell whether a line holds what its columns can: without a checksum, that is how a mangled line shows."""
        if any(x > highest for x, highest in zip(row, self._highest, strict=True)):
            return False
        sequence, time = (row[self._place(column)] if column else 0.0 for column in (self._sequence, self._time))
        return sequence >= 0 and sequence == math.floor(sequence) and time >= 0

    def _is_there(self, row: Sequence[float]) -> bool:
        """Tell whether a line that has both feet has a sample of this one: blank cells and flags say that it has not.

        What is left out is a gap in time, and counted as lost where the lines carry a time or a number.
        """
        for column, place in self._slices:
            if mask := column.absent.get(self._side.value, 0):
                flags = [x for x in row[place] if 0 <= x < 1 << 53]
                if len(flags) < column.count or any(int(x) & mask for x in flags):
                    return False
        cells = [x for _, place in self._own["pressure"] for x in row[place]]
        return not (self._one_of_two and all(map(math.isnan, cells)))

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Float64s]) -> list[bytes]:
        """See `Payload.write`: one line each, an announcement before the first one and every few seconds."""
        n = len(sequence)
        given: dict[str, Float64s] = {role: array.reshape(n, -1) for role, array in values.items()}
        if self.sequence_modulus:
            given["sequence"] = (sequence % self.sequence_modulus).astype(np.float64)[:, None]
        if self._time and self.tick_modulus:
            given[self._time.role] = (tick % self.tick_modulus / self._tick_ns)[:, None]
        if not math.isnan(battery):
            given["battery"] = np.full((n, 1), battery)
        missing = {c.optional for c in self._table.columns if c.role not in given}
        columns = [column for column in self._table.columns if not column.optional or column.optional not in missing]
        taken: dict[str, int] = {}
        cells = [self._cells(column, given, taken, n) for column in columns]
        return [self._line([text for column in cells for text in column[i]], columns) for i in range(n)]

    def reset(self) -> None:
        """See `Payload.reset`."""
        self._forget()
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
        word, numbers = self._lines.read(line)
        if word is not None and self._table.side_prefix[word] != self._side:
            self._pass_by()
            return None
        if self._announcement and not self._announcement.believable(named=word is not None):
            raise CorruptData(self._announcement.trouble)
        row = numbers()
        if not self._possible(row):
            raise CorruptData("a number is higher than its column can hold, or a counter is none")
        return row

    def _pass_by(self) -> None:
        self._foreign += 1
        if self._foreign == FOREIGN_LINES:
            self._why = (
                f"{FOREIGN_LINES} lines in a row are of the {self._side.other} foot, none of the {self._side} one: is "
                "this the right url for it?"
            )

    def _counter(self, data: Float64s, column: TextColumn | None) -> Float64s:
        return np.zeros(len(data)) if column is None else data[:, self._place(column)]

    def _place(self, column: TextColumn) -> int:
        return int(self._own[column.role][0][1].start)

    def _cells(
        self, column: TextColumn, given: Mapping[str, Float64s], taken: dict[str, int], n: int
    ) -> list[list[str]]:
        """Return the cells (n, sent) of a column; `taken` counts what its role has written before."""
        if column.role == "flags":
            return [[str(column.absent.get(self._side.other.value, 0))]] * n
        if column.role == "ignored" or column.side not in (None, self._side):
            return [["0" if column.role == "ignored" else "nan"] * column.sent] * n
        if column.role == "time.hms":
            return [[_clock(x)] for x in given[column.role][:, 0].tolist()]
        at = taken.get(column.role, 0)
        taken[column.role] = at + column.count
        readings = given.get(column.role, np.full((n, at + column.count), np.nan))[:, at : at + column.count]
        cells = _written(readings, column)
        for i in sorted(column.drop):
            cells = [[*row[:i], f"{0:.{column.decimals}f}", *row[i:]] for row in cells]
        return cells

    def _line(self, cells: list[str], columns: Sequence[TextColumn]) -> bytes:
        words = [word for word, side in self._table.side_prefix.items() if side == self._side]
        line = self._lines.write(cells, columns, words[0] if words else "") + "\n"
        if self._announcement and self._written % ANNOUNCE_EVERY == 0:
            line = f"{self._announcement.line()}\n{line}"
        self._written += 1
        return line.encode()


def _slices(columns: Sequence[TextColumn]) -> list[tuple[TextColumn, slice]]:
    """Return where each column lies in a row that has all of them."""
    found, at = [], 0
    for column in columns:
        found.append((column, slice(at, at + column.count)))
        at += column.count
    return found


def _joined(data: Float64s, parts: Sequence[tuple[TextColumn, slice]]) -> Float32s:
    """Return the readings (n, 1, count) of a role that may be spread over several columns."""
    return np.concatenate([to_readings(data[:, None, place], column) for column, place in parts], axis=2)


def _highest(column: TextColumn) -> float:
    """Return the highest number that a column can hold."""
    if column.role in COUNTERS:
        return column.modulus - (column.role in ("sequence", "time.ms", "time.us"))
    if column.saturated is None or column.invert_from is not None:
        return math.inf
    return max((column.saturated, *column.missing))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{rest:09.6f}"


def _written(readings: Float64s, column: TextColumn) -> list[list[str]]:
    """Return the cells (n, count) of a column."""
    sent = to_sent(readings, column, -math.inf, math.inf, column.decimals)
    return [["nan" if math.isnan(x) else f"{x:.{column.decimals}f}" for x in row] for row in sent.tolist()]
