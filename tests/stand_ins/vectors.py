"""Packets of real devices beside the project, and decoders that read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND
MS = 1_000_000
Shared = Callable[..., Path]


def vectors(shared: Shared, device: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("vectors", device, "vectors.json").read_text())
    return found


def decoder_of(profile: Profile | str, side: Side = Side.LEFT, link: str = "ble") -> Decoder:
    known = load_profile(profile) if isinstance(profile, str) else profile
    return Decoder(Insole("anna", side, known, f"{link}:"), link)


def read(decoder: Decoder, *hexes: str, at: int = START, apart: int = SECOND) -> Frames:
    packets = [Packet(at + number * apart, bytes.fromhex(one)) for number, one in enumerate(hexes)]
    fed = [*(decoder.feed([packet]) for packet in packets), decoder.finish()]
    parts = [part for part in fed if part is not None]
    whole = decoder_of_same(decoder).whole(packets)  # and all at once: batches do not matter
    assert whole is not None
    frames = Frames.concatenate(parts)
    assert np.array_equal(frames.time, whole.time)
    assert np.array_equal(frames.pressure, whole.pressure, equal_nan=True)
    return frames


def decoder_of_same(decoder: Decoder) -> Decoder:
    insole = decoder._insole
    return Decoder(insole, insole.url.partition(":")[0])


def small(sensors: int, body: str, *, rate: float = 100, unit: str = "raw", endian: str = "little") -> Profile:
    positions = [[round((i % 8 + 0.5) / 8, 4), round((i // 8 + 0.5) / 40, 4)] for i in range(sensors)]
    head = f"""
[device]
id = "tried"
name = "tried in a test"
evidence = "unconfirmed on hardware"
rate_hz = {rate}
unit = "{unit}"
endian = "{endian}"
[sensors]
positions = {positions}
"""
    return parse_profile(head + body, "tried.toml")


def close(read: Any, expected: Any, atol: float = 1e-4) -> bool:
    return bool(np.allclose(np.asarray(read, np.float64), np.asarray(expected, np.float64), atol=atol))
