"""What whole packets say, as arrays, and how a number on the wire becomes a reading and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.curves import bend, unbend
from firmware_bridge.model import Float32s, Int64s
from firmware_bridge.payload_schema import UNITS, ValueTable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Readings:
    """The content of n packets of up to m samples each, oldest sample first."""

    packet: Int64s  # (n,) which of the given packets each one is: comments and the other foot's are left out
    sequence: Int64s  # (n,) as sent; zeros where the device counts nothing
    tick: Int64s  # (n,) device time of the oldest sample, ns, as sent; zeros where it sends none
    battery: Floats  # (n,) percent, NaN where not sent
    values: Mapping[str, Float32s]  # by role, (n, m, count); NaN = missing
    # (n, m) ns since the packet's oldest sample, -1 behind its last one; None: m samples, 1 / rate_hz apart
    since: Int64s | None = None

    def chosen(self, rows: NDArray[np.intp]) -> Readings:
        """Return the content of some of the packets."""
        if len(rows) == len(self.packet):
            return self
        return Readings(
            packet=self.packet[rows],
            sequence=self.sequence[rows],
            tick=self.tick[rows],
            battery=self.battery[rows],
            values={role: array[rows] for role, array in self.values.items()},
            since=None if self.since is None else self.since[rows],
        )


class Payload(Protocol):
    """How the content of packets is written: read and write are each other's inverse, up to the wire's resolution."""

    samples: int  # in a packet
    sequence_modulus: int | None  # where the packets' number wraps, None where there is none
    tick_modulus: int | None  # where the device's time wraps, ns
    corrupt: int  # packets whose content was not understood

    @property
    def trouble(self) -> str:
        """Why nothing is believed at the moment, in words for the log; "" where all is well."""

    def read(self, packets: list[bytes]) -> Readings:
        """Return what whole packets say."""

    def write(self, sequence: Int64s, tick: Int64s, battery: float, values: Mapping[str, Floats]) -> list[bytes]:
        """Return packets; values by role, (n, m, count), counters wrapped here."""

    def reset(self) -> None:
        """Forget what the device said about itself: after a lost link it may be another one."""


def to_readings(sent: NDArray[np.generic], value: ValueTable) -> Float32s:
    """Turn sent numbers (…, count) into readings (see `ValueTable`); sentinels and what is not finite are NaN."""
    with np.errstate(over="ignore", invalid="ignore"):  # a device may send any bits as a float
        raw = sent.astype(np.float64)
        straight = _inverted(raw, value)
        reading = straight * np.asarray(value.scale) + value.offset
        if value.curve is not None:
            reading = bend(reading, value.curve)
        if value.unit is not None:
            reading = reading * UNITS[value.unit].factor
        if value.clip is not None:
            reading = np.clip(reading, *value.clip)
        result: Float32s = reading.astype(np.float32)
    missing = ~np.isfinite(result)
    for sentinel in value.missing:
        missing |= raw == sentinel
    result[missing] = np.nan
    return result


def to_sent(readings: Floats, value: ValueTable, low: float, high: float, decimals: int | None = 0) -> Floats:
    """Turn readings into the numbers to send, the inverse of `to_readings`.

    Rounded to `decimals` (None: not at all) and held within low..high and the sensor's range, as a converter would.
    NaN becomes the first sentinel; where there is none it stays NaN.
    """
    straight = np.asarray(readings, np.float64)
    if value.unit is not None:
        straight = straight / UNITS[value.unit].factor
    if value.curve is not None:
        straight = unbend(straight, value.curve)
    raw: Floats = (straight - value.offset) / np.asarray(value.scale)
    low, high = low + (low in value.missing), high - (high in value.missing)
    if value.inverted:
        raw = _inverted(np.minimum(raw, np.inf if value.saturated is None else value.saturated), value)
    elif value.invert_from is not None:
        raw = value.invert_from - raw
        low = low if value.saturated is None else max(low, value.saturated)
    else:
        high = high if value.saturated is None else min(high, value.saturated)
    if decimals is not None:
        raw = np.round(raw, decimals)
    raw = np.clip(raw, low, high)
    if value.missing:
        raw[np.isnan(raw)] = value.missing[0]
    return raw


def _inverted(numbers: Floats, value: ValueTable) -> Floats:
    """Return the numbers with those turned round that read high when unloaded; twice is as before."""
    if value.invert_from is None:
        return numbers
    if not value.inverted:
        return value.invert_from - numbers
    return np.where(np.isin(np.arange(value.count), value.inverted), value.invert_from - numbers, numbers)
