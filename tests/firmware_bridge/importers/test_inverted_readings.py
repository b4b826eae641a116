"""Whether readings fall when pressed, of walks whose sensors are loaded for as long as real ones are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.importers.parsing.inverted_readings import looks_inverted

PEAKS = np.array([0.9, 0.35, 0.6, 0.2, 0.75, 0.5])
"""Share of the range that each sensor reaches: what tells loaded readings from unloaded ones."""


def walk(loaded: float, rest: float = 0.0) -> NDArray[np.float64]:
    """Return a minute of 0 to 1 at 100 Hz, each sensor loaded for a share of the step, unloaded within `rest` of 0."""
    rng = np.random.default_rng(2)
    phase = (np.arange(6000)[:, None] / 110 + np.linspace(0, 0.3, len(PEAKS))) % 1
    load = PEAKS * np.clip(np.sin(np.pi * phase / loaded), 0, None) * (phase < loaded)
    unloaded = rng.uniform(0, rest, len(PEAKS)) + rng.normal(0, 0.003, load.shape)
    return np.asarray(np.clip(load + unloaded, 0, 1))


@pytest.mark.parametrize("loaded", [0.3, 0.5, 0.6, 0.65])
@pytest.mark.parametrize("rest", [0.0, 0.05])
@pytest.mark.parametrize("end", [255, 1023, 4095])
def test_they_are_known_by_the_end_where_all_sensors_agree(loaded: float, rest: float, end: int) -> None:
    readings = np.round(end * walk(loaded, rest))
    assert looks_inverted(readings) is None
    assert looks_inverted(end - readings) == end


@pytest.mark.parametrize("value", [0, 7, 4095])
def test_a_foot_that_nobody_uses_says_nothing(value: float) -> None:
    assert looks_inverted(np.full((500, 6), value, np.float64)) is None
