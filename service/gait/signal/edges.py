"""When exactly a foot met the ground: the edge of a rising load, to a fraction of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from firmware_bridge import Float64s
from service.gait import thresholds as p


class Edge(NamedTuple):
    """Where a load left its quiet level."""

    time: float  # s
    inside: int  # index of the first sample after it
    calm: int  # index of the first sample of the quiet before it
    lasts: float  # s, from a tenth of the range up to the loaded sample


def rising_edge(
    seconds: Float64s, load: Float64s, loaded: int, span: float, chords_s: Sequence[float] = p.RISE_CHORDS_S
) -> Edge | None:
    """Return where the load leaves its quiet level.

    Args:
        seconds: ascending, from a quarter second before the rise, or less, to two samples after its first loaded one.
        load: of those samples.
        loaded: index of the first loaded one.
        span: range of the load between swing and stance.
        chords_s: lengths of the chords under which the corner is looked for, ascending.

    Contact is the later of two estimates: the last crossing of a low level above the *local* quiet level, right on
    clean force, and the corner of the edge, which a wobbling quiet level cannot move. None where the load was never
    quiet.
    """
    t, x = seconds[: loaded + 1], load[: loaded + 1]
    quiet = quiet_level(x)
    low, high = quiet + p.EDGE * span, min(quiet + p.CORNER * span, float(x[-1]))
    level, upper = crossing(t, x, low), crossing(t, x, high)
    if level is None or upper is None:
        return None
    calm = int(np.argmax(x < low))  # what is before belongs to the stance before
    corner = _corner(t[calm:], x[calm:], upper, high, chords_s)
    edge = _steepened(seconds, load, level if corner is None else max(level, corner), low)
    tenth = crossing(t, x, quiet + p.STEEP_FROM * span) or level
    return Edge(edge, int(np.searchsorted(t, edge, side="left")), calm, float(t[-1]) - tenth)


def falling_edge(seconds: Float64s, load: Float64s, loaded: int, span: float) -> Edge | None:
    """Return where the load comes down to its quiet level; `inside` is the last sample before it, `calm` its last.

    The mirror image of `rising_edge`, but that a foot leaves the ground more slowly than it meets it: from two
    samples before the last loaded one, whose index is `loaded`, on.
    """
    last = len(load) - 1
    found = rising_edge(-seconds[::-1], np.ascontiguousarray(load[::-1]), last - loaded, span, p.FALL_CHORDS_S)
    return None if found is None else Edge(-found.time, last - found.inside, last - found.calm, found.lasts)


def _steepened(seconds: Float64s, load: Float64s, edge: float, low: float) -> float:
    """Return an edge that lies between two samples, moved towards where the line after them comes from.

    The line from the last quiet sample begins too early where the load rises within less than a sample, and the line
    after it too late where the load rises ever more steeply. So a slope that is still growing counts for less, and
    half of the way is taken, less the denser the samples.
    """
    k = int(np.searchsorted(seconds, edge, side="right")) - 1
    if not 0 <= k < len(load) - 3:
        return edge
    apart = float(seconds[k + 1] - seconds[k])
    before, after, later = (np.diff(load[k : k + 4]) / np.diff(seconds[k : k + 4])).tolist()
    slope = after - p.STILL_STEEPER * max(later - after, 0.0)
    if slope <= max(before, 0.0):
        return edge
    back = float(seconds[k + 1] - (load[k + 1] - low) / slope)
    return edge + p.BACKWARD * min(apart / p.BACKWARD_S, 1.0) * max(back - edge, 0.0)


def quiet_level(load: Float64s) -> float:
    """Return the level of the unloaded samples among those before a rise, and the rise itself."""
    return float(np.sort(load)[int(p.QUIET_QUANTILE * (len(load) - 1))])


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


def _corner(seconds: Float64s, load: Float64s, end: float, level: float, chords_s: Sequence[float]) -> float | None:
    """Return the point farthest below a chord that ends where the load passes `level`.

    The shortest chord that has a corner counts; within a slow, straight rise a short one has none.
    """
    last = int(np.searchsorted(seconds, end))
    for chord_s in chords_s:
        first = int(np.searchsorted(seconds, end - chord_s))
        if last - first < 3:
            continue
        t, x = seconds[first:last], load[first:last]
        below = x[0] + (level - x[0]) / (end - t[0]) * (t - t[0]) - x
        i = int(np.argmax(below))
        if below[i] >= p.MIN_BEND * (level - x[0]):
            return _top(t, below, i)
    return None


def _top(t: Float64s, x: Float64s, i: int) -> float:
    """Return when a curve is highest, by the parabola through its highest sample and the two beside it."""
    if i in {0, len(t) - 1}:
        return float(t[i])
    bend = x[i - 1] - 2 * x[i] + x[i + 1]
    shift = 0.0 if bend >= 0 else 0.5 * (x[i - 1] - x[i + 1]) / bend
    return float(t[i] + shift * (t[i + 1] - t[i - 1]) / 2)
