"""Walking or running, by the share of the stride that a foot is on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.gait import thresholds as p

WALKING, RUNNING, TRANSITION, UNKNOWN = "walking", "running", "transition", "unknown"


def activity_of(duty_factor: float, stride_time_s: float) -> str:
    """Return what one stride looks like; by one foot alone, so that clocks need not agree."""
    if math.isnan(duty_factor):
        return UNKNOWN
    if p.RUNNING_BELOW <= duty_factor <= p.WALKING_ABOVE:
        return TRANSITION
    running = duty_factor < p.RUNNING_BELOW
    low, high = p.RUNNING_STRIDE_S if running else p.WALKING_STRIDE_S
    if not low <= stride_time_s <= high:
        return UNKNOWN
    return RUNNING if running else WALKING


@dataclass
class Activity:
    """The state of one foot: it changes when several strides in a row say the same."""

    state: str = UNKNOWN
    _candidate: str = UNKNOWN
    _count: int = 0

    def update(self, duty_factor: float, stride_time_s: float) -> tuple[str, bool]:
        """Take a stride; return the state and whether the stride agrees with it (one without a duty factor does)."""
        seen = activity_of(duty_factor, stride_time_s)
        if math.isnan(duty_factor):
            return self.state, self.state != UNKNOWN
        self._count = self._count + 1 if seen == self._candidate else 1
        self._candidate = seen
        needed = p.FIRST_STRIDES if self.state == UNKNOWN else p.SETTLE_STRIDES
        if seen != UNKNOWN and self._count >= needed:
            self.state = seen
        return self.state, seen == self.state
