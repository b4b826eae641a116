"""Blocks of ordinary walks and runs, and of odd ones, without a sensor in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from firmware_bridge import SECOND
from service.records.quantities import numbers
from service.records.rows import ANALYSIS, Block

NAN = float("nan")
DAY = 86_400 * SECOND
NOW = 20_000 * DAY


def block(bout: int = NOW, number: int = 0, **values: object) -> Block:
    """Return an ordinary block."""
    made = Block(
        time=bout + number * 55 * SECOND,
        wearer="ada",
        stop=bout + (number * 55 + 54) * SECOND,
        bout=bout,
        number=number,
        activity="walking",
        strides_left=50,
        strides_right=50,
        rejected_left=2,
        rejected_right=1,
        received_left=1.0,
        received_right=1.0,
        void=False,
        reason="",
        contact_time_left_s=0.65,
        contact_time_right_s=0.65,
        cadence_spm=114.0,
        contact_time_si_pct=0.0,
        contact_time_si_low_pct=-1.0,
        contact_time_si_high_pct=1.0,
        impulse_si_pct=0.0,
        impulse_si_low_pct=-1.5,
        impulse_si_high_pct=1.5,
        medial_lateral_left=-10.0,
        medial_lateral_left_se=0.6,
        medial_lateral_right=-12.0,
        medial_lateral_right_se=0.6,
        unit="N",
        analysis=ANALYSIS,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def bout(day: int = 0, blocks: int = 12, seed: int = 0, *, si: float = 0.0, left: float = -10.0, right: float = -12.0,
         noise: float = 1.0, **values: object) -> list[Block]:  # fmt: skip
    """Return the blocks of a bout; the measures scatter by their standard errors."""
    rng = np.random.default_rng([seed, day + 1000])
    out = []
    for number in range(blocks):
        e = noise * rng.standard_normal(4)
        v: dict[str, float] = {"medial_lateral_left": left + 0.6 * e[2], "medial_lateral_right": right + 0.6 * e[3]}
        told = {"contact_time_si_pct": (si + 0.45 * e[0], 1.0), "impulse_si_pct": (2 * si + 0.7 * e[1], 1.5)}
        for name, (value, half) in told.items():
            v |= numbers(Block)[name].columns((value, value - half, value + half))
        out.append(block(NOW + day * DAY, number, **{**v, **values}))
    return out


def earlier(days: int = 5, seed: int = 0) -> Sequence[Block]:
    """Return ordinary bouts of the days before."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(0, 1, (days, 2)) * [0.5, 1.5]
    return [b for k in range(days) for b in bout(k - days, seed=seed, si=drawn[k, 0], left=-10 + drawn[k, 1],
                                                 right=-12 + drawn[k, 1])]  # fmt: skip
