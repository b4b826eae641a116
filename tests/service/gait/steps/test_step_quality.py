"""Which steps count."""

from __future__ import annotations

import math

import numpy as np

from firmware_bridge import SECOND
from service.gait.steps.step_quality import Screening, lost_steps


def judged(strides: list[tuple[float, float, float]], activity: str = "walking") -> list[str]:
    """Judge strides given as (contact time, stride time, peak)."""
    quality, now, out = Screening(), 0, []
    for contact, stride, peak in strides:
        now += round((1.0 if math.isnan(stride) else stride) * SECOND)
        out.append(quality.judge(now, contact, stride, peak, activity, agrees=True))
    return out


def usual(n: int, seed: int = 1) -> list[tuple[float, float, float]]:
    rng = np.random.default_rng(seed)
    return [(0.65 * a, 1.05 * b, 800 * c) for a, b, c in 1 + 0.015 * rng.standard_normal((n, 3))]


def test_a_steady_walk_counts_but_for_its_start() -> None:
    reasons = judged(usual(200))
    assert reasons[:3] == ["start"] * 3
    assert reasons[3:].count("") > 185


def test_what_is_odd_is_named() -> None:
    strides = usual(60)
    strides[40] = (0.65, 1.05, 1000)
    strides[45] = (0.65, 1.25, 800)
    strides[50] = (1.4, 1.05, 800)
    reasons = judged(strides)
    assert (reasons[40], reasons[45], reasons[50]) == ("outlier", "stride_change", "contact_time")


def test_a_change_of_speed_is_followed() -> None:
    faster = [(0.9 * a, 0.93 * b, 1.15 * c) for a, b, c in usual(60, seed=2)]
    assert judged([*usual(60), *faster])[-20:].count("") > 17


def test_a_pause_is_a_start_again() -> None:
    strides = usual(30)
    strides[20] = (0.65, 8.0, 800)
    assert judged(strides)[20:23] == ["start"] * 3


def test_a_stride_without_a_rhythm_can_count() -> None:
    strides = usual(40)
    strides[30] = (0.65, math.nan, 800)
    assert judged(strides)[30] == ""


def test_a_doubtful_step_says_why_and_no_other_is_compared_with_it() -> None:
    quality, now, reasons = Screening(), 0, []
    for k, (contact, stride, peak) in enumerate(usual(60)):
        now += round(stride * SECOND)
        doubt = "gap" if 20 <= k < 40 else ""
        size = 3.0 if doubt else 1.0
        reasons.append(quality.judge(now, contact, stride, peak * size, "walking", agrees=True, doubt=doubt))
    assert reasons[20:40] == ["gap"] * 20
    assert reasons[40:].count("") > 17


def test_lost_steps_follow_the_rhythm() -> None:
    assert lost_steps(5 * SECOND, 1.0, in_stance=False) == 5
    assert lost_steps(SECOND // 20, 1.0, in_stance=True) == 1
    assert lost_steps(SECOND // 20, 1.0, in_stance=False) == 0
    assert lost_steps(SECOND, math.nan, in_stance=False) == 0
