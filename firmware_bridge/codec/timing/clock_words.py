"""What the state of a device's clock is called in front of a person: in the log, on the page and by `insole doctor`."""

from __future__ import annotations

import math
from itertools import permutations

from firmware_bridge.model import ClockState

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""The units in which devices count time; all but ns are what a profile can declare, as time.s, time.ms, time.us."""
_UNIT_WITHIN = 0.2
"""How far, as a share, a rate may be from a power of 1000 and still be taken for a mistaken unit (a choice): far more
than clocks drift, and 1024 ticks a second are near enough."""
_PLAIN = 10.0
"""From here on a factor is said without decimals."""


def clock_in_words(state: ClockState, rate: float = math.nan) -> str:
    """Return what is wrong with a device's clock as one sentence without a full stop, "" where all is well.

    Args:
        state: of the clock.
        rate: seconds of the device's clock per second of arrival; NaN where it is not known.
    """
    if state is ClockState.BATCHED:
        return "several samples share one time stamp; they are spread by the declared rate"
    if state is ClockState.ARRIVAL:
        return "the device's time stamps are no clock (they stand still, or jump); the time of arrival is used"
    return _rescaled(rate) if state is ClockState.RESCALED else ""


def _rescaled(rate: float) -> str:
    if not (math.isfinite(rate) and rate > 0):
        return "the device's time runs at another rate than the host's; it is divided by the rate seen"
    way = "fast" if rate > 1 else "slow"
    if power := _mistaken(rate):
        return f"the device's time runs {1000 ** abs(power)} times too {way}: is its unit {_roles(power)}"
    return f"the device's time runs {_number(max(rate, 1 / rate))} times too {way}; it is divided by {_number(rate)}"


def _mistaken(rate: float) -> int:
    """Return by which power of 1000 the unit is likely to be mistaken, 0 where it is not."""
    power = round(math.log(rate, 1000))
    return power if abs(power) < len(_SECONDS) and abs(rate / 1000.0**power - 1) < _UNIT_WITHIN else 0


def _roles(power: int) -> str:
    """Return the unit that it likely is in truth, and what the profile has to say then."""
    pairs = [(told, true) for told, true in permutations(_SECONDS, 2) if _steps(told, true) == power]
    declared = [(told, true) for told, true in pairs if "ns" not in (told, true)]
    if not declared:
        return f"{pairs[0][1]}? (no role of a profile counts that)"
    said = ", or ".join(f"time.{true} and not time.{told}" for told, true in declared)
    return f"{declared[0][1]}? (its role in the profile is then {said})"


def _steps(told: str, true: str) -> int:
    """Return by which power of 1000 too fast a time in `true` runs where it is read as `told`."""
    return round(math.log(_SECONDS[told] / _SECONDS[true], 1000))


def _number(value: float) -> str:
    if not 1 / _PLAIN <= value < _PLAIN:
        return f"{value:.3g}" if value < 1 else f"{value:.0f}"
    return f"{value:.2f}" if abs(value - 1) >= 0.01 else f"{value:.4f}"
