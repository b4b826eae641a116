"""What the hardware makes of a pressure: gain, bend, creep, hysteresis, offset, warmth, noise, steps, and faults.

Sizes are those published for in-shoe systems: sensor gains differ by 5 % (capacitive), readings creep by up to 17 %
in hours (Arndt 2003, J Biomech 36:1813), mean hysteresis 7.7 % (Blades 2023, Sensors 23), offsets follow warmth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import Float32s, Float64s

RAW_KPA = 1000.0  # a device of raw counts reads its full scale at this pressure
BENT_AT_KPA = 200.0  # where a sensor whose gamma is not 1 still reads true
CREEP_S, WARM_S = 40 * 60.0, 7 * 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something broken on one insole, from `begin_s` of each session on.

    `dead` reads nothing, `stuck` reads `value` (in the profile's unit), `intermittent` reads nothing in the part
    `value` of its samples, `gain` multiplies by `value`, reached within `over_s`. Sensor -1 is all of them.
    """

    kind: Literal["dead", "stuck", "intermittent", "gain"]
    sensor: int = -1
    value: float = 0.0
    begin_s: float = 0.0
    over_s: float = 0.0

    def factor(self, t: Float64s) -> Float64s:
        """Return the gain at `t` seconds of the session."""
        part = np.clip((t - self.begin_s) / self.over_s, 0, 1) if self.over_s else t >= self.begin_s
        return np.asarray(1 + (self.value - 1) * part, np.float64)

    @property
    def columns(self) -> slice:
        """Return the sensors that it hits."""
        return slice(None) if self.sensor < 0 else slice(self.sensor, self.sensor + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Hardware:
    """One insole's sensors: per-sensor factors and errors, in kPa where they have a unit."""

    gain: Float64s
    gamma: Float64s
    offset: Float64s
    warm: Float64s  # kPa that the offset gains with warmth
    creep: float
    hysteresis: float  # how much higher than loading unloading reads, part of the peak
    noise: float
    bits: int  # of the converter over the full scale; 0 = exact

    @property
    def ideal(self) -> bool:
        """Tell whether it reads the pressure itself."""
        return self.noise == 0 and self.bits == 0


def ideal_hardware(count: int) -> Hardware:
    """Return sensors that read the pressure itself."""
    return Hardware(np.ones(count), np.ones(count), np.zeros(count), np.zeros(count), 0.0, 0.0, 0.0, 0)


def draw_hardware(count: int, seed: int, foot: int) -> Hardware:
    """Return an ordinary insole of capacitive sensors, the same for ever for a seed and foot."""
    rng = np.random.default_rng([seed, 21, foot])
    return Hardware(
        gain=np.exp(0.05 * rng.standard_normal(count)),
        gamma=np.clip(1 + 0.02 * rng.standard_normal(count), 0.95, 1.05),
        offset=rng.uniform(0, 3, count),
        warm=rng.uniform(0, 3, count),
        creep=float(rng.uniform(0, 0.06)),
        hysteresis=float(rng.uniform(0.03, 0.08)),
        noise=1.2,
        bits=12,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The way from pressure to numbers: the sensors of a profile, and what is broken in them."""

    hardware: Hardware
    profile: Profile
    faults: Sequence[Fault] = ()

    def read(self, pressure: Float64s, stance: NDArray[np.int64], t: Float64s) -> Float64s:
        """Return the analog reading in the profile's unit, without noise.

        Args:
            pressure: kPa, (n, sensors).
            stance: number of the latest contact for each sample, not decreasing; hysteresis begins anew with each.
            t: seconds of the session, (n,).
        """
        hardware, p = self.hardware, pressure
        if not hardware.ideal:
            p = _hysteretic(p, stance, hardware.hysteresis)
            p = BENT_AT_KPA * (p / BENT_AT_KPA) ** hardware.gamma * hardware.gain
            p = p * (1 + hardware.creep * (1 - np.exp(-t / CREEP_S)))[:, None]
            p = p + hardware.offset + (1 - np.exp(-t / WARM_S))[:, None] * hardware.warm
        for fault in self.faults:
            if fault.kind == "gain":
                p = p.copy()
                p[:, fault.columns] *= fault.factor(t)[:, None]
        return np.asarray(p * _unit(self.profile), np.float64)

    def convert(self, reading: Float64s, t: Float64s, rng: np.random.Generator) -> Float32s:
        """Return what the converter gives: noise added, cut to the scale, in its steps, with what is broken."""
        hardware, full = self.hardware, self.profile.full_scale
        if hardware.noise:
            noise = rng.standard_normal(reading.shape, np.float32)
            reading = reading + noise * (hardware.noise * _unit(self.profile))
        reading = np.clip(reading, 0, full)
        if hardware.bits and np.isfinite(full):
            step = full / (2**hardware.bits - 1)
            reading = np.round(reading / step) * step
        for fault in self.faults:
            _break(fault, reading, t, rng)
        return np.asarray(reading, np.float32)


def _break(fault: Fault, reading: Float64s, t: Float64s, rng: np.random.Generator) -> None:
    since = t >= fault.begin_s
    if fault.kind == "intermittent":
        since = since & (rng.random(len(t)) < fault.value)
    if fault.kind in {"dead", "intermittent"}:
        reading[since, fault.columns] = 0.0
    elif fault.kind == "stuck":
        reading[since, fault.columns] = fault.value


def _hysteretic(p: Float64s, stance: NDArray[np.int64], size: float) -> Float64s:
    """Let falling pressure read high: at half of the peak by `size` of the peak, at the peak and at zero by nothing."""
    apart = 1e5 * (stance - stance[0])[:, None]  # kPa; keeps one stance's maximum out of the next
    highest = np.maximum.accumulate(p + apart, axis=0) - apart
    with np.errstate(divide="ignore", invalid="ignore"):
        extra = 4 * size * p * np.where(highest > 0, 1 - p / highest, 0.0)
    return p + np.maximum(extra, 0.0)


def _unit(profile: Profile) -> Float64s | float:
    """Return what one kPa is in the profile's unit."""
    if profile.unit == "N":
        return profile.sensors.area_mm2 * 1e-3
    if profile.unit == "raw" and np.isfinite(profile.full_scale):
        return profile.full_scale / RAW_KPA
    return 1.0
