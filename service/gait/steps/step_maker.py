"""One foot within a bout: what was seen becomes a Step that says whether it counts."""

from __future__ import annotations

import math

from firmware_bridge import SECOND, Side
from service.gait import thresholds as p
from service.gait.signal.events import BOTH_FEET, RATE
from service.gait.steps.activity import RUNNING, WALKING, Activity
from service.gait.steps.foot import Seen
from service.gait.steps.step_quality import Quality, lost_steps
from service.records.rows import ANALYSIS, Step


class Stepping:
    """Make the steps of one foot in one bout, in order of time."""

    def __init__(self, wearer: str, side: Side, bout: int) -> None:
        self.bout = bout
        self.last: int | None = None  # contact of the last step
        self._wearer, self._side = wearer, side
        self._activity = Activity()
        self._quality = Quality()
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
        duty = m.contact_time_s / stride
        activity, agrees = self._activity.update(duty, stride)
        doubt = RATE if activity == RUNNING and seen.rate_hz < p.MIN_RATE_RUNNING_HZ else seen.doubt
        reason = self._quality.judge(m.contact, m.contact_time_s, stride, m.peak, activity, agrees, doubt)
        ml, ap = m.cop_ml, m.cop_ap
        return Step(
            time=m.contact,
            wearer=self._wearer,
            side=self._side,
            foot_off=m.foot_off,
            contact_time_s=m.contact_time_s,
            stride_time_s=stride,
            duty_factor=duty,
            cadence_spm=120 / stride,
            peak=m.peak,
            impulse=m.impulse,
            unit=m.unit,
            medial_lateral_index=m.medial_lateral_index,
            cop_ml_10=ml[0],
            cop_ml_30=ml[1],
            cop_ml_50=ml[2],
            cop_ml_70=ml[3],
            cop_ml_90=ml[4],
            cop_ap_10=ap[0],
            cop_ap_30=ap[1],
            cop_ap_50=ap[2],
            cop_ap_70=ap[3],
            cop_ap_90=ap[4],
            completeness=m.completeness,
            activity=activity,
            valid=not reason,
            reason=reason,
            bout=self.bout,
            analysis=ANALYSIS,
            medial_lateral_early=m.medial_lateral_early,
            medial_lateral_mid={WALKING: m.medial_lateral_mid_walking, RUNNING: m.medial_lateral_mid_running}.get(
                activity, math.nan
            ),
            midfoot_share=m.midfoot_share,
            heel_off=m.heel_off,
            strike_index=m.strike_index,
            cpei=m.cpei_walking if activity == WALKING else math.nan,
            cop_bow=m.cop_bow,
            tier=seen.tier,
            sensors=seen.sensors,
            faulty=seen.faulty,
        )
