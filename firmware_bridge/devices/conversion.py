"""What whole packets say, as arrays, and how a number on the wire becomes a reading and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.schema.values import UNITS, PointsCurve, PolynomialCurve, PowerCurve, ValueTable
from firmware_bridge.model import Float32s, Float64s


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


def to_sent(readings: Float64s, value: ValueTable, low: float, high: float, decimals: int | None = 0) -> Float64s:
    """Turn readings into the numbers to send, the inverse of `to_readings`.

    Rounded to `decimals` (None: not at all) and held within low..high and the sensor's range, as a converter would.
    NaN becomes the first sentinel; where there is none it stays NaN.
    """
    straight = np.asarray(readings, np.float64)
    if value.unit is not None:
        straight = straight / UNITS[value.unit].factor
    if value.curve is not None:
        straight = unbend(straight, value.curve)
    raw: Float64s = (straight - value.offset) / np.asarray(value.scale)
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


def _inverted(numbers: Float64s, value: ValueTable) -> Float64s:
    """Return the numbers with those turned round that read high when unloaded; twice is as before."""
    if value.invert_from is None:
        return numbers
    if not value.inverted:
        return value.invert_from - numbers
    return np.where(np.isin(np.arange(value.count), value.inverted), value.invert_from - numbers, numbers)


HALVINGS = 60
"""After so many the interval that holds a polynomial's inverse is as narrow as its numbers are exact."""


def bend(x: Float64s, curve: PolynomialCurve | PointsCurve | PowerCurve) -> Float64s:
    """Return the readings of numbers (see the curves' tables); NaN stays NaN."""
    match curve:
        case PolynomialCurve():
            return np.asarray(np.polynomial.polynomial.polyval(np.clip(x, *curve.over), curve.coefficients))
        case PointsCurve():
            at, readings = np.array(curve.points).T
            return np.asarray(np.interp(x, at, readings))
        case PowerCurve():
            conductance = x if curve.divider is None else _divided(x, curve.divider)
            return np.asarray(curve.factor * np.where(conductance < 0, 0.0, conductance) ** curve.exponent)


def unbend(readings: Float64s, curve: PolynomialCurve | PointsCurve | PowerCurve) -> Float64s:
    """Return the numbers whose readings these are, the nearest ones where there are none."""
    match curve:
        case PolynomialCurve():
            return _bisected(readings, curve)
        case PointsCurve():
            at, known = np.array(curve.points).T
            return np.asarray(np.interp(readings, known, at))
        case PowerCurve():
            conductance = (np.where(readings < 0, 0.0, readings) / curve.factor) ** (1 / curve.exponent)
            if curve.divider is not None:
                conductance = curve.divider * conductance / (1 + conductance)
            return np.asarray(conductance)


def _divided(x: Float64s, full: float) -> Float64s:
    """Return the conductance behind a divider's voltage, in that of its other resistor; at its end beyond measure."""
    return np.where(x < full, x / np.where(x < full, full - x, 1.0), np.where(np.isnan(x), np.nan, np.inf))


def _bisected(readings: Float64s, curve: PolynomialCurve) -> Float64s:
    low, high = (np.full(readings.shape, end) for end in curve.over)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = np.polynomial.polynomial.polyval(middle, curve.coefficients) < readings
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(np.isnan(readings), np.nan, (low + high) / 2)
