"""Steps for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from firmware_bridge import SECOND, Side
from service.contracts.ordinary_blocks import NOW
from service.records.rows import ANALYSIS, Step


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
