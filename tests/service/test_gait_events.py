"""Stances in signals: made ones, and annotated real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge import SECOND
from service.gait.events import Break, Finder, Stance
from service.gait.load import CHANNELS, LOAD

Array = NDArray[np.float64]
HOLE = 35_000_000


def find(time: NDArray[np.int64], load: Array, hole: int = HOLE) -> list[Stance | Break]:
    channels = np.zeros((len(time), CHANNELS))
    channels[:, LOAD] = load
    return list(Finder(hole).feed(time, channels))


def steps(count: int, *, contact: float = 0.65, stride: float = 1.05, valley: float = 0.4) -> Array:
    """Return a walk's load at 100 Hz with the two humps of a stance, the valley between them as deep as asked."""
    t = np.arange(0, count * stride + 2, 0.01)
    s = ((t - 1.0) % stride) / contact
    hump = np.interp(s, [0, 0.04, 0.23, 0.5, 0.77, 0.93, 1], [0, 300, 850, 850 * valley, 850, 320, 0])
    return np.where((t > 1) & (t < 1 + count * stride) & (s <= 1), hump, 0.0)


def ticks(n: int, rate: float = 100) -> NDArray[np.int64]:
    return SECOND * 1_700_000_000 + np.round(np.arange(n) * SECOND / rate).astype(np.int64)


@pytest.mark.parametrize("valley", [0.9, 0.5, 0.2, 0.05])
def test_the_valley_of_mid_stance_does_not_split_it(valley: float) -> None:
    load = steps(20, valley=valley)
    found = find(ticks(len(load)), load)
    assert len(found) == 20
    for stance in found:
        assert isinstance(stance, Stance)
        assert (stance.foot_off - stance.contact) * 1e-9 == pytest.approx(0.65, abs=0.012)


def test_standing_and_noise_and_a_foot_in_the_air_are_no_steps() -> None:
    rng = np.random.default_rng(4)
    n = 6000
    sway = 350 + 60 * np.sin(np.arange(n) / 300) + rng.normal(0, 4, n)
    assert find(ticks(n), sway) == []
    assert find(ticks(n), rng.normal(0, 4, n)) == []
    lifted = np.concatenate((steps(10), rng.normal(0, 4, n), steps(10)))
    assert 18 <= len(find(ticks(len(lifted)), lifted)) <= 20


def test_an_unloaded_level_that_drifts_does_not_matter() -> None:
    load = steps(40)
    drifting = load + np.linspace(0, 250, len(load)) + np.random.default_rng(1).normal(0, 4, len(load))
    found = find(ticks(len(load)), drifting)
    assert len(found) == 40
    held = [(s.foot_off - s.contact) * 1e-9 for s in found if isinstance(s, Stance)]
    assert np.abs(np.array(held) - 0.65).max() < 0.02


def test_missing_data_breaks_a_stance_and_is_told() -> None:
    load = steps(6)
    keep = np.ones(len(load), bool)
    keep[240:246] = False
    found = find(ticks(len(load))[keep], load[keep])
    breaks = [b for b in found if isinstance(b, Break)]
    assert [(b.stop - b.start, b.in_stance) for b in breaks] == [(70_000_000, True)]
    assert sum(isinstance(s, Stance) for s in found) == 5


def annotated(folder: Path, name: str) -> tuple[Array, Array, NDArray[np.int64], Array]:
    """Return annotated contacts and foot-offs in s, and times and samples of the left foot (WFDB format 212)."""
    table = np.loadtxt(folder / f"{name}.ts")
    b = np.frombuffer((folder / f"{name}.let").read_bytes(), np.uint8).astype(int).reshape(-1, 3)
    both = np.stack([b[:, 0] + 256 * (b[:, 1] & 15), b[:, 2] + 16 * (b[:, 1] & 240)], axis=1).ravel()
    load = np.where(both > 2047, both - 4096, both).astype(np.float64)
    return table[:, 0], table[:, 0] - table[:, 3], np.round(np.arange(len(load)) / 300 * SECOND).astype(np.int64), load


def nearest(wanted: Array, found: Array) -> Array:
    return np.array([found[np.argmin(np.abs(found - w))] - w for w in wanted])


def test_published_contacts_are_found(shared: Callable[..., Path]) -> None:
    folder = shared("data", "gaitndd")
    on, off = [], []
    for k in range(1, 7):
        contact, foot_off, time, load = annotated(folder, f"control{k}")
        found = [s for s in find(time, load) if isinstance(s, Stance)]
        on.append(nearest(contact, np.array([s.contact for s in found]) * 1e-9))
        off.append(nearest(foot_off, np.array([s.foot_off for s in found]) * 1e-9))
    contact_error, off_error = np.abs(np.concatenate(on)), np.abs(np.concatenate(off))
    assert len(contact_error) == 1542
    assert (contact_error < 0.050).mean() >= 0.99
    assert contact_error[contact_error < 0.05].mean() < 0.004
    assert (off_error < 0.050).mean() >= 0.99
    assert off_error[off_error < 0.05].mean() < 0.006


def test_patients_contacts_are_found_too(shared: Callable[..., Path]) -> None:
    folder = shared("data", "gaitndd")
    errors = []
    for name in [f"{group}{k}" for group in ("park", "hunt", "als") for k in (1, 2, 3)]:
        contact, _, time, load = annotated(folder, name)
        errors.append(nearest(contact, np.array([s.contact for s in find(time, load) if isinstance(s, Stance)]) * 1e-9))
    assert (np.abs(np.concatenate(errors)) < 0.050).mean() >= 0.97
