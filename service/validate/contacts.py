"""Events that the product finds, beside events that are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, Bools, Device, Float64s, Frames, Item, Link, Side
from service.gait import Analyzer
from service.records.rows import Step


@dataclass(frozen=True, eq=False)
class Contacts:
    """The steps of one foot in order; times in s since the recording's start."""

    on: Float64s
    off: Float64s
    valid: Bools


def contacts_of(items: Iterable[Item], start: int) -> dict[Side, Contacts]:
    """Take a recording the way that every recording goes; return what the product says of each foot."""
    analyzer = Analyzer("walker")
    rows = [row for item in items if isinstance(item, Device | Frames | Link) for row in analyzer.feed(item)]
    rows += analyzer.close()
    steps = {side: [row for row in rows if isinstance(row, Step) and row.side is side] for side in Side}
    return {
        side: Contacts(
            np.array([step.time - start for step in foot]) / SECOND,
            np.array([step.foot_off - start for step in foot]) / SECOND,
            np.array([step.valid for step in foot], np.bool_),
        )
        for side, foot in steps.items()
    }


def nearest(wanted: Float64s, found: Float64s) -> NDArray[np.int64]:
    """Return the index of the found time that is nearest to each wanted one; the found ones ascend."""
    if not len(found):
        return np.zeros(len(wanted), np.int64)
    after = np.clip(np.searchsorted(found, wanted), 1, max(len(found) - 1, 1))
    earlier = after - 1
    later = np.minimum(after, len(found) - 1)
    return np.where(wanted - found[earlier] < found[later] - wanted, earlier, later)


def lags(wanted: Float64s, found: Float64s) -> Float64s:
    """Return how much later than each wanted time the nearest found one is; NaN where none was found."""
    return found[nearest(wanted, found)] - wanted if len(found) else np.full(len(wanted), np.nan)


def mae_ms(error_s: Float64s) -> float:
    """Return the mean absolute error in milliseconds, NaN where there is none."""
    return 1000 * float(np.abs(error_s).mean()) if len(error_s) else float("nan")


def bias_ms(error_s: Float64s) -> float:
    """Return the mean error in milliseconds, NaN where there is none."""
    return 1000 * float(error_s.mean()) if len(error_s) else float("nan")
