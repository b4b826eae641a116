"""The exact moment of contact."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge import Float64s
from service.gait import thresholds as p
from service.gait.signal.edges import crossing, falling_edge, rising_edge


def ramp(at: float, rate_hz: float, *, base: float = 0.0) -> tuple[Float64s, Float64s]:
    t = np.arange(0, 0.3, 1 / rate_hz)
    return t, base + np.clip(t - at, 0, None) * 10_000.0


@pytest.mark.parametrize("rate_hz", [60, 100, 200, 300])
@pytest.mark.parametrize("base", [0.0, 40.0, -20.0])
def test_a_ramp_is_found_to_a_fraction_of_a_sample_above_any_quiet_level(rate_hz: float, base: float) -> None:
    for at in np.linspace(0.2, 0.21, 7):
        t, x = ramp(at, rate_hz, base=base)
        cut = int(np.argmax(x > base + 350)) + 1
        found = rising_edge(t, x, cut - 1, 1000.0)
        assert found is not None
        assert found[0] == pytest.approx(at + 0.0025, abs=0.4 / rate_hz)
        assert t[found.inside - 1] < found.time <= t[found.inside]
        assert found.calm == 0
        assert found.lasts == pytest.approx(t[cut - 1] - at - 0.01, abs=0.6 / rate_hz)


def test_falling_is_the_mirror_image() -> None:
    t, x = ramp(0.2034, 100)
    up = rising_edge(t, x, 24, 1000.0)
    down = falling_edge(-t[::-1], x[::-1], len(t) - 1 - 24, 1000.0)
    assert up is not None
    assert down is not None
    assert down[0] == pytest.approx(-up[0])


@pytest.mark.parametrize("rate_hz", [100, 200])
def test_the_end_of_the_stance_before_is_not_the_quiet(rate_hz: float) -> None:
    """As in running with both feet in one signal: 60 ms after the one foot, the other."""
    t = np.arange(0, 0.1, 1 / rate_hz)
    x = 10_000 * np.clip(np.maximum(0.02 - t, t - 0.08), 0, None)
    found = rising_edge(t, x, len(t) - 1, 1000.0)
    assert found is not None
    assert found.time == pytest.approx(0.0825, abs=0.4 / rate_hz)
    assert t[found.calm] == pytest.approx(0.02, abs=1.1 / rate_hz)


def test_a_wobble_of_the_quiet_level_does_not_move_the_contact() -> None:
    t, x = ramp(0.2, 300)
    cut = int(np.argmax(x > 350)) + 1
    wobbling = x + np.where(t < 0.18, 30 * np.sin(2 * np.pi * 8 * t) ** 2, 0) + np.clip(t - 0.1, 0, 0.1) * 400
    plain, found = rising_edge(t, x, cut - 1, 1000.0), rising_edge(t, wobbling, cut - 1, 1000.0)
    assert plain is not None
    assert found is not None
    assert found.time == pytest.approx(plain.time, abs=0.004)


@pytest.mark.parametrize("rate_hz", [100, 200, 300])
def test_a_slow_straight_rise_has_no_corner(rate_hz: float) -> None:
    """A tenth of the steepness of a heel that strikes: the contact is where the load leaves the quiet level."""
    for at in np.linspace(0.15, 0.16, 7):
        t = np.arange(0, 0.3, 1 / rate_hz)
        x = np.interp(t, [0, at, at + 0.08, at + 0.11, 1], [0, 0, 250, 900, 900])
        cut = int(np.argmax(x > 350)) + 1
        found = rising_edge(t, x, cut - 1, 1000.0)
        assert found is not None
        assert found.time == pytest.approx(at + 0.0072, abs=0.4 / rate_hz + 0.002)


def test_a_corner_is_found_between_samples() -> None:
    """Where the level cannot tell, since the quiet before rises slowly."""
    late = []
    for at in np.linspace(0.2, 0.21, 21):
        t = np.arange(0, 0.3, 0.005)
        x = np.interp(t, [0, 0.1, at, at + 0.08], [0, 0, 60, 1060])
        cut = int(np.argmax(x > 420)) + 1
        found = rising_edge(t, x, cut - 1, 1000.0)
        assert found is not None
        late.append(found.time - at)
    assert np.std(late) < 0.0008  # 1.4 ms by the nearest sample


def errors_ms(rate_hz: float, *, bends: float) -> Float64s:
    """Return the errors on edges that reach a quarter in 10 ms, and then rise so many times as steeply."""
    late = []
    for at in np.linspace(0.2, 0.2 + 1 / rate_hz, 11):
        t = np.arange(0, 0.3, 1 / rate_hz)
        x = np.interp(t, [0, at, at + 0.01, at + 0.03, 1], [0, 0, 250, 250 + 500 * bends, 250 + 500 * bends])
        found = rising_edge(t, x, int(np.argmax(x > 350)), 1000.0)
        assert found is not None
        late.append(1000 * (found.time - at) - 0.9)
    return np.array(late)


@pytest.mark.parametrize(("rate_hz", "most"), [(100, 1.4), (200, 0.7)])
def test_an_edge_within_a_sample_is_placed_by_the_line_after_it(rate_hz: float, most: float) -> None:
    """By the line before it alone it would be 2.4 ms early at 100 Hz, and 0.8 ms at 200 Hz."""
    assert np.abs(errors_ms(rate_hz, bends=1.0)).mean() < most


def test_an_edge_that_rises_ever_more_steeply_is_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    def contacts() -> list[float]:
        found = []
        for at in np.linspace(0.2, 0.21, 11):
            t = np.arange(0, 0.3, 0.01)
            x = np.clip(t - at, 0, None) ** 2 * 160_000
            edge = rising_edge(t, x, int(np.argmax(x > 350)), 1000.0)
            assert edge is not None
            found.append(edge.time - at)
        return found

    ours = contacts()
    assert ours == pytest.approx([0.0119] * 11, abs=0.004)
    monkeypatch.setattr(p, "BACKWARD", 0.0)
    assert contacts() == ours


def test_toes_leave_the_ground_at_the_end_of_a_slow_tail() -> None:
    """Down to a tenth in 30 ms, and to nothing in 80 ms more."""
    t = np.arange(0, 0.25, 1 / 300)
    x = np.interp(t, [0, 0.01, 0.04, 0.12, 1], [400, 350, 80, 0, 0])
    found = falling_edge(t, x, 2, 1000.0)
    assert found is not None
    assert 0.04 <= found.time <= 0.10
    assert t[found.inside] <= found.time < t[found.inside + 1]
    assert found.calm == len(t) - 1


def test_a_load_that_was_never_quiet_has_no_edge() -> None:
    assert rising_edge(np.arange(20) / 100, np.full(20, 500.0), 19, 1000.0) is None
    assert crossing(np.arange(3.0), np.array([1.0, 2.0, 3.0]), 0.5) is None
    assert crossing(np.arange(3.0), np.array([1.0, 2.0, 3.0]), 2.5) == 1.5
