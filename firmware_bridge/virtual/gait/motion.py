"""What the inertial unit in the sole feels: plain, but with the shape that a foot's swing has.

Axes: x to the toes, y medial, z up through the foot. Pitch is positive toes down (rotation about y), roll positive
to the medial side (about x). Resting on level ground: acceleration (0, 0, 1) g.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from firmware_bridge.model import Float32s, Float64s
from firmware_bridge.virtual.gait.ground_reaction import monotone_cubic

_PHASE = np.linspace(0, 2, 401)  # 0 to 1 over stance, 1 to 2 over swing
_PITCH = monotone_cubic(  # degrees
    np.array([0, 0.12, 0.55, 0.8, 1.0, 1.2, 1.5, 1.85, 2.0]),
    np.array([-15.0, 0, 0, 18, 50, 75, 30, -20, -15]),
    _PHASE,
)
_ROLL = monotone_cubic(np.array([0, 0.35, 0.8, 1.0, 2.0]), np.array([0.0, 1, 0.2, 0, 0]), _PHASE)
_PITCH_SLOPE, _ROLL_SLOPE = np.gradient(_PITCH, _PHASE), np.gradient(_ROLL, _PHASE)


class Swings(NamedTuple):
    """The stances of one foot and the swings after them, arrays of one length, seconds."""

    begin: Float64s
    support: Float64s
    stride_time: Float64s
    pronation: Float64s


def feel(t: Float64s, swings: Swings) -> tuple[Float32s, Float32s]:
    """Return acceleration (g) and rotation (deg/s), each (n, 3), at `t` seconds."""
    begin, support, stride_time, pronation = swings
    latest = np.searchsorted(begin, t, side="right") - 1
    acc, gyro = np.zeros((len(t), 3), np.float32), np.zeros((len(t), 3), np.float32)
    acc[:, 2] = 1.0
    moving = np.flatnonzero(latest >= 0)
    if moving.size == 0:
        return acc, gyro
    k = latest[moving]
    since, swing = t[moving] - begin[k], np.maximum(stride_time[k] - support[k], 0.05)
    stance = since < support[k]
    phase = np.where(stance, since / support[k], 1 + (since - support[k]) / swing)
    going = phase < 2.15  # afterwards the foot stands
    moving, k, since, stance, swing = moving[going], k[going], since[going], stance[going], swing[going]
    phase = np.minimum(phase[going], 2.0)
    rate = 1 / np.where(stance, support[k], swing)
    pitch = np.radians(np.interp(phase, _PHASE, _PITCH))
    lift = np.where(stance, 0.0, np.sin(np.pi * (phase - 1)))
    forward = np.where(stance, 0.0, 4.0 * np.cos(np.pi * (phase - 1)))
    impact = 3.0 * np.exp(-since / 0.012) * np.cos(2 * np.pi * since / 0.03) * (since < 0.08)
    acc[moving, 0] = -np.sin(pitch) + forward - 0.4 * impact
    acc[moving, 2] = np.cos(pitch) + lift + impact
    gyro[moving, 0] = (6 + 2 * pronation[k]) * np.interp(phase, _PHASE, _ROLL_SLOPE) * rate
    gyro[moving, 1] = np.interp(phase, _PHASE, _PITCH_SLOPE) * rate
    return acc, gyro
