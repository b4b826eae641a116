"""From pressure to load: one insole's readings as five channels that everything after works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, Calibration, ConfigError, Device, Frames, Profile, parse_calibration, parse_profile
from service.gait import parameters as p

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

LOAD: Final = 0
MEDIAL: Final = 1
LATERAL: Final = 2
ACROSS: Final = 3
ALONG: Final = 4
CHANNELS: Final = 5
"""Columns: load; its medial and its lateral part; load times `ml`, load times `ap` (over load: center of pressure)."""


@dataclass(frozen=True, eq=False)
class Layout:
    """One insole compiled: what turns its readings into channels, and which measures its sensors can carry."""

    unit: str  # of the load: "N" or "raw"
    rate_hz: float
    zero: Float64s  # (s,)
    weights: Float64s  # (CHANNELS, s): gain times area times the channel's weight
    along: bool  # the center of pressure along the foot can be told
    across: bool  # and the one across it, and the medial-lateral index

    @property
    def count(self) -> int:
        """Number of sensors."""
        return int(self.weights.shape[1])

    @property
    def hole_ns(self) -> int:
        """Distance of two samples from which on data is missing between them."""
        return round(max(p.HOLE_SAMPLES / self.rate_hz, p.HOLE_S) * SECOND)

    def channels(self, frames: Frames) -> tuple[Int64s, Float64s]:
        """Return times (n,) and channels (n, CHANNELS) of the samples that have readings.

        A missing reading (NaN) is made up for in the load by the area of the others; the channels across and along
        the foot are then NaN, since they would lean to the sensors that are left.
        """
        reading = np.ascontiguousarray(frames.pressure, np.float64) - self.zero
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


def layout_of(device: Device) -> Layout:
    """Compile a device row.

    Raises:
        ConfigError: the stored profile or calibration cannot be read.
    """
    origin = f"device {device.device}"
    profile = parse_profile(device.profile, origin)
    calibration = parse_calibration(device.calibration) if device.calibration else Calibration()
    for name, values in (("zero", calibration.zero), ("gain", calibration.gain)):
        if values and len(values) != profile.sensors.count:
            raise ConfigError(f"{origin}: calibration {name} needs one value for each of its sensors")
    return compile_layout(profile, calibration)


def compile_layout(profile: Profile, calibration: Calibration) -> Layout:
    """Compile a profile with an insole's own zero and gain: load = Σ (reading - zero) · gain · area.

    kPa · mm² = 1e-3 N. Readings without a physical unit stay raw, weighted by the area that each sensor stands for.
    """
    sensors = profile.sensors
    count = sensors.count
    zero = np.asarray(calibration.zero or np.zeros(count), np.float64)
    gain = np.asarray(calibration.gain or np.ones(count), np.float64)
    area = np.asarray(sensors.area_mm2, np.float64)
    to_load = {"kPa": area * 1e-3, "N": np.ones(count)}.get(profile.unit, area / area.mean())
    load = np.ascontiguousarray(gain * to_load)
    side = medial_weight(sensors.ml, profile.width_mm)
    weights = np.stack(
        [load, load * np.maximum(side, 0), load * np.maximum(-side, 0), load * sensors.ml, load * sensors.ap]
    )
    fore = sensors.ap >= 0.5
    both = [bool((side[part] > 0).any() and (side[part] < 0).any()) for part in (fore, ~fore)]
    return Layout(
        unit="raw" if profile.unit not in {"kPa", "N"} else "N",
        rate_hz=profile.rate_hz,
        zero=zero,
        weights=weights,
        along=bool(fore.any() and (~fore).any()),
        across=all(both),
    )


def medial_weight(ml: Float64s, width_mm: float) -> Float64s:
    """Return how medial (1) or lateral (-1) each sensor is, from `ml` (0 lateral, 1 medial): the one place for that."""
    return np.clip((np.asarray(ml, np.float64) - 0.5) * width_mm / p.SOFT_EDGE_MM, -1.0, 1.0)


@cache
def plain_layout(count: int) -> Layout:
    """Return the layout of an insole that nobody described: a raw sum at 100 Hz, and no positions."""
    weights = np.zeros((CHANNELS, count))
    weights[LOAD] = 1.0
    return Layout("raw", 100.0, np.zeros(count), weights, along=False, across=False)
