"""What was found out of one insole: zero and gain of each sensor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from firmware_bridge.devices.mistakes import text_of, validated
from firmware_bridge.devices.schema.values import Table
from firmware_bridge.model import Float32s

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _CalibrationTable(Table):
    zero: tuple[_Finite, ...] = ()
    gain: tuple[_Finite, ...] = ()
    unit: Literal["", "kPa"] = ""


@dataclass(frozen=True)
class Calibration:
    """What was measured on one physical insole: (reading - zero) · gain, one value for each sensor. Empty: 0 and 1.

    Where readings have no unit, the gain may give them one.
    """

    zero: tuple[float, ...] = ()
    gain: tuple[float, ...] = ()
    unit: str = ""  # of what comes out; "": the profile's

    @property
    def text(self) -> str:
        """The calibration as TOML, empty where nothing was measured."""
        pairs = (("zero", self.zero), ("gain", self.gain))
        lines = [f"{key} = [{', '.join(repr(float(x)) for x in values)}]\n" for key, values in pairs if values]
        return "".join(lines) + (f'unit = "{self.unit}"\n' if self.unit else "")

    def apply(self, pressure: Float32s) -> Float32s:
        """Return calibrated pressure (n, s); the input stays as it is."""
        result = pressure
        if self.zero:
            result = result - np.asarray(self.zero, np.float32)
        if self.gain:
            result = result * np.asarray(self.gain, np.float32)
        return result


UNCALIBRATED = Calibration()
"""Readings as the profile gives them."""


def parse_calibration(text: str, origin: str = "calibration") -> Calibration:
    """Return the calibration that a `Calibration.text` says.

    Raises:
        ConfigError: naming origin and key.
    """
    table = validated(text, origin, _CalibrationTable)
    return Calibration(table.zero, table.gain, table.unit)


def load_calibration(path: Path) -> Calibration:
    """Return the calibration in a `.toml` file.

    Raises:
        ConfigError: the file cannot be read, or a key in it is wrong.
    """
    return parse_calibration(text_of(path), str(path))
