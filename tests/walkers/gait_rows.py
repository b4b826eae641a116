"""Steps and blocks for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from firmware_bridge import SECOND, Side
from service.records.rows import ANALYSIS, Block, Step

NAN = float("nan")
DAY = 86_400 * SECOND
NOW = 20_000 * DAY


def step(time_s: float, side: Side = Side.LEFT, *, contact: float = 0.65, valid: bool = True, **values: object) -> Step:
    """Return a step of an ordinary walk."""
    made = Step(
        time=NOW + round(time_s * SECOND),
        wearer="ada",
        side=side,
        foot_off=NOW + round((time_s + contact) * SECOND),
        contact_time_s=contact,
        stride_time_s=1.05,
        duty_factor=contact / 1.05,
        cadence_spm=120 / 1.05,
        peak=800.0,
        impulse=400.0 * contact,
        unit="N",
        medial_lateral_index=-10.0,
        cop_ml_10=0.5,
        cop_ml_30=0.5,
        cop_ml_50=0.5,
        cop_ml_70=0.5,
        cop_ml_90=0.5,
        cop_ap_10=0.2,
        cop_ap_30=0.3,
        cop_ap_50=0.5,
        cop_ap_70=0.7,
        cop_ap_90=0.8,
        completeness=1.0,
        activity="walking",
        valid=valid,
        reason="" if valid else "outlier",
        bout=NOW,
        analysis=ANALYSIS,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def strides(count: int, seed: int = 0, *, si: float = 0.0, start: float = 0.0) -> Iterator[Step]:
    """Yield both feet's steps of a walk with a symmetry index of contact time in percent."""
    noise = 0.02 * np.random.default_rng(seed).standard_normal((count, 2, 2))
    for k in range(count):
        for foot, side in enumerate(Side):
            sign = 1 if side is Side.RIGHT else -1
            contact = 0.65 * (1 + sign * si / 200) * (1 + noise[k, foot, 0])
            index = -10 + 100 * noise[k, foot, 1]
            yield step(start + 1.05 * (k + foot / 2), side, contact=contact, medial_lateral_index=index)


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
        v = {"contact_time_si_pct": si + 0.45 * e[0], "impulse_si_pct": 2 * si + 0.7 * e[1]}
        for name, half in (("contact_time_si", 1.0), ("impulse_si", 1.5)):
            v |= {f"{name}_low_pct": v[f"{name}_pct"] - half, f"{name}_high_pct": v[f"{name}_pct"] + half}
        v |= {"medial_lateral_left": left + 0.6 * e[2], "medial_lateral_right": right + 0.6 * e[3]}
        out.append(block(NOW + day * DAY, number, **{**v, **values}))
    return out


def earlier(days: int = 5, seed: int = 0) -> Sequence[Block]:
    """Return ordinary bouts of the days before."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(0, 1, (days, 2)) * [0.5, 1.5]
    return [b for k in range(days) for b in bout(k - days, seed=seed, si=drawn[k, 0], left=-10 + drawn[k, 1],
                                                 right=-12 + drawn[k, 1])]  # fmt: skip
