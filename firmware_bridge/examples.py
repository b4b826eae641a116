"""What the golden bytes of a profile say, in words: for whoever writes one and wants to see what comes of a packet."""

from __future__ import annotations

import numpy as np

from firmware_bridge.codec import Decoder
from firmware_bridge.errors import ConfigError
from firmware_bridge.golden_schema import GoldenTable
from firmware_bridge.model import SECOND, Float32s, Frames, Packet, Side
from firmware_bridge.profile import Insole, Profile

ARRIVED = 1_700_000_000 * SECOND
SHOWN = 3
"""Samples of each example that are told."""


def examples_of(profile: Profile) -> list[str]:
    """Return lines that tell what each golden example decodes to."""
    return [
        f"golden[{number}]{line}"
        for number, golden in enumerate(profile.table.golden)
        for line in _said(profile, golden)
    ]


def _said(profile: Profile, golden: GoldenTable) -> list[str]:
    link = str(golden.link) if golden.link else next(iter(profile.frames), "")
    try:
        decoder = Decoder(Insole("golden", Side(golden.side), profile, "golden:"), link)
    except ConfigError as error:
        return [f": {error}"]
    arrived = [bytes.fromhex(one) for one in golden.hex] + [line.encode() for line in golden.text]
    parts = [part for data in arrived if (part := decoder.feed([Packet(ARRIVED, data)])) is not None]
    heard = f", {golden.side} foot over {link}"
    if not parts:
        return [f"{heard}: no samples{': ' * bool(decoder.trouble)}{decoder.trouble}"]
    frames = Frames.concatenate(parts)
    told = [f"{heard}: {len(frames)} sample{'s' * (len(frames) > 1)}, {decoder.counts.corrupt} packets refused"]
    for i in range(min(len(frames), SHOWN)):
        roles = {"pressure": frames.pressure, "acc": frames.acc, "gyro": frames.gyro}
        words = [f"{role} {_numbers(array[i])}" for role, array in roles.items() if array is not None]
        words += [f"force {frames.force[i]:g}"] if frames.force is not None else []
        told.append(f", sample {i}: {'; '.join(words)}")
    return told


def _numbers(values: Float32s) -> str:
    return " ".join("missing" if np.isnan(x) else f"{x:g}" for x in values.tolist())
