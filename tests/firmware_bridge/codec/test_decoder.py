from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.codec.checksum import sealed
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, load_profile, parse_profile
from firmware_bridge.devices.schema.profile import ChecksumTable
from firmware_bridge.model import SECOND, Float32s, Frames, Packet, Side

START = 1_700_000_000 * SECOND
DT = SECOND // 100
DEMO = load_profile("demo-16")
LINE = load_profile("insole-line")
BINARY = """
[device]
id = "tiny"
name = "made for a test"
evidence = "virtual"
rate_hz = 100
unit = "raw"
endian = "ENDIAN"
[sensors]
positions = [[0.5, 0.1], [0.5, 0.9]]
[transport.serial]
frame = { kind = "FRAME" }
[layout]
LAYOUT
[clock]
source = "CLOCK"
"""


def insole(profile: Profile, side: Side = Side.LEFT) -> Insole:
    return Insole("anna", side, profile, "virtual:")


def tiny(frame: str, layout: str, clock: str = "arrival", endian: str = "big") -> Profile:
    text = BINARY.replace('kind = "FRAME"', frame).replace("LAYOUT", layout).replace("CLOCK", clock)
    return parse_profile(text.replace("ENDIAN", endian), "tiny.toml")


def speak(profile: Profile, link: str, packets: int, start: int = 0, delay: int = 0) -> list[Packet]:
    """Return packets of a foot whose first sensor counts samples, from packet number `start` on."""
    encoder = Encoder(profile, Side.LEFT, link, first_sequence=start)
    m = encoder.samples_per_packet
    numbers = np.arange(start * m, (start + packets) * m)
    pressure = np.tile((numbers % 1000).astype(np.float32)[:, None], (1, profile.sensors.count))
    data = encoder.packets(numbers * DT, pressure, battery_pct=50)
    return [Packet(START + delay + int(numbers[i * m + m - 1]) * DT, packet) for i, packet in enumerate(data)]


def decoded(decoder: Decoder, batches: Sequence[Sequence[Packet]]) -> Frames | None:
    fed = [*map(decoder.feed, batches), decoder.finish()]
    parts = [frames for frames in fed if frames is not None]
    return Frames.concatenate(parts) if parts else None


def whole(decoder: Decoder, packets: Sequence[Packet]) -> Frames:
    frames = decoder.whole(packets)
    assert frames is not None
    return frames


def cut(items: Sequence[Packet], at: Sequence[int]) -> list[Sequence[Packet]]:
    edges = [0, *sorted(edge % (len(items) + 1) for edge in at), len(items)]
    return [items[start:stop] for start, stop in itertools.pairwise(edges)]


def same(one: Frames | None, other: Frames | None) -> bool:
    if one is None or other is None:
        return one is other
    pairs = [(one.pressure, other.pressure), (one.acc, other.acc), (one.gyro, other.gyro)]
    return np.array_equal(one.time, other.time) and all(
        np.array_equal(a, b, equal_nan=True) for a, b in pairs if a is not None and b is not None
    )


def quantized(values: Float32s, step: float, low: int, high: int) -> Float32s:
    return (np.clip(np.round(values.astype(np.float64) / step), low, high) * step).astype(np.float32)


@pytest.mark.parametrize("link", ["ble", "serial"])
@settings(deadline=None)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([1.0, 100.0, 3000.0]), missing=st.integers(0, 63))
def test_decoding_the_encoded_quantizes(link: str, seed: int, scale: float, missing: int) -> None:
    rng = np.random.default_rng(seed)
    pressure = rng.normal(0, scale, (40, 16)).astype(np.float32)
    pressure.ravel()[missing] = np.nan
    acc, gyro = (rng.normal(0, scale, (40, 3)).astype(np.float32) for _ in range(2))
    data = Encoder(DEMO, Side.LEFT, link).packets(np.arange(40) * DT, pressure, acc, gyro)
    frames = whole(Decoder(insole(DEMO), link), [Packet(START, packet) for packet in data])
    assert np.array_equal(frames.pressure, quantized(pressure, 0.1, 0, 12000), equal_nan=True)
    assert frames.acc is not None
    assert frames.gyro is not None
    assert np.array_equal(frames.acc, quantized(acc, 16 / 32768, -32767, 32767))
    assert np.array_equal(frames.gyro, quantized(gyro, 2000 / 32768, -32767, 32767))


@pytest.mark.parametrize(("profile", "link"), [(DEMO, "ble"), (DEMO, "serial"), (LINE, "serial")])
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_batches_do_not_matter(profile: Profile, link: str, data: st.DataObject) -> None:
    packets = speak(profile, link, 60)
    order = data.draw(st.lists(st.integers(0, 59), min_size=1, max_size=80))
    delays = data.draw(st.lists(st.integers(0, 3 * SECOND), min_size=len(order), max_size=len(order)))
    sent = [Packet(packets[i].time + delay, packets[i].data) for i, delay in zip(order, delays, strict=True)]
    one, other = Decoder(insole(profile), link), Decoder(insole(profile), link)
    batches = cut(sent, data.draw(st.lists(st.integers(0, 100), max_size=10)))
    assert same(decoded(one, [sent]), decoded(other, batches))
    assert one.counts == other.counts


@pytest.mark.parametrize(("profile", "link"), [(DEMO, "serial"), (LINE, "serial"), (LINE, "ble")])
@settings(deadline=None, max_examples=30)
@given(edges=st.lists(st.integers(0, 10**6), max_size=40), junk=st.binary(max_size=8))
def test_the_cuts_of_a_byte_stream_do_not_matter(profile: Profile, link: str, edges: list[int], junk: bytes) -> None:
    data = junk.join(packet.data for packet in speak(profile, link, 12))
    at = [0, *sorted(edge % (len(data) + 1) for edge in edges), len(data)]
    pieces = [Packet(START, data[start:stop]) for start, stop in itertools.pairwise(at)]
    one, other = Decoder(insole(profile), link), Decoder(insole(profile), link)
    assert same(decoded(one, [[Packet(START, data)]]), decoded(other, [[piece] for piece in pieces]))
    assert one.counts == other.counts


@settings(deadline=None)
@given(
    gaps=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    start=st.sampled_from([0, 65530, 419_420]),  # 65536 packets wrap the number, 419 430 the time stamp
)
def test_loss_is_a_gap_in_time_and_counted(gaps: list[int], start: int) -> None:
    packets = speak(DEMO, "ble", 1 + sum(gaps), start)
    decoder = Decoder(insole(DEMO))
    arrived = [packets[i] for i in itertools.accumulate([0, *gaps])]
    frames = whole(decoder, arrived)
    assert decoder.counts == (4 * len(arrived), 4 * sum(gap - 1 for gap in gaps), 0, 0, 0)
    assert np.diff(frames.time)[3::4].tolist() == [(4 * gap - 3) * DT for gap in gaps]


def test_duplicates_and_late_packets_are_dropped_and_counted() -> None:
    packets = speak(DEMO, "ble", 8)
    decoder = Decoder(insole(DEMO))
    frames = whole(decoder, [packets[i] for i in (0, 1, 1, 4, 2, 3, 5, 5, 6, 7)])
    assert decoder.counts == (24, 8, 0, 16, 0)
    assert np.all(np.diff(frames.time) > 0)
    assert frames.pressure[:, 0].tolist() == [*range(8), *range(16, 32)]


def test_a_lost_link_is_a_gap_and_a_reboot_is_not_counted_as_loss() -> None:
    decoder = Decoder(insole(DEMO), "serial")
    first = whole(decoder, speak(DEMO, "serial", 25))
    decoder.feed([Packet(first.time[-1], speak(DEMO, "serial", 1, 25)[0].data[:50])])
    decoder.reset()
    back = whole(decoder, speak(DEMO, "serial", 25, 100))
    assert decoder.counts == (200, 300, 0, 0, 0)
    assert back.time[0] - first.time[-1] == 301 * DT
    decoder.reset()
    rebooted = whole(decoder, speak(DEMO, "serial", 25, 0, delay=60 * SECOND))
    assert decoder.counts == (300, 300, 0, 0, 1)
    assert rebooted.time[0] == START + 60 * SECOND


@settings(deadline=None)
@given(
    sent=st.lists(
        st.tuples(st.integers(0, 70_000), st.integers(-(10**6), 10**9), st.booleans()), min_size=1, max_size=25
    )
)
def test_time_increases_whatever_comes(sent: list[tuple[int, int, bool]]) -> None:
    decoder = Decoder(insole(DEMO))
    last = 0
    for number, late_ms, reset in sent:
        if reset:
            decoder.reset()
        (packet,) = speak(DEMO, "ble", 1, number)
        frames = decoder.feed([Packet(packet.time + late_ms * 1_000_000, packet.data)])
        if frames is not None:
            assert frames.time[0] > last
            last = int(frames.time[-1])


@pytest.mark.parametrize(("profile", "link"), [(DEMO, "serial"), (LINE, "serial")])
@settings(deadline=None)
@given(data=st.data())
def test_noise_costs_the_packets_that_it_touches(profile: Profile, link: str, data: st.DataObject) -> None:
    packets = speak(profile, link, 20)
    hit = data.draw(st.integers(2, 15))
    start = data.draw(st.integers(0, len(packets[hit].data) - 2))
    noise = data.draw(st.binary(min_size=1, max_size=12).filter(lambda b: b"\n" not in b))
    mangled = bytearray(packets[hit].data)
    noise = noise[: len(mangled) - 1 - start]
    mangled[start : start + len(noise)] = noise
    sent = [*packets[:hit], Packet(packets[hit].time, bytes(mangled)), *packets[hit + 1 :]]
    decoder = Decoder(insole(profile), link)
    frames = whole(decoder, sent)
    m = len(whole(Decoder(insole(profile), link), packets)) // 20
    kept = [float(n) for n in range(20 * m) if n // m != hit]
    assert [p for p in frames.pressure[:, -1].tolist() if p in kept] == kept or frames.pressure[:, 0].tolist() == kept


def test_what_is_held_back_is_bounded_where_no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.codec.decoder.MOST_HELD", 30)
    decoder = Decoder(insole(DEMO))
    found = [decoder.feed([packet._replace(time=START)]) for packet in speak(DEMO, "ble", 40)]
    assert [frames is not None for frames in found] == [False] * 30 + [True] * 10
    assert sum(len(frames) for frames in found if frames) == decoder.counts.received == 160
    assert not decoder.holds


def test_battery_is_the_last_one_heard() -> None:
    decoder = Decoder(insole(DEMO))
    assert math.isnan(decoder.battery_pct)
    encoder = Encoder(DEMO, Side.LEFT)
    ticks, pressure = np.arange(4) * DT, np.zeros((4, 16), np.float32)
    for step, (told, heard) in enumerate([(80, 80), (math.nan, 80), (79, 79), (500, 100)]):
        (data,) = encoder.packets(ticks + step * 4 * DT, pressure, battery_pct=told)
        decoder.whole([Packet(START, data)])
        assert decoder.battery_pct == heard


def test_motion_that_is_not_given_is_missing_not_zero() -> None:
    frames = whole(Decoder(insole(DEMO)), speak(DEMO, "ble", 2))
    assert frames.acc is not None
    assert np.isnan(frames.acc).all()


def test_an_encoder_wants_whole_packets() -> None:
    with pytest.raises(ValueError, match="packets hold 4 samples each, so 6 samples do not fill them"):
        Encoder(DEMO, Side.LEFT).packets(np.arange(6) * DT, np.zeros((6, 16), np.float32))


def test_the_demo_packet_is_byte_for_byte_what_its_profile_says() -> None:
    pressure = np.full((4, 16), 25.7, np.float32)
    encoder = Encoder(DEMO, Side.LEFT, "serial", first_sequence=0x1234)
    ticks = np.arange(4) * DT + 0x56789A * 1_000_000
    still = np.zeros((4, 3), np.float32)
    (data,) = encoder.packets(ticks, pressure, still + 1, still - 1, 99)
    assert data[:9].hex(" ") == "a5 5a b6 34 12 9a 78 56 63"
    assert data[9:41] == b"\x01\x01" * 16
    assert data[41:53].hex(" ") == "00 08 00 08 00 08 f0 ff f0 ff f0 ff"
    assert len(data) == 187
    (bare,) = Encoder(DEMO, Side.LEFT, "ble", first_sequence=0x1234).packets(ticks, pressure, still + 1, still - 1, 99)
    assert bare == data[3:185]


SUM8 = ChecksumTable(type="sum8", over=(0, 6), at=6)


def test_head_bytes_inside_data_do_not_break_a_stream_without_counters() -> None:
    profile = tiny(
        'kind = "stream", head = "aa", length = 7, checksum = { type = "sum8", over = [0, 6], at = 6 }',
        'fields = [{ role = "pressure", type = "u16", at = 2, count = 2 }]',
    )
    frames = [sealed(bytes([0xAA, 1, 0xAA, 0x10, i, 0xAA, 0]), SUM8) for i in range(10)]
    stream = frames[0][3:] + b"".join(frames[1:5]) + frames[5][:4] + b"".join(frames[6:])
    decoder = Decoder(insole(profile), "serial")
    halves = [Packet(START + i * DT, stream[i : i + 4]) for i in range(0, len(stream), 4)]
    found = decoded(decoder, [halves])
    assert found is not None
    assert found.pressure.tolist() == [[0xAA10, i * 256 + 0xAA] for i in (1, 2, 3, 4, 6, 7, 8, 9)]
    assert decoder.counts == (8, 0, 1, 0, 0)


NEWEST_FIRST = """
header = [{ role = "sequence", type = "u16", at = 1 }]
repeat = { at = 3, count = 2, stride = 4, order = "newest_first", dt_ms = 9.6154 }
fields = [{ role = "pressure", type = "u16", at = 0, count = 2, missing = [65535], saturated = 4095 }]
"""


def test_samples_that_lie_newest_first_are_turned_and_spaced() -> None:
    profile = tiny('kind = "notification", length = 11, head = "38"', NEWEST_FIRST, "sequence")
    decoder = Decoder(insole(profile), "serial")
    frames = whole(
        decoder,
        [
            Packet(START, bytes.fromhex("38 0001 0002ffff 00010fff")),
            Packet(START, bytes.fromhex("37 0002 00020002 00010001")),
            Packet(START + 2 * 9_615_400, bytes.fromhex("38 0002 00040004 00030003")),
        ],
    )
    assert np.array_equal(frames.pressure, np.array([[1, 4095], [2, np.nan], [3, 3], [4, 4]]), equal_nan=True)
    assert np.diff(frames.time).tolist() == [9_615_400] * 3
    assert decoder.counts == (4, 0, 1, 0, 0)
    assert profile.full_scale == 4095


@pytest.mark.parametrize("kind", ["u8", "i8", "u16", "i16", "u32", "i32", "f32"])
@pytest.mark.parametrize("endian", ["little", "big"])
def test_every_type_and_byte_order_comes_back(kind: str, endian: str) -> None:
    fields = f'fields = [{{ role = "pressure", type = "{kind}", at = 1, count = 2, scale = 0.5, offset = -3 }}]'
    profile = tiny('kind = "notification", length = 12', fields, endian=endian)
    given = np.array([[7.5, -3.0], [0.0, 40.5]], np.float32)
    data = Encoder(profile, Side.LEFT, "serial").packets(np.arange(2) * DT, given)
    frames = whole(Decoder(insole(profile), "serial"), [Packet(START, packet) for packet in data])
    assert np.array_equal(frames.pressure, given)
    number = np.array(21, np.dtype(kind.replace("32", "4").replace("16", "2").replace("8", "1"))).tobytes()
    assert data[0][1 : 1 + len(number)] == (number if endian == "little" else number[::-1])


def test_an_inverted_converter_reads_zero_when_unloaded() -> None:
    fields = 'fields = [{ role = "pressure", type = "u16", at = 0, count = 2, invert_from = 4095, saturated = 95 }]'
    profile = tiny('kind = "notification", length = 4', fields)
    assert profile.full_scale == 4000
    frames = whole(Decoder(insole(profile), "serial"), [Packet(START, bytes.fromhex("0fff 005f"))])
    assert frames.pressure.tolist() == [[0, 4000]]
    data = Encoder(profile, Side.LEFT, "serial").packets(np.array([0]), np.array([[0, 9000]], np.float32))
    assert data == [bytes.fromhex("0fff 005f")]


def test_a_short_counter_that_shares_its_bytes_wraps_at_its_own_width() -> None:
    layout = """
    header = [
      { role = "sequence", type = "u16", at = 0, bits = [1, 15] },
      { role = "battery", type = "u16", at = 0, bits = [0, 1] },
    ]
    fields = [{ role = "pressure", type = "u8", at = 2, count = 2 }]
    """
    profile = tiny('kind = "notification", length = 4', layout, "sequence")
    encoder = Encoder(profile, Side.LEFT, "serial", first_sequence=32766)
    data = encoder.packets(np.arange(6) * DT, np.ones((6, 2), np.float32), battery_pct=1)
    assert [int.from_bytes(packet[:2], "big") for packet in data[:3]] == [65533, 65535, 1]
    decoder = Decoder(insole(profile), "serial")
    decoder.whole([Packet(START + i * DT, data[i]) for i in (0, 1, 2, 5)])
    assert decoder.counts == (4, 2, 0, 0, 0)


def test_sixteen_bit_milliseconds_wrap_twice_in_a_gap() -> None:
    layout = """
    header = [{ role = "time.ms", type = "u16", at = 0 }]
    fields = [{ role = "pressure", type = "u8", at = 2, count = 2 }]
    """
    profile = tiny('kind = "notification", length = 4', layout, "device")
    encoder = Encoder(profile, Side.LEFT, "serial")
    numbers = np.array([0, 1, 2, 14_000, 14_001])
    data = encoder.packets(numbers * DT, np.ones((5, 2), np.float32))
    decoder = Decoder(insole(profile), "serial")
    frames = whole(decoder, [Packet(START + int(n) * DT, packet) for n, packet in zip(numbers, data, strict=True)])
    assert ((frames.time - START) // DT).tolist() == numbers.tolist()
    assert decoder.counts.lost == 13_997
