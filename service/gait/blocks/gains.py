"""What the force of an insole is worth: gains from mechanics alone, without a scale and without the wearer's effort.

Two laws, both of steady gait. Over a whole stride the mean vertical force of both feet is body weight, which gives the
sum of the two gains. In running the flights tie each foot's impulse to its contact time, which gives their ratio.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from firmware_bridge import STANDARD_GRAVITY, Float64s, Side
from service.gait import thresholds as p
from service.gait.blocks.confidence_intervals import standard_error, t975
from service.records.rows import Step


class Stride(NamedTuple):
    """A whole stride: from one contact of a foot to its next one, and the two stances that begin in it."""

    time: int  # UTC ns of the contact that begins it
    stride_time_s: float
    left: Step
    right: Step


def whole_strides(steps: Iterable[Step]) -> Iterator[Stride]:
    """Yield the strides in which each foot stepped once and no data is missing, one after the other without overlap.

    The steps of both feet come in order of time; a stride is yielded by the step that ends it. Law: exchanging the
    feet exchanges `left` and `right` and nothing else; one foot's clock, off by less than a step, changes only `time`.
    """
    held: list[Step] = []
    for step in steps:
        if not held or step.side is not held[0].side:
            held.append(step)
            continue
        if len(held) == 2 and math.isfinite(step.stride_time_s):
            one, other = held
            left, right = (one, other) if one.side is Side.LEFT else (other, one)
            yield Stride(one.time, step.stride_time_s, left, right)
        held = [step]


def stride_balance(impulse_left: ArrayLike, impulse_right: ArrayLike, stride_time: ArrayLike) -> float:
    """Return the gain that turns measured force into body weights, from whole strides (unit: 1 / unit of force).

    Momentum theorem, vertical: over any time t the change of momentum is m Δv = J - m g t, with J the impulse of the
    ground on both feet. A stride ends at the vertical speed at which it began (on the whole: over many strides Δv is
    nothing beside g t), so J_L + J_R = m g T, as force plates are checked and integrated (Cavagna 1975, J Appl Physiol
    39:174). Hence gain = ΣT / Σ(J_L + J_R); its relative error is Δv / (g ΣT). It holds for walking and running, in
    turns and at any changing speed along the ground; what bears weight beside the insoles (a rail, poles) is missing
    from it. Strides with a missing number are left out; NaN where none is left.
    """
    force, time = _known(impulse_left, impulse_right, stride_time)
    return float(time.sum() / force.sum()) if len(time) else math.nan


class StrideBalance:
    """The same gain as strides come: learned from the first ones, then with a memory that fades.

    Σ(J_L + J_R) and ΣT fade alike, so that each stride counts by its time, as the momentum theorem has it.
    """

    def __init__(self) -> None:
        self._first: list[tuple[float, float]] = []
        self._impulse = self._time = math.nan

    @property
    def gain(self) -> float:
        """Body weights per unit of force, NaN while it is learned."""
        return self._time / self._impulse

    def update(self, impulse_left: float, impulse_right: float, stride_time: float) -> float:
        """Take a stride; return its mean force in body weights by what earlier strides had taught, NaN before."""
        impulse = impulse_left + impulse_right
        if not _usable(impulse, stride_time):
            return math.nan
        before = self.gain * impulse / stride_time
        if math.isnan(self._time):
            self._first.append((impulse, stride_time))
            if len(self._first) == p.GAIN_FIRST_STRIDES:
                self._impulse, self._time = (math.fsum(x) / len(x) for x in zip(*self._first, strict=True))
                self._first.clear()
        else:
            self._impulse += (impulse - self._impulse) / p.GAIN_MEMORY_STRIDES
            self._time += (stride_time - self._time) / p.GAIN_MEMORY_STRIDES
        return before


class Ratio(NamedTuple):
    """The left insole's gain over the right one's, with the 95 % interval of what was measured."""

    value: float
    low: float
    high: float
    strides: int  # behind it
    heights: float = math.nan  # by how much, 0.05 being 5 %, a gait of unequal heights may move it

    @property
    def mismatch(self) -> bool:
        """Whether the insoles disagree by so much, over enough strides, that their forces are not compared.

        By more than 5 %, more than chance, and more than legs that differ can do.
        """
        apart = max(self.value, 1 / self.value) - 1
        certain = self.strides >= p.GAIN_STRIDES and not self.low <= 1 <= self.high
        return certain and apart > max(p.GAIN_MISMATCH, self.heights)


def ballistic_ratio(
    impulse_left: ArrayLike,
    contact_left: ArrayLike,
    impulse_right: ArrayLike,
    contact_right: ArrayLike,
    stride_time: ArrayLike,
) -> Ratio:
    """Return the ratio of the gains from strides of steady running, in order of time (N s or any unit, seconds).

    In flight the center of mass is a thrown body (Cavagna 1976, J Physiol 262:639; Blickhan 1989, J Biomech 22:1217):
    leaving and landing at one height, it leaves with g t_f / 2 upwards and comes down with as much. Momentum theorem
    over the left stance, between the flights RL and LR:

        J_L = m (g t_LR / 2 + g t_RL / 2) + m g tc_L = m g (tc_L + t_f),    t_f = (t_LR + t_RL) / 2

    and alike for the right. So the measured impulses, gain · J, have the ratio

        g_L / g_R = [J_L / (tc_L + t_f)] / [J_R / (tc_R + t_f)],            t_f = (T - tc_L - tc_R) / 2

    however unlike the legs are. Each foot's own durations suffice: an offset between the feet's clocks is nowhere in
    it, and what a common threshold takes from tc it gives to t_f.

    The value is the median over the strides with enough flight. The interval is that of batch medians, widened by a
    contact that is read longer on one foot than on the other by e, which moves the ratio by e / (tc + t_f) = 2 e / T.

    What no number of strides can show is whether the heights are equal. With the center of mass higher by h_R when
    the right foot lands than when the left one took off, and by h_L the other way round, the speeds at the ends of
    the left stance sum to g t_f + (h_R - h_L) / t_f and those of the right one to g t_f - (h_R - h_L) / t_f, which
    moves the ratio by 4 (h_R - h_L) / (g t_f T). Legs of unequal length or stiffness do this, and no force tells it
    from a gain: `heights` says how much to allow for it. It is a wearer's own, and so cancels in a change.

    Too few strides give NaN. Law: exchanging the feet gives 1 / value, to rounding.
    """
    return _ratio(_strides(impulse_left, contact_left, impulse_right, contact_right, stride_time))


class BallisticRatio:
    """The same ratio as strides come: the running median of the latest ones."""

    def __init__(self) -> None:
        self._recent: deque[list[float]] = deque(maxlen=p.GAIN_STRIDES)

    def update(
        self, impulse_left: float, contact_left: float, impulse_right: float, contact_right: float, stride_time: float
    ) -> None:
        """Take a stride; one without enough flight is left out."""
        self._recent.extend(_strides(impulse_left, contact_left, impulse_right, contact_right, stride_time).tolist())

    @property
    def ratio(self) -> Ratio:
        """The ratio over the latest strides."""
        return _ratio(np.array(self._recent, np.float64).reshape(-1, 3))


def _usable(impulse: float, stride_time: float) -> bool:
    return impulse > 0 and stride_time > 0 and math.isfinite(impulse) and math.isfinite(stride_time)


def _known(impulse_left: ArrayLike, impulse_right: ArrayLike, stride_time: ArrayLike) -> tuple[Float64s, Float64s]:
    """Return the impulse of both feet and the time of the strides that are usable."""
    time = np.atleast_1d(np.asarray(stride_time, np.float64))
    force = np.asarray(impulse_left, np.float64) + np.asarray(impulse_right, np.float64)
    force = np.broadcast_to(force, time.shape)
    keep = np.isfinite(force) & np.isfinite(time) & (force > 0) & (time > 0)
    return force[keep], time[keep]


def _strides(
    impulse_left: ArrayLike,
    contact_left: ArrayLike,
    impulse_right: ArrayLike,
    contact_right: ArrayLike,
    stride_time: ArrayLike,
) -> Float64s:
    """Return log ratio, mean flight and time of each stride with enough flight, (n, 3).

    Exchanged feet give exactly the negative logarithm.
    """
    given = (impulse_left, contact_left, impulse_right, contact_right, stride_time)
    jl, cl, jr, cr, time = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, np.float64)) for x in given))
    flight = (time - (cl + cr)) / 2
    keep = (flight >= p.GAIN_MIN_FLIGHT_S) & (jl > 0) & (jr > 0) & np.isfinite(jl + jr)
    jl, cl, jr, cr, time, flight = (x[keep] for x in (jl, cl, jr, cr, time, flight))
    logs = (np.log(jl) - np.log(jr)) - (np.log(cl + flight) - np.log(cr + flight))
    return np.stack([logs, flight, time], axis=1)


def _ratio(strides: Float64s) -> Ratio:
    logs = strides[:, 0]
    if len(logs) < 2 * p.BATCHES:
        return Ratio(math.nan, math.nan, math.nan, len(logs))
    middle, flight, time = (_middle(column) for column in strides.T)
    bounds = [i * len(logs) // p.BATCHES for i in range(p.BATCHES + 1)]
    chance = t975(p.BATCHES - 1) * standard_error(np.array([_middle(logs[a:b]) for a, b in pairwise(bounds)]))
    half = math.hypot(chance, 2 * p.GAIN_EDGE_S / time)
    heights = 4 * p.GAIN_HEIGHT_M / (STANDARD_GRAVITY * flight * time)
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half), len(logs), heights)


def _middle(values: Float64s) -> float:
    known = np.sort(values)
    return float(0.5 * (known[(len(known) - 1) // 2] + known[len(known) // 2]))
