"""A first look at the time stamps of a connection: are they a clock, in which unit, and which of them are garbled?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec.timing.clock_rate import steady_rate
from firmware_bridge.model import SECOND, Bools, Float64s, Int64s

FEWEST_STAMPS = 8
"""Of fewer stamps nothing is said (choice)."""
_OFF = SECOND
"""A stamp that is off by more than this from what most say is garbled: no start of a connection delays so long."""
_GARBLED = 0.3
"""Where more than this part of them goes back, they are no clock; more than this part cannot be garbled (choice)."""
SHARED = 0.2
"""Where more than this part of them is the same as the one before, they are of packets and not of samples (choice)."""
_DOUBT = 0.025
"""A rate that differs from 1 by more than this within the first second is looked at for longer: the medians of thirds
of a second wander by some 7 ms with the events of a radio (choice)."""
_SURE = 0.02, SECOND * 4 // 100
"""After three seconds it is believed, if it differs by more than the first, and what came apart is more than the second
(choice; smaller ones are judged on a longer sum)."""
BACKLOG = SECOND // 10
"""What waited while the connection was made comes at once; its arrivals tell nothing."""


@dataclass(frozen=True)
class FirstLook:
    """What the stamps of the first seconds are."""

    is_clock: bool  # else they stand still, jump, or go back
    shared: bool  # several samples have the stamp of one packet
    rate: float  # seconds of the device's clock per second of arrival, NaN where it cannot be told
    apart: float  # ns by which they came apart
    garbled: Bools  # (n,)

    @property
    def doubtful(self) -> bool:
        """Tell whether they should be looked at for longer before anything is stored."""
        return self.is_clock and not abs(self.rate - 1) <= _DOUBT

    @property
    def sure_rate(self) -> float:
        """The rate where it is not 1 beyond doubt, else NaN."""
        sure = abs(self.rate - 1) > _SURE[0] and self.apart > _SURE[1]
        return self.rate if sure and self.rate > 0 else math.nan


def first_look(stamps: Int64s, modulus: int, arrivals: Int64s) -> FirstLook:
    """Return what the first stamps are.

    Args:
        stamps: (n,) ns as sent, wrapping at `modulus`.
        modulus: ns.
        arrivals: (n,) UTC ns.
    """
    nothing = np.zeros(len(stamps), np.bool_)
    if len(stamps) < FEWEST_STAMPS:
        return FirstLook(is_clock=True, shared=False, rate=1.0, apart=0.0, garbled=nothing)
    steps = (np.diff(stamps) + modulus // 2) % modulus - modulus // 2
    if not steps.any():
        return FirstLook(is_clock=False, shared=False, rate=math.nan, apart=0.0, garbled=nothing)
    time = np.concatenate([[0], np.cumsum(steps)]).astype(np.float64)
    arrival = (arrivals - arrivals[0]).astype(np.float64)
    whole = arrival >= BACKLOG
    rate, apart = steady_rate(arrival[whole], time[whole])
    believed = rate if rate > 0 and abs(rate - 1) > _DOUBT else 1.0
    if believed != 1:  # medians of what is far apart are rough: once more, with what is nearly right
        rate *= steady_rate(arrival[whole], time[whole] / rate)[0]
        believed = rate if rate > 0 else 1.0
    is_clock, shared = bool((steps < 0).mean() <= _GARBLED), bool((steps == 0).mean() > SHARED)
    return FirstLook(is_clock, shared, rate, apart, _garbled(arrival - time / believed))


def _garbled(behind: Float64s) -> Bools:
    """Return which stamps are garbled, (n,): where many would be, it is the arrivals that stood still."""
    garbled: Bools = np.abs(behind - np.median(behind)) > _OFF
    return garbled if garbled.mean() <= _GARBLED else np.zeros_like(garbled)


def mended(stamps: Int64s, garbled: Bools, step: float, modulus: int) -> NDArray[np.int64]:
    """Return the stamps with the garbled ones reckoned from the nearest sound one, `step` ns a packet."""
    sound = np.flatnonzero(~garbled)
    if not len(sound) or not garbled.any():
        return stamps
    at = np.arange(len(stamps))
    nearest = sound[np.abs(at[:, None] - sound[None, :]).argmin(axis=1)]
    result: NDArray[np.int64] = (stamps[nearest] + np.round((at - nearest) * step).astype(np.int64)) % modulus
    return result
