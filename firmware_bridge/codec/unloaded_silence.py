"""What silence means on a device that sends only while its foot is loaded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from firmware_bridge.model import SECOND, Float32s, Int64s

LONGEST_S = 3.0
"""A longer silence is left as a gap: it is no swing, and whether the device was on cannot be known."""


class UnloadedSilence:
    """Puts readings of zero into silences, where a profile says that silence is an unloaded foot.

    They are inferred, not measured: a burst of lost packets as long would look the same. So they are not counted as
    received, and what a link that was lost and made again did not bring is never filled. They come with the sample
    that ends the silence, so the result depends on the packets alone.

    Args:
        after: silence of no more than this is the device's own rhythm, ns.
        period: of the samples that are put in, ns.
    """

    def __init__(self, after: int, period: int) -> None:
        self._after, self._period = after, period
        self._last: int | None = None

    def reset(self) -> None:
        """Note that the link was lost: what it was silent about is not known."""
        self._last = None

    def fill(self, time: Int64s, values: Mapping[str, Float32s]) -> tuple[Int64s, dict[str, Float32s]]:
        """Return the samples (n, ...) with unloaded ones between them; motion is missing in these."""
        before = np.concatenate([[time[0] if self._last is None else self._last], time[:-1]])
        self._last = int(time[-1])
        silent = np.flatnonzero((time - before > self._after) & (time - before <= LONGEST_S * SECOND))
        if not len(silent):
            return time, dict(values)
        fills = [np.arange(before[i] + self._period, time[i] - self._period // 2, self._period) for i in silent]
        at = np.repeat(silent, [len(fill) for fill in fills])
        zero = {role: 0.0 if role in ("pressure", "force") else np.nan for role in values}
        return (
            np.insert(time, at, np.concatenate(fills)),
            {role: np.insert(array, at, zero[role], axis=0) for role, array in values.items()},
        )
