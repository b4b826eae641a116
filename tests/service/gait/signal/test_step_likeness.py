"""What is no step, however it moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge import SECOND
from service.gait.signal.events import Finder, Stance
from service.gait.signal.load import CHANNELS, LOAD
from service.gait.signal.step_likeness import like_a_step

Array = NDArray[np.float64]
QUIET, STEP = np.zeros(20), np.hanning(60) * 800


def correlated(rng: np.random.Generator, n: int, tau_s: float) -> Array:
    """Return noise at 100 Hz that forgets within a time."""
    keep = np.exp(-0.01 / tau_s)
    x, out = rng.normal(size=n), np.empty(n)
    now = 0.0
    for k in range(n):
        now = keep * now + x[k]
        out[k] = now
    return np.asarray(out / out.std(), np.float64)


NOISES: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "white": lambda rng, n: rng.normal(size=n),
    "rectified": lambda rng, n: np.abs(rng.normal(size=n)),
    "of sixteen sensors": lambda rng, n: np.abs(rng.normal(size=(n, 16))).sum(axis=1),
    "of 0.1 s": lambda rng, n: correlated(rng, n, 0.1),
    "of 1 s": lambda rng, n: correlated(rng, n, 1.0),
    "of 5 s": lambda rng, n: correlated(rng, n, 5.0),
    "a walk at random": lambda rng, n: np.cumsum(rng.normal(size=n)),
    "spikes": lambda rng, n: (rng.random(n) < 0.001).astype(np.float64),
}


def stances(load: Array, least: float = 0.0) -> int:
    channels = np.zeros((len(load), CHANNELS))
    channels[:, LOAD] = load
    time = SECOND * 1_700_000_000 + np.arange(len(load), dtype=np.int64) * (SECOND // 100)
    return sum(isinstance(s, Stance) for s in Finder(35_000_000, least=least).feed(time, channels))


@pytest.mark.parametrize("kind", NOISES)
def test_twenty_minutes_of_noise_without_a_scale_hold_hardly_a_step(kind: str) -> None:
    """Whatever its size is. Walking would have 1100 steps of this foot."""
    load = NOISES[kind](np.random.default_rng(8), 120_000)
    assert stances(load) <= 30


@pytest.mark.parametrize("kind", NOISES)
def test_twenty_minutes_of_noise_below_a_force_plate_s_threshold_hold_none(kind: str) -> None:
    load = NOISES[kind](np.random.default_rng(9), 120_000)
    assert stances(load / np.ptp(load) * 19, least=20) == 0


def test_noise_of_a_fiftieth_of_a_step_hides_hardly_any() -> None:
    walk = np.tile(np.concatenate((QUIET, QUIET, STEP)), 200)
    assert stances(walk + np.random.default_rng(3).normal(0, 16, len(walk))) >= 196


def test_what_never_changes_is_no_step() -> None:
    for value in (0.0, 1.0, -3.0, 655.0):
        assert stances(np.full(120_000, value)) == 0


@pytest.mark.parametrize("hz", [0.01, 0.05, 0.1])
def test_slow_waves_are_no_steps(hz: float) -> None:
    """Sway, temperature, and hum that a sampling rate folds down."""
    t = np.arange(30_000) / 100
    assert stances(500 + 500 * np.sin(2 * np.pi * hz * t)) == 0


def test_a_load_that_pulls_is_none_where_zero_is_known() -> None:
    walk = np.tile(np.concatenate((QUIET, QUIET, STEP)), 40)
    assert stances(walk, least=20) >= 38
    assert stances(-walk, least=20) == 0


def test_a_step_is_quiet_before_and_after_and_steep_and_high_enough() -> None:
    rng = np.random.default_rng(2)
    step = {"before": QUIET, "load": STEP, "after": QUIET, "edge_s": 0.05, "span": 800.0, "least": 20.0}

    def like(**other: object) -> bool:
        return like_a_step(**{**step, **other})  # type: ignore[arg-type]

    assert like()
    assert not like(before=np.linspace(-300, 0, 20))
    assert not like(after=np.linspace(0, 300, 20))
    assert not like(before=rng.normal(0, 40, 20), after=rng.normal(0, 40, 20))
    assert not like(edge_s=0.25)
    assert not like(span=3000.0)
    assert not like(load=STEP / 50, before=QUIET / 50, span=16.0)
    assert not like(load=STEP[:0])
    assert like(before=np.zeros(1), after=np.zeros(1))
