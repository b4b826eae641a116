"""Which sensors of an insole are broken, told by their readings while the others follow the steps.

Looked at are stretches of `RESET_NS` of event time as a whole, and single stances against what a stretch before showed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from firmware_bridge import SECOND, Bools, Float32s, Float64s, Int64s, Profile
from service.gait import thresholds as p
from service.gait.sensor_health.window_statistics import Indices, Stretch, over, zero_filled

DEAD, STUCK, _SATURATED, INTERMITTENT = "dead", "stuck", "saturated", "intermittent"
SUSPECT = "suspect"
WHOLE_INSOLE = -1
_NEIGHBORS = 3
_BEFORE_NS = SECOND // 5
_TAIL_NS = round((p.MAX_STANCE_S + 1) * SECOND)


class Defect(NamedTuple):
    """What is broken: a sensor, or (`WHOLE_INSOLE`) most of them; `kind` says how."""

    sensor: int
    kind: str


@dataclass(frozen=True, eq=False)
class SensorMap:
    """What of an insole matters for its sensors' health."""

    across_mm: Float64s  # (s,)
    along_mm: Float64s
    zero: Float64s  # reading of the unloaded sensor, by calibration
    full_scale: float
    neighbors: Indices  # (s, 3), nearest first; a lone sensor has itself
    loaded: Bools  # (s,) lies where everybody loads the sole, with a neighbor that does too

    @property
    def count(self) -> int:
        """Number of sensors."""
        return len(self.across_mm)

    def at(self, sensor: int) -> tuple[float, float]:
        """Return where a sensor lies, mm across and along."""
        return float(self.across_mm[sensor]), float(self.along_mm[sensor])

    def nearest(self, across_mm: float, along_mm: float) -> int:
        """Return the sensor that is nearest to a place."""
        return int(np.argmin((self.across_mm - across_mm) ** 2 + (self.along_mm - along_mm) ** 2))


def sensor_map(profile: Profile, zero: tuple[float, ...] = ()) -> SensorMap:
    """Compile a profile. Neighbors under the heel and under the metatarsal heads are looked for there only."""
    sensors = profile.sensors
    across, along = sensors.ml * profile.width_mm, sensors.ap * profile.length_mm
    zone = np.where(sensors.ap <= p.HEEL_UNTIL, 1, 0)
    zone[(sensors.ap >= p.FOREFOOT_FROM) & (sensors.ap <= p.BALL_UNTIL)] = 2
    apart = np.hypot(across[:, None] - across, along[:, None] - along)
    neighbors, loaded = [], []
    for k in range(sensors.count):
        near = [int(i) for i in np.argsort(apart[k], kind="stable") if i != k]
        same = [i for i in near if zone[i] == zone[k] != 0]
        loaded.append(bool(same))
        found = (same or near or [k])[:_NEIGHBORS]
        neighbors.append([found[i % len(found)] for i in range(_NEIGHBORS)])
    at_rest = np.asarray(zero or np.zeros(sensors.count), np.float64)
    return SensorMap(across, along, at_rest, profile.full_scale, np.array(neighbors), np.array(loaded))


class SensorMonitor:
    """Watch one insole's sensors.

    Law: what is found depends on the samples since the last `reset`, not on how they were cut.
    """

    def __init__(self, places: SensorMap) -> None:
        self._places = places
        self._time: list[Int64s] = []
        self._readings: list[Float32s] = []
        self._first = 0  # of the pieces that no decision has looked at
        self.reset()

    def reset(self) -> None:
        """Forget what was usual."""
        self._usual: Float64s | None = None
        self._silent = np.zeros(self._places.count, np.bool_)  # sensors, in the stance before

    def add(self, time: Int64s, readings: Float32s) -> None:
        """Take samples, later than those before."""
        self._time.append(time)
        self._readings.append(np.where(np.isfinite(readings), readings, np.float32(np.nan)))

    def decide(self) -> list[Defect]:
        """Return what is broken by the samples since the last decision; nothing where there were too few steps."""
        times, readings = self._time[self._first :], self._readings[self._first :]
        found: list[Defect] = []
        if times:
            found, self._usual = look(np.concatenate(times), np.concatenate(readings), self._places, self._usual)
            tail = self._time[-1][-1] - _TAIL_NS
            keep = next(k for k, time in enumerate(self._time) if time[-1] >= tail)
            self._time, self._readings = self._time[keep:], self._readings[keep:]
        self._first = len(self._time)
        return found

    def doubt(self, contact: int, foot_off: int, bad: frozenset[int]) -> str:
        """Return why a stance is not to be believed, "" where it is; `bad` sensors are not looked at.

        A sensor that was silent in the stance before, too, is suspect: a single odd step may leave one out.
        """
        since = contact - _BEFORE_NS
        first = len(self._time)
        while first and self._time[first - 1][-1] >= since:
            first -= 1
        last = first
        while last < len(self._time) and self._time[last][0] <= foot_off:
            last += 1
        if first == last:
            return ""
        time = np.concatenate(self._time[first:last])
        readings = np.concatenate(self._readings[first:last])
        begin, contact_at, end = np.searchsorted(time, [since, contact, foot_off])
        looked = np.array([k not in bad for k in range(self._places.count)])
        full = at_full_scale(readings[contact_at:end], self._places)
        if end > contact_at and (full.mean(axis=0)[looked] > p.SATURATED).any():
            return _SATURATED
        if self._usual is None or end == begin:
            return ""
        span = np.fmax.reduce(readings[begin:end], axis=0) - np.fmin.reduce(readings[begin:end], axis=0)
        part = over(zero_filled(span), self._usual)
        follows = np.median(part[self._places.neighbors], axis=1) >= p.WATCH_MOVING
        matters = self._usual >= p.MATTERS * self._usual.max()
        before, self._silent = self._silent, looked & follows & matters & (part < p.SILENT)
        return SUSPECT if (before & self._silent).any() else ""


def look(
    time: Int64s, readings: Float32s, places: SensorMap, usual: Float64s | None = None
) -> tuple[list[Defect], Float64s | None]:
    """Look at a stretch of samples.

    Args:
        time: (n,) UTC ns.
        readings: (n, s) without calibration, NaN where missing.
        places: of the sensors.
        usual: (s,) range of each sensor within a stride in a stretch before; None where there was none.

    Returns:
        What is broken, and each sensor's usual range, of this stretch where it is sound.
    """
    stretch = Stretch.of(time, np.asarray(readings, np.float64) - places.zero)
    now = stretch.usual()
    before = np.zeros(places.count) if usual is None else usual
    own = np.maximum(now, before)
    cycles = stretch.cycles(own)
    if cycles < p.WATCH_CYCLES:
        return [], usual
    sent = np.isfinite(readings)
    missing = 1 - sent.sum(axis=0) / sent.any(axis=1).sum()
    silent = stretch.silences(own, before >= p.MATTERS * own.max(), places.neighbors, places.loaded)
    sound = own >= p.MATTERS * own.max()
    stuck = silent.level > np.median(stretch.rest()[sound]) + p.STUCK_LEVEL * np.median(own[sound])
    kinds: dict[int, str] = {}
    for kind, broken in (
        (INTERMITTENT, stretch.jumps(own) > p.JUMPS * cycles),
        (_SATURATED, stretch.often(at_full_scale(readings, places), own)),
        (INTERMITTENT, silent.passing | (missing > p.PATCHY)),
        (STUCK, silent.lasting & stuck),
        (DEAD, (silent.lasting & ~stuck) | (missing > p.GONE)),
    ):
        kinds |= dict.fromkeys(np.flatnonzero(broken).tolist(), kind)
    usual = np.where([k in kinds for k in range(places.count)], before, now)
    if len(kinds) > p.BROKEN_INSOLE * places.count:
        return [Defect(WHOLE_INSOLE, Counter(kinds.values()).most_common(1)[0][0])], usual
    return [Defect(k, kinds[k]) for k in sorted(kinds)], usual


def at_full_scale(readings: Float32s, places: SensorMap) -> Bools:
    """Tell which readings (n, s) are at the end of the range; it is not the end where a sensor's readings go beyond."""
    if not np.isfinite(places.full_scale):
        return np.zeros(readings.shape, np.bool_)
    at = np.abs(readings - places.full_scale) <= p.FULL_SCALE * places.full_scale
    beyond = (readings > (1 + p.FULL_SCALE) * places.full_scale).any(axis=0)
    return np.asarray(at & ~beyond, np.bool_)
