"""When exactly a foot met the ground: the edge of a rising load, to a fraction of a sample."""

from __future__ import annotations

import numpy as np

from service.gait import parameters as p
from service.gait.load import Float64s


def rising_edge(seconds: Float64s, load: Float64s, span: float) -> tuple[float, int] | None:
    """Return the time at which the load leaves its quiet level, and the index of the first sample after it.

    Args:
        seconds: ascending, from a quarter second before the rise up to its first loaded sample.
        load: of those samples, the last one loaded.
        span: range of the load between swing and stance.

    Contact is the later of two estimates: the last crossing of a low level above the *local* quiet level, right on
    clean force, and the corner of the edge, which a wobbling quiet level cannot move. None where the load was never
    quiet.
    """
    quiet = float(np.sort(load)[int(p.QUIET_QUANTILE * (len(load) - 1))])
    high = min(quiet + p.UNLOADED * span, float(load[-1]))
    level = crossing(seconds, load, quiet + p.EDGE * span)
    quarter = crossing(seconds, load, high)
    if level is None or quarter is None:
        return None
    edge = max(level, _corner(seconds, load, quarter, high))
    return edge, int(np.searchsorted(seconds, edge, side="left"))


def falling_edge(seconds: Float64s, load: Float64s, span: float) -> tuple[float, int] | None:
    """Return the time at which the load comes down to its quiet level, and the index of the last sample before it.

    The mirror image of `rising_edge`: the first sample is the last loaded one.
    """
    found = rising_edge(-seconds[::-1], np.ascontiguousarray(load[::-1]), span)
    return None if found is None else (-found[0], len(load) - 1 - found[1])


def crossing(seconds: Float64s, load: Float64s, level: float) -> float | None:
    """Return when the load last rose through a level, interpolated; None where it was never below.

    Interpolation is worth a doubling of the sampling rate.
    """
    below = np.flatnonzero(load < level)
    if not below.size or below[-1] == len(load) - 1:
        return None
    i = int(below[-1])
    part = (level - load[i]) / (load[i + 1] - load[i])
    return float(seconds[i] + min(max(part, 0.0), 1.0) * (seconds[i + 1] - seconds[i]))


def _corner(seconds: Float64s, load: Float64s, end: float, level: float) -> float:
    """Return the point farthest below a short chord that ends where the load passes `level`."""
    first = int(np.searchsorted(seconds, end - p.CHORD_S))
    last = int(np.searchsorted(seconds, end))
    if last - first < 3:
        return float(seconds[first])
    t, x = seconds[first:last], load[first:last]
    slope = (level - x[0]) / (end - t[0])
    below = x[0] + slope * (t - t[0]) - x
    i = int(np.argmax(below))
    if i in {0, len(t) - 1}:
        return float(t[i])
    before, at, after = below[i - 1], below[i], below[i + 1]
    bend = before - 2 * at + after
    shift = 0.0 if bend >= 0 else 0.5 * (before - after) / bend
    return float(t[i] + shift * (t[i + 1] - t[i - 1]) / 2)
