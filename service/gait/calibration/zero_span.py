"""Zero and span of insoles from what they read while a person stands: pure functions of samples.

The zero is what the unloaded sensors read. The span comes from the body's weight, which both feet carry together while
somebody sways slowly from one to the other: k_left F_left(t) + k_right F_right(t) = m g is linear in the two gains, and
how far it is missed says how linear the sensors are. One foot alone is the simpler way, with one gain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, STANDARD_GRAVITY, Calibration, CorruptData, Frames, Profile
from service.gait.signal.load import areas

_Float64s = NDArray[np.float64]

LEAST_S = 5.0
"""Shorter recordings say too little of a person who cannot stand perfectly still."""
STILL = 0.02
"""Share of the sensors' range that an unloaded reading may move by, between its 5th and 95th percentile (choice)."""
_SLOW = 0.5
"""Share of the samples used for the gains, those with the slowest change of force: what is not slow is inertia."""
SHIFT = 0.2
"""Share of the weight that has to go from foot to foot, or the two gains cannot be told apart (choice)."""
_MISSED = 0.05
"""Share of the weight that two constant gains may miss (root mean square) before they are refused (choice)."""
STEADY = 0.10
"""Share of its mean that a one-leg stand may vary by (standard deviation; choice)."""
GRID_HZ = 50.0


@dataclass(frozen=True, slots=True)
class _Span:
    """A gain of one insole: force in newtons per unit of its weighed reading, and by how much the weight was missed."""

    gain: float
    missed: float  # share of the weight, root mean square


def zero_of(frames: Frames, profile: Profile) -> tuple[float, ...]:
    """Return the reading of each unloaded sensor, in the profile's unit; a sensor that sent nothing reads 0.

    Raises:
        CorruptData: the recording is too short, or something presses on the insole.
    """
    _long_enough(frames)
    low, middle, high = np.nanpercentile(np.where(_silent(frames), 0.0, frames.pressure), [5, 50, 95], axis=0)
    full = profile.full_scale if np.isfinite(profile.full_scale) else float(np.nanmax(frames.pressure))
    moving = np.flatnonzero(high - low > STILL * full)
    if len(moving):
        names = ", ".join(str(number + 1) for number in moving[:5])
        raise CorruptData(
            f"the {frames.side} insole is not at rest: sensor {names} moves by more than {100 * STILL:.0f} % of its "
            "range; take the foot out, lay the shoe down and try again"
        )
    return tuple(round(float(value), 4) for value in middle)


def weighed(frames: Frames, profile: Profile, zero: tuple[float, ...]) -> _Float64s:
    """Return the sum of readings above zero by area, (n,): newtons once the gain is right. Missing readings count 0."""
    per_area = 1e-3 if profile.unit != "N" else 1 / areas(profile)
    above = np.nan_to_num(Calibration(zero).apply(frames.pressure).astype(np.float64))
    weights: _Float64s = areas(profile) * per_area
    return np.maximum(above, 0.0) @ weights


def sway_spans(left: tuple[Frames, _Float64s], right: tuple[Frames, _Float64s], mass_kg: float) -> tuple[_Span, _Span]:
    """Return the gains of both insoles from a slow sway: frames with their weighed readings, and the body's mass.

    Raises:
        CorruptData: too short, too little of the weight went from foot to foot, or no two gains explain the readings.
    """
    for frames, _ in (left, right):
        _long_enough(frames)
    begin = max(int(frames.time[0]) for frames, _ in (left, right))
    end = min(int(frames.time[-1]) for frames, _ in (left, right))
    grid = np.arange(begin, end, SECOND / GRID_HZ)
    if len(grid) < LEAST_S * GRID_HZ:
        raise CorruptData(f"both insoles were heard together for less than {LEAST_S:g} s; repeat it")
    forces = np.stack([np.interp(grid, frames.time, force) for frames, force in (left, right)], axis=1)
    weight = mass_kg * STANDARD_GRAVITY
    speed = np.abs(np.gradient(forces / np.maximum(forces.mean(axis=0), 1e-12), axis=0)).sum(axis=1)
    forces = forces[speed <= np.quantile(speed, _SLOW)]
    gains, *_ = np.linalg.lstsq(forces, np.full(len(forces), weight), rcond=None)
    shares = forces * gains / weight
    if not (gains > 0).all() or np.ptp(shares[:, 0]) < SHIFT:
        raise CorruptData(
            "too little weight went from one foot to the other; shift it slowly, nearly all of it to each side"
        )
    missed = float(np.sqrt(np.mean((shares.sum(axis=1) - 1) ** 2)))
    if missed > _MISSED:
        raise CorruptData(
            f"two gains leave {100 * missed:.0f} % of the weight unexplained (at most {100 * _MISSED:.0f} %); "
            "sway more slowly, with both feet flat and hands free, or the sensors are too far from linear to weigh with"
        )
    return _Span(float(gains[0]), missed), _Span(float(gains[1]), missed)


def one_leg_span(frames: Frames, force: _Float64s, mass_kg: float) -> _Span:
    """Return the gain of one insole that carries the whole body.

    Raises:
        CorruptData: too short, nothing stands on it, or it was no steady stand.
    """
    _long_enough(frames)
    middle = float(np.median(force))
    if middle <= 0:
        raise CorruptData(f"nothing stands on the {frames.side} insole")
    varies = float(np.std(force)) / middle
    if varies > STEADY:
        raise CorruptData(
            f"the stand varied by {100 * varies:.0f} % (at most {100 * STEADY:.0f} %); hold on to a wall without "
            "leaning on it, and try again"
        )
    return _Span(mass_kg * STANDARD_GRAVITY / middle, varies)


def calibration_of(profile: Profile, zero: tuple[float, ...], gain: float) -> Calibration:
    """Return the calibration of one insole that was weighed on; readings without a unit become kPa."""
    return Calibration(zero, (float(f"{gain:.6g}"),) * profile.sensors.count, "kPa" if profile.unit == "raw" else "")


def _long_enough(frames: Frames) -> None:
    seconds = (int(frames.time[-1]) - int(frames.time[0])) / SECOND
    if seconds < LEAST_S - 1:
        raise CorruptData(f"{seconds:.0f} s of the {frames.side} insole are too little; {LEAST_S:g} s are needed")


def _silent(frames: Frames) -> NDArray[np.bool_]:
    """Return which readings belong to sensors that never sent any, (1, s)."""
    return np.asarray(np.isnan(frames.pressure).all(axis=0, keepdims=True))
