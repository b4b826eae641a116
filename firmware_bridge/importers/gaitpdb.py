"""PhysioNet "Gait in Parkinson's Disease" (gaitpdb): 19 columns of text at 100 Hz, no header, no date.

Column 1 is the time in seconds, 2 to 9 the left foot's eight sensors in newtons, 10 to 17 the right foot's, 18 and 19
the totals. Source: Hausdorff, physionet.org/content/gaitpdb/1.0.0, format.txt. The newtons of the set add up to about
1.28 body weights (mean over its records); this reader gives them as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import CorruptData
from firmware_bridge.importers import Format, Samples, open_file
from firmware_bridge.model import SECOND, Side
from firmware_bridge.profile import load_profile

COLUMNS = 19
SENSORS = 8
CHUNK_ROWS = 1000


def _recognizes(head: bytes) -> bool:
    """Tell by the first whole line: nineteen numbers."""
    line = head.split(b"\n", 1)[0]
    return _numbers(line) is not None


def _read(path: Path, start: int) -> Iterator[Samples]:
    profile = load_profile("gaitpdb-8")
    last, base = -np.inf, None
    try:
        with open_file(path) as file:
            while lines := list(islice(file, CHUNK_ROWS)):
                rows, skipped = _rows(lines, last)
                if not len(rows):
                    continue
                base = rows[0, 0] if base is None else base
                last = rows[-1, 0]
                # whole milliseconds: the text has no finer time
                time = start + np.round((rows[:, 0] - base) * 1000).astype(np.int64) * (SECOND // 1000)
                values = rows[:, 1:].astype(np.float32)
                yield Samples(Side.LEFT, profile, time, np.ascontiguousarray(values[:, :SENSORS]), skipped)
                yield Samples(
                    Side.RIGHT, profile, time, np.ascontiguousarray(values[:, SENSORS : 2 * SENSORS]), skipped
                )
    except (EOFError, OSError) as error:
        if base is None:
            raise CorruptData(f"{path}: {error}") from error
        # a file that was cut off while it was packed: everything before the cut has been given


def _rows(lines: list[bytes], last: float) -> tuple[NDArray[np.float64], int]:
    """Return the well-formed rows whose time goes on growing, and how many others there were."""
    rows = []
    for line in lines:
        row = _numbers(line)
        if row is not None and row[0] > last:
            rows.append(row)
            last = row[0]
    blank = sum(not line.strip() for line in lines)
    return np.array(rows, dtype=np.float64).reshape(-1, COLUMNS), len(lines) - blank - len(rows)


def _numbers(line: bytes) -> list[float] | None:
    """Return a line's nineteen finite numbers, or None where it is not of this format."""
    parts = line.split()
    if len(parts) != COLUMNS:
        return None
    try:
        row = [float(part) for part in parts]
    except ValueError:
        return None
    return row if np.isfinite(row).all() else None


FORMAT = Format("gaitpdb", _recognizes, _read)
