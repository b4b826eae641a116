"""Virtual insoles under somebody who does what is asked: a foot whose sensors read what a script says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware_bridge.devices.profile import Profile
from firmware_bridge.model import SECOND, Float32s, Int64s, Side
from firmware_bridge.virtual.insole.foot import Readout

Script = Callable[[Side], Float32s]
"""What each sensor reads now, (s,)."""


class ScriptedFoot:
    """A foot with an insole, sampled at the profile's rate; its readings have a little noise."""

    def __init__(self, profile: Profile, side: Side, script: Script) -> None:
        self.profile, self.side = profile, side
        self._script = script
        self._noise = np.random.default_rng(1)

    def samples(self, start: int, stop: int) -> Readout:
        """Return the samples with `start <= time < stop` (UTC ns)."""
        period = round(SECOND / self.profile.rate_hz)
        time: Int64s = np.arange(-(-start // period) * period, stop, period)
        reads = self._script(self.side) + self._noise.normal(0, 0.2, (len(time), self.profile.sensors.count))
        still = np.zeros((len(time), 3), np.float32)
        return Readout(time, time, np.maximum(reads, 0).astype(np.float32), still, still)
