"""What a foot pod on a virtual walker's shoe would tell."""

from __future__ import annotations

import math

import numpy as np

from firmware_bridge.clock import Clock
from firmware_bridge.model import SECOND, Pace
from firmware_bridge.virtual.gait.scenario import Story
from firmware_bridge.virtual.gait.walker import Standing, plan


class WalkersPace:
    """The pace in a story's last session, now by a clock; its distance is the sum of what was asked."""

    def __init__(self, story: Story, clock: Clock) -> None:
        number = len(story.sessions) - 1
        self._clock, self._session = clock, story.sessions[number]
        self._plan = plan(self._session.gait, (story.seed, number, 41))
        self._part = next(self._plan, None)
        self._distance_m = self._asked_s = 0.0

    def __call__(self) -> Pace | None:
        """Return the pace, None before and after the session."""
        second = (self._clock.now() - self._session.start) / SECOND
        while self._part is not None and self._part.stop <= second:
            self._part = next(self._plan, None)
        if self._part is None or second < 0:
            return None
        speed_mps = cadence_spm = stride_m = 0.0
        if not isinstance(self._part, Standing):
            strides = self._part
            stride_s = strides.stride_time[max(0, int(np.searchsorted(strides.contact[:, 0], second)) - 1)]
            speed_mps, cadence_spm = strides.stances.speed, 120 / stride_s
            stride_m = speed_mps * stride_s
        self._distance_m += speed_mps * (second - self._asked_s)
        self._asked_s = second
        running = not isinstance(self._part, Standing) and self._part.running
        return Pace(
            self._clock.now(), "", speed_mps, cadence_spm, stride_m, self._distance_m, running, battery_pct=math.nan
        )
