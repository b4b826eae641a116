"""A first profile for an unknown stream: it has to read the stream that it was made from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.authoring.draft import Draft, draft_profile, outline
from firmware_bridge.authoring.golden_check import check_golden
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import parse_profile
from firmware_bridge.errors import CorruptData
from firmware_bridge.model import SECOND, Frames, Packet, Side

START = 1_700_000_000 * SECOND
LINK = '[transport.serial]\nframe = { kind = "lines" }\n'
RNG = np.random.default_rng(5)


def draft(text: str, elapsed_s: float | None = None) -> Draft:
    return draft_profile(text.encode(), name="mine", link=LINK, rate_hz=None, elapsed_s=elapsed_s)


def read(made: Draft, text: str, side: Side = Side.LEFT) -> tuple[Frames | None, Decoder]:
    decoder = Decoder(Insole("anna", side, parse_profile(made.toml, "mine.toml"), "serial:"), "serial")
    return decoder.whole([Packet(START, b"\n" + text.encode())]), decoder


def table(made: Draft) -> list[tuple[str, int, str | None]]:
    text = parse_profile(made.toml, "mine.toml").table.text
    assert text is not None
    return [(column.role, column.count, column.side) for column in text.columns]


def blocks(path: Path) -> Iterator[str]:
    """Yield each stream of the file of patterns."""
    yield from re.split(r"(?m)^# \d .*\n", path.read_text())[1:]


def test_each_public_pattern_of_lines_is_drafted_and_read(shared: Callable[..., Path]) -> None:
    expected = [
        ([("time.ms", 1, None), ("pressure", 6, None)], [0, 12, 455, 1023, 87, 3]),
        ([("pressure", 16, None)], [0, 12, 455, 4095, 4095, 310, 0, 0, 5, 8, 13, 21, 34, 55, 89, 144]),
        (
            [
                ("time.ms", 1, None),
                ("sequence", 1, None),
                ("pressure", 4, "right"),
                ("pressure", 4, "left"),
                ("ignored", 1, None),
            ],
            [0, 305, 1005, 0],
        ),
        ([("time.ms", 1, None), ("pressure", 6, None)], [0, 12.5, 33.1, 80, 4.2, 61]),
        ([("acc", 3, None), ("pressure", 3, None)], [10230.5, 998000, 2201.1]),
        ([("pressure", 4, None), ("time.ms", 1, None)], [120, 3300, 87, 4001]),
        ([("pressure", 8, None)], [0, 0, 12, 4, 3, 5, 8, 1]),
    ]
    streams = list(blocks(shared("vectors", "generic-lines", "lines.txt")))
    assert len(streams) == len(expected)
    for number, (text, (columns, pressure)) in enumerate(zip(streams, expected, strict=True), 1):
        made = draft(text)
        assert table(made) == columns, number
        frames = read(made, text, Side.LEFT if number == 7 else Side.RIGHT)[0]
        assert frames is not None
        assert frames.pressure[-1] == pytest.approx(pressure), number
        assert any("lines are few" in line or "1 line is few" in line for line in made.to_check)
        assert any("positions" in line for line in made.to_check)


def stream(
    *, rows: int = 400, rate: float = 100, sensors: int = 6, top: int = 4095, rest: int = 0, separator: str = ","
) -> str:
    """Return what an insole of unknown make sends: counter, ms, sensors, acceleration in m/s2, gyro."""
    k = np.arange(rows)
    load = np.clip(np.sin(k / rate * 2 * np.pi)[:, None] + RNG.normal(0, 0.02, (rows, sensors)), 0, 1)
    load /= load.max()
    raw = np.abs(rest - np.round(load**2 * top)).astype(int)
    acc = np.array([0.1, -0.3, 9.8]) + RNG.normal(0, 0.5, (rows, 3))
    gyro = RNG.normal(0, 90, (rows, 3))
    lines = []
    for i in k.tolist():
        cells = [str(i + 7), str(5000 + round(i * 1000 / rate)), *map(str, raw[i])]
        cells += [f"{x:.3f}" for x in (*acc[i], *gyro[i])]
        lines.append(separator.join(cells))
    return "\r\n".join(["ets Jul 29 2019 12:21:46", "rst:0x1 (POWERON)", *lines, ""])


@pytest.mark.parametrize("separator", [",", ";", "\t", "  "])
@pytest.mark.parametrize(("top", "rest"), [(4095, 0), (1023, 0), (4095, 4095)])
def test_a_stream_is_understood_whatever_separates_its_numbers(separator: str, top: int, rest: int) -> None:
    text = stream(separator=separator, top=top, rest=rest)
    made = draft(text, 4.0)
    assert table(made) == [
        ("sequence", 1, None), ("time.ms", 1, None), ("pressure", 6, None), ("acc", 3, None), ("gyro", 3, None)
    ]  # fmt: skip
    profile = parse_profile(made.toml, "mine.toml")
    assert profile.rate_hz == 100
    assert profile.full_scale == top
    frames, decoder = read(made, text)
    assert frames is not None
    assert frames.acc is not None
    assert np.linalg.norm(np.median(frames.acc, axis=0)) == pytest.approx(1, abs=0.05)
    assert np.nanmedian(frames.pressure) < 0.5 * top
    assert decoder.counts == (400, 0, 2, 0, 0)
    assert any("deg/s" in line for line in made.to_check)
    assert any("fall when pressed" in line for line in made.to_check) == (rest > 0)


def test_sensors_of_which_only_some_fall_when_pressed_are_told_apart() -> None:
    rows = [line.split(",") for line in stream().splitlines()[2:]]
    for row in rows:
        row[4:6] = [str(4095 - int(x)) for x in row[4:6]]
    text = "\n".join(",".join(row) for row in rows) + "\n"
    made = draft(text)
    frames, _ = read(made, text)
    assert frames is not None
    assert [count for role, count, _ in table(made) if role == "pressure"] == [2, 2, 2]
    assert (np.nanmedian(frames.pressure, axis=0) < 1000).all()


def test_decimal_commas_and_names_of_columns_are_taken() -> None:
    rows = (f"{i / 50:.2f};{i % 7},5;{i % 5},25;99\n".replace(".", ",") for i in range(60))
    text = "zeit;L_1;L_2;bat\n" + "".join(rows)
    made = draft(text)
    assert 'decimal = ","' in made.toml
    assert table(made)[-1] == ("battery", 1, None)
    frames, decoder = read(made, text)
    assert frames is not None
    assert frames.pressure[3].tolist()[-2:] == [3.5, 3.25]
    assert decoder.battery_pct == 99


def test_the_unit_of_time_is_told_by_how_quickly_it_runs() -> None:
    for unit, per_second in (("time.s", 1), ("time.ms", 1000), ("time.us", 1_000_000)):
        text = "".join(f"{i * per_second / 10:g},{i % 9},{(i * 7) % 11}\n" for i in range(100))
        made = draft(text, 10.0)
        assert table(made)[0][0] == unit
        assert parse_profile(made.toml, "x").rate_hz == pytest.approx(10)
        assert any("few: contact times will be rough" in line for line in made.to_check)


def test_a_wide_time_and_an_end_that_is_never_reached_are_not_guessed_too_small() -> None:
    text = "".join(f"{1_790_000_000_000 + 20 * i},{i % 9},{i % 200}\n" for i in range(100))
    made = draft(text)
    assert "width = 53" in made.toml
    quiet = "".join(f"{i * 20},{i % 9},{i % 100}\n" for i in range(100))
    assert "saturated" not in draft(quiet).toml
    assert any("end of the range" in line for line in draft(quiet).to_check)


@pytest.mark.parametrize("text", ["", "\n\n", "hello\nworld\n", "-1,-2,-3\n-4,-5,-6\n", "\0\xff\n"])
def test_what_holds_no_insole_is_told(text: str) -> None:
    with pytest.raises(CorruptData, match=r"no lines of numbers|looks like a pressure"):
        draft(text)


@given(st.lists(st.text(alphabet='0123456789.,;:=-+eEnaifLRS{}[]" \t\r', max_size=40), max_size=20))
def test_no_stream_is_fatal_and_every_draft_is_sound(lines: list[str]) -> None:
    try:
        made = draft("\n".join(lines) + "\n")
    except CorruptData:
        return
    parse_profile(made.toml, "mine.toml")


@pytest.mark.parametrize("count", [1, 2, 3, 8, 12, 18, 64])
def test_stand_in_positions_lie_apart_from_heel_to_toe(count: int) -> None:
    places = outline(count)
    assert len({*places}) == count
    assert all(0 <= ml <= 1 and 0 <= ap <= 1 for ml, ap in places)
    assert [ap for _, ap in places] == sorted(ap for _, ap in places)


def insole(
    *more: object, stamps: Callable[[int], object] = lambda k: 20 * k, separator: str = ",", end: str = ""
) -> str:
    """Return 300 lines at 50 Hz: a time, eight sensors, and what else is given as one number or by line."""
    lines = []
    for k in range(300):
        load = (max(round(3000 * np.sin(2 * np.pi * (k / 50 - i / 20))), 0) for i in range(8))
        rest = (one(k) if callable(one) else one for one in more)
        lines.append(separator.join(map(str, (stamps(k), *load, *rest))) + end)
    return "\n".join(lines) + "\n"


EIGHT = ("pressure", 8)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (insole(stamps=lambda k: k // 5 * 100), [("time.ms", 1), EIGHT]),
        (insole(stamps=lambda k: k // 4 * 80_000), [("time.us", 1), EIGHT]),
        (insole(stamps=lambda k: f"{k // 5 / 10:.1f}"), [("time.s", 1), EIGHT]),
        (insole(stamps=lambda k: 1_700_000_000 + k // 50), [("time.s", 1), EIGHT]),
        (insole(stamps=lambda k: k // 5), [("ignored", 1), EIGHT]),
        (insole(stamps=lambda k: k), [("sequence", 1), EIGHT]),
        *(
            (insole(separator=s, end=end), [("time.ms", 1), EIGHT])
            for s, end in (",,", ";;", "\t\t", (",", ", "), "  ")
        ),
        (insole(end=",\r"), [("time.ms", 1), EIGHT]),
        *(
            (insole(charge), [("time.ms", 1), EIGHT, ("ignored", 1)])
            for charge in (3.71, 3710, 87, lambda k: f"{4.1 - k * 1e-4:.2f}", lambda k: 90 - k // 150)
        ),
        (insole(0), [("time.ms", 1), ("pressure", 9)]),
    ],
)
def test_stamps_of_batches_ends_of_lines_and_batteries_are_no_sensors(
    text: str, columns: list[tuple[str, int]]
) -> None:
    made = draft_profile(text.encode(), name="mine", link=LINK, rate_hz=50, elapsed_s=None)
    assert [(role, count) for role, count, _ in table(made)] == columns
    assert parse_profile(made.toml, "mine").rate_hz == 50


@pytest.mark.parametrize(
    ("name", "charge", "role", "scale"),
    [
        ("bat", 3.9, "ignored", 1),
        ("battery", 3900, "ignored", 1),
        ("vbat", 4, "ignored", 1),
        ("battery_mv", 99, "ignored", 1),
        ("battery", 87, "battery", 1),
        ("soc", 0.87, "battery", 100),
    ],
)
def test_volts_are_no_percent(name: str, charge: float, role: str, scale: float) -> None:
    head = ",".join(["t", *(f"p{i}" for i in range(8)), name])
    made = draft(f"{head}\n{insole(charge)}")
    text = parse_profile(made.toml, "mine").table.text
    assert text is not None
    assert (text.columns[-1].role, text.columns[-1].scale) == (role, scale)


@pytest.mark.parametrize("end", ["", ","])
def test_an_example_is_taken_from_what_was_heard(end: str) -> None:
    text = insole(end=end)
    profile = parse_profile(draft(text).toml, "mine.toml")
    (golden,) = profile.table.golden
    (said,) = golden.text
    assert said.strip("\n") in text
    own = [[float(x) for x in line.rstrip(",").split(",")[1:]] for line in said.split()]
    assert [list(row) for row in golden.pressure] == own
    assert max(map(sum, own)) == max(sum(float(x) for x in line.split(",")[1:9]) for line in text.split())
    assert check_golden(profile) == []
