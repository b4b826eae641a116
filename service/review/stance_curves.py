"""What the sole felt through a bout's stances: the force over the stance, and each sensor's part of the load.

Made of stored samples, of some hundred steps evenly chosen, one after the other: the memory that it takes does not
grow with the bout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_bridge import SECOND, Device, Float64s, Frames, Profile, Side, parse_profile
from service.gait.signal.load import LOAD, Layout, areas, layout_of
from service.records.rows import Step

POINTS = 101
"""Places of a stance at which its force is told: 0 to 100 %, as gait laboratories do."""
MOST = 200
"""Steps of a foot that are looked at: the mean of a stance's loads is steady from about 200 on (Godi 2014, J Neuroeng
Rehabil 11:95)."""
SWING_NS = 120 * SECOND // 1000
"""How much of the swing before a contact is read, to know the unloaded level."""
_SETTLED_NS = 30 * SECOND // 1000
_MIN_SAMPLES = 8


@dataclass(frozen=True, eq=False)
class Positions:
    """Where a foot's sensors lie."""

    ml: Float64s  # 0 lateral, 1 medial
    ap: Float64s  # 0 heel, 1 toe
    area_mm2: Float64s
    length_mm: float
    width_mm: float

    def same(self, other: Positions) -> bool:
        """Tell whether two insoles feel at the same places."""
        return len(self.ml) == len(other.ml) and bool(np.allclose([self.ml, self.ap], [other.ml, other.ap], atol=1e-3))


@dataclass(frozen=True, eq=False)
class MeanStance:
    """The mean stance of one foot in one bout."""

    side: Side
    unit: str  # of the force: "N" or "raw"
    steps: int
    force: Float64s  # (POINTS,) mean over the stance
    force_sd: Float64s  # (POINTS,) between steps
    loads: Float64s  # (s,) mean share of the stance's load that each sensor carried; NaN where it does not work
    sensors: Positions


def evenly_spread(steps: Sequence[Step], most: int = MOST) -> list[Step]:
    """Return at most so many of the steps, evenly spread over them."""
    if len(steps) <= most:
        return list(steps)
    return [steps[i] for i in np.linspace(0, len(steps) - 1, most).round().astype(int)]


class Gathered:
    """Sums up the stances of one foot on one insole.

    Raises:
        ConfigError: the insole's description cannot be read.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._layout = layout_of(device)
        self._profile: Profile = parse_profile(device.profile, f"device {device.device}")
        self._curves: list[Float64s] = []
        self._loads: list[Float64s] = []

    def add(self, step: Step, frames: Iterable[Frames]) -> None:
        """Take the samples around one step; those of other insoles, and steps with too few samples, are left out."""
        own = [part for part in frames if part.side is step.side and part.device == self._device.device]
        if not own:
            return
        time = np.concatenate([part.time for part in own])
        reading = np.concatenate([part.pressure for part in own]).astype(np.float64)
        inside = (time >= step.time) & (time <= step.foot_off)
        if inside.sum() < _MIN_SAMPLES:
            return
        load = _loads(reading, time, step, self._layout)
        total = np.nansum(load[inside], axis=1)
        share = (time[inside] - step.time) / (step.foot_off - step.time)
        each = load[inside].sum(axis=0)
        if np.nansum(each) > 0:
            self._curves.append(np.interp(np.linspace(0, 1, POINTS), share, total))
            self._loads.append(each / np.nansum(each))

    def mean_stance(self) -> MeanStance | None:
        """Return the mean stance; None where no step was complete."""
        if not self._curves:
            return None
        curves, loads = np.array(self._curves), np.array(self._loads)
        known = np.isfinite(loads).mean(axis=0) > 0.5
        mean = np.full(loads.shape[1], np.nan)
        mean[known] = np.nanmean(loads[:, known], axis=0)
        mean[mean <= 0] = np.nan  # never loaded in a whole bout: it does not work, or nothing lies on it
        sensors = self._profile.sensors
        return MeanStance(
            side=Side(self._device.side),
            unit=self._layout.unit,
            steps=len(curves),
            force=curves.mean(axis=0),
            force_sd=curves.std(axis=0, ddof=1) if len(curves) > 1 else np.full(POINTS, math.nan),
            loads=mean,
            sensors=Positions(
                np.asarray(sensors.ml, np.float64),
                np.asarray(sensors.ap, np.float64),
                areas(self._profile),
                self._profile.length_mm,
                self._profile.width_mm,
            ),
        )


def _loads(reading: Float64s, time: np.typing.NDArray[np.int64], step: Step, layout: Layout) -> Float64s:
    """Return each sensor's load over its unloaded level right before the contact, never below nothing."""
    swing = (time >= step.time - SWING_NS) & (time <= step.time - _SETTLED_NS)
    level = np.median(reading[swing], axis=0) if swing.any() else layout.zero
    return np.asarray(np.maximum((reading - level) * layout.weights[LOAD], 0.0), np.float64)
