from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec import Decoder, Encoder
from firmware_bridge.model import SECOND, Frames, Packet, Side
from firmware_bridge.profile import Insole, load_profile

START = 1_700_000_000 * SECOND
HEAD = "#insole v1 side=L n=8 rate=100 unit=raw max=4095"
PRESSURE = "1,2,3,4,5,6,7,8"


def decoder(side: Side = Side.LEFT, profile: str = "insole-line") -> Decoder:
    return Decoder(Insole("anna", side, load_profile(profile), "serial:"), "serial")


def say(reader: Decoder, *lines: str) -> Frames | None:
    return reader.feed([Packet(START + SECOND, ("\n".join(lines) + "\n").encode())])


def test_a_line_with_everything_and_one_with_the_least() -> None:
    reader = decoder()
    frames = say(reader, HEAD, f"1,10,{PRESSURE},0.1,0.2,-1,3,4,-5.5,87", f"2,20,{PRESSURE}")
    assert frames is not None
    assert frames.pressure.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]] * 2
    assert frames.acc is not None
    assert frames.gyro is not None
    assert np.allclose(frames.acc[0], [0.1, 0.2, -1])
    assert np.isnan(frames.acc[1]).all()
    assert np.allclose(frames.gyro[0], [3, 4, -5.5])
    assert reader.battery_pct == 87
    assert np.diff(frames.time).tolist() == pytest.approx([SECOND // 100], rel=0.02)


def test_boot_messages_nan_carriage_returns_and_blanks_are_survived() -> None:
    reader = decoder()
    frames = say(
        reader,
        "rst:0x1 (POWERON_RESET),boot:0x13",
        "ets Jun  8 2016 00:22:57",
        "# a comment",
        HEAD,
        f"1,10,{PRESSURE}\r",
        " 2 , 20 ,1,nan,3,,5,6,7,8",
        "",
        "3,30,1,2,3,4,5,6,7",  # a sensor short
        "4,40,1,2,3,4,5,6,7,x",
        "5,50,1,2,3,4,5,6,7,1_0",
        "6,60,1,2,3,4,5,6,7,40961",  # two lines run together
        "-7,70,1,2,3,4,5,6,7,8",
        "8.5,80,1,2,3,4,5,6,7,8",
        "9,nan,1,2,3,4,5,6,7,8",
        f"10,100,{PRESSURE}",
    )
    assert frames is not None
    assert np.isnan(frames.pressure[1]).tolist() == [False, True, False, True, False, False, False, False]
    assert reader.counts == (3, 7, 8, 0)


def test_the_other_foot_of_a_dongle_passes_by() -> None:
    left, right = decoder(Side.LEFT), decoder(Side.RIGHT)
    lines = [
        HEAD,
        HEAD.replace("side=L", "side=R"),
        f"L,1,10,{PRESSURE}",
        f"R,501,7010,{PRESSURE.replace('8', '9')}",
        f"L,2,20,{PRESSURE}",
    ]
    for reader, count, last in ((left, 2, 8), (right, 1, 9)):
        frames = say(reader, *lines)
        assert frames is not None
        assert frames.pressure[:, 7].tolist() == [last] * count
        assert reader.counts == (count, 0, 0, 0)
        assert reader.trouble == ""


def test_an_insole_on_the_wrong_foot_is_not_believed() -> None:
    reader = decoder(Side.RIGHT)
    assert say(reader, HEAD, f"1,10,{PRESSURE}") is None
    assert reader.counts.corrupt == 1
    assert "announces itself as the left one, not as the right one" in reader.trouble
    reader.reset()
    assert say(reader, HEAD.replace("side=L", "side=R"), f"1,10,{PRESSURE}") is not None
    assert reader.trouble == ""


@pytest.mark.parametrize(
    ("was", "becomes"), [("n=8", "n=16"), ("rate=100", "rate=50"), ("unit=raw", "unit=kPa"), ("max=4095", "max=1023")]
)
def test_an_announcement_that_differs_from_the_profile_is_not_believed(was: str, becomes: str) -> None:
    reader = decoder()
    assert say(reader, HEAD.replace(was, becomes), f"1,10,{PRESSURE}") is None
    assert reader.counts == (0, 0, 1, 0)
    assert f"announces {becomes}" in reader.trouble
    assert say(reader, HEAD, f"2,20,{PRESSURE}") is not None
    assert reader.trouble == ""


def test_nothing_has_to_be_announced() -> None:
    assert say(decoder(), "rest of a line", f"1,10,{PRESSURE}") is not None
    assert say(decoder(), "#insole v1", f"1,10,{PRESSURE}") is not None
    assert say(decoder(), HEAD.replace("100", "1e2"), f"1,10,{PRESSURE}") is not None


def test_lines_cut_at_twenty_bytes_are_joined() -> None:
    text = "\r\n".join([HEAD, *(f"{i},{i * 10},{PRESSURE},0,0,1,0,0,0" for i in range(50)), ""]).encode()
    reader = decoder()
    frames = reader.feed([Packet(START + i, text[i : i + 20]) for i in range(0, len(text), 20)])
    assert frames is not None
    assert len(frames) == 50
    assert reader.counts == (50, 0, 0, 0)


def test_the_layout_with_sixteen_sensors_has_a_profile_of_its_own() -> None:
    line = ",".join(map(str, range(16)))
    frames = say(decoder(profile="insole-line-16"), HEAD.replace("n=8", "n=16"), f"1,10,{line}")
    assert frames is not None
    assert frames.pressure.tolist() == [list(range(16))]


def test_the_encoder_announces_itself_now_and_then() -> None:
    encoder = Encoder(load_profile("insole-line"), Side.LEFT, "serial")
    lines = encoder.packets(np.arange(1001) * 10_000_000, np.full((1001, 8), 3.4, np.float32))
    assert lines[0] == f"{HEAD}\n0,0,3,3,3,3,3,3,3,3\n".encode()
    assert lines[1] == b"1,10,3,3,3,3,3,3,3,3\n"
    assert [i for i, line in enumerate(lines) if line.startswith(b"#")] == [0, 500, 1000]


def test_thirty_two_bit_milliseconds_wrap() -> None:
    reader = decoder()
    frames = say(reader, HEAD, f"4294967295,4294967290,{PRESSURE}", f"0,4,{PRESSURE}")
    assert frames is not None
    assert np.diff(frames.time).tolist() == pytest.approx([10_000_000], rel=0.02)
    assert reader.counts == (2, 0, 0, 0)


@given(st.lists(st.text(alphabet="0123456789.,-+eEnaifLR#_ \t", max_size=60), max_size=20))
def test_no_text_is_fatal(lines: list[str]) -> None:
    reader = decoder()
    say(reader, HEAD, *lines)
    assert say(reader, HEAD, f"1,10,{PRESSURE}") is not None or reader.counts.received + reader.counts.duplicate > 0


@given(st.binary(max_size=400))
def test_no_bytes_are_fatal(noise: bytes) -> None:
    reader = decoder()
    reader.feed([Packet(START, noise)])
    assert reader.counts.received <= noise.count(b"\n")
