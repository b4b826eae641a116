"""What a laboratory's file says of one foot, sample by sample: pressures, and what it reckons or measures besides.

A foot's numbers are picked from a line by the places that its header gives them. Feet that have clocks of their own
are read one beside the other and brought into the order of time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile
from firmware_bridge.importers.format import Recording, Samples
from firmware_bridge.importers.parsing.column_map import NA_VALUES
from firmware_bridge.importers.parsing.header.cells import cells_of, with_point
from firmware_bridge.importers.parsing.number_rows import Rows, TimedValues, reading_of, whole_us
from firmware_bridge.importers.parsing.times.sampling_rate import rated_by
from firmware_bridge.importers.row_report import RowReport
from firmware_bridge.model import Float32s, Side


class FootSignals(NamedTuple):
    """Consecutive samples of one foot, with all that the file says of them."""

    side: Side
    time_us: NDArray[np.float64]  # (n,) as the file counts them, strictly increasing
    channels: Mapping[str, Float32s]
    """`pressure` (n, sensors) and, where the file has them, `force` (n, 1) N, `cop` (n, 2) as the file has it,
    `acc` (n, 3) g, `gyro` (n, 3) deg/s; NaN where missing."""
    report: RowReport

    @property
    def pressure(self) -> Float32s:
        """The readings (n, sensors) in the profile's unit."""
        return self.channels["pressure"]

    def part(self, chosen: NDArray[np.bool_]) -> FootSignals:
        """Return the chosen samples."""
        channels = {name: values[chosen] for name, values in self.channels.items()}
        return self._replace(time_us=self.time_us[chosen], channels=channels)


class Channel(NamedTuple):
    """Which cells of a line are a channel, and what they are to be multiplied with."""

    cells: tuple[int, ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Track:
    """Where the numbers of one foot stand in a line of text."""

    side: Side
    time: int  # the cell
    channels: Mapping[str, Channel]
    separator: str
    width: int  # cells that a line has at least
    whole: int  # cells that a last line without an end has at least, else it is cut
    unit_us: float = 1e6  # of the time
    when: Callable[[str], float] | None = None  # a time that is no number, in us; may raise ValueError

    def parse(self, line: bytes) -> TimedValues | None:
        """Return a line's time in us and readings, or None where it is cut or has a cell that is no number.

        Cells behind the end of a line that is wide enough are missing.
        """
        cells = cells_of(line, self.separator)
        if len(cells) < (self.width if line.endswith(b"\n") else self.whole):
            return None
        try:
            row = [
                self.when(cells[self.time])
                if self.when
                else whole_us(float(with_point(cells[self.time])), self.unit_us)
            ]
            for channel in self.channels.values():
                row += [
                    self._reading(cells[cell], channel.scale) if cell < len(cells) else math.nan
                    for cell in channel.cells
                ]
        except (ValueError, OverflowError):
            return None
        return row

    def measured(self, rows: Rows) -> FootSignals:
        """Return rows of `parse` by channels."""
        count = 1 + sum(len(channel.cells) for channel in self.channels.values())
        values = rows.values.reshape(-1, count)
        channels: dict[str, Float32s] = {}
        first = 1
        for name, channel in self.channels.items():
            last = first + len(channel.cells)
            channels[name] = np.ascontiguousarray(values[:, first:last], np.float32)
            first = last
        return FootSignals(self.side, values[:, 0], channels, rows.report)

    def _reading(self, cell: str, scale: float) -> float:
        text = cell.strip()
        if text in NA_VALUES:
            return math.nan
        return reading_of(float(with_point(text)) * scale)


def in_turn(streams: Sequence[Iterator[FootSignals]]) -> Iterator[FootSignals]:
    """Yield the portions of several feet in the order of their first samples."""
    return heapq.merge(*streams, key=lambda part: part.time_us[0] if len(part.time_us) else -math.inf)


def samples_of(
    recording: Recording,
    profiles: Mapping[Side, Profile],
    parts: Iterable[FootSignals],
    date: Callable[[float], int | None],
) -> Iterator[Samples]:
    """Yield what the log keeps; a foot has no sample where all its readings are missing.

    Args:
        recording: the file.
        profiles: of each foot, its rate being corrected by the times.
        parts: of the feet in turn.
        date: tells the UTC ns of a time (us) of the file, None where the file does not say it.

    Raises:
        CorruptData: the times show a rate that cannot be.
        ConfigError: they lie beyond the year 2262.
    """
    began: float | None = None
    known: dict[Side, Profile] = {}
    for part in parts:
        if part.side not in known and len(part.time_us):
            known[part.side] = rated_by(
                recording.path, profiles[part.side], part.time_us, part.report.skipped + part.report.doubles
            )
        profile = known.get(part.side, profiles[part.side])
        if not len(part.time_us):
            yield Samples(part.side, profile, np.empty(0, np.int64), part.pressure, part.report)
            continue
        began = float(part.time_us[0]) if began is None else began
        own = part.part(np.isfinite(part.pressure).sum(axis=1) > 0)
        time = recording.moments(own.time_us - began, date(began)) if len(own.time_us) else np.empty(0, np.int64)
        force = own.channels["force"][:, 0] if "force" in own.channels else None
        motion = own.channels.get("acc"), own.channels.get("gyro")
        yield Samples(part.side, profile, time, own.pressure, part.report, force, *motion)
