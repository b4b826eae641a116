"""How many samples a second a recording has, as its times show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile, parse_profile
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.parsing.times.spreading import AGREES
from firmware_bridge.importers.parsing.times.time_cells import LIKELY_HZ, UNITS_US, likely_instead

LOWEST_HZ, HIGHEST_HZ = 1.0, 5000.0
"""Rates that an insole can have (choice: the quickest ones have 750, force plates up to 2000)."""
_CLOSE = 0.03
"""Share by which times may stray from the profile's rate and still mean it (choice: clocks of ms stray by 2 %)."""

_IS_UNIT_RIGHT = f"is the map's time_unit right (one of {', '.join(UNITS_US)})"


def possible(path: Path, line: int, rate_hz: float) -> float:
    """Return a rate that a line of the file states.

    Raises:
        CorruptData: no insole samples at such a rate.
    """
    if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
        raise CorruptData(
            f"{path}: line {line}: {rate_hz:.4g} samples a second cannot be ({LOWEST_HZ:g} to {HIGHEST_HZ:g} can); "
            "export it again, or correct that line"
        )
    return rate_hz


def rated(profile: Profile, rate_hz: float) -> Profile:
    """Return the profile at another rate."""
    if rate_hz == profile.rate_hz:
        return profile
    text = re.sub(r"(?m)^(\s*rate_hz\s*=\s*)[^\s#]+", rf"\g<1>{rate_hz!r}", profile.text, count=1)
    return parse_profile(text, f"{profile.id}.toml")


def shown_rate(time_us: NDArray[np.float64]) -> float:
    """Return the samples a second that times (us, two at least, growing) show, holes left out."""
    apart = np.diff(time_us)
    return 1e6 / float(apart[np.abs(apart / np.median(apart) - 1) <= 0.5].mean())


def rated_by(path: Path, profile: Profile, time_us: NDArray[np.float64], skipped: int) -> Profile:
    """Return the profile at the rate that the first times (us, growing) show: as it is where they agree with it.

    Raises:
        CorruptData: they show a rate that no insole has, or do not grow at all.
    """
    if len(time_us) < 2:
        if skipped > 1:
            raise CorruptData(f"{path}: the times of its rows do not grow; export it again with a time in each row")
        return profile
    shown = shown_rate(time_us)
    if not LOWEST_HZ <= shown <= HIGHEST_HZ:
        raise CorruptData(
            f"{path}: its times mean {shown:.3g} samples a second, which cannot be ({LOWEST_HZ:g} to {HIGHEST_HZ:g} "
            "can); is its time in the unit that its header says? Export it again"
        )
    if abs(shown / profile.rate_hz - 1) <= _CLOSE:
        return profile
    return rated(profile, float(f"{shown:.3g}"))


class Declared(NamedTuple):
    """What a map says of a file's rate and times."""

    path: Path
    column: str | None  # the name of the time's column
    unit: str

    def agreed(self, time_us: NDArray[np.float64], said: float | None) -> float:
        """Return the rate that is said, or the one that the first times (us, growing) show, to three digits.

        Raises:
            ConfigError: the two do not agree, or no insole has such a rate; the message says which unit is likelier.
        """
        if len(time_us) < 2:
            if said is None:
                raise ConfigError(
                    f"{self.path}: has too few rows to tell the rate; {_IS_UNIT_RIGHT}, or is rate_hz missing?"
                )
            return said
        shown = shown_rate(time_us)
        low, high = LIKELY_HZ if said is None else (LOWEST_HZ, HIGHEST_HZ)
        if not low <= shown <= high or (said is not None and not said / AGREES < shown < said * AGREES):
            raise ConfigError(f"{self.path}: its times mean {shown:.3g} samples a second{self._advice(shown, said)}")
        return float(f"{shown:.3g}") if said is None else said

    def _advice(self, shown: float, said: float | None) -> str:
        wanted = f", not the {said:g} of map or profile" if said is not None else ""
        unit = likely_instead(self.column, self.unit, shown)
        if unit is not None:
            right = shown * UNITS_US[self.unit] / UNITS_US[unit]
            wanted += f'; is its time in {unit} ({right:.4g} a second)? Say time_unit = "{unit}" in the map'
            if said is None and LOWEST_HZ <= shown <= HIGHEST_HZ:
                wanted += f", or rate_hz = {shown:.3g} if it is so"
            return wanted
        if said is None and LOWEST_HZ <= shown <= HIGHEST_HZ:
            return f"{wanted}; {_IS_UNIT_RIGHT}? Say rate_hz = {shown:.3g} in the map if it is so"
        return f"{wanted}; {_IS_UNIT_RIGHT}?"
