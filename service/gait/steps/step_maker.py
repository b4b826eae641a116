"""One foot within a bout: what was seen becomes a Step that says whether it counts."""

from __future__ import annotations

import math
from typing import Any

from firmware_bridge import SECOND, Side
from service.gait import thresholds as p
from service.gait.signal.events import BOTH_FEET, RATE
from service.gait.steps.activity import RUNNING, Activity
from service.gait.steps.foot import Seen
from service.gait.steps.step_quality import Screening, lost_steps
from service.records.rows import ANALYSIS, Step


class Stepping:
    """Make the steps of one foot in one bout, in order of time."""

    def __init__(self, wearer: str, side: Side, bout: int) -> None:
        self.bout = bout
        self.last: int | None = None  # contact of the last step
        self._wearer, self._side = wearer, side
        self._activity = Activity()
        self._quality = Screening()
        self._broken = True
        self._stride_s = math.nan

    def hole(self, seen: Seen) -> int:
        """Take missing data; return how many steps it hid."""
        self._broken = True
        since = 0 if self.last is None else seen.time - self.last
        walked = self.last is not None and since - seen.hole_ns < p.PAUSE_NS
        return lost_steps(seen.hole_ns, self._stride_s, seen.in_stance) if walked else int(seen.in_stance)

    def step(self, seen: Seen) -> Step:
        """Take a stance and return its row."""
        m = seen.measures
        assert m is not None
        stride = math.nan
        if self.last is not None and not self._broken and seen.doubt != BOTH_FEET:
            stride = (m.contact - self.last) / SECOND
        if stride > p.MAX_STRIDE_S:
            stride = math.nan
        if not math.isnan(stride):
            self._stride_s = stride
        self._broken, self.last = False, m.contact
        contact_time_s = m.values["contact_time_s"]
        duty = contact_time_s / stride
        activity, agrees = self._activity.update(duty, stride)
        doubt = RATE if activity == RUNNING and seen.rate_hz < p.MIN_RATE_RUNNING_HZ else seen.doubt
        reason = self._quality.judge(m.contact, contact_time_s, stride, m.values["peak"], activity, agrees, doubt)
        measured: dict[str, Any] = m.of(activity)
        return Step(
            time=m.contact,
            wearer=self._wearer,
            side=self._side,
            foot_off=m.foot_off,
            stride_time_s=stride,
            duty_factor=duty,
            cadence_spm=120 / stride,
            unit=m.unit,
            activity=activity,
            valid=not reason,
            reason=reason,
            bout=self.bout,
            analysis=ANALYSIS,
            tier=seen.tier,
            sensors=seen.sensors,
            faulty=seen.faulty,
            **measured,
        )
