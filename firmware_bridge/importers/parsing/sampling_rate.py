"""How many samples a second a recording has, as its times show."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.devices.profile import Profile, parse_profile
from firmware_bridge.errors import CorruptData

_LOWEST_HZ, _HIGHEST_HZ = 1.0, 10_000.0
_AGREES = 0.03
"""Share by which times may stray from the profile's rate and still mean it (choice: clocks of ms stray by 2 %)."""


def possible(path: Path, line: int, rate_hz: float) -> float:
    """Return a rate that a line of the file states.

    Raises:
        CorruptData: no insole samples at such a rate.
    """
    if not _LOWEST_HZ <= rate_hz <= _HIGHEST_HZ:
        raise CorruptData(
            f"{path}: line {line}: {rate_hz:.4g} samples a second cannot be ({_LOWEST_HZ:g} to {_HIGHEST_HZ:g} can); "
            "export it again, or correct that line"
        )
    return rate_hz


def rated(profile: Profile, rate_hz: float) -> Profile:
    """Return the profile at another rate."""
    if rate_hz == profile.rate_hz:
        return profile
    text = re.sub(r"(?m)^(\s*rate_hz\s*=\s*)[^\s#]+", rf"\g<1>{rate_hz!r}", profile.text, count=1)
    return parse_profile(text, f"{profile.id}.toml")


def rated_by(path: Path, profile: Profile, time_us: NDArray[np.float64], skipped: int) -> Profile:
    """Return the profile at the rate that the first times (us, growing) show: as it is where they agree with it.

    Raises:
        CorruptData: they show a rate that no insole has, or do not grow at all.
    """
    if len(time_us) < 2:
        if skipped > 1:
            raise CorruptData(f"{path}: the times of its rows do not grow; export it again with a time in each row")
        return profile
    apart = np.diff(time_us)
    usual = apart[np.abs(apart / np.median(apart) - 1) <= 0.5]  # without the holes
    shown = 1e6 / float(usual.mean())
    if not _LOWEST_HZ <= shown <= _HIGHEST_HZ:
        raise CorruptData(
            f"{path}: its times mean {shown:.3g} samples a second, which cannot be ({_LOWEST_HZ:g} to {_HIGHEST_HZ:g} "
            "can); is its time in the unit that its header says? Export it again"
        )
    if abs(shown / profile.rate_hz - 1) <= _AGREES:
        return profile
    return rated(profile, float(f"{shown:.3g}"))
