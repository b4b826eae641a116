"""A foot pod, or a watch that speaks as one: the standard Bluetooth service Running Speed and Cadence.

Source of formats and UUIDs: Bluetooth SIG, Running Speed and Cadence Service 1.0, RSC Measurement.
"""

from __future__ import annotations

import math
import struct

from firmware_bridge.devices.link_setup import BleLink, Subscribe
from firmware_bridge.model import SECOND, Pace

RUNNING_SPEED_AND_CADENCE = "00001814-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a53-0000-1000-8000-00805f9b34fb"
_STALL_S = 30.0
"""It tells something every second, but some are silent while their wearer stands; a broken link is noticed anyway."""
LINK = BleLink(
    name_prefix=(),
    name_regex=None,
    service=RUNNING_SPEED_AND_CADENCE,
    maker=None,
    data=MEASUREMENT,
    characteristics=(MEASUREMENT,),
    side=None,
    battery=None,
    mtu=None,
    start=(Subscribe(MEASUREMENT),),
    stop=(),
    stall_s=_STALL_S,
)

_HAS_STRIDE, _HAS_DISTANCE, _RUNNING = 1, 2, 4
_DEFINED = 7
"""Flags that have a meaning; behind the fields of others, which a later edition may add, nobody looks."""
_PER_MPS, _PER_M, _PER_10_M = 256, 100, 10  # units of speed, stride length and distance


def pace_of(data: bytes, time: int, wearer: str, battery_pct: float = math.nan) -> Pace | None:
    """Return what a measurement tells, None where it is malformed: shorter or longer than its flags say.

    Args:
        data: one notification of `MEASUREMENT`.
        time: when it came, UTC ns.
        wearer: whose pod it is.
        battery_pct: what the pod tells of its battery.
    """
    size = _layout(data[0]).size if data else 1
    if len(data) < size or (len(data) > size and data[0] <= _DEFINED):
        return None
    flags, speed, cadence, *rest = _layout(data[0]).unpack_from(data)
    stride = rest[0] / _PER_M if flags & _HAS_STRIDE else math.nan
    distance = rest[-1] / _PER_10_M if flags & _HAS_DISTANCE else math.nan
    second = time // SECOND * SECOND
    return Pace(second, wearer, speed / _PER_MPS, float(cadence), stride, distance, bool(flags & _RUNNING), battery_pct)


def notification_of(pace: Pace) -> bytes:
    """Return the notification that tells this, each value as near as its unit comes."""
    flags, rest = _RUNNING * pace.running, []
    for flag, value, unit in ((_HAS_STRIDE, pace.stride_m, _PER_M), (_HAS_DISTANCE, pace.distance_m, _PER_10_M)):
        if not math.isnan(value):
            flags |= flag
            rest.append(round(value * unit))
    return _layout(flags).pack(flags, round(pace.speed_mps * _PER_MPS), round(pace.cadence_spm), *rest)


def _layout(flags: int) -> struct.Struct:
    return struct.Struct("<BHB" + "H" * bool(flags & _HAS_STRIDE) + "I" * bool(flags & _HAS_DISTANCE))
