"""Where under the foot the force acts: nine Gaussian sources whose weights change over stance and with pronation.

The sources are heel, midfoot, metatarsals, hallux and toes with typical places, sizes and times of loading (De Cock
2005 for the phases of running). A latent pronation shifts weight between medial and lateral sources; it is the truth
that a pronation measure is judged by. Places are mm from the insole's middle (medial positive) and from the heel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import Float64s

WIDTH_MM, LENGTH_MM = 96.0, 265.0  # of the foot that the table describes
SHOE_MM = 3.0  # a shoe blurs every source by this
MEDIAL_GAIN = 0.28
COVERING = 0.45  # of length times width: from here on a layout is meant to cover the foot

# place x mm, y % of length, size mm, medial weight, (run: amplitude, on, off), (walk: ...), width of on and off
_TABLE = np.array(
    [
        [12, 13, 13, 1.0, 1.00, -0.05, 0.33, 1.00, -0.05, 0.55, 0.02, 0.05],  # heel medial
        [-12, 13, 13, -1.0, 1.05, -0.08, 0.28, 0.95, -0.07, 0.50, 0.02, 0.05],  # heel lateral
        [16, 43, 12, 3.0, 0.12, 0.12, 0.55, 0.10, 0.12, 0.62, 0.05, 0.06],  # midfoot medial
        [-22, 43, 13, -0.6, 0.50, 0.06, 0.58, 0.40, 0.09, 0.68, 0.04, 0.06],  # midfoot lateral
        [27, 72, 11, 1.0, 0.95, 0.30, 1.05, 0.80, 0.50, 1.05, 0.11, 0.04],  # metatarsal 1
        [3, 74, 13, 0.1, 1.25, 0.13, 0.99, 1.15, 0.22, 0.97, 0.05, 0.04],  # metatarsals 2, 3
        [-29, 67, 12, -1.0, 1.05, 0.07, 0.82, 1.05, 0.12, 0.84, 0.04, 0.06],  # metatarsals 4, 5
        [25, 92, 9, 0.6, 0.95, 0.62, 1.10, 0.95, 0.76, 1.10, 0.10, 0.04],  # hallux
        [-6, 89, 13, -0.3, 0.22, 0.45, 1.10, 0.18, 0.66, 1.10, 0.07, 0.04],  # toes
    ]
)
_X, _Y, _SIZE, _MEDIAL = _TABLE[:, :4].T
_RUN, _WALK, _EDGES = _TABLE[:, 4:7].T, _TABLE[:, 7:10].T, _TABLE[:, 10:].T
REGION_COUNT = len(_TABLE)
_NAN = float("nan")
_FOREFOOT = np.array(  # factor on amplitude, earliest on, latest off, and on instead
    [
        [0.25, 0.25, 1, 1, 1, 1, 1, 1, 1],
        [0.20, 0.20, *[_NAN] * 7],
        [0.50, 0.50, *[_NAN] * 7],
        [_NAN, _NAN, _NAN, _NAN, 0.06, 0.02, -0.05, _NAN, _NAN],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class _Foot:
    """One foot's anatomy: factors on the sources' weights, and where they lie (mm)."""

    amplitude: Float64s  # (9,)
    shift: Float64s  # (9, 2) mm


@dataclass(frozen=True, slots=True)
class Placement:
    """How an insole lies in the shoe: shift (mm) and turn (degrees)."""

    medial: float = 0.0
    forward: float = 0.0
    turn: float = 0.0


def draw_foot(seed: int, foot: int) -> _Foot:
    """Return the anatomy of a person's foot: people differ by 15 % and 2.5 mm, the two feet of one by a third of it."""
    person, own = np.random.default_rng([seed, 11]), np.random.default_rng([seed, 12, foot])
    amplitude = np.exp(0.15 * person.standard_normal(REGION_COUNT) + 0.04 * own.standard_normal(REGION_COUNT))
    shift = 2.5 * person.standard_normal((REGION_COUNT, 2)) + 0.8 * own.standard_normal((REGION_COUNT, 2))
    return _Foot(amplitude, np.clip(shift, -5, 5))


def weights(
    s: Float64s, pronation: Float64s, running: bool, *, forefoot: bool = False, factor: Float64s | None = None
) -> Float64s:
    """Return each source's share of the force, (..., 9), sum 1, at `s` (0 to 1 of stance) and latent `pronation`."""
    amplitude, on, off = _RUN if running else _WALK
    rise, fall = _EDGES
    if forefoot:  # the heel comes late and little, the outer metatarsals first
        amplitude, on, off = amplitude * _FOREFOOT[0], np.fmax(on, _FOREFOOT[1]), np.fmin(off, _FOREFOOT[2])
        on = np.where(np.isnan(_FOREFOOT[3]), on, _FOREFOOT[3])
    s = np.clip(s, 0, 1)[..., None]
    lean = 0.35 + 0.65 * _sigmoid((s - 0.08) / 0.03) * _sigmoid((0.70 - s) / 0.04)
    log = MEDIAL_GAIN * np.asarray(pronation)[..., None] * _MEDIAL * lean
    w = amplitude * _sigmoid((s - on) / rise) * _sigmoid((off - s) / fall) * np.exp(log)
    if factor is not None:
        w = w * factor
    return np.asarray(w / w.sum(axis=-1, keepdims=True), float)


def matrix(profile: Profile, foot: _Foot, placement: Placement) -> Float64s:
    """Return what each sensor reads (kPa) per newton at each source, (9, sensors).

    A sensor reads the mean pressure over a disc of its area, which for a Gaussian is very nearly a Gaussian wider by
    a quarter of the squared radius. On a layout whose areas are meant to cover the foot, every source is scaled so
    that the well-placed insole carries its whole force: sum(p A) = F by construction, before any fault of mounting
    or sensor. A layout of separate small sensors reads what it reads.
    """
    area = profile.sensors.area_mm2
    carried = _responses(profile, foot, Placement())
    read = _responses(profile, foot, placement)
    if area.sum() >= COVERING * profile.length_mm * profile.width_mm:
        read = read / (carried @ area)[:, None]
    return read * 1e3  # N/mm^2 to kPa


def _responses(profile: Profile, foot: _Foot, placement: Placement) -> Float64s:
    sensors = profile.sensors
    wide, long = profile.width_mm / WIDTH_MM, profile.length_mm / LENGTH_MM
    x0, y0 = (2 * sensors.ml - 1) * profile.width_mm / 2, (sensors.ap - 0.5) * profile.length_mm
    turn = np.radians(placement.turn)
    x = x0 * np.cos(turn) - y0 * np.sin(turn) + placement.medial
    y = x0 * np.sin(turn) + y0 * np.cos(turn) + placement.forward + profile.length_mm / 2
    source_x = _X * wide + foot.shift[:, 0]
    source_y = _Y / 100 * profile.length_mm + foot.shift[:, 1]
    spread = (_SIZE * (wide + long) / 2 + SHOE_MM)[:, None] ** 2 + sensors.area_mm2[None, :] / np.pi / 4
    square = (x - source_x[:, None]) ** 2 + (y - source_y[:, None]) ** 2
    return np.asarray(np.exp(-square / (2 * spread)) / (2 * np.pi * spread), float)


def _sigmoid(x: Float64s) -> Float64s:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))), float)
