"""What a load must look like to be a step's: noise, drift, sway and a foot that is put into a shoe do not."""

from __future__ import annotations

import numpy as np

from firmware_bridge import Float64s
from service.gait import thresholds as p


def like_a_step(before: Float64s, load: Float64s, after: Float64s, edge_s: float, span: float, least: float) -> bool:
    """Tell whether a load between two unloaded stretches looks like a step.

    Args:
        before: samples of the unloaded stretch before the contact.
        load: samples between contact and foot-off.
        after: samples of the unloaded stretch after the foot-off.
        edge_s: the longer one of the times that the load took to rise and to fall.
        span: range of the load of late, which a step has to have a part of.
        least: smallest range that a step can have, in the load's unit.
    """
    own = float(load.max()) - float(np.sort(before)[len(before) // 2]) if len(load) and len(before) else 0.0
    rough = np.concatenate((_bends(before), _bends(after)))
    return (
        own >= max(p.LOADED * span, least)
        and edge_s <= p.MAX_EDGE_S
        and max(_spread(before), _spread(after)) <= p.MAX_UNQUIET * own
        and (not rough.size or float(rough.mean()) <= p.MAX_ROUGH * own)
    )


def _spread(load: Float64s) -> float:
    """Return the distance between the 10th and the 90th percentile."""
    if not len(load):
        return 0.0
    ordered, last = np.sort(load), len(load) - 1
    return float(ordered[round(0.9 * last)] - ordered[round(0.1 * last)])


def _bends(load: Float64s) -> Float64s:
    """Return the second differences, in size: noise has them, a smooth curve has none."""
    return np.abs(load[2:] - 2 * load[1:-1] + load[:-2])
