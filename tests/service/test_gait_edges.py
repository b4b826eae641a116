"""The exact moment of contact."""

from __future__ import annotations

import numpy as np
import pytest

from service.gait.edges import crossing, falling_edge, rising_edge
from service.gait.load import Float64s


def ramp(at: float, rate_hz: float, *, base: float = 0.0) -> tuple[Float64s, Float64s]:
    t = np.arange(0, 0.3, 1 / rate_hz)
    return t, base + np.clip(t - at, 0, None) * 10_000.0


@pytest.mark.parametrize("rate_hz", [60, 100, 200, 300])
@pytest.mark.parametrize("base", [0.0, 40.0, -20.0])
def test_a_ramp_is_found_to_a_fraction_of_a_sample_above_any_quiet_level(rate_hz: float, base: float) -> None:
    for at in np.linspace(0.2, 0.21, 7):
        t, x = ramp(at, rate_hz, base=base)
        cut = int(np.argmax(x > base + 350)) + 1
        found = rising_edge(t[:cut], x[:cut], 1000.0)
        assert found is not None
        assert found[0] == pytest.approx(at + 0.0025, abs=0.4 / rate_hz)
        assert t[found[1] - 1] < found[0] <= t[found[1]]


def test_falling_is_the_mirror_image() -> None:
    t, x = ramp(0.2034, 100)
    up = rising_edge(t[:25], x[:25], 1000.0)
    down = falling_edge(-t[:25][::-1], x[:25][::-1], 1000.0)
    assert up is not None
    assert down is not None
    assert down[0] == pytest.approx(-up[0])


def test_a_load_that_was_never_quiet_has_no_edge() -> None:
    assert rising_edge(np.arange(20) / 100, np.full(20, 500.0), 1000.0) is None
    assert crossing(np.arange(3.0), np.array([1.0, 2.0, 3.0]), 0.5) is None
    assert crossing(np.arange(3.0), np.array([1.0, 2.0, 3.0]), 2.5) == 1.5
