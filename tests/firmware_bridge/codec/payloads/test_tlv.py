"""Rows of typed messages: what the makers' parsers read in them, and what a device says of itself."""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.codec.payloads.tlv import MessagesPayload
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import load_profile, parse_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND
MS = 1_000_000
Shared = Callable[..., Path]


def vectors(shared: Shared, device: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("vectors", device, "vectors.json").read_text())
    return found


def decoder_of(profile: str, side: Side = Side.RIGHT) -> Decoder:
    return Decoder(Insole("anna", side, load_profile(profile), "ble:"))


def sent(time: int, counts: list[int], acc: tuple[int, int, int] | None = None) -> bytes:
    """Return a Brilliant Sole data message."""
    row = bytes([0, 2 * len(counts)]) + struct.pack(f"<{len(counts)}H", *counts)
    if acc:
        row += bytes([1, 6]) + struct.pack("<3h", *acc)
    content = struct.pack("<H", time % 65536) + row
    return bytes([14]) + struct.pack("<H", len(content)) + content


# ── Brilliant Sole ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_brilliant_sole_is_read_with_the_scales_that_it_tells(shared: Shared) -> None:
    about, first, second = vectors(shared, "brilliant-sole")["notifications"]
    decoder = decoder_of("brilliant-sole")
    assert decoder.whole([Packet(START, bytes.fromhex(about["hex"]))]) is None
    frames = decoder.whole(
        [Packet(START + i * 10 * MS, bytes.fromhex(one["hex"])) for i, one in enumerate((first, second))]
    )
    assert frames is not None
    scale = about["scalars"]["pressure"] / 8
    assert np.allclose(frames.pressure[0], first["pressure_scaled"], atol=1e-7)
    assert np.allclose(frames.pressure[1], np.array(second["pressure_raw"]) * scale, atol=1e-7)
    assert frames.acc is not None
    assert np.allclose(frames.acc[0], first["acceleration"])
    assert np.isnan(frames.acc[1]).all()
    assert frames.time[1] - frames.time[0] == second["delta_ms"] * MS  # over the end of 16 bits
    assert decoder.trouble == ""
    payload = decoder._payload
    assert isinstance(payload, MessagesPayload)
    assert payload.positions is not None
    assert np.allclose(payload.positions, about["positions"])


def test_another_scale_that_it_tells_counts_from_then_on(shared: Shared) -> None:
    told = [bytes([13, 5, 0, 0]) + struct.pack("<f", scale) for scale in (8.0, 80.0)]
    counts = [1, 2, 3, 4, 5, 6, 7, 8]
    decoder = decoder_of("brilliant-sole")
    packets = [told[0] + sent(0, counts), sent(20, counts) + told[1] + sent(40, counts)]
    frames = decoder.whole([Packet(START + i * 20 * MS, packet) for i, packet in enumerate(packets)])
    assert frames is not None
    assert frames.pressure[:, 0].tolist() == [1, 1, 10]


def test_without_scales_nothing_is_believed_and_why_is_said() -> None:
    decoder = decoder_of("brilliant-sole")
    assert decoder.whole([Packet(START, sent(0, [5] * 8))]) is None
    assert "has not said the scales of its sensors" in decoder.trouble
    scales = bytes([13, 5, 0, 0]) + struct.pack("<f", 1.0)
    assert decoder.whole([Packet(START + SECOND, scales + sent(1000, [5] * 8))]) is not None
    assert decoder.trouble == ""
    decoder.reset()  # perhaps another insole
    assert decoder.whole([Packet(START + 2 * SECOND, sent(2000, [5] * 8))]) is None
    assert decoder.trouble


def test_an_insole_that_says_it_is_the_other_foot_is_refused(shared: Shared) -> None:
    about, first, _ = vectors(shared, "brilliant-sole")["notifications"]
    decoder = decoder_of("brilliant-sole", Side.LEFT)
    for one in (about, first):
        assert decoder.whole([Packet(START, bytes.fromhex(one["hex"]))]) is None
    assert "the insole says that it is the right one, not the left one" in decoder.trouble
    assert "exchange their urls" in decoder.trouble
    assert decoder.counts.corrupt == 0
    left = bytes.fromhex("06010000")
    assert decoder.whole([Packet(START + 20 * MS, left + bytes.fromhex(first["hex"]))]) is not None
    assert decoder.trouble == ""


def test_unknown_messages_are_passed_over_counted_and_named_once(caplog: pytest.LogCaptureFixture) -> None:
    decoder = decoder_of("brilliant-sole")
    payload = decoder._payload
    assert isinstance(payload, MessagesPayload)
    scales = bytes([13, 5, 0, 0]) + struct.pack("<f", 1.0)
    with caplog.at_level(logging.INFO, "firmware_bridge.codec.payloads.tlv"):
        for i in range(3):
            packet = bytes([99, 2, 0, 1, 2]) + scales + sent(20 * i, [1] * 8) + bytes([1, 0, 0])
            assert decoder.whole([Packet(START + i * 20 * MS, packet)]) is not None
    assert dict(payload.unknown) == {(99,): 3, (1,): 3}
    assert [record.getMessage() for record in caplog.records] == [
        "messages of type [99] are skipped: the profile says nothing of them",
        "messages of type [1] are skipped: the profile says nothing of them",
    ]
    assert decoder.counts.corrupt == 0


@pytest.mark.parametrize(
    "bad",
    [
        bytes([14]),
        bytes([14, 9, 0, 1]),
        sent(0, [1] * 8)[:-1],
        sent(0, [1] * 16),  # an insole of 16 sensors
        bytes([14, 1, 0, 7]),  # no room for its time
    ],
)
def test_a_broken_notification_is_counted_and_left_out(bad: bytes) -> None:
    decoder = decoder_of("brilliant-sole")
    scales = bytes([13, 5, 0, 0]) + struct.pack("<f", 1.0)
    assert decoder.whole([Packet(START, scales + bad), Packet(START, bad)]) is None
    assert decoder.counts.corrupt == 2


# ── Ukaton Mission ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_ukaton_reads_both_widths_of_its_pressure(shared: Shared) -> None:
    one, two = vectors(shared, "ukaton-mission")["packets"]
    decoder = decoder_of("ukaton-mission")
    frames = decoder.whole(
        [Packet(START + i * 16 * MS, bytes.fromhex(packet["hex"])) for i, packet in enumerate((one, two))]
    )
    assert frames is not None
    assert frames.pressure[0].tolist() == one["pressure_u16"]
    assert frames.pressure[1].tolist() == [16 * value for value in two["pressure_u8"]]
    assert frames.acc is not None
    assert np.allclose(frames.acc[0] * 9.80665, np.array(one["accel_raw_xyz"]) * one["accel_scale"])
    assert np.isnan(frames.acc[1]).all()
    assert frames.time[1] - frames.time[0] == (two["timestamp_unwrapped_ms"] - one["timestamp_ms"]) * MS


@pytest.mark.parametrize("gap_s", [1, 66, 140, 200])
def test_every_turn_of_its_clock_within_a_gap_is_found(gap_s: int) -> None:
    profile = load_profile("ukaton-mission")
    ticks = np.concatenate([np.arange(50), np.arange(50) + 50 * gap_s]) * 20 * MS
    data = Encoder(profile, Side.RIGHT).packets(ticks, np.ones((100, 16), np.float32))
    decoder = decoder_of("ukaton-mission")
    frames = decoder.whole([Packet(START + int(tick), one) for tick, one in zip(ticks, data, strict=True)])
    assert frames is not None
    assert np.array_equal(frames.time - frames.time[0], ticks)
    assert decoder.counts == (100, 50 * gap_s - 50, 0, 0, 0)


def test_a_kind_of_data_of_unknown_size_ends_the_notification() -> None:
    decoder = decoder_of("ukaton-mission")
    assert decoder.whole([Packet(START, bytes.fromhex("0000 01 03 77 00 00"))]) is None
    assert decoder.counts.corrupt == 1


def test_center_and_mass_beside_the_pressure_are_passed_over(shared: Shared) -> None:
    packet = bytes.fromhex("0000") + bytes([1, 33 + 9 + 5, 1]) + struct.pack("<16H", *range(16)) + bytes([2]) + bytes(8)
    frames = decoder_of("ukaton-mission").whole([Packet(START, packet + bytes([3]) + bytes(4))])
    assert frames is not None
    assert frames.pressure.tolist() == [list(range(16))]


def test_batches_do_not_matter_to_messages() -> None:
    profile = load_profile("brilliant-sole")
    data = Encoder(profile, Side.RIGHT).packets(np.arange(120) * 20 * MS, np.full((120, 8), 0.05, np.float32))
    packets = [Packet(START + i * 20 * MS, one) for i, one in enumerate(data)]
    packets[30:30] = [Packet(packets[29].time, b"\x0e\x01"), Packet(packets[29].time, bytes([50, 0, 0]))]
    whole, pieces = decoder_of("brilliant-sole"), decoder_of("brilliant-sole")
    frames = whole.whole(packets)
    assert frames is not None
    parts = [part for packet in packets if (part := pieces.whole([packet])) is not None]
    joined = Frames.concatenate(parts)
    assert np.array_equal(frames.time, joined.time)
    assert np.array_equal(frames.pressure, joined.pressure)
    assert whole.counts == pieces.counts == (120, 0, 1, 0, 0)


TEXT = load_profile("brilliant-sole").text


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ("path = [14, 0]", "path = [15, 0]", "nothing is nested at [15], where the pressure field lies"),
        ("path = [14, 1]", "path = [13]", "the acc field does not lie in the packet, message [14]"),
        ('length = "u16"', "", "messages need length, or sizes by type, and not both"),
        (', map = { 0 = "left", 1 = "right" } }', " }", "side needs a map"),
        ("count = 8,", "count = 7,", "messages.fields: pressure has count = 7, but it must be 8"),
        ('role = "time.ms", path = [14]', 'role = "sequence", path = [14]', "needs a field with role = 'time.ms'"),
        ("at = 0, count = 3", "at = 0, count = 2", "acc has count = 2, but it must be 3"),
        ("{ at = 2, length", "{ at = 1, length", "the time.ms field ends behind the header of message [14]"),
    ],
)
def test_mistakes_are_named(was: str, becomes: str, message: str) -> None:
    at = TEXT.index("[messages]")
    assert was in TEXT[at:]
    text = TEXT[:at] + TEXT[at:].replace(was, becomes, 1)
    with pytest.raises(ConfigError) as error:
        parse_profile(text, "shoe.toml")
    assert message in str(error.value)
