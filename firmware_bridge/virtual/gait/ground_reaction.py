"""The vertical ground reaction force of one stance, running and walking, from its timing and its impulse.

Running: the two-mass model of Clark, Ryan & Weyand 2017 (J Exp Biol 220:247): two raised-cosine bells, one for the
shank that stops within some 30 ms, one for the rest of the body. Walking: the double hump of textbooks as a monotone
cubic through seven points. Or any curve that was measured. The impulse is given, never a force scale: momentum decides
how much a stance carries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.model import STANDARD_GRAVITY, Float64s

CONTACT_N = 20.0  # contact begins and ends where the noise-free force crosses this
SHANK = 0.08  # part of the body's mass that stops in the first bell
PEAK_AT = 0.47  # where in stance the second bell peaks
WALK_GRID = 2001


class ForceShape(NamedTuple):
    """What shapes the force of many stances, arrays of one shape: seconds, N s, kg, m/s."""

    running: bool
    support: Float64s  # s, the whole time with force, longer than contact at 20 N
    impulse: Float64s  # N s
    mass: float
    stop: Float64s  # s, time in which the shank stops
    speed_change: Float64s  # m/s, speed that the shank loses meanwhile
    speed: float  # m/s of progression; shapes the walking curve
    curve: tuple[float, ...] = ()  # force at even steps over stance, any scale; empty = the model
    right_curve: tuple[float, ...] = ()  # the right foot's, where it has its own

    @property
    def table(self) -> tuple[Float64s, float]:
        """Return the tabulated force over stance, and its mean."""
        return measured_curve(self.curve) if self.curve else walk_curve(round(self.speed - 1.3, 2))

    @property
    def tabulated(self) -> bool:
        """Tell whether the force is read from a table, instead of made of bells."""
        return bool(self.curve) or not self.running

    def take(self, rows: NDArray[np.intp], foot: int) -> ForceShape:
        """Return the stances of one foot, as columns that broadcast against times along axis 1."""
        pick = (rows, foot)
        arrays = (self.support, self.impulse, self.stop, self.speed_change)
        support, impulse, stop, change = (a[pick][:, None] for a in arrays)
        curve = self.right_curve if foot and self.right_curve else self.curve
        return self._replace(
            support=support, impulse=impulse, stop=stop, speed_change=change, curve=curve, right_curve=()
        )


def force(t: Float64s, stances: ForceShape) -> Float64s:
    """Return the force (N) at `t` seconds after the start of support; zero outside it."""
    return curve_force(t, stances) if stances.tabulated else run_force(t, stances)


def run_force(t: Float64s, stances: ForceShape) -> Float64s:
    """Return the two-bell force of running (Clark 2017); its integral is the impulse."""
    first, second = _bell_heights(stances)
    rise, fall = PEAK_AT * stances.support, (1 - PEAK_AT) * stances.support
    width = np.where(t < rise, rise, fall)
    bells = _bell(t, first, stances.stop, stances.stop) + _bell(t, second, rise, width)
    return np.where((t > 0) & (t < stances.support), bells, 0.0)


def curve_force(t: Float64s, stances: ForceShape) -> Float64s:
    """Return the force of a tabulated shape, such as walking's double hump; its integral is the impulse."""
    curve, area = stances.table
    s = t / stances.support
    shape = np.interp(s, np.linspace(0, 1, WALK_GRID), curve, left=0.0, right=0.0)
    scaled: Float64s = shape * (stances.impulse / (stances.support * area))
    return scaled


def contact_edges(stances: ForceShape) -> tuple[Float64s, Float64s]:
    """Return when the force first rises above and last falls below 20 N, in seconds after the start of support."""
    if not stances.tabulated:
        return _run_rise(stances), _run_fall(stances)
    if stances.right_curve:
        left, right = (contact_edges(stances.take(np.arange(len(stances.support)), foot)) for foot in (0, 1))
        return np.hstack([left[0], right[0]]), np.hstack([left[1], right[1]])
    curve, area = stances.table
    grid = np.linspace(0, 1, WALK_GRID)
    level = CONTACT_N / (stances.impulse / (stances.support * area))
    rising, falling = np.maximum.accumulate(curve), np.maximum.accumulate(curve[::-1])
    on, off = np.interp(level, rising, grid), 1 - np.interp(level, falling, grid)
    return on * stances.support, off * stances.support


def _bell(t: Float64s, height: Float64s, centre: Float64s, width: Float64s) -> Float64s:
    inside = np.abs(t - centre) < width
    return np.where(inside, height / 2 * (1 + np.cos(np.pi * (t - centre) / width)), 0.0)


def _bell_heights(stances: ForceShape) -> tuple[Float64s, Float64s]:
    mass = SHANK * stances.mass
    mean_force = mass * (stances.speed_change / stances.stop + STANDARD_GRAVITY)
    first = 2 * mean_force * stances.stop
    return first / stances.stop, 2 * (stances.impulse - first) / stances.support


def _run_rise(stances: ForceShape) -> Float64s:
    first, second = _bell_heights(stances)
    a, b = np.pi / stances.stop, np.pi / (PEAK_AT * stances.support)
    t = np.sqrt(4 * CONTACT_N / (first * a**2 + second * b**2))  # both bells are parabolas where they begin
    for _ in range(3):
        value = first / 2 * (1 - np.cos(a * t)) + second / 2 * (1 - np.cos(b * t)) - CONTACT_N
        t = t - value / (first / 2 * a * np.sin(a * t) + second / 2 * b * np.sin(b * t))
    return np.asarray(t, float)


def _run_fall(stances: ForceShape) -> Float64s:
    _, second = _bell_heights(stances)
    back = (1 - PEAK_AT) * stances.support / np.pi * np.arccos(1 - 2 * CONTACT_N / second)
    return np.asarray(stances.support - back, float)


@lru_cache(maxsize=256)
def walk_curve(faster: float) -> tuple[Float64s, float]:
    """Return the walking curve in body weights over stance and its mean, at 1.3 m/s plus `faster`."""
    s = np.array([0, 0.05, 0.23, 0.50, 0.77, 0.93, 1])
    humps = (0, 0.33, 1.10 + 0.25 * faster, 0.75 - 0.45 * faster, 1.10 + 0.15 * faster, 0.42, 0)
    curve = monotone_cubic(s, np.array(humps), np.linspace(0, 1, WALK_GRID))
    return curve, float((curve[1:] + curve[:-1]).mean() / 2)


@lru_cache(maxsize=64)
def measured_curve(points: tuple[float, ...]) -> tuple[Float64s, float]:
    """Return a measured shape on the grid and its mean; it begins and ends at zero and is nowhere negative."""
    given = np.maximum(np.array(points, float), 0)
    given[[0, -1]] = 0
    curve = np.interp(np.linspace(0, 1, WALK_GRID), np.linspace(0, 1, len(given)), given)
    return curve, float((curve[1:] + curve[:-1]).mean() / 2)


def monotone_cubic(x: Float64s, y: Float64s, at: Float64s) -> Float64s:
    """Interpolate without overshoot (Fritsch & Butland 1984), flat beyond neither end: `at` lies within `x`."""
    h, slope = np.diff(x), np.diff(y) / np.diff(x)
    inner = np.zeros(len(x))
    same = slope[1:] * slope[:-1] > 0
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        inner[1:-1] = np.where(same, (w1 + w2) / (w1 / slope[:-1] + w2 / slope[1:]), 0.0)
    inner[0] = _end_slope(h[0], h[1], slope[0], slope[1])
    inner[-1] = _end_slope(h[-1], h[-2], slope[-1], slope[-2])
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(h) - 1)
    u = (at - x[k]) / h[k]
    value = (
        y[k] * (1 + 2 * u) * (1 - u) ** 2
        + inner[k] * h[k] * u * (1 - u) ** 2
        + y[k + 1] * u**2 * (3 - 2 * u)
        - inner[k + 1] * h[k] * u**2 * (1 - u)
    )
    return np.asarray(value, float)


def _end_slope(h0: float, h1: float, slope0: float, slope1: float) -> float:
    end = ((2 * h0 + h1) * slope0 - h0 * slope1) / (h0 + h1)
    if end * slope0 <= 0:
        return 0.0
    if slope0 * slope1 <= 0 and abs(end) > 3 * abs(slope0):
        return 3 * slope0
    return float(end)
