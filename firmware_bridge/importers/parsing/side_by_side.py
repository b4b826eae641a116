"""From rows that hold both feet side by side to the samples of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from firmware_bridge.devices.profile import Profile
from firmware_bridge.importers.format import Recording, Samples
from firmware_bridge.importers.parsing.number_rows import Rows
from firmware_bridge.model import Float32s, Int64s, Side

Columns = slice | list[int]


class PairOfFeet:
    """Cuts each portion of rows into the left foot's samples and the right foot's.

    A foot without any reading in a row has no sample there.
    """

    def __init__(self, recording: Recording, profile: Profile, date: int | None = None) -> None:
        """Begin; `date` is the UTC ns of the first row where the file says it."""
        self._recording = recording
        self._profile = profile
        self._date = date
        self._base: float | None = None

    def samples(self, rows: Rows, left: Columns | None, right: Columns | None) -> Iterator[Samples]:
        """Yield the samples of one portion; the columns say where each foot's readings are, if it has any."""
        feet = [(side, columns) for side, columns in ((Side.LEFT, left), (Side.RIGHT, right)) if columns is not None]
        values = rows.values
        if not len(values):
            nothing = np.empty(0, np.int64), np.empty((0, self._profile.sensors.count), np.float32)
            yield from (Samples(side, self._profile, *nothing, rows.skipped) for side, _ in feet)
            return
        self._base = values[0, 0] if self._base is None else self._base
        time = self._recording.moments(values[:, 0] - self._base, self._date)
        for side, columns in feet:
            yield self._foot(side, time, np.ascontiguousarray(values[:, columns], np.float32), rows.skipped)

    def _foot(self, side: Side, time: Int64s, pressure: Float32s, skipped: int) -> Samples:
        missing = np.isnan(pressure)
        if missing.any():
            there = ~missing.all(axis=1)
            time, pressure = time[there], pressure[there]
        return Samples(side, self._profile, time, pressure, skipped)
