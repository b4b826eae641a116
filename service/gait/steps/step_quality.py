"""Which steps count. Rejected, never repaired."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from firmware_bridge import SECOND
from service.gait import thresholds as p
from service.gait.steps.activity import RUNNING, WALKING


class Screening:
    """Judge the steps of one foot within a bout, in their order."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[tuple[float, float, float]]] = {
            kind: deque(maxlen=p.OUTLIER_WINDOW) for kind in (WALKING, RUNNING)
        }
        self._since_start = 0
        self._last_contact: int | None = None
        self._last_stride = math.nan

    def judge(
        self,
        contact: int,
        contact_time_s: float,
        stride_time_s: float,
        peak: float,
        activity: str,
        agrees: bool,
        doubt: str = "",
    ) -> str:
        """Return why the step does not count, "" where it does; `doubt` as in `Stance`."""
        paused = self._last_contact is None or contact - self._last_contact > p.PAUSE_NS
        self._since_start = 0 if paused else self._since_start + 1
        self._last_contact = contact
        before, self._last_stride = self._last_stride, stride_time_s
        if doubt:
            return doubt
        limits = p.CONTACT_S.get(activity)
        if limits is None or not agrees:
            return "start" if self._since_start < p.START_STRIDES else "activity"
        if not limits[0] <= contact_time_s <= limits[1]:
            return "contact_time"
        outlier = self._outlier(activity, (contact_time_s, stride_time_s, peak))
        if self._since_start < p.START_STRIDES:
            return "start"
        if abs(stride_time_s / before - 1) > p.MAX_STRIDE_CHANGE:
            return "stride_change"
        return "outlier" if outlier else ""

    def _outlier(self, activity: str, values: tuple[float, float, float]) -> bool:
        """Compare a stride with the median of those before it, in contact time, stride time and peak.

        Robust z by the MAD (Iglewicz and Hoaglin 1993). The stride joins those that the next one is compared with,
        odd or not: after a change of speed the window must be able to follow.
        """
        recent = self._recent[activity]
        odd = False
        if len(recent) >= p.OUTLIER_MIN:
            past = np.array(recent)
            middle = np.array([_median(column) for column in past.T])
            spread = np.array([_median(np.abs(c - m)) for c, m in zip(past.T, middle, strict=True)]) * p.MAD_TO_SD
            spread = np.maximum(spread, p.MIN_SPREAD * middle)
            odd = bool((np.abs(np.array(values) - middle) > p.OUTLIER_Z * spread).any())
        recent.append(values)
        return odd


def _median(values: np.typing.NDArray[np.float64]) -> float:
    known = np.sort(values[np.isfinite(values)])
    n = len(known)
    if n == 0:
        return math.nan
    return float(known[n // 2]) if n % 2 else float(0.5 * (known[n // 2 - 1] + known[n // 2]))


def lost_steps(hole_ns: int, stride_time_s: float, in_stance: bool) -> int:
    """Return how many steps a hole in one foot's data hid, by the rhythm before it."""
    by_rhythm = round(hole_ns / SECOND / stride_time_s) if stride_time_s > 0 else 0
    return max(by_rhythm, int(in_stance))
