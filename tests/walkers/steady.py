"""A foot that is quick to render and easy to check: sample `k` of its device reads `k` on every sensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile
from firmware_bridge.model import SECOND, Frames, Int64s, Packet, Side
from firmware_bridge.virtual.insole.foot import Readout

PROFILES = {name: load_profile(name) for name in builtin_profiles()}
START = 1_000_000_000 * SECOND


class SteadyFoot:
    def __init__(self, side: Side = Side.LEFT, profile: Profile | None = None) -> None:
        self.side = side
        self.profile = profile or PROFILES["demo-16"]

    def samples(self, start: int, stop: int) -> Readout:
        step = round(SECOND / self.profile.rate_hz)
        k = np.arange(-((START - start) // step), -((START - stop) // step), dtype=np.int64)
        three = np.zeros((len(k), 3), np.float32)
        return Readout(START + k * step, k * step, self._pressure(k), three, three)

    def _pressure(self, k: Int64s) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.repeat((k % 1000).astype(np.float32)[:, None], self.profile.sensors.count, axis=1)


def insole(side: Side = Side.LEFT, url: str = "unused:", profile: str = "demo-16") -> Insole:
    return Insole("anna", side, PROFILES[profile], url)


def decoded(packets: Sequence[Packet], link: str, side: Side = Side.LEFT, profile: str = "demo-16") -> Decoder:
    """Decode packets; the frames are in `.frames`, and they have to read as a steady foot's do."""
    decoder = Decoder(insole(side, profile=profile), link)
    frames = decoder.whole(packets)
    if frames is not None:
        _check(frames)
    return decoder


def _check(frames: Frames) -> None:
    readings = frames.pressure[:, 0].astype(np.int64)
    assert bool((frames.pressure == frames.pressure[:, :1]).all())
    steps = np.diff(readings) % 1000
    assert bool((steps >= 1).all())
