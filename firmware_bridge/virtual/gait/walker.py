"""How somebody moves: parameters of a walk, and from them the timing, impulse and pronation of every stride.

Both feet come from one seeded plan, so two insoles that are rendered apart still belong to one walk. Strides are
drawn in blocks whose random numbers depend on the block's number alone: any part of a walk is the same however it
is asked for, and an endless walk needs memory for a block.

Sign of a symmetry index: SI = 200 (R - L) / (R + L), positive = right larger. Column 0 is left, column 1 right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from firmware_bridge.model import STANDARD_GRAVITY, Float64s
from firmware_bridge.virtual.gait.ground_reaction import ForceShape, contact_edges

Locomotion = Literal["running", "walking"]
_BLOCK = 64  # strides drawn at once
LEFT, RIGHT = 0, 1
AR = 0.3  # autocorrelation from stride to stride


@dataclass(frozen=True, slots=True)
class Ramp:
    """A parameter over the time of a session: from `start` to `end` within `over_s`, beginning at `begin_s`.

    Linear, a step where `over_s` is 0, or approaching `end` exponentially with the time constant `over_s` (fatigue).
    """

    start: float = 0.0
    end: float = 0.0
    begin_s: float = 0.0
    over_s: float = 0.0
    exponential: bool = False

    def at(self, t: Float64s) -> Float64s:
        """Return the value at `t` seconds of the session."""
        passed = t - self.begin_s
        if self.over_s <= 0:
            part = (passed >= 0).astype(float)
        elif self.exponential:
            part = 1 - np.exp(-np.maximum(passed, 0) / self.over_s)
        else:
            part = np.clip(passed / self.over_s, 0, 1)
        return np.asarray(self.start + (self.end - self.start) * part, float)

    @classmethod
    def constant(cls, value: float) -> Ramp:
        """Return a course that stays at `value`."""
        return cls(value, value)


@dataclass(frozen=True, slots=True)
class Gait:
    """The parameters of a session. Default: an ordinary run, the feet alike, the foot neutral."""

    activity: Locomotion = "running"
    mass: float = 70.0  # kg
    speed: float = 0.0  # m/s; 0 = usual for the activity (2.7 running, 1.3 walking)
    si: Ramp = Ramp()  # symmetry index of contact time, %
    left_pronation: Ramp = Ramp()  # latent: 0 neutral, +2 strongly pronated
    right_pronation: Ramp = Ramp()
    tempo: Ramp = Ramp(1.0, 1.0)  # factor on speed
    camber: Ramp = Ramp()  # degrees of cross-slope, positive = left foot up-slope (Damavandi 2012: it everts)
    step_time_ms: float = 0.0  # how much later than half a stride the right foot lands, doubled
    forefoot: bool = False  # strike
    curve: tuple[
        float, ...
    ] = ()  # measured force at even steps over stance, any scale; empty = the model of the activity
    right_curve: tuple[float, ...] = ()  # the right foot's, where it differs from the left foot's
    noise: float = 1.0  # scales the variation from step to step
    seconds: float = math.inf
    stand_s: tuple[float, float] = (0.0, 0.0)  # standing before and after
    stops: tuple[tuple[float, float], ...] = ()  # (begin, seconds) of standing still
    walk_breaks: tuple[tuple[float, float], ...] = ()  # (begin, seconds) of walking within a run

    @property
    def pace(self) -> float:
        """Speed in m/s, the usual one where none is given."""
        return self.speed or (2.7 if self.activity == "running" else 1.3)


class Strides(NamedTuple):
    """Consecutive strides of both feet; arrays (n, 2), seconds since the session's start."""

    start: float
    stop: float
    running: bool
    contact: Float64s  # initial contact: the force passes 20 N upwards
    contact_time: Float64s  # s at 20 N
    begin: Float64s  # start of support, some ms before the contact
    stride_time: Float64s  # (n,)
    stances: ForceShape
    pronation: Float64s
    regional: Float64s  # (n, 2, 9) factor on each source of pressure
    si: Float64s  # (n,) intended index of contact time, %
    forefoot: bool


class Standing(NamedTuple):
    """Standing still on both feet, from `start` to `stop` seconds since the session's start."""

    start: float
    stop: float
    mass: float
    pronation: Float64s  # (2,)
    phase: Float64s  # (4,) of the sway


class _Part(NamedTuple):
    start: float
    stop: float
    what: str


def plan(gait: Gait, seed: tuple[int, ...]) -> Iterator[Strides | Standing]:
    """Yield what a walk consists of, in order of time; deterministic from the seed, without end if the walk is."""
    number = 0
    state = np.zeros((4, 2))
    slow = np.random.default_rng([*seed, 1]).uniform(0, 2 * math.pi, 2)
    for part in _parts(gait):
        if part.what == "standing":
            yield _stand(gait, part, np.random.default_rng([*seed, 3, number]))
            number += 1
            continue
        start = part.start + 0.3  # the first step after standing still
        walked = replace(gait, activity="walking", speed=0.0, curve=(), right_curve=())
        here = gait if part.what == gait.activity else walked
        while True:
            rng = np.random.default_rng([*seed, 2, number])
            number += 1
            strides, state = _strides(here, start, rng, state, slow)
            kept = int(np.searchsorted(strides.contact[:, RIGHT] + strides.contact_time[:, RIGHT], part.stop - 0.2))
            if kept < _BLOCK:
                if kept:
                    yield _first(strides, kept)
                break
            yield strides
            start = strides.stop


def _parts(gait: Gait) -> Iterator[_Part]:
    """Cut the session: standing, moving with its stops and walk breaks, standing."""
    before, after = gait.stand_s
    breaks = [(b, n, "standing") for b, n in gait.stops] + [(b, n, "walking") for b, n in gait.walk_breaks]
    if before:
        yield _Part(0.0, before, "standing")
    at, end = before, gait.seconds - after
    for begin, seconds, what in sorted(breaks):
        if at < begin and begin + seconds < end:
            yield _Part(at, begin, gait.activity)
            yield _Part(begin, begin + seconds, what)
            at = begin + seconds
    yield _Part(at, end, gait.activity)
    if after:
        yield _Part(end, gait.seconds, "standing")


def _strides(
    gait: Gait, start: float, rng: np.random.Generator, state: Float64s, slow: Float64s
) -> tuple[Strides, Float64s]:
    """Draw one block of strides; `state` carries the autocorrelation from block to block."""
    running = gait.activity == "running"
    noise = _autocorrelated(rng.standard_normal((4, _BLOCK, 2)), state)
    time_noise, contact_noise, pronation_noise, stop_noise = noise * gait.noise
    about = start + np.arange(_BLOCK) * _timing(running, np.array([gait.pace]))[0]  # near enough for what is slow
    sway = 0.01 * gait.noise * (np.sin(about / 40 + slow[0]) + np.sin(about / 97 + slow[1]))
    speed = gait.pace * gait.tempo.at(about) * (1 + sway)
    usual, duty = _timing(running, speed)
    period = usual * np.exp((0.018 if running else 0.022) * time_noise[:, 0])
    left = start + np.concatenate([[0.0], np.cumsum(period)])
    contact = np.stack([left[:-1], left[:-1] + period / 2 + gait.step_time_ms / 2000], axis=1)
    si = gait.si.at(left[:-1])
    contact_time = (duty * period)[:, None] * np.exp(0.02 * contact_noise) * (1 + np.outer(si, [-1, 1]) / 200)
    camber = 0.08 * np.outer(gait.camber.at(left[:-1]), [1, -1])
    courses = (gait.left_pronation, gait.right_pronation)
    pronation = np.stack([c.at(left[:-1]) for c in courses], axis=1) + camber + 0.15 * pronation_noise
    stop = np.full((_BLOCK, 2), 0.052 if gait.forefoot else 0.030) * np.exp(0.03 * stop_noise)
    change = np.full((_BLOCK, 2), 1.0 if gait.forefoot else 1.4)
    curves = gait.curve, gait.right_curve
    stances = ForceShape(running, contact_time, contact_time, gait.mass, stop, change, float(speed.mean()), *curves)
    stances, begin = _solve(stances, contact, contact_time, period)
    strides = Strides(
        start=start,
        stop=float(left[-1]),
        running=running,
        contact=contact,
        contact_time=contact_time,
        begin=begin,
        stride_time=period,
        stances=stances,
        pronation=pronation,
        regional=np.exp(0.08 * gait.noise * rng.standard_normal((_BLOCK, 2, 9))),
        si=si,
        forefoot=gait.forefoot and running,
    )
    return strides, noise[:, -1]


def _timing(running: bool, speed: Float64s) -> tuple[Float64s, Float64s]:
    """Return stride time (s) and duty factor that are usual at each speed (m/s)."""
    if running:
        stride = 0.76 - 0.02 * (speed - 2.7)
        return stride, (0.271 - 0.03 * (speed - 2.7)) / stride
    return 1.08 - 0.22 * (speed - 1.3), 0.62 - 0.04 * (speed - 1.3)


def _solve(
    stances: ForceShape, contact: Float64s, contact_time: Float64s, period: Float64s
) -> tuple[ForceShape, Float64s]:
    """Find support and impulse that give the wanted contact times at 20 N and keep Newton's law.

    Running: each foot's impulse is m g (support + mean flight), which sums to m g T over a stride. Walking has no
    flight to tell the feet apart: the index of impulse is twice that of contact time, the sum is the same.
    """
    weight = stances.mass * STANDARD_GRAVITY
    support = contact_time * 1.0
    on = np.zeros_like(support)
    for _ in range(5):
        if stances.running:
            flight = (period - support.sum(axis=1)) / 2
            impulse = weight * (support + flight[:, None])
        else:
            share = contact_time / contact_time.sum(axis=1, keepdims=True)
            impulse = weight * period[:, None] * (2 * share - 0.5)
        stances = stances._replace(support=support, impulse=impulse)
        on, off = contact_edges(stances)
        support = support + contact_time - (off - on)
    return stances, contact - on


def _autocorrelated(drawn: Float64s, state: Float64s) -> Float64s:
    """Turn (variables, n, 2) independent numbers into AR(1) series of unit variance that go on from `state`."""
    series = np.empty_like(drawn)
    scale = math.sqrt(1 - AR**2)
    for k in range(drawn.shape[1]):
        state = AR * state + scale * drawn[:, k]
        series[:, k] = state
    return series


def _first(strides: Strides, n: int) -> Strides:
    """Return the first `n` strides of a block."""
    s = strides.stances
    cut = s._replace(support=s.support[:n], impulse=s.impulse[:n], stop=s.stop[:n], speed_change=s.speed_change[:n])
    arrays = {name: getattr(strides, name)[:n] for name in ("contact", "contact_time", "begin", "stride_time")}
    more = {name: getattr(strides, name)[:n] for name in ("pronation", "regional", "si")}
    last = float(strides.contact[n - 1, LEFT] + strides.stride_time[n - 1])
    return strides._replace(stances=cut, stop=last, **arrays, **more)


def _stand(gait: Gait, part: _Part, rng: np.random.Generator) -> Standing:
    at = np.array([part.start])
    pronation = np.array([gait.left_pronation.at(at)[0], gait.right_pronation.at(at)[0]])
    return Standing(part.start, part.stop, gait.mass, pronation, rng.uniform(0, 2 * math.pi, 4))
