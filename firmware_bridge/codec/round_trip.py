"""Packets as a device of a profile would send them, made to be read back: for whoever wants to know if they are."""

from __future__ import annotations

import numpy as np

from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.codec.wire import sample_spacing
from firmware_bridge.devices.profile import Profile
from firmware_bridge.devices.schema.profile import LinesFrame
from firmware_bridge.model import SECOND, Frames, Packet, Side

FIRST_SAMPLE = 1_700_000_000 * SECOND
"""UTC ns of the first sample."""
BATTERY_PCT = 63.0
_MOST = 1000.0
_ACC_G, _GYRO_DPS = 8.0, 500.0


def specimen(profile: Profile, side: Side, link: str, packets: int = 50) -> tuple[Frames, list[Packet]]:
    """Return samples of any pressure that the profile can hold, and the packets that carry them over a link.

    Raises:
        ConfigError: the profile does not speak this link, or says nothing of this foot.
    """
    n = packets * Encoder(profile, side, link).samples_per_packet
    rng = np.random.default_rng(7)
    given = Frames(
        "anna",
        side,
        "",
        time=FIRST_SAMPLE + np.arange(n) * sample_spacing(profile),
        pressure=rng.uniform(0, min(profile.full_scale, _MOST), (n, profile.sensors.count)).astype(np.float32),
        acc=rng.uniform(-_ACC_G, _ACC_G, (n, 3)).astype(np.float32),
        gyro=rng.uniform(-_GYRO_DPS, _GYRO_DPS, (n, 3)).astype(np.float32),
    )
    return given, packets_of(profile, link, given)


def packets_of(profile: Profile, link: str, frames: Frames) -> list[Packet]:
    """Return the packets that carry samples over a link; the first one comes as if the link was just made."""
    encoder = Encoder(profile, frames.side, link)
    data = encoder.packets(frames.time - FIRST_SAMPLE, frames.pressure, frames.acc, frames.gyro, BATTERY_PCT)
    if _begins_in_the_middle(profile, link):
        data[0] = b"\n" + data[0]  # what ends the line under way, which is left out
    each = encoder.samples_per_packet
    times = frames.time[each - 1 :: each].tolist()
    times = [times[0]] * (len(data) - len(times)) + times  # a head line comes first
    return [Packet(time, packet) for time, packet in zip(times, data, strict=True)]


def _begins_in_the_middle(profile: Profile, link: str) -> bool:
    """Tell whether the first line of a link may be the rest of one: unless an announcement comes first."""
    frame, text = profile.frames[link], profile.table.text
    return isinstance(frame, LinesFrame) and frame.cut and (text is None or text.announce is None)
