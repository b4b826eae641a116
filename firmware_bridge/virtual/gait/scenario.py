"""What is told: sessions with their absolute start. The demo's story, and plain ones for tests and devices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from firmware_bridge.model import SECOND
from firmware_bridge.virtual.gait.pressure import Placement
from firmware_bridge.virtual.gait.walker import Gait, Locomotion, Ramp

_Telling = Literal["normal", "limping", "pronated"]
TELLINGS: tuple[_Telling, ...] = ("normal", "limping", "pronated")
LIMP_SI, LIMP_WITHIN_S = 8.0, 90.0
PRONATED, PRONATED_WITHIN_S = 2.0, 90.0
LIVE_SINCE_S = 12 * 60
EARLIER_DAYS = (8, 6, 4, 3, 1)
EARLIER_S = 600.0
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Session:
    """One time on the feet: when, how, and how the two insoles lie in the shoes."""

    start: int  # UTC ns
    gait: Gait
    placements: tuple[Placement, Placement] = (Placement(), Placement())

    @property
    def stop(self) -> int | None:
        """Return the end in UTC ns, None if there is none."""
        return None if self.gait.seconds == float("inf") else self.start + round(self.gait.seconds * SECOND)


@dataclass(frozen=True, slots=True)
class Story:
    """Sessions of one person in order of time; `seed` is the person, the insoles and all chance."""

    seed: int
    sessions: tuple[Session, ...]
    faults: bool = True  # ordinary errors of sensors, mounting and radio


def plain_story(gait: Gait, start: int, seed: int = 0, *, faults: bool = False) -> Story:
    """Return one session of a gait."""
    return Story(seed, (Session(start, gait),), faults)


def told_gait(telling: _Telling, activity: Locomotion, seed: int) -> Gait:
    """Return the gait that a word stands for, reached within a session's first 90 s after standing.

    Limping: contact-time symmetry index of 8 %, the longer side by the seed. Pronated: latent pronation +2, both feet.
    """
    gait = Gait(activity=activity)
    if telling == "limping":
        sign = 1 if np.random.default_rng([seed, 31]).random() < 0.5 else -1
        return replace(gait, si=Ramp(0, sign * LIMP_SI, 0, LIMP_WITHIN_S))
    if telling == "pronated":
        course = Ramp(0, PRONATED, 0, PRONATED_WITHIN_S)
        return replace(gait, left_pronation=course, right_pronation=course)
    return gait


def demo_story(gait: _Telling, seed: int, now: int, activity: Locomotion = "running", *, faults: bool = True) -> Story:
    """Return five ordinary sessions on earlier days and today's, begun 12 minutes ago and without end.

    Days differ as healthy ones do: contact-time symmetry by 0.5 %, pronation of both feet by 0.15, speed by 3 %, the
    insoles lie a little differently; a person's own symmetry is off zero by 0.7 % or so. Only
    today is limping or pronated.
    """
    own = np.random.default_rng([seed, 32])
    habit = replace(told_gait("normal", activity, seed), mass=round(float(own.normal(70, 8)), 1))
    usual_si = float(np.clip(own.normal(0, 0.7), -1.2, 1.2))
    clock_shift = own.uniform(-4 * 3600, 4 * 3600, len(EARLIER_DAYS))
    sessions = []
    for k, days in enumerate(EARLIER_DAYS):
        start = now - round((days * _DAY_S + float(clock_shift[k])) * SECOND)
        day = _ordinary_day(habit, usual_si, seed, k)
        day = replace(day, seconds=EARLIER_S + 16, stand_s=(8.0, 8.0), stops=_stops(seed, k))
        sessions.append(Session(start, day, _placements(seed, k)))
    today = _ordinary_day(habit, usual_si, seed, len(EARLIER_DAYS))
    told = told_gait(gait, activity, seed)
    today = replace(
        today,
        si=replace(told.si, start=today.si.start) if told.si.end else today.si,
        left_pronation=_sum(today.left_pronation, told.left_pronation),
        right_pronation=_sum(today.right_pronation, told.right_pronation),
        stand_s=(8.0, 0.0),
    )
    sessions.append(Session(now - LIVE_SINCE_S * SECOND, today, _placements(seed, len(EARLIER_DAYS))))
    return Story(seed, tuple(sessions), faults)


def _ordinary_day(habit: Gait, usual_si: float, seed: int, day: int) -> Gait:
    rng = np.random.default_rng([seed, 33, day])
    si = usual_si + 0.5 * float(np.clip(rng.standard_normal(), -2, 2))
    pronation = 0.15 * float(np.clip(rng.standard_normal(), -2, 2))
    speed = habit.pace * (1 + 0.03 * float(np.clip(rng.standard_normal(), -2, 2)))
    tired = Ramp(pronation, pronation + 0.3, 0, 1800, exponential=True)
    return replace(habit, si=Ramp.constant(si), left_pronation=tired, right_pronation=tired, speed=speed)


def _sum(usual: Ramp, change: Ramp) -> Ramp:
    """Add a change to a usual course; where there is none the usual course stays (its fatigue too)."""
    if change.end == change.start:
        return usual
    return replace(change, start=usual.start + change.start, end=usual.end + change.end)


def _stops(seed: int, day: int) -> tuple[tuple[float, float], ...]:
    """Return a traffic light on every other day or so."""
    rng = np.random.default_rng([seed, 34, day])
    return ((float(rng.uniform(150, 450)), float(rng.uniform(8, 20))),) if rng.random() < 0.5 else ()


def _placements(seed: int, day: int) -> tuple[Placement, Placement]:
    """Draw how the insoles lie: 2 mm and 1 degree for ever, 0.7 mm and 0.3 degrees from day to day."""
    ever, daily = np.random.default_rng([seed, 35]), np.random.default_rng([seed, 36, day])
    both = ever.normal(0, 1, (2, 3)) * [1.5, 2.0, 1.0] + daily.normal(0, 1, (2, 3)) * [0.5, 0.7, 0.3]
    left, right = (Placement(*(float(v) for v in row)) for row in both)
    return left, right
