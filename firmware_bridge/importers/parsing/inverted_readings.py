"""Whether readings fall when pressed, as behind a divider of voltage whose sensor lies at the upper end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import ConfigError
from firmware_bridge.importers.format import Samples
from firmware_bridge.model import SECOND, Float32s, Side

LOOKED_AT_ROWS = 20_000
LOOKED_AT_NS = 60 * SECOND
"""How much of a foot is looked at, at most (choice: who puts shoes on walks within a minute)."""

CONVERTER_ENDS = (255.0, 1023.0, 4095.0, 8191.0, 16383.0, 32767.0, 65535.0)
"""The highest numbers of converters of 8 to 16 bits."""
NEAR_THE_END = 0.75
"""Share of a converter's range that an unloaded sensor's reading reaches at least, to take it for that (choice)."""
ACTIVE = 0.2
"""Share of the widest sensor's range that a sensor has at least, to be asked (choice)."""
MOSTLY_HIGH = 0.6
"""Where in its range, 0 to 1, a sensor's median lies at least: on a walk each one is unloaded most of the time."""
LESS_SCATTER = 0.5
"""Unloaded readings scatter at most this share of what loaded ones do, in time and from sensor to sensor (choice)."""
SEVERAL = 3
FAR_LESS_SCATTER = 0.25
"""From how many sensors on, at most this share from sensor to sensor is enough: people who shuffle, or stand on both
feet for long, load theirs for half of the time, which hides it in time (choice; of 55 recorded feet turned over, all
are found so, and none as it was recorded)."""
FEWEST = 100
"""Rows on which to judge (choice)."""
MOVES = 0.01
"""Share of the highest reading by which a foot that is used moves, at least (choice): noise is less."""


def not_inverted(samples: Iterator[Samples], origin: Path, *, already: bool) -> Iterator[Samples]:
    """Yield samples on, looking at the beginning of each foot: whoever imports stores none before all were read once.

    Args:
        samples: of a file.
        origin: the map by which it is read.
        already: that map takes numbers to fall when pressed.

    Raises:
        ConfigError: readings fall when pressed.
    """
    beginnings = {side: _Beginning(side) for side in Side}
    for portion in samples:
        if beginnings[portion.side].over(portion):
            beginnings[portion.side].judge(origin, already=already)
        yield portion
    for beginning in beginnings.values():
        beginning.judge(origin, already=already)


class _Beginning:
    """The first readings of a foot."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._parts: list[Float32s] = []
        self._count = 0
        self._began: int | None = None
        self._judged = False

    def over(self, portion: Samples) -> bool:
        """Take a portion; tell whether there is enough to judge."""
        if self._judged or not len(portion.time):
            return False
        self._began = int(portion.time[0]) if self._began is None else self._began
        self._parts.append(portion.pressure)
        self._count += len(portion.time)
        return self._count >= LOOKED_AT_ROWS or int(portion.time[-1]) - self._began >= LOOKED_AT_NS

    def judge(self, origin: Path, *, already: bool) -> None:
        """Refuse readings that fall, once.

        Raises:
            ConfigError: they do.
        """
        unloaded = looks_inverted(np.concatenate(self._parts)) if self._parts else None
        self._judged, self._parts = True, []
        if unloaded is None:
            return
        remedy = (
            "take invert_from out of the map or its profile"
            if already
            else f"say invert_from = {unloaded:g} in the map, which is taken from their highest number"
        )
        raise ConfigError(
            f"{origin}: the {self._side} foot's readings look as if they fall when pressed, as most of the time they "
            f"are near {unloaded:g}; {remedy}, or rises = true if they do not"
        )


def looks_inverted(readings: NDArray[np.floating]) -> float | None:
    """Return what the sensors of a foot read when unloaded, None where readings rise when pressed, or that is open.

    Unloaded, all sensors read about the same and stay there; loaded, each reads what its load is. So that end of the
    range is the unloaded one where readings are most of the time, and scatter less.

    Args:
        readings: (n, sensors) of consecutive rows, NaN where missing.

    Returns:
        the end of the converter, or where none is near the usual highest reading.
    """
    values = np.asarray(readings, np.float64)
    values = values[:, np.isfinite(values).sum(axis=0) >= FEWEST]
    if not values.size or np.nanmin(values) < 0:
        return None
    low, middle, high = np.nanpercentile(values, (2, 50, 98), axis=0)
    span = high - low
    if span.max() <= MOVES * high.max():
        return None
    active = span >= ACTIVE * span.max()
    low, middle, high, span, values = low[active], middle[active], high[active], span[active], values[:, active]
    if np.median((middle - low) / span) < MOSTLY_HIGH:
        return None
    if len(span) >= SEVERAL and np.std(high) < FAR_LESS_SCATTER * np.std(low):
        return _unloaded(values, float(np.median(high)))
    center = (low + high) / 2
    above, below = (_scatter(np.where(half, values, np.nan)) / span for half in (values > center, values < center))
    in_time = np.median(above) < LESS_SCATTER * np.median(below)
    apart = np.std(high) <= LESS_SCATTER * np.std(low) if len(span) > 1 else high[0] >= NEAR_THE_END * _end(high[0])
    return _unloaded(values, float(np.median(high))) if in_time and apart else None


def _scatter(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the middle half of each sensor's readings reaches; there is one at least."""
    lower, upper = np.nanpercentile(values, (25, 75), axis=0)
    return np.asarray(upper - lower)


def _end(reading: float) -> float:
    return next((end for end in CONVERTER_ENDS if reading <= end), np.inf)


def _unloaded(values: NDArray[np.float64], usual: float) -> float:
    end = _end(float(np.nanmax(values)))
    return end if usual >= NEAR_THE_END * end else usual
