"""Whether readings fall when pressed, as behind a divider of voltage whose sensor lies at the upper end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
FEWEST = 100
"""Rows on which to judge (choice)."""
MOVES = 0.01
"""Share of the highest reading by which a foot that is used moves, at least (choice): noise is less."""


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
    if span.max() < MOVES * high.max():
        return None
    active = span >= ACTIVE * span.max()
    low, middle, high, span, values = low[active], middle[active], high[active], span[active], values[:, active]
    if np.median((middle - low) / span) < MOSTLY_HIGH:
        return None
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
