"""PhysioNet "Gait in Neurodegenerative Disease" (gaitndd): WFDB records of one force-sensitive signal a foot, 300 Hz.

A record is its header; the two signals that it names lie beside it (`.let` left, `.rit` right). Any other record of
two signals of format 212 is read, too, where their descriptions tell left from right. Source: Hausdorff,
physionet.org/content/gaitndd/1.0.0. The readings are not calibrated; they stand in the header's unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.parsing.number_rows import Rows
from firmware_bridge.importers.parsing.side_by_side import PairOfFeet
from firmware_bridge.importers.parsing.wfdb import Record, Signal, Signals, is_header, read_header
from firmware_bridge.importers.row_report import RowReport
from firmware_bridge.model import Side

PORTION_S = 10
ENDINGS = {".let": Side.LEFT, ".rit": Side.RIGHT}


def _read(recording: Recording) -> Iterator[Samples]:
    path = recording.path
    header = read_header(path)
    places = _places(path, header)
    signals = Signals(path, header)
    signals.check()
    feet = PairOfFeet(recording, _profile(header.rate_hz), header.date)
    left, right = ([1 + places[side]] if side in places else None for side in Side)
    first, size = 0, sum(signals.sizes.values())
    for values in signals.values(max(int(header.rate_hz * PORTION_S) // 2 * 2, 2)):
        time_us = np.round(np.arange(first, first + len(values)) / header.rate_hz * 1e6)
        first += len(values)
        yield from feet.samples(Rows(np.column_stack([time_us, values]), RowReport(len(values))), left, right)
        recording.progress(size * first // signals.count, size)


def _places(path: Path, header: Record) -> dict[Side, int]:
    """Return which signal is which foot's.

    Raises:
        ConfigError: it cannot be told.
    """
    sides = [_side(signal) for signal in header.signals]
    places = {side: place for place, side in enumerate(sides) if side is not None}
    if not places or len(places) < len(sides):
        raise ConfigError(
            f"{path}: its signals must be one of each foot, described as left and right; "
            f"there are: {', '.join(s.description or s.file for s in header.signals)}"
        )
    return places


def _side(signal: Signal) -> Side | None:
    for side in Side:
        if side in signal.description.lower():
            return side
    return ENDINGS.get(Path(signal.file).suffix)


def _profile(rate_hz: float) -> Profile:
    profile = load_profile("gaitndd-1")
    if rate_hz == profile.rate_hz:
        return profile
    text = profile.text.replace(f"rate_hz = {profile.rate_hz:g}\n", f"rate_hz = {rate_hz!r}\n")
    return parse_profile(text, "gaitndd-1.toml")


def _advice(path: Path) -> str:
    """Name the header of a record's other files."""
    header = path.with_suffix(".hea")
    return f"it belongs to a WFDB record: import {header}" if header != path and header.is_file() else ""


FORMAT = Format("gaitndd", "PhysioNet gaitndd", is_header, _read, _advice)
