"""The units that laboratory insoles write their pressures in, in kilopascals."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.errors import ConfigError

_TO_KPA = {
    "kpa": 1.0,
    "psi": 6.894757,
    "mmhg": 0.1333224,
    "n/cm2": 10.0,
    "n/cm²": 10.0,
    "kg/cm2": 98.0665,
    "kg/cm²": 98.0665,
}
"""NIST SP 811, appendix B."""


def to_kpa(path: Path, line: int, unit: str) -> float:
    """Return what a pressure in a file's unit is to be multiplied with; `line` is where the file names the unit.

    Raises:
        ConfigError: the unit is not known.
    """
    found = _TO_KPA.get(unit.strip().lower())
    if found is None:
        raise ConfigError(f"{path}: line {line}: pressures in {unit.strip()[:40]!r} are not known; export them in kPa")
    return found
