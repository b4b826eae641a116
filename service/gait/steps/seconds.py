"""What one foot did in each second: the summary that lasts where a whole run is looked at, or samples are thinned."""

from __future__ import annotations

import math

import numpy as np

from firmware_bridge import SECOND, Float64s, Int64s, Side
from service.gait.signal.load import ACROSS, ALONG, LOAD, Layout
from service.records.quantities import quantities
from service.records.rows import ANALYSIS, Second


class PerSecond:
    """Summarize a foot's samples by the seconds of UTC.

    Law: the rows are the same for any split of the samples, since those of the latest second are kept and its row is
    made anew when more of it comes. A second with samples of two insoles counts as the later one's.
    """

    def __init__(self, wearer: str, side: Side) -> None:
        self._wearer, self._side = wearer, side
        self._layout: Layout | None = None
        self._time, self._channels = np.empty(0, np.int64), np.empty((0, 0))
        self._made: dict[int, Second] = {}

    def add(self, time: Int64s, channels: Float64s, layout: Layout) -> None:
        """Take samples that are later than all before, and their channels (`service.gait.signal.load`)."""
        known = 0
        if self._layout is not None and self._layout.unit == layout.unit and self._time.size:
            known = self._time.size
            time, channels = np.concatenate([self._time, time]), np.concatenate([self._channels, channels])
        self._layout = layout
        second = time // SECOND
        cuts = np.flatnonzero(np.diff(second, prepend=second[0] - 1))
        stops = np.append(cuts[1:], time.size)
        for start, stop in zip(cuts.tolist(), stops.tolist(), strict=True):
            if stop > known:  # else nothing of it is new
                self._put(int(second[start]) * SECOND, channels[start:stop], layout)
        self._time, self._channels = time[cuts[-1] :], channels[cuts[-1] :]

    def over(self, until: float = math.inf) -> list[Second]:
        """Return the rows of the seconds that were over at a time, and forget them."""
        return [self._made.pop(time) for time in sorted(self._made) if time + SECOND <= until]

    def _put(self, time: int, channels: Float64s, layout: Layout) -> None:
        load = channels[:, LOAD]
        self._made[time] = Second(
            time=time,
            wearer=self._wearer,
            side=self._side,
            samples=load.size,
            force_mean=float(load.sum()) / load.size,
            force_peak=float(load.max()),
            cop_ml=_center(channels, ACROSS, layout, "cop_ml"),
            cop_ap=_center(channels, ALONG, layout, "cop_ap"),
            unit=layout.unit,
            analysis=ANALYSIS,
        )


def _center(channels: Float64s, channel: int, layout: Layout, field: str) -> float:
    """Return the center of pressure of a second, each sample counting by its load; NaN where nobody can tell."""
    if layout.tier < quantities(Second)[field].needs:
        return math.nan
    whole = np.isfinite(channels[:, channel])
    load, moment = float(channels[whole, LOAD].sum()), float(channels[whole, channel].sum())
    center = moment / load if load > 0 else math.nan
    return center if 0.0 <= center <= 1.0 else math.nan  # readings around the unloaded level have none
