"""Tekscan F-Scan's text export (.asf): `KEY value` lines, then frames of one foot as a grid of pressures.

Cells that read `B` lie outside of the insole and are no sensors. Which foot it is stands in no field: the name of the
movie (`...L.fsx`) tells, or that of the file. A pair is two files, imported for the same wearer; both have the date of
the movie, which has no zone and is taken for UTC. Rows run from the toes to the heel. Which end of a row is medial
shows in the outline: its first rows, the toes, lie to the medial side; where they lie in the middle it is the end
that is medial on a foot seen from above. Source: the sample file of the R package pressuRe,
github.com/Telfer/pressuRe.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from firmware_bridge.devices.profile import Profile, load_profile
from firmware_bridge.errors import CorruptData
from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.parsing.dates import written_date
from firmware_bridge.importers.parsing.files import lines_of
from firmware_bridge.importers.parsing.foot_from_name import side_needed
from firmware_bridge.importers.parsing.grid import Pitch, grid_profile, places
from firmware_bridge.importers.parsing.header.cells import cells_of, line_text, separator_of, with_point
from firmware_bridge.importers.parsing.header.header_keys import Keys
from firmware_bridge.importers.parsing.number_rows import LARGEST_READING, TimedValues, increasing_rows
from firmware_bridge.importers.parsing.pressure_units import to_kpa
from firmware_bridge.importers.parsing.times.sampling_rate import possible, rated
from firmware_bridge.importers.parsing.tracks import FootSignals, samples_of
from firmware_bridge.model import Bools, Side

_HEADER_LINES = 2000
RAW_FULL_SCALE = 255.0
TO_MM = {"mm": 1.0, "millimeters": 1.0, "cm": 10.0, "centimeters": 10.0, "in": 25.4, "inch": 25.4, "inches": 25.4}
TOES = 0.25
"""Share of the rows that shows where the toes lie."""
ASIDE = 0.25
"""Cells that the toes lie aside of the whole, at least, to tell where medial is (choice)."""

_KEY = re.compile(r"([A-Z][A-Z0-9_]*)[\s,:]*(.*)")
_SIZE = re.compile(r"([\d.,]+)(?:\s+([A-Za-z]\S*))?", re.ASCII)
_DATA = re.compile(rb'(?m)^"?ASCII_DATA\b')
_ROWS = re.compile(rb'(?m)^"?ROWS\b')
_FRAME = re.compile(rb'"?Frame[\s,]+(\d{1,9})\b')


class _Head(NamedTuple):
    path: Path
    side: Side
    rows: int
    columns: int
    pitch: Pitch
    unit: str
    scale: float
    full_scale: float | None  # in the unit of the profile
    frame_us: float
    began: int | None


def _recognizes(head: bytes) -> bool:
    return _DATA.search(head) is not None and _ROWS.search(head) is not None


def _read(recording: Recording) -> Iterator[Samples]:
    lines = lines_of(recording.path, recording.progress)
    head = _head(recording, lines)
    parts = increasing_rows(_frames(lines, head.rows), _reader(head))
    first = next(parts, None)
    if first is None or not len(first.values):
        raise CorruptData(f"{head.path}: has no whole frame of {head.rows} x {head.columns}; is it cut off?")
    inside = ~np.isnan(first.values[0, 1:].reshape(head.rows, head.columns))
    if not inside.any():
        raise CorruptData(f"{head.path}: the first frame has no cell inside of the insole; export it again")
    left_way = inside if _medial_is_last(inside, head.side) else inside[:, ::-1]
    profile = _profile(head, left_way)
    cells = 1 + places(left_way, Side.LEFT if left_way is inside else Side.RIGHT)

    def measured() -> Iterator[FootSignals]:
        for rows in chain([first], parts):
            values = rows.values.reshape(-1, 1 + inside.size)
            pressure = np.ascontiguousarray(values[:, cells] * head.scale, np.float32)
            yield FootSignals(head.side, values[:, 0], {"pressure": pressure}, rows.report)

    # the first frame is of the moment that the header tells
    yield from samples_of(
        recording,
        {head.side: profile},
        measured(),
        lambda time_us: None if head.began is None else head.began + int(time_us - head.frame_us) * 1000,
    )


def _profile(head: _Head, sensor: Bools) -> Profile:
    base = rated(load_profile("fscan-60x21"), float(f"{1e6 / head.frame_us:.6g}"))
    return grid_profile(base, sensor, head.pitch, head.unit, head.full_scale)


def _medial_is_last(inside: Bools, side: Side) -> bool:
    """Tell whether the last cell of a row is the medial one."""
    columns = np.arange(inside.shape[1])
    toes = inside[: max(1, round(TOES * len(inside)))].sum(axis=0)
    aside = (toes * columns).sum() / max(toes.sum(), 1) - (inside.sum(axis=0) * columns).sum() / inside.sum()
    return bool(aside > 0) if abs(aside) >= ASIDE else side is Side.LEFT


def _head(recording: Recording, lines: Iterator[bytes]) -> _Head:
    """Take the header from the lines, `ASCII_DATA` being its last.

    Raises:
        CorruptData: it does not say what is needed, or what cannot be.
        ConfigError: its unit is not known, or neither it nor the file's name says which foot it is.
    """
    path = recording.path
    said: dict[str, tuple[int, str]] = {}
    for number, (_, line) in enumerate(zip(range(_HEADER_LINES), lines, strict=False), 1):
        found = _KEY.fullmatch(line_text(line).strip().strip('"'))
        if found and found[1] == "ASCII_DATA":
            break
        if found:  # a comment's line may look like a key; the real one came before it, or the value cannot be
            said.setdefault(found[1], (number, found[2].strip(' ,"')))
    else:
        raise CorruptData(f"{path}: has no line ASCII_DATA above its frames; is it cut off?")
    keys = Keys(path, said)
    rows, columns = keys.shape("ROWS", "COLS")
    number, unit = keys.text("UNITS")
    raw = unit.lower() == "raw"
    scale = 1.0 if raw else to_kpa(path, number, unit)
    spacing = keys.number("SECONDS_PER_FRAME", -math.inf, math.inf)
    possible(path, said["SECONDS_PER_FRAME"][0], 1 / spacing if spacing else math.inf)
    pitch = Pitch(_length(keys, "COL_SPACING"), _length(keys, "ROW_SPACING"))
    full = RAW_FULL_SCALE if raw else _saturation(keys, scale)
    side = side_needed(path, said.get("FILENAME", (0, ""))[1])
    began = _began(said, recording.notice)
    return _Head(path, side, rows, columns, pitch, "raw" if raw else "kPa", scale, full, spacing * 1e6, began)


def _length(keys: Keys, key: str) -> float:
    """Return a spacing in mm."""
    line, text = keys.text(key)
    found = _SIZE.fullmatch(text)
    value = keys.number(key, 0, 1e4) * TO_MM.get((found[2] or "").lower(), math.nan) if found else math.nan
    if not 0.1 <= value <= 100:
        raise CorruptData(f"{keys.path}: line {line}: {key} is {text[:30]!r}; correct it to a length in mm")
    return value


def _saturation(keys: Keys, scale: float) -> float | None:
    """Return the highest pressure in kPa, None where it is not said; `scale` holds where it names no unit."""
    line, text = keys.said.get("SATURATION_PRESSURE", (0, ""))
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    own = to_kpa(keys.path, line, found[2]) if found[2] else scale
    return round(keys.number("SATURATION_PRESSURE", 1e-3, 1e9) * own, 3)


def _began(said: dict[str, tuple[int, str]], notice: Callable[[str], None]) -> int | None:
    """Return the UTC ns that the header tells, and say what is doubtful of it: a Windows program writes as its user."""
    line, text = said.get("TIME", (0, ""))
    part = said.get("MICRO_SECOND", (0, ""))[1]
    date = written_date(text, f"{int(part):06d}" if part.isdecimal() and len(part) <= 6 else None)
    remedy = "give --start to say when it began"
    if date.doubt:
        notice(f"line {line}: its date {text[:40]!r} is taken for {date.doubt}; if that is wrong, {remedy}")
    elif date.ns is None and text:
        notice(f"line {line}: its date {text[:40]!r} cannot be read; {remedy}, else it begins in 1970")
    return date.ns


def _frames(lines: Iterator[bytes], rows: int) -> Iterator[bytes]:
    """Yield the lines of each frame as one; lines behind its last row, and before the first frame, belong to none."""
    frame: list[bytes] = []
    for line in lines:
        if _FRAME.match(line) or line.startswith(b"@@"):
            if frame:
                yield b"".join(frame)
            frame = [] if line.startswith(b"@@") else [line]
        elif frame and line.strip() and len(frame) <= rows + 1:
            frame.append(line)
    if frame:
        yield b"".join(frame)


def _reader(head: _Head) -> Callable[[bytes], TimedValues | None]:
    """Return what makes a row of a frame: the time in us, then the grid as the file has it, NaN outside."""

    def row(frame: bytes) -> TimedValues | None:
        first, *lines = frame.splitlines(keepends=True)
        number = _FRAME.match(first)
        if number is None or len(lines) != head.rows or not lines[-1].endswith(b"\n"):
            return None
        values = [float(round(int(number[1]) * head.frame_us))]
        for line in lines:
            cells = cells_of(line.strip().rstrip(b",;"), separator_of(line))
            if len(cells) != head.columns:
                return None
            try:
                values += [math.nan if cell.strip() in {"B", ""} else float(with_point(cell)) for cell in cells]
            except ValueError:
                return None
        return values if all(not abs(value) >= LARGEST_READING / 100 for value in values) else None

    return row


FORMAT = Format("tekscan", "Tekscan F-Scan", _recognizes, _read)
