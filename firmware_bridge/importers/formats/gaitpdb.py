"""PhysioNet "Gait in Parkinson's Disease" (gaitpdb): 19 columns of text at 100 Hz, no header, no date.

Column 1 is the time in seconds, 2 to 9 the left foot's eight sensors in newtons, 10 to 17 the right foot's, 18 and 19
the totals. Source: Hausdorff, physionet.org/content/gaitpdb/1.0.0, format.txt. The newtons of the set add up to about
1.28 body weights (mean over its records); this reader gives them as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmware_bridge.devices.profile import load_profile
from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.number_rows import TimedValues, increasing_rows, reading_of, whole_us
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet

COLUMNS = 19
_SENSORS = 8


def _recognizes(head: bytes) -> bool:
    """Tell by the first whole line: nineteen numbers."""
    return _row(head.split(b"\n", 1)[0]) is not None


def _read(recording: Recording) -> Iterator[Samples]:
    feet = PairOfFeet(recording, load_profile("gaitpdb-8"))
    for rows in increasing_rows(lines_of(recording.path, recording.progress), _row):
        yield from feet.samples(rows, slice(1, 1 + _SENSORS), slice(1 + _SENSORS, 1 + 2 * _SENSORS))


def _row(line: bytes) -> TimedValues | None:
    """Return a line's nineteen finite numbers, or None where it is not of this format."""
    parts = line.split()
    if len(parts) != COLUMNS:
        return None
    try:
        time, *readings = map(float, parts)
        # whole milliseconds: the text has no finer time
        return [whole_us(round(time, 3)), *map(reading_of, readings)]
    except (ValueError, OverflowError):
        return None


FORMAT = Format("gaitpdb", "PhysioNet gaitpdb", _recognizes, _read)
