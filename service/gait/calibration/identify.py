"""Which stream is which foot, and which way round its sensors are: pure functions of what was sent while asked.

Sides have been exchanged in shipped products, and positions are read from drawings of which nobody says whether they
show the sole from above or from below. A lifted foot and a pressed edge settle both in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import CorruptData, Frames, Profile, Side

_Float64s = NDArray[np.float64]

LIFTED = 0.5
"""Share of its standing load that a lifted foot loses at least (choice)."""
_SURE = 0.05
"""How far a press has to move the center of load, in widths or lengths of the insole, to be believed (choice)."""


def load_of(frames: Frames, rest: _Float64s | None = None) -> _Float64s:
    """Return the median reading of each sensor above `rest` (0 where not given); (s,), missing ones 0."""
    seen = np.where(np.isnan(frames.pressure).all(axis=0), 0.0, frames.pressure)
    middle: _Float64s = np.nan_to_num(np.nanmedian(seen, axis=0).astype(np.float64))
    return np.maximum(middle - (0.0 if rest is None else rest), 0.0)


def lifted(standing: Mapping[Side, Frames], lifting: Mapping[Side, Frames]) -> Side:
    """Return which of two streams is the foot that left the ground.

    Raises:
        CorruptData: neither or both did.
    """
    kept = {
        side: float(load_of(lifting[side]).sum()) / max(float(load_of(standing[side]).sum()), 1e-9) for side in Side
    }
    off = [side for side in Side if kept[side] <= LIFTED]
    if len(off) != 1:
        raise CorruptData(
            f"{'both insoles' if off else 'neither insole'} lost the load of standing; stand on both feet, then lift "
            "one foot clear of the ground until the time is over"
        )
    return off[0]


def center(load: _Float64s, profile: Profile) -> tuple[float, float]:
    """Return the center of a load as (ml, ap) in widths and lengths of the insole.

    Raises:
        CorruptData: there is no load.
    """
    total = float(load.sum())
    if total <= 0:
        raise CorruptData("nothing pressed on the insole")
    return float(load @ profile.sensors.ml) / total, float(load @ profile.sensors.ap) / total


def ends_exchanged(standing: Frames, on_heel: Frames, profile: Profile) -> bool:
    """Tell whether heel and toe are exchanged: on the heel the center of load has to lie nearer to ap = 0.

    Raises:
        CorruptData: the load hardly moved.
    """
    return _moved(standing, on_heel, profile, 1, "the heel") > 0


def edges_exchanged(standing: Frames, on_inner_edge: Frames, profile: Profile) -> bool:
    """Tell whether inner and outer edge are exchanged: on the inner edge it has to lie nearer to ml = 1.

    Raises:
        CorruptData: the load hardly moved.
    """
    return _moved(standing, on_inner_edge, profile, 0, "the inner edge") < 0


def _moved(standing: Frames, pressed: Frames, profile: Profile, axis: int, where: str) -> float:
    before, after = (center(load_of(frames), profile)[axis] for frames in (standing, pressed))
    if abs(after - before) < _SURE:
        raise CorruptData(f"the load of the {pressed.side} foot hardly moved; press harder on {where} and try again")
    return after - before
