"""The curves of sensors that are not straight: from the number x to the reading, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.payload_schema import PointsCurve, PolynomialCurve, PowerCurve

Floats = NDArray[np.float64]

HALVINGS = 60
"""After so many the interval that holds a polynomial's inverse is as narrow as its numbers are exact."""


def bend(x: Floats, curve: PolynomialCurve | PointsCurve | PowerCurve) -> Floats:
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


def unbend(readings: Floats, curve: PolynomialCurve | PointsCurve | PowerCurve) -> Floats:
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


def _divided(x: Floats, full: float) -> Floats:
    """Return the conductance behind a divider's voltage, in that of its other resistor; at its end beyond measure."""
    return np.where(x < full, x / np.where(x < full, full - x, 1.0), np.where(np.isnan(x), np.nan, np.inf))


def _bisected(readings: Floats, curve: PolynomialCurve) -> Floats:
    low, high = (np.full(readings.shape, end) for end in curve.over)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = np.polynomial.polynomial.polyval(middle, curve.coefficients) < readings
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(np.isnan(readings), np.nan, (low + high) / 2)
