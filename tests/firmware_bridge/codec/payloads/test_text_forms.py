"""Text lines of all kinds that hobby and OEM insoles send: what each reads as, and what is said where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import Profile, load_profile, mistakes_of, parse_profile
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND


def profile(text: str, sensors: int, *, rate: float = 100, clock: str = 'source = "arrival"') -> Profile:
    """Return a profile of serial lines with this `[text]`."""
    places = ", ".join(f"[0.5, {k / sensors:.3f}]" for k in range(sensors))
    return parse_profile(
        f'[device]\nid = "x"\nname = "x"\nevidence = "virtual"\nrate_hz = {rate}\nunit = "raw"\n'
        f'[sensors]\npositions = [{places}]\n[transport.serial]\nframe = {{ kind = "lines" }}\n'
        f"[text]\n{text}\n[clock]\n{clock}\n",
        "x.toml",
    )


def reader(device: Profile, side: Side = Side.LEFT, link: str = "serial") -> Decoder:
    return Decoder(Insole("anna", side, device, "serial:"), link)


def say(decoder: Decoder, *lines: str) -> Frames | None:
    return decoder.whole([Packet(START + SECOND, ("\n".join(["", *lines]) + "\n").encode())])


def heard(device: Profile, *lines: str, side: Side = Side.LEFT) -> Frames:
    frames = say(reader(device, side), *lines)
    assert frames is not None
    return frames


FOUR = "count = 4, saturated = 4095"
FORMS: dict[str, tuple[str, str, list[float]]] = {
    "commas": (f'columns = [{{ role = "time.ms" }}, {{ role = "pressure", {FOUR} }}]', "7,1,2,3,4", [1, 2, 3, 4]),
    "blanks": (
        f'separator = "whitespace"\ncolumns = [{{ role = "pressure", {FOUR} }}]',
        "  1   2\t 3 4 ",
        [1, 2, 3, 4],
    ),
    "tabs with a blank cell": (
        f'separator = "\\t"\ncolumns = [{{ role = "pressure", {FOUR} }}]',
        "1\t\t-\t4",
        [1, np.nan, np.nan, 4],
    ),
    "decimal commas": (
        f'separator = ";"\ndecimal = ","\ncolumns = [{{ role = "pressure", {FOUR} }}]',
        "1,5;2;3;4,25",
        [1.5, 2, 3, 4.25],
    ),
    "labels": (
        (
            'form = "labeled"\nseparator = "whitespace"\ncolumns = [{ role = "pressure", count = 4, '
            'labels = ["S1", "S2", "S3", "S4"] }, { role = "time.ms", labels = ["t"] }]'
        ),
        "S2=3300 S1=120 S3=nan S4=4001 t=5012",
        [120, 3300, np.nan, 4001],
    ),
    "labels with colons": (
        (
            'form = "labeled"\nassign = ":"\ncolumns = [{ role = "pressure", count = 4, '
            'labels = ["P1", "P2", "P3", "P10"] }]'
        ),
        "P1:123, P2:4,P3:5,P10:6",
        [123, 4, 5, 6],
    ),
    "an object": (
        (
            'form = "json"\ncolumns = [{ role = "time.ms", labels = ["t"] }, { role = "pressure", count = 4, '
            'labels = ["pct"] }]'
        ),
        '{"t":1234,"pct":[0.0,12.5,null,80.0],"fw":"1.2"}',
        [0, 12.5, np.nan, 80],
    ),
    "an object of numbers": (
        'form = "json"\ncolumns = [{ role = "pressure", count = 4, labels = ["a", "b", "c", "d"] }]',
        '{"b":2,"a":1,"c":"3","d":4}',
        [1, 2, 3, 4],
    ),
    "a matrix with holes": (
        'form = "json"\nmatrix = [2, 3]\ncolumns = [{ role = "pressure", count = 4, drop = [0, 4] }]',
        "[[9,1,2],[3,9,4]]",
        [1, 2, 3, 4],
    ),
    "around the numbers": (
        f'line = ["AA,{{values}},BB"]\ncolumns = [{{ role = "pressure", {FOUR} }}]',
        "AA,1,2,3,4,BB",
        [1, 2, 3, 4],
    ),
    "some fall when pressed": (
        (
            'columns = [{ role = "pressure", count = 2, invert_from = 4095 }, { role = "pressure", count = 1 }, '
            '{ role = "pressure", count = 1, invert_from = 26400, scale = 0.5 }]'
        ),
        "4095,4000,7,400",
        [0, 95, 7, 13000],
    ),
    "ignored columns": (
        (
            'columns = [{ role = "ignored", count = 2 }, { role = "pressure", count = 2 }, { role = "ignored" }, '
            '{ role = "pressure", count = 2 }]'
        ),
        "9,9,1,2,9,3,4",
        [1, 2, 3, 4],
    ),
}


@pytest.mark.parametrize(("text", "line", "expected"), FORMS.values(), ids=FORMS)
def test_every_form_of_a_line_is_read(text: str, line: str, expected: list[float]) -> None:
    assert np.array_equal(heard(profile(text, 4), line + "\r").pressure[0], expected, equal_nan=True)


@pytest.mark.parametrize("text", [text for text, _, _ in FORMS.values()], ids=FORMS)
def test_what_is_written_is_read_again(text: str) -> None:
    device = profile(text, 4)
    written = np.random.default_rng(3).integers(0, 90, (30, 4)).astype(np.float32)
    written[3, 1] = np.nan
    lines = Encoder(device, Side.LEFT, "serial").packets(np.arange(30) * 10_000_000, written)
    decoder = reader(device)
    frames = decoder.whole([Packet(START, b"\n"), *(Packet(START + i * 10**7, line) for i, line in enumerate(lines))])
    assert frames is not None
    assert np.allclose(frames.pressure, written, atol=0.5, equal_nan=True)
    assert decoder.counts.received == 30
    assert decoder.counts.corrupt == 0


@pytest.mark.parametrize("text", [text for text, _, _ in FORMS.values()], ids=FORMS)
@given(lines=st.lists(st.text(alphabet='0123456789.,;:=-+eEnaifLRPSt{}[]"_ \t', max_size=50), max_size=12))
def test_no_text_is_fatal(text: str, lines: list[str]) -> None:
    decoder = reader(profile(text, 4))
    say(decoder, *lines)
    assert decoder.counts.corrupt + decoder.counts.received + decoder.counts.duplicate <= len(lines)


@pytest.mark.parametrize(
    "line", ["[" * 900, "[1,2,3,true]", "[1,2,3,{}]", '{"t":1}', "[1e999,1,2,3,4,5]", "[" + "1" * 900 + "]", "NaN", "1"]
)
def test_json_that_holds_no_sample_is_counted(line: str) -> None:
    decoder = reader(profile('form = "json"\ncolumns = [{ role = "pressure", count = 4 }]', 4))
    assert say(decoder, line) is None
    assert decoder.counts.corrupt == 1


@pytest.mark.parametrize(
    ("role", "cells", "ms"),
    [
        ('role = "time.s"', ["10.00", "10.02", "10.05"], [20, 50]),
        ('role = "time.ms", width = 53', ["1790000000000", "1790000000020", "1790000000050"], [20, 50]),
        ('role = "time.ms", width = 16', ["65530", "14", "44"], [20, 50]),
        ('role = "time.us"', ["1000000", "1020000", "1050000"], [20, 50]),
        ('role = "time.hms"', ["23:59:59.980", "00:00:00.000", "00:00:00.030"], [20, 50]),
    ],
)
def test_time_is_told_in_many_ways(role: str, cells: list[str], ms: list[int]) -> None:
    device = profile(f'columns = [{{ {role} }}, {{ role = "pressure" }}]', 1, rate=40, clock='source = "device"')
    packets = [Packet(START + at * 10**6, f"\n{cell},1\n".encode()) for at, cell in zip([0, *ms], cells, strict=True)]
    frames = reader(device).whole(packets)
    assert frames is not None
    assert ((frames.time - frames.time[0]) / 1e6)[1:] == pytest.approx(ms, abs=0.1)


def test_repeated_times_are_one_sample() -> None:
    device = profile('columns = [{ role = "time.ms" }, { role = "pressure" }]', 1, clock='source = "device"')
    decoder = reader(device)
    say(decoder, "10,1", "20,2", "20,2", "30,3")
    assert decoder.counts == (3, 0, 0, 1, 0)


def test_a_decimal_comma_is_told_and_so_is_its_remedy() -> None:
    decoder = reader(profile('separator = ";"\ncolumns = [{ role = "pressure", count = 2 }]', 2))
    assert say(decoder, *["1,5;2,25"] * 30) is None
    assert 'say decimal = "," in the [text] of the profile' in decoder.trouble
    assert decoder.counts.corrupt == 30
    assert say(decoder, "1.5;2.25") is not None
    assert decoder.trouble == ""


def test_lines_of_another_length_are_told_after_a_while() -> None:
    decoder = reader(profile('columns = [{ role = "pressure", count = 2 }]', 2))
    say(decoder, *["boot"] * 19)
    assert decoder.trouble == ""
    say(decoder, "1,5,2,25")
    assert "4 numbers in a line, where the profile has 2; are they decimal commas?" in decoder.trouble


def test_a_link_that_brings_only_the_other_foot_is_told() -> None:
    text = 'line = ["{side}: {values}"]\nside_prefix = { L = "left", R = "right" }\ncolumns = [{ role = "pressure" }]'
    decoder = reader(profile(text, 1))
    assert say(decoder, *["R: 5"] * 120) is None
    assert "100 lines in a row are of the right foot" in decoder.trouble
    assert heard(profile(text, 1), "R:5", "L:  6", "X: 7").pressure.tolist() == [[6]]


DONGLE = """
columns = [
  { role = "time.ms" }, { role = "sequence" },
  { role = "pressure", count = 4, side = "right", invert_from = 4095 },
  { role = "pressure", count = 4, side = "left", invert_from = 4095 },
  { role = "flags", absent = { left = 1, right = 4 } },
]"""


def test_two_feet_in_one_line_with_flags() -> None:
    lines = [
        "# fw=1",
        "time_ms,frame_id,R_ch0,R_ch1,R_ch2,R_ch3,L_ch0,L_ch1,L_ch2,L_ch3,flags",
        "5000,100,4095,3800,3100,4095,4095,4095,4095,4095,1",
        "5050,101,4095,3790,3090,4095,4000,3900,3100,4095,0",
        "5100,102,4095,3790,3090,4095,4000,3900,3100,4095,nan",
    ]
    device = profile(DONGLE, 4, rate=20, clock='source = "device"')
    left, right = reader(device, Side.LEFT), reader(device, Side.RIGHT)
    frames = say(left, *lines)
    assert frames is not None
    assert frames.pressure.tolist() == [[95, 195, 995, 0]]
    assert left.counts == (1, 0, 1, 0, 0)  # the header holds no numbers; a line without its flags says nothing
    frames = say(right, *lines)
    assert frames is not None
    assert frames.pressure.tolist() == [[0, 295, 995, 0], [0, 305, 1005, 0]]
    assert [int(x) for x in np.diff(frames.time) / 1e6] == [pytest.approx(50, abs=1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('columns = [{ role = "pressure", count = 4, labels = ["a"] }]', 'labels go with form = "labeled" or "json"'),
        ('form = "labeled"\ncolumns = [{ role = "pressure", count = 4 }]', "needs labels for every column"),
        ('line = ["{value}"]\ncolumns = [{ role = "pressure", count = 4 }]', "must hold {values} once"),
        ('line = ["{side}{values}"]\ncolumns = [{ role = "pressure", count = 4 }]', "side_prefix does not say"),
        ('columns = [{ role = "pressure", count = 4, drop = [4, 4] }]', "drop = [4, 4] is not a choice"),
        ('columns = [{ role = "pressure", count = 3 }]', "pressure has count = 3, but it must be 4"),
        ('columns = [{ role = "pressure", count = 4 }, { role = "flags" }]', "absent belongs to"),
        ('decimal = ","\ncolumns = [{ role = "pressure", count = 4 }]', "cannot both be a comma"),
        (
            'columns = [{ role = "pressure", count = 4, side = "left" }, { role = "acc", count = 3, side = "right" }]',
            "no field with role = 'pressure'",
        ),
        ('matrix = [2, 3]\nform = "json"\ncolumns = [{ role = "pressure", count = 4 }]', "does not hold the numbers"),
        (
            'columns = [{ role = "time.s" }, { role = "time.ms" }, { role = "pressure", count = 4 }]',
            "one of them is enough",
        ),
    ],
)
def test_a_mistake_in_the_text_table_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        profile(text, 4)
    assert message in str(error.value)


def test_every_mistake_of_a_profile_is_named() -> None:
    wrong = load_profile("insole-line").text
    for was, becomes in (
        ("rate_hz", "rate"),
        ('unit = "raw"\n', 'unit = "bar"\n'),
        ("baud", "bud"),
        ("[0.35", "[7.35"),
    ):
        assert was in wrong
        wrong = wrong.replace(was, becomes, 1)
    found = mistakes_of(wrong, "x.toml")
    for key in ("device.rate_hz", "device.rate:", "device.unit", "transport.serial.bud", "sensors.positions[0]"):
        assert any(key in mistake for mistake in found), key
    assert mistakes_of(load_profile("insole-line").text, "x.toml") == []


def test_a_line_of_one_foot_refuses_the_other_one() -> None:
    with pytest.raises(ConfigError, match="say nothing of the right foot"):
        reader(profile('columns = [{ role = "pressure", side = "left" }]', 1), Side.RIGHT)
