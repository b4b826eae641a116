"""Whole runs with known loads under the foot, for tests of what is shown after them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import SECOND, Frames, Log, Side
from service.records.rows import Note, Step
from tests.walkers.web_rows import PROFILE, WEARER, a_block, a_device, a_step, a_verdict, an_insole

DAY = 86_400 * SECOND
FIRST = 1_779_000_000 * SECOND
STRIDE = 720_000_000
CONTACT = 250_000_000
SENSORS = PROFILE.sensors.count
MEDIAL = PROFILE.sensors.ml > 0.6
LATERAL = PROFILE.sensors.ml < 0.4


def pattern(seed: int, medial: float = 0.0, scatter: float = 0.03) -> NDArray[np.float64]:
    """Return what each sensor reads at the peak: a plain foot, some bouts' scatter, and a planted medial shift."""
    chance = np.random.default_rng(seed)
    shape = 150.0 + 100.0 * np.cos(np.linspace(0, 6, SENSORS))
    shift = np.where(MEDIAL, 1 + medial, np.where(LATERAL, 1 - medial, 1.0))
    return np.asarray(shape * shift * (1 + scatter * chance.standard_normal(SENSORS)))


def stance_frames(step: Step, peak: NDArray[np.float64], level: float = 3.0) -> Frames:
    """Return one stance with the swing before it, at 100 Hz: half a sine over an unloaded level."""
    worn = an_insole(step.side)
    time = np.arange(step.time - 15 * SECOND // 100, step.foot_off + 5 * SECOND // 100, SECOND // 100, dtype=np.int64)
    phase = np.clip((time - step.time) / (step.foot_off - step.time), 0, 1)
    pressure = level + np.sin(np.pi * phase)[:, None] * peak
    return Frames(WEARER, step.side, worn.device, time, pressure.astype(np.float32))


def steps_of(bout: int, count: int = 400, sides: tuple[Side, ...] = tuple(Side)) -> list[Step]:
    return [
        a_step(bout + k * STRIDE + (side is Side.RIGHT) * STRIDE // 2, side, bout=bout, foot_off=foot_off)
        for k in range(count)
        for side in sides
        for foot_off in [bout + k * STRIDE + (side is Side.RIGHT) * STRIDE // 2 + CONTACT]
    ]


def put_bout(
    log: Log, bout: int, seed: int, *, medial: float = 0.0, frames: bool = True, sides: tuple[Side, ...] = tuple(Side)
) -> None:
    """Put a run of ten minutes; frames of every 20th step only, to be quick."""
    chance = np.random.default_rng(seed)
    steps = steps_of(bout, 800, sides)
    if frames:
        steps = [s for k, s in enumerate(steps) if k // 2 % 20 == 0]
    peaks = {side: pattern(2 * seed + (side is Side.RIGHT), medial) for side in Side}
    blocks = []
    for number in range(14):
        si = 1.0 + 0.5 * chance.standard_normal()
        blocks.append(
            a_block(
                bout + number * 40 * SECOND, bout=bout, number=number, contact_time_si_pct=si,
                contact_time_si_low_pct=si - 1, contact_time_si_high_pct=si + 1,
                medial_lateral_left=-3 + 100 * medial + chance.standard_normal(),
                medial_lateral_right=3 + 100 * medial + chance.standard_normal(),
                sensors_left=SENSORS, sensors_right=SENSORS,
            )
        )  # fmt: skip
    log.put([*(a_device(side, FIRST) for side in Side), *steps, *blocks])
    log.put([replace(a_verdict(stop=blocks[-1].stop, answer="normal", value=1.0, low=0.5, high=1.5), time=bout)])
    if frames:
        log.put(stance_frames(step, peaks[step.side]) for step in steps)


def put_runs(log: Log, count: int = 5, *, medial: float = 0.0, shoes: tuple[str, str] | None = None) -> list[int]:
    """Put some plain runs a day apart, and one more with a planted shift; with `shoes`, those of the second half."""
    bouts = [FIRST + k * DAY for k in range(count + 1)]
    for k, bout in enumerate(bouts):
        shifted = k == count if shoes is None else 2 * k > count
        put_bout(log, bout, seed=k + 1, medial=medial if shifted else 0.0)
        if shoes is not None:
            log.put([Note(bout, WEARER, "shoes", shoes[2 * k > count])])
    return bouts
