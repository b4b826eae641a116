"""The profile language against packets of real devices, as their makers' own parsers read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import parse_profile
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND
HEAD = """
[device]
id = "{id}"
name = "{id}"
evidence = "unconfirmed on hardware"
rate_hz = 100
unit = "raw"
endian = "big"
[sensors]
positions = {positions}
"""
ORPHE = """
[transport.ble]
name_prefix = ["INS"]
chars.data = "f3f9c7ce-46ee-4205-89ac-abe64e626c0f"
frame = {{ kind = "notification", length = 104, head = "{head}" }}
[layout]
header = [{{ role = "sequence", type = "u16", at = 1 }}]
repeat = {{ at = 8, count = {count}, stride = {stride}, order = "newest_first", dt_ms = {dt} }}
fields = [
  {{ role = "gyro", type = "i16", at = {gyro}, count = 3, scale = 0.07 }},
  {{ role = "acc", type = "i16", at = {acc}, count = 3, scale = 4.8828125e-4 }},
  {{ role = "pressure", type = "u16", at = {pressure}, count = 6, saturated = 65535 }},
]
[clock]
source = "sequence"
"""
GUANTUO = """
[transport.serial]
frame = {{ kind = "stream", head = "aa{foot}", length = 39, checksum = {{ type = "sum8", over = [0, 38], at = 38 }} }}
[layout]
fields = [{{ role = "pressure", type = "u16", at = 2, count = 18 }}]
"""
Shared = Callable[..., Path]


def decode(text: str, link: str, data: bytes) -> tuple[Frames | None, Decoder]:
    decoder = Decoder(Insole("anna", Side.LEFT, parse_profile(text, "vendor.toml"), "ble:"), link)
    return decoder.whole([Packet(START, data)]), decoder


def head(name: str, sensors: int) -> str:
    return HEAD.format(id=name, positions=[[0.5, i / sensors] for i in range(sensors)])


MODE_4 = {"head": "38", "count": 2, "stride": 32, "dt": 9.6154, "gyro": 8, "acc": 14, "pressure": 20}
MODE_3 = {"head": "37", "count": 4, "stride": 24, "dt": 4.8077, "gyro": 0, "acc": 6, "pressure": 12}


@pytest.mark.parametrize(
    ("packet", "layout"), [("mode4_header56_two_samples", MODE_4), ("mode3_header55_four_samples", MODE_3)]
)
def test_orphe_packets_read_as_by_their_maker(shared: Shared, packet: str, layout: dict[str, Any]) -> None:
    vectors = json.loads(shared("vectors", "orphe-insole", "vectors.json").read_text())
    vector = next(one for one in vectors["packets"] if one["name"] == packet)
    frames, _ = decode(head("orphe", 6) + ORPHE.format(**layout), "ble", bytes.fromhex(vector["hex"]))
    assert frames is not None
    expected = vector["expect"]["samples_oldest_first"]
    assert frames.pressure.tolist() == [sample["press_raw"] for sample in expected]
    assert frames.acc is not None
    assert frames.gyro is not None
    assert np.allclose(frames.acc, [sample["acc_g"] for sample in expected])
    assert np.allclose(frames.gyro, [sample["gyro_dps"] for sample in expected], atol=1e-4)
    assert np.diff(frames.time).tolist() == [round(layout["dt"] * 1e6)] * (len(expected) - 1)


def test_guantuo_frames_are_found_by_head_and_sum(shared: Shared) -> None:
    vectors = json.loads(shared("vectors", "guantuo-18pt", "vectors.json").read_text())
    for vector in vectors["frames"]:
        foot = {"left": "01", "right": "02"}[vector.get("side", "left")]
        data = bytes.fromhex(vector["hex"])
        frames, _ = decode(head("guantuo", 18) + GUANTUO.format(foot=foot), "serial", data[20:] + data)
        if "values" in vector:
            assert frames is not None
            assert frames.pressure.tolist() == [vector["values"]]
        else:
            assert frames is None


def test_a_guantuo_stream_with_noise_and_false_heads_is_read(shared: Shared) -> None:
    vectors = json.loads(shared("vectors", "guantuo-18pt", "vectors.json").read_text())
    values = {vector["name"]: vector.get("values") for vector in vectors["frames"]}
    data = bytes.fromhex(vectors["stream_resync"]["hex"])
    expected = [name for name in vectors["stream_resync"]["expect_frames_in_order"] if name.startswith("left")]
    frames, decoder = decode(head("guantuo", 18) + GUANTUO.format(foot="01"), "serial", data)
    assert frames is not None
    assert frames.pressure.tolist() == [values[name] for name in expected]
    assert decoder.counts.corrupt > 0
