"""What really happened, step by step. For tests and checks; nothing that measures may read it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.model import SECOND, Float64s, Int64s, Side
from firmware_bridge.virtual.gait.ground_reaction import force
from firmware_bridge.virtual.gait.scenario import Story
from firmware_bridge.virtual.gait.walker import Standing, Strides, plan

FINE = 400  # points of a stance at which its peak is looked for


class Steps(NamedTuple):
    """Every step of one foot whose contact lies in the asked time, arrays of one length."""

    contact: Int64s  # UTC ns at which the noise-free force passes 20 N upwards
    off: Int64s  # UTC ns at which it falls below
    contact_time: Float64s  # s
    stride_time: Float64s  # s to the next contact as planned (of the left foot)
    impulse: Float64s  # N s
    peak: Float64s  # N
    pronation: Float64s  # latent, of this step
    si: Float64s  # intended symmetry index of contact time, %
    running: NDArray[np.bool_]


class Truth(NamedTuple):
    """The steps of both feet and when the person stood still (UTC ns, start and stop)."""

    left: Steps
    right: Steps
    standing: tuple[tuple[int, int], ...]

    def of(self, side: Side) -> Steps:
        """Return the steps of one foot."""
        return self.left if side is Side.LEFT else self.right


def truth(story: Story, start: int, stop: int) -> Truth:
    """Return what happens in a story with contacts in [start, stop), UTC ns; `stop` bounds an endless one."""
    feet: tuple[list[Steps], list[Steps]] = ([], [])
    standing = []
    for number, session in enumerate(story.sessions):
        if session.start >= stop or (session.stop is not None and session.stop <= start):
            continue
        for item in plan(session.gait, (story.seed, number, 41)):
            if session.start + item.start * SECOND >= stop:
                break
            if isinstance(item, Standing):
                standing.append((session.start + round(item.start * SECOND), session.start + round(item.stop * SECOND)))
                continue
            for foot in (0, 1):
                feet[foot].append(_steps(item, foot, session.start))
    return Truth(_join(feet[0], start, stop), _join(feet[1], start, stop), tuple(standing))


def _steps(strides: Strides, foot: int, zero: int) -> Steps:
    contact, tc = strides.contact[:, foot], strides.contact_time[:, foot]
    fine = np.linspace(0, 1, FINE) * strides.stances.support[:, foot, None]
    newtons = force(fine, strides.stances.take(np.arange(len(contact)), foot))
    return Steps(
        contact=zero + np.round(contact * SECOND).astype(np.int64),
        off=zero + np.round((contact + tc) * SECOND).astype(np.int64),
        contact_time=tc,
        stride_time=strides.stride_time,
        impulse=strides.stances.impulse[:, foot],
        peak=newtons.max(axis=1),
        pronation=strides.pronation[:, foot],
        si=strides.si,
        running=np.full(len(contact), strides.running),
    )


def _join(parts: list[Steps], start: int, stop: int) -> Steps:
    if not parts:
        none = np.empty(0)
        empty = np.empty(0, np.int64)
        return Steps(empty, empty, none, none, none, none, none, none, np.empty(0, np.bool_))
    contact = np.concatenate([part.contact for part in parts])
    inside = (contact >= start) & (contact < stop)
    joined = {name: np.concatenate([getattr(part, name) for part in parts])[inside] for name in Steps._fields}
    return Steps(**joined)
