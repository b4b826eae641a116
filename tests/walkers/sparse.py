"""Insoles of a few sensors, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_bridge import Profile
from firmware_bridge.devices.profile import load_profile, parse_profile


def sparse(positions: Sequence[tuple[float, float]]) -> Profile:
    """Return a profile with sensors at these places (`ml`, `ap`), 12 bits, without a unit."""
    text, n = load_profile("insole-line").text, len(positions)
    start, stop = text.index("positions = ["), text.index("length_mm")
    text = text[:start] + f"positions = {[[*place] for place in positions]}\n" + text[stop:]
    return parse_profile(text.replace("n = 8", f"n = {n}").replace("count = 8", f"count = {n}"), "a sparse insole")
