"""What holds for every built-in profile that a device speaks: what is encoded is read, and noise never raises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.authoring.golden_check import check_golden
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.codec.wire import sample_spacing
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, builtin_profiles, load_profile, parse_profile, reading
from firmware_bridge.model import SECOND, Int64s, Packet, Side

START = 1_700_000_000 * SECOND
LIVE = [(name, link) for name in builtin_profiles() for link, frame in load_profile(name).frames.items()]
BINARY = [(name, link) for name, link in LIVE if load_profile(name).frames[link].kind != "lines"]


def decoder_of(profile: Profile, link: str, side: Side) -> Decoder:
    return Decoder(Insole("anna", side, profile, f"{link}:"), link)


def spoken(profile: Profile, link: str, side: Side, packets: int, seed: int) -> tuple[list[Packet], Int64s]:
    """Return packets of samples that the sensors can read, and when each sample was taken."""
    encoder = Encoder(profile, side, link)
    rng = np.random.default_rng(seed)
    n = packets * encoder.samples_per_packet
    ticks = np.arange(n) * sample_spacing(profile)
    pressure = rng.uniform(0, min(profile.full_scale, 900.0), (n, profile.sensors.count)).astype(np.float32)
    acc, gyro = rng.uniform(-2, 2, (n, 3)).astype(np.float32), rng.uniform(-400, 400, (n, 3)).astype(np.float32)
    data = encoder.packets(ticks, pressure, acc, gyro, 63)
    newest = ticks[encoder.samples_per_packet - 1 :: encoder.samples_per_packet].tolist()
    return [Packet(START + tick, one) for tick, one in zip(newest, data, strict=True)], ticks


@pytest.mark.parametrize(("name", "link"), BINARY)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), side=st.sampled_from(list(Side)))
def test_what_was_read_is_encoded_and_read_as_the_same(name: str, link: str, seed: int, side: Side) -> None:
    profile = load_profile(name)
    packets, ticks = spoken(profile, link, side, 12, seed)
    decoder = decoder_of(profile, link, side)
    frames = decoder.whole(packets)
    assert frames is not None
    assert decoder.counts == (len(ticks), 0, 0, 0, 0)
    assert decoder.trouble == ""
    assert np.abs(frames.time - START - ticks).max() < 2_000_000  # the coarsest stamps are whole milliseconds
    assert np.isfinite(frames.pressure).all()
    again = Encoder(profile, side, link).packets(ticks, frames.pressure, frames.acc, frames.gyro, 63)
    assert again == [packet.data for packet in packets]


@pytest.mark.parametrize(("name", "link"), BINARY)
def test_the_wire_changes_readings_by_half_a_step_at_most(name: str, link: str) -> None:
    profile = load_profile(name)
    encoder = Encoder(profile, Side.LEFT, link)
    n = 4 * encoder.samples_per_packet
    rng = np.random.default_rng(3)
    top = min(profile.full_scale, 900.0)
    pressure = rng.uniform(0, top, (n, profile.sensors.count)).astype(np.float32)
    data = encoder.packets(np.arange(n) * sample_spacing(profile), pressure)
    frames = decoder_of(profile, link, Side.LEFT).whole([Packet(START + i * SECOND, one) for i, one in enumerate(data)])
    assert frames is not None
    assert np.abs(frames.pressure - pressure).max() <= 0.501 * step(profile)


def step(profile: Profile) -> float:
    """Return what the lowest bit of a pressure means."""
    if profile.table.messages:
        field = next(one for one in profile.table.messages.fields if one.role == "pressure").nominal
        return reading(1, field) - reading(0, field)
    sample = next(one for one in profile.table.layout[0].fields if one.role == "pressure")
    return reading(1, sample) - reading(0, sample)


@pytest.mark.parametrize(("name", "link"), LIVE)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_whatever_comes_is_read_or_counted_and_nothing_raised(name: str, link: str, data: st.DataObject) -> None:
    profile = load_profile(name)
    good, _ = spoken(profile, link, Side.LEFT, 4, 1)
    decoder = decoder_of(profile, link, Side.LEFT)
    for _ in range(data.draw(st.integers(1, 6))):
        packet = data.draw(st.sampled_from(good))
        match data.draw(st.sampled_from(["noise", "bent", "cut", "good"])):
            case "noise":
                sent = data.draw(st.binary(max_size=300))
            case "bent":
                bent = bytearray(packet.data)
                for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5)):
                    bent[at % len(bent)] = byte
                sent = bytes(bent)
            case "cut":
                sent = packet.data[: data.draw(st.integers(0, len(packet.data)))]
            case _:
                sent = packet.data
        frames = decoder.whole([Packet(packet.time, sent)])
        if frames is not None:
            assert np.all(np.diff(frames.time) > 0)
    assert min(decoder.counts) >= 0


@pytest.mark.parametrize("name", builtin_profiles())
def test_its_golden_bytes_read_as_it_says(name: str) -> None:
    assert check_golden(load_profile(name)) == []


@pytest.mark.parametrize("name", ["guantuo-18pt", "orphe-insole", "ukaton-mission", "brilliant-sole", "xiao-nus-2x8"])
def test_a_device_of_others_keeps_golden_bytes(name: str) -> None:
    assert load_profile(name).table.golden


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        (
            '"u16", at = 20',
            '"i16", at = 20',
            "golden[0]: pressure of sample 0 reads [110.0, 120.0, 130.0, 140.0, 150.0, -",
        ),
        ("scale = 0.07 },  ", "scale = 0.06 },  ", "golden[0]: gyro of sample 0 reads [-0.06"),
        ("dt_ms = 9.6154", "dt_ms = 10", "golden[0]: the samples lie [0.0, 10.0] ms behind the first one"),
        ("equals = 56", "equals = 57", "golden[0]: 1 packets were refused, not 0"),
        ("[110, 120,", "[111, 120,", "golden[0]: pressure of sample 0 reads [110.0, 120.0"),
    ],
)
def test_a_profile_that_reads_its_golden_bytes_differently_is_told(was: str, becomes: str, problem: str) -> None:
    text = load_profile("orphe-insole").text
    assert was in text
    problems = check_golden(parse_profile(text.replace(was, becomes, 1), "mine.toml"))
    assert any(one.startswith(problem) for one in problems), problems


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(st.lists(st.integers(1, 140), min_size=4, max_size=4), min_size=2, max_size=8),
    apart=st.lists(st.integers(0, 600), min_size=8, max_size=8),
)
def test_packets_whose_samples_overlap_never_raise(steps: list[list[int]], apart: list[int]) -> None:
    profile = load_profile("xiao-nus-2x8")
    decoder = decoder_of(profile, "ble", Side.LEFT)
    at, last = 1000, 0
    for wide, wait in zip(steps, apart, strict=False):
        at += wait
        stamps = np.cumsum([at, *wide]).astype(">u4").tobytes()
        frames = decoder.whole([Packet(START + at * 1_000_000, b"6L," + stamps + bytes(220))])
        if frames is not None:
            assert frames.time[0] > last
            assert np.all(np.diff(frames.time) > 0)
            last = int(frames.time[-1])
