"""Packets of real devices, read by the built-in profiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.profile import load_profile
from firmware_bridge.model import SECOND, Frames, Packet, Side
from tests.stand_ins.vectors import MS, START, Shared, close, decoder_of, read, vectors

# ── ORPHE INSOLE ────────────────────────────────────────────────────────────────────────────────────────────────────


def orphe(shared: Shared, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in vectors(shared, "orphe-insole")["packets"] if one["name"] == name)
    return found


@pytest.mark.parametrize("profile", ["orphe-insole", "orphe-insole-200"])
@pytest.mark.parametrize(
    ("name", "dt"), [("mode4_header56_two_samples", 9_615_400), ("mode3_header55_four_samples", 4_807_700)]
)
def test_orphe_reads_both_of_its_modes(shared: Shared, profile: str, name: str, dt: int) -> None:
    vector = orphe(shared, name)
    frames = read(decoder_of(profile), vector["hex"])
    expected = vector["expect"]["samples_oldest_first"]
    assert frames.pressure.tolist() == [sample["press_raw"] for sample in expected]
    assert frames.acc is not None
    assert frames.gyro is not None
    assert close(frames.acc, [sample["acc_g"] for sample in expected])
    assert close(frames.gyro, [sample["gyro_dps"] for sample in expected])
    assert np.diff(frames.time).tolist() == [dt] * (len(expected) - 1)


def test_orphe_packets_of_both_modes_in_one_batch(shared: Shared) -> None:
    four, three = (orphe(shared, name) for name in ("mode4_header56_two_samples", "mode3_header55_four_samples"))
    decoder = decoder_of("orphe-insole")
    frames = read(decoder, four["hex"], three["hex"], apart=20 * MS)  # counter and midnight roll over between them
    samples = [*four["expect"]["samples_oldest_first"], *three["expect"]["samples_oldest_first"]]
    assert frames.pressure.tolist() == [sample["press_raw"] for sample in samples]
    assert abs(frames.time[2] - frames.time[0] - 20 * MS) < MS  # 23:59:59.990 to 00:00:00.010, and no day between
    assert decoder.counts == (6, 0, 0, 0, 0)


@pytest.mark.parametrize("name", ["bad_length_103_is_rejected", "fifo_header54_four_samples"])
def test_orphe_refuses_what_is_no_sample(shared: Shared, name: str) -> None:
    decoder = decoder_of("orphe-insole")
    assert decoder.whole([Packet(START, bytes.fromhex(orphe(shared, name)["hex"]))]) is None
    assert decoder.counts.corrupt == 1


def test_orphe_saturates_at_the_end_of_its_converter() -> None:
    assert load_profile("orphe-insole").full_scale == 65535


def test_a_time_of_day_that_there_is_not_is_refused(shared: Shared) -> None:
    data = bytearray.fromhex(orphe(shared, "mode4_header56_two_samples")["hex"])
    for at, byte in ((3, 24), (4, 60), (5, 60), (6, 4)):
        wrong = data.copy()
        wrong[at] = byte
        decoder = decoder_of("orphe-insole")
        assert decoder.whole([Packet(START, bytes(wrong))]) is None
        assert decoder.counts.corrupt == 1


@pytest.mark.parametrize("hours", [0, 23.9999, 30])
def test_a_day_of_orphe_packets_is_continuous_over_midnight(hours: float) -> None:
    profile = load_profile("orphe-insole")
    encoder = Encoder(profile, Side.LEFT)
    ticks = round(hours * 3600) * SECOND + np.arange(104) * 9_615_400
    data = encoder.packets(ticks, np.ones((104, 6), np.float32))
    packets = [Packet(START + int(ticks[2 * i + 1] - ticks[0]), one) for i, one in enumerate(data)]
    decoder = decoder_of(profile)
    frames = decoder.whole(packets)
    assert frames is not None
    assert decoder.counts == (104, 0, 0, 0, 0)
    assert np.abs(np.diff(frames.time) - 9_615_400).max() < 2 * MS  # its stamps are whole milliseconds


# ── Guantuo ─────────────────────────────────────────────────────────────────────────────────────────────────────────

GRAM = 0.00980665


def test_guantuo_takes_the_own_foot_and_leaves_out_the_other(shared: Shared) -> None:
    found = vectors(shared, "guantuo-18pt")
    frames = {one["name"]: one for one in found["frames"]}
    stream = bytes.fromhex(found["stream_resync"]["hex"])
    for side, names in ((Side.LEFT, ["left_with_AA_inside", "left"]), (Side.RIGHT, ["right"])):
        for size in (len(stream), 20, 1):  # as it comes, half a frame at a time, byte by byte
            decoder = decoder_of("guantuo-18pt", side, "serial")
            pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
            parts = [part for piece in pieces if (part := decoder.whole([Packet(START, piece)])) is not None]
            expected = np.array([frames[name]["values"] for name in names]) * GRAM
            assert close(Frames.concatenate(parts).pressure, expected, atol=1e-2)
            assert decoder.counts.corrupt > 0  # the noise and the mangled frame
            assert decoder.trouble == ""


def test_a_sensor_of_the_other_foot_is_refused_with_a_remedy(shared: Shared) -> None:
    right = next(one for one in vectors(shared, "guantuo-18pt")["frames"] if one["name"] == "right")
    decoder = decoder_of("guantuo-18pt", Side.LEFT, "serial")
    packets = [Packet(START + i * 20 * MS, bytes.fromhex(right["hex"])) for i in range(20)]
    assert decoder.whole(packets) is None
    assert "it is the right one, not the left one" in decoder.trouble
    assert "exchange their urls in the settings" in decoder.trouble
    decoder.reset()
    assert decoder.trouble == ""


def test_a_dongle_that_brings_both_feet_is_no_trouble(shared: Shared) -> None:
    both = {one["name"]: bytes.fromhex(one["hex"]) for one in vectors(shared, "guantuo-18pt")["frames"]}
    decoder = decoder_of("guantuo-18pt", Side.RIGHT, "serial")
    frames = decoder.whole([Packet(START + i * 20 * MS, both["left"] + both["right"]) for i in range(40)])
    assert frames is not None
    assert len(frames) == 40
    assert decoder.counts == (40, 0, 0, 0, 0)
    assert decoder.trouble == ""


def test_an_unknown_foot_is_a_corrupt_packet(shared: Shared) -> None:
    data = bytearray.fromhex(vectors(shared, "guantuo-18pt")["frames"][0]["hex"])
    data[1], data[38] = 3, (data[38] + 2) % 256
    decoder = decoder_of("guantuo-18pt", Side.LEFT, "serial")
    assert decoder.whole([Packet(START, bytes(data))]) is None
    assert decoder.counts.corrupt == 1


# ── XIAO ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_xiao_reads_five_samples_with_their_own_times(shared: Shared) -> None:
    vector = vectors(shared, "xiao-nus-2x8")["packets"][0]
    frames = read(decoder_of("xiao-nus-2x8", Side.RIGHT), vector["hex"])
    assert frames.pressure.tolist() == vector["fsr_raw"]
    assert frames.acc is not None
    assert frames.gyro is not None
    assert close(frames.acc / 4.88e-4, vector["acc_raw"], atol=0.01)
    assert close(frames.gyro / 0.07, vector["gyro_raw"], atol=0.01)
    assert np.diff(frames.time).tolist() == [16 * MS] * 4


def test_xiao_spreads_samples_as_their_stamps_say(shared: Shared) -> None:
    data = bytearray.fromhex(vectors(shared, "xiao-nus-2x8")["packets"][0]["hex"])
    data[3 + 7] += 3  # the second stamp, 3 ms late
    frames = read(decoder_of("xiao-nus-2x8", Side.RIGHT), data.hex())
    assert np.diff(frames.time).tolist() == [19 * MS, 13 * MS, 16 * MS, 16 * MS]
    data[3 + 7] = data[3 + 3]  # no time passes
    decoder = decoder_of("xiao-nus-2x8", Side.RIGHT)
    spread = decoder.whole([Packet(START, bytes(data))])
    assert spread is not None
    assert np.diff(spread.time).tolist() == [16 * MS] * 4  # these stamps are no clock
    assert decoder.counts == (5, 0, 0, 0, 0)
    assert decoder.clock.state == "batched"


def test_xiao_of_the_other_foot_tells_so_by_its_name(shared: Shared) -> None:
    data = bytes.fromhex(vectors(shared, "xiao-nus-2x8")["packets"][0]["hex"])
    decoder = decoder_of("xiao-nus-2x8", Side.LEFT)
    for i in range(20):
        assert decoder.whole([Packet(START + i * 80 * MS, data)]) is None
    assert "it is the right one" in decoder.trouble
