"""Packets of real devices without a built-in profile, read by a profile of a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Packet, Side
from tests.stand_ins.vectors import MS, START, Shared, close, decoder_of, read, small, vectors

XIAO_2 = """
[transport.ble]
service = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
chars.data = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
frame = { kind = "notification", length = 228, prefix = { end = ",", side = { L = "left", R = "right" } } }
[layout]
header = [{ role = "sequence", type = "u32", at = 0 }, { role = "time.ms", type = "u32", at = 4 }]
repeat = { at = 8, count = 5 }
fields = [
  { role = "acc", type = "i16", at = 0, count = 3, stride = 12 },
  { role = "gyro", type = "i16", at = 6, count = 3, stride = 12 },
  { role = "pressure", type = "i16", at = 60, count = 16, stride = 32 },
]
[clock]
source = "device"
"""


@pytest.mark.parametrize("name", ["R", "6R", "insole 12 R"])
def test_a_prefix_may_be_of_any_length(shared: Shared, name: str) -> None:
    vector = vectors(shared, "xiao-nus-2x8")["packets"][1]
    data = name.encode() + bytes.fromhex(vector["hex"])[2:]
    decoder = decoder_of(small(16, XIAO_2, rate=7.8125, endian="big"), Side.RIGHT)
    frames = read(decoder, data.hex())
    assert frames.pressure.tolist() == vector["fsr_raw"]
    assert frames.acc is not None
    assert frames.acc.tolist() == vector["acc_raw"]
    assert frames.gyro is not None
    assert frames.gyro.tolist() == vector["gyro_raw"]
    assert np.diff(frames.time).tolist() == [128 * MS] * 4
    for bad in (data[:-1], data[len(name) + 1 :], data + b"\0"):
        assert decoder.whole([Packet(START, bad)]) is None
    assert decoder.counts.corrupt == 3


NILSPOD = """
[transport.ble]
service = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
chars.rx = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
chars.data = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
start = [{ subscribe = "data" }, { write = "rx", hex = "c2" }]
stop = [{ write = "rx", hex = "c1" }]
frame = { kind = "notification", length = 20, records = true }
[layout]
header = [{ role = "sequence", type = "u16", at = 18, endian = "big", bits = [0, 15] }]
fields = [
  { role = "gyro", type = "i16", at = 0, count = 3 },
  { role = "acc", type = "i16", at = 6, count = 3 },
  { role = "pressure", type = "u8", at = 14, count = 3 },
]
[clock]
source = "sequence"
"""


@pytest.mark.parametrize("cuts", [[0, 80], [0, 20, 80], [0, 20, 40, 60, 80]])
def test_nilspod_brings_any_number_of_records_at_once(shared: Shared, cuts: Sequence[int]) -> None:
    vector = vectors(shared, "fau-nilspod")
    data = bytes.fromhex(vector["notification_hex"])
    decoder = decoder_of(small(3, NILSPOD, rate=200))
    packets = [Packet(START, data[a:b]) for a, b in pairwise(cuts)]
    frames = decoder.whole(packets)
    assert frames is not None
    assert frames.pressure.tolist() == [one["pressure"] for one in vector["records"]]
    assert frames.acc is not None
    assert frames.acc.tolist() == [one["acc_raw"] for one in vector["records"]]
    assert frames.gyro is not None
    assert frames.gyro.tolist() == [one["gyro_raw"] for one in vector["records"]]
    assert decoder.counts == (4, 0, 0, 0, 0)  # 32767 is followed by 0
    assert decoder.whole([Packet(START, data[:30])]) is None
    assert decoder.counts.corrupt == 1


GCU = """
[transport.serial]
[transport.serial.frame]
kind = "stream"
head = "5a5a"
tail = "a5a5"
length = 193
[layout]
when = { at = 8, equals = 35 }
header = [{ role = "time.s", type = "u32", at = 9 }, { role = "time.ms", type = "u16", at = 13 }]
fields = [
  { role = "pressure", type = "i32", at = 15, count = 35, CONVERSION },
  { role = "gyro", type = "f32", at = 167, count = 3 },
  { role = "acc", type = "f32", at = 179, count = 3, unit = "m/s2" },
]
[clock]
source = "device"
"""


def test_gcu_frames_end_with_a_tail_and_say_how_many_sensors(shared: Shared) -> None:
    vector = vectors(shared, "gcu-35-esp32")
    data = bytes.fromhex(vector["hex"])
    decoder = decoder_of(small(35, GCU.replace("CONVERSION", "scale = 1")), link="serial")
    cut = data[:-1] + b"\0"  # a wrong tail
    fewer = data[:8] + b"\x22" + data[9:]  # 34 sensors
    frames = decoder.whole([Packet(START, data[50:] + data + cut + fewer + data)])
    assert frames is not None
    assert frames.pressure.tolist() == [vector["mv"]]  # the second one has the same time and is a duplicate
    assert frames.gyro is not None
    assert close(frames.gyro, [vector["gyro"]])
    assert frames.acc is not None
    assert close(frames.acc * 9.80665, [vector["acc"]])
    assert decoder.counts == (1, 0, 2, 1, 0)


def test_gcu_counts_become_force_by_a_power_law(shared: Shared) -> None:
    vector = vectors(shared, "gcu-35-esp32")
    k, alpha, volts = 40_000.0, -1.3, np.array(vector["mv"]) / 1000
    factor, exponent = (5000 * 0.312 / k) ** (1 / alpha), -1 / alpha
    conversion = (
        f'scale = 0.001, offset = -0.312, unit = "N", clip = [0.0, 50.0], '
        f'curve = {{ kind = "power", factor = {factor!r}, exponent = {exponent!r} }}'
    )
    frames = read(decoder_of(small(35, GCU.replace("CONVERSION", conversion), unit="N"), link="serial"), vector["hex"])
    with np.errstate(divide="ignore"):
        ohm = np.where(volts > 0.312, 5000 * 0.312 / np.where(volts > 0.312, volts - 0.312, 1), np.inf)
    assert close(frames.pressure[0], np.clip((ohm / k) ** (1 / alpha), 0, 50), atol=1e-3)


MXKJ = """
[transport.serial]
baud = 460800
frame = { kind = "stream", head = "", length = 216, checksum = { type = "sum16", over = [0, 214], at = 214 } }
[layout]
fields = [{ role = "pressure", type = "u8", at = 6, count = 208, CURVE }]
"""


def test_mxkj_is_found_without_knowing_its_head(shared: Shared) -> None:
    vector = vectors(shared, "mxkj-208")["frames"][0]
    data = bytes.fromhex(vector["hex"])
    profile = small(208, MXKJ.replace("CURVE", "scale = 1"))
    stream = data[100:] + data * 3 + b"\0\1\2" + data
    for size in (len(stream), 100, 7):
        decoder = decoder_of(profile, link="serial")
        pieces = [Packet(START + at, stream[at : at + size]) for at in range(0, len(stream), size)]
        frames = decoder.whole(pieces)
        assert frames is not None
        assert frames.pressure.tolist() == [vector["values"]] * 4
        assert decoder.counts.corrupt == 1
    assert decoder_of(profile, link="serial").whole([Packet(START, data)]) is None  # one alone proves nothing


def test_a_table_of_points_turns_counts_into_pressure(shared: Shared) -> None:
    curve = 'unit = "kPa", curve = { kind = "points", points = [[0, 1.6], [194, 34.6], [250, 94.5]] }'
    profile = small(208, MXKJ.replace("CURVE", curve), unit="kPa")
    data = vectors(shared, "mxkj-208")["frames"][0]
    frames = decoder_of(profile, link="serial").whole([Packet(START, bytes.fromhex(data["hex"]) * 2)])
    assert frames is not None
    assert close(frames.pressure[0], np.interp(data["values"], [0, 194, 250], [1.6, 34.6, 94.5]))


ALFAONE = """
[transport.ble]
service = "79430001-f6c2-09a3-e9f9-128abca31297"
chars.control = "7943000b-f6c2-09a3-e9f9-128abca31297"
chars.data = "79430002-f6c2-09a3-e9f9-128abca31297"
start = [{ subscribe = "data" }, { write = "control", hex = "010101000000000000" }]
frame = { kind = "notification", length = 13 }
[layout]
header = [{ role = "sequence", type = "u8", at = 12 }]
fields = [{ role = "pressure", type = "i16", at = 0, count = 4 }]
[clock]
source = "sequence"
"""


def test_alfaone_pressure_alone_is_an_ordinary_layout(shared: Shared) -> None:
    one = next(one for one in vectors(shared, "alfaone")["notifications"] if one["char"] == "pressure")
    decoder = decoder_of(small(4, ALFAONE))
    assert read(decoder, one["hex"]).pressure.tolist() == [list(one["values"].values())]


TWO = """
[transport.serial]
frame = { kind = "notification", length = 8 }
[[layout]]
when = { at = 0, equals = 1 }
header = [{ role = "sequence", type = "u8", at = 1 }]
fields = [{ role = "pressure", type = "u8", at = 2, count = 2 }]
[[layout]]
when = { at = 0, equals = 2 }
header = [{ role = "sequence", type = "u8", at = 1 }]
repeat = { at = 2, count = 3, stride = 2, stamped = "newest" }
fields = [{ role = "pressure", type = "u8", at = 0, count = 2 }]
[clock]
source = "sequence"
"""


def test_layouts_with_different_numbers_of_samples_are_mixed_in_their_order() -> None:
    one, three = "0100 0506 00000000", "0201 0708 090a 0b0c"
    frames = read(decoder_of(small(2, TWO), link="serial"), one, three, "0102 0d0e 00000000", apart=30 * MS)
    assert frames.pressure.tolist() == [[5, 6], [7, 8], [9, 10], [11, 12], [13, 14]]
    assert np.diff(frames.time)[1:3].tolist() == [10 * MS] * 2


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ("equals = 2", "equals = 1", "two layouts have the same `when`"),
        ("when = { at = 0, equals = 2 }", "", "of several layouts each one needs a `when`"),
        ('"u8", at = 1 }]\nrepeat', '"u16", at = 6 }]\nrepeat', "pressure lies on sequence in byte 6"),
        ("length = 8", "length = 7", "the layout needs 8 bytes from byte 0"),
        ("stride = 2, stamped", "stamped", "layout[1]: repeat.stride is missing, and the pressure field has none"),
        ('type = "u8", at = 0, count = 2', 'type = "u8", at = 0, count = 2, stride = 1', "a stride, but no repeat or"),
        ("at = 2, count = 3", "at = 1, count = 3", "pressure lies on sequence in byte 1"),
    ],
)
def test_mistakes_in_several_layouts_are_named(was: str, becomes: str, message: str) -> None:
    assert was in TWO
    with pytest.raises(ConfigError) as error:
        small(2, TWO.replace(was, becomes, 1))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('kind = "stream", head = "", length = 8', "there must be a checksum by which to find it"),
        ('kind = "stream", head = "aa", tail = "0102030405060708", length = 8', "head and tail must be shorter"),
        ('kind = "stream", head = "aa", tail = "bb", length = 4', "pressure lies on the tail in byte 3"),
        ('kind = "notification", length = 8, head = "aa", prefix = { end = "," }', "a prefix goes with neither"),
        ('kind = "messages"', "a link sends messages, but there is no [messages]"),
    ],
)
def test_mistakes_in_frames_are_named(frame: str, message: str) -> None:
    fields = "fields = [{ role = 'pressure', type = 'u8', at = 2, count = 2 }]"
    body = "[transport.serial]\nframe = { FRAME }\n[layout]\n" + fields
    with pytest.raises(ConfigError) as error:
        small(2, body.replace("FRAME", frame))
    assert message in str(error.value)
