"""From pressure to load: one insole's readings as a few channels that everything after works on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import (
    SECOND,
    Calibration,
    ConfigError,
    Device,
    Float64s,
    Frames,
    Int64s,
    Profile,
    parse_calibration,
    parse_profile,
)
from service.gait import thresholds as p
from service.gait.signal.regions import REGIONS, natural_neighbors, sole_of, straight
from service.gait.signal.tier import tier_of
from service.records.quantities import Tier, quantities
from service.records.rows import Step

LOAD: Final = 0
MEDIAL: Final = 1
LATERAL: Final = 2
ACROSS: Final = 3
ALONG: Final = 4
HEEL: Final = 5
MIDFOOT: Final = 6
CHANNELS: Final = 7
"""Columns: load; its medial and its lateral part; load times `ml`, load times `ap` (over load: center of pressure);
the load of the heel's sensors, and of the midfoot."""


@dataclass(frozen=True, eq=False)
class Layout:
    """One insole compiled: what turns its readings into channels, and which measures its sensors can carry."""

    unit: str  # of the load: "N" or "raw"
    rate_hz: float
    zero: Float64s  # (s,)
    weights: Float64s  # (CHANNELS, s): gain times area times the channel's weight; 0 for a dropped sensor
    tier: Tier
    unseen: frozenset[str] = frozenset()  # measures of regions without a sensor
    dropped: tuple[int, ...] = field(default=())  # sensors left out
    both_feet: bool = False  # the load of both feet in one signal
    least: float = 0.0  # smallest range of load that can be a step's, in `unit`; 0 where the scale is not known

    @property
    def count(self) -> int:
        """Number of sensors."""
        return int(self.weights.shape[1])

    @property
    def hole_ns(self) -> int:
        """Distance of two samples from which on data is missing between them."""
        return round(max(p.HOLE_SAMPLES / self.rate_hz, p.HOLE_S) * SECOND)

    def tells(self, measure: str) -> bool:
        """Tell whether the sensors can carry a measure of a `Step`."""
        return self.tier >= quantities(Step)[measure].needs and measure not in self.unseen

    def channels(self, frames: Frames) -> tuple[Int64s, Float64s]:
        """Return times (n,) and channels (n, CHANNELS) of the samples that have readings.

        A channel is linear in the readings: to take the unloaded level off it is to take it off every sensor. A
        missing reading (NaN) is made up for in the load by the area of the others; the other channels are then NaN,
        since they would lean to the sensors that are left.
        """
        reading = np.ascontiguousarray(frames.pressure, np.float64) - self.zero
        if self.dropped:
            reading[:, self.dropped] = 0.0
        known = np.isfinite(reading)
        if bool(known.all()):
            return frames.time, np.stack([(reading * w).sum(axis=1) for w in self.weights], axis=1)
        share = (known * self.weights[LOAD]).sum(axis=1) / self.weights[LOAD].sum()
        keep = share >= p.MIN_SENSOR_SHARE
        whole = np.isfinite(reading.sum(axis=1))[keep]
        reading = np.where(known, reading, 0.0)[keep]
        out = np.stack([(reading * w).sum(axis=1) for w in self.weights], axis=1)
        out[:, LOAD] /= share[keep]
        out[~whole, 1:] = np.nan
        return frames.time[keep], out


def layout_of(device: Device, dropped: frozenset[int] = frozenset()) -> Layout:
    """Compile a device row; `dropped` sensors count for nothing.

    Raises:
        ConfigError: the stored profile or calibration cannot be read.
    """
    origin = f"device {device.device}"
    profile = parse_profile(device.profile, origin)
    calibration = parse_calibration(device.calibration) if device.calibration else Calibration()
    for name, values in (("zero", calibration.zero), ("gain", calibration.gain)):
        if values and len(values) != profile.sensors.count:
            raise ConfigError(f"{origin}: calibration {name} needs one value for each of its sensors")
    return compile_layout(profile, calibration, dropped)


def compile_layout(profile: Profile, calibration: Calibration, dropped: frozenset[int] = frozenset()) -> Layout:
    """Compile a profile with an insole's own zero and gain: load = Σ (reading - zero) · gain · area.

    kPa · mm² = 1e-3 N. Readings without a physical unit stay raw, weighted by the area that each sensor stands for.
    A dropped sensor reads what its neighbors read, by the parts of its area that are nearest to each of them: the
    whole load stays the whole sole's, and no side is favored for what is missing.
    """
    sensors = profile.sensors
    count = sensors.count
    zero = np.asarray(calibration.zero or np.zeros(count), np.float64)
    gain = np.asarray(calibration.gain or np.ones(count), np.float64)
    area = areas(profile)
    weights = area * _parts(profile)
    healthy = np.array([i not in dropped for i in range(count)])
    if not healthy.all():
        neighbors = natural_neighbors(sensors.ml, sensors.ap, profile.length_mm, profile.width_mm, dropped)
        weights = np.where(healthy, weights, 0.0) + (weights[:, :, None] * neighbors).sum(axis=1)
    unit = calibration.unit or profile.unit
    to_load = {"kPa": np.full(count, 1e-3), "N": 1 / area}.get(unit, np.full(count, 1 / area.mean()))
    return Layout(
        unit="raw" if unit not in {"kPa", "N"} else "N",
        rate_hz=profile.rate_hz,
        zero=zero,
        weights=np.ascontiguousarray(weights * (gain * to_load)),
        tier=tier_of(sensors.ml, sensors.ap, healthy),
        unseen=_unseen(profile, healthy),
        dropped=tuple(sorted(dropped)),
        both_feet=profile.both_feet,
        least=_least(profile, unit, float((area * gain * to_load).sum())),
    )


def _least(profile: Profile, unit: str, whole: float) -> float:
    """Return the least range of load that is a step's; `whole` is the load where every sensor reads 1."""
    if unit in {"kPa", "N"}:
        return p.LEAST_LOAD_N
    return p.LEAST_LOAD_OF_FULL * profile.full_scale * whole if math.isfinite(profile.full_scale) else 0.0


def areas(profile: Profile) -> Float64s:
    """Return the area (mm²) that each sensor stands for.

    A profile's areas are tributary ones: readings times areas sum to the force. Where it gives none, they stand there
    as equal shares of the sole, and the part of the sole that is nearest to each sensor takes their place.
    """
    given = np.asarray(profile.sensors.area_mm2, np.float64)
    if np.ptp(given) > 0:
        return given
    cells = sole_of(profile.sensors.ml, profile.sensors.ap, profile.length_mm, profile.width_mm).area
    # never nothing: a force that is read beyond the outline is a force
    return np.asarray(np.maximum(cells, 1e-9) * given.sum(), np.float64)


def _parts(profile: Profile) -> Float64s:
    """Return which part of each sensor's load each channel holds, (CHANNELS, s)."""
    ml, ap = profile.sensors.ml, profile.sensors.ap
    sole = sole_of(ml, ap, profile.length_mm, profile.width_mm)
    side = medial_weight(straight(ml, ap), profile.width_mm)
    heel = sole.share("heel_medial", "heel_lateral") > 0.5
    midfoot = sole.share("midfoot_medial", "midfoot_lateral")
    return np.stack([np.ones(len(ml)), np.maximum(side, 0), np.maximum(-side, 0), ml, ap, heel, midfoot])


def medial_weight(ml: Float64s, width_mm: float) -> Float64s:
    """Return how medial (1) or lateral (-1) each sensor is, from `ml` (0 lateral, 1 medial): the one place for that."""
    return np.clip((np.asarray(ml, np.float64) - 0.5) * width_mm / p.SOFT_EDGE_MM, -1.0, 1.0)


def _unseen(profile: Profile, healthy: NDArray[np.bool_]) -> frozenset[str]:
    """Return the measures that need a region of which no sensor tells."""
    sensors = profile.sensors
    if not healthy.any():
        return frozenset()
    sole = sole_of(sensors.ml[healthy], sensors.ap[healthy], profile.length_mm, profile.width_mm)
    seen = {region for region in REGIONS if sole.observed(region)}
    heel, midfoot = {"heel_medial", "heel_lateral"}, {"midfoot_medial", "midfoot_lateral"}
    needed = {"heel_off": heel, "midfoot_share": midfoot}
    return frozenset(measure for measure, regions in needed.items() if not regions <= seen)


@cache
def plain_layout(count: int) -> Layout:
    """Return the layout of an insole that nobody described: a raw sum at 100 Hz, and no positions."""
    weights = np.zeros((CHANNELS, count))
    weights[LOAD] = 1.0
    return Layout("raw", 100.0, np.zeros(count), weights, tier=Tier.T0)
