from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.bridge.insole import bridge_insole
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import load_profile
from firmware_bridge.model import SECOND, Frames, Link, Packet, Side
from firmware_bridge.stores import open_log

START = 1_700_000_000 * SECOND
HEAD = "#insole v1 side=L n=8 rate=100 unit=raw max=4095"
PRESSURE = "1,2,3,4,5,6,7,8"


def decoder(side: Side = Side.LEFT, profile: str = "insole-line") -> Decoder:
    return Decoder(Insole("anna", side, load_profile(profile), "serial:"), "serial")


def say(reader: Decoder, *lines: str) -> Frames | None:
    return reader.whole([Packet(START + SECOND, ("\n".join(lines) + "\n").encode())])


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
    assert reader.counts == (3, 7, 8, 0, 0)


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
        assert reader.counts == (count, 0, 0, 0, 0)
        assert reader.trouble == ""


def test_an_insole_on_the_wrong_foot_is_not_believed() -> None:
    reader = decoder(Side.RIGHT)
    assert say(reader, HEAD, f"1,10,{PRESSURE}") is None
    assert reader.counts.corrupt == 1
    assert "announces itself as the left one, not as the right one" in reader.trouble
    reader.reset()
    assert say(reader, HEAD.replace("side=L", "side=R"), f"1,10,{PRESSURE}") is not None
    assert reader.trouble == ""


def lines_of(first: int, last: int, *, booted: int, side: str, every: int = 500) -> list[str]:
    """Return what an insole says at 100 Hz, ten milliseconds a line; its first sensor tells which insole it is."""
    head = HEAD.replace("side=L", f"side={side}")
    said: list[str] = []
    for k in range(first, last):
        announced = [head] if k == first or k % every == 0 else []
        said += [*announced, f"{k - booted},{(k - booted) * 10},{ord(side)},{k % 1000},3,4,5,6,7,8"]
    return said


def listen(reader: Decoder, lines: list[str], at: int) -> list[Frames]:
    """Feed ten lines at a time, as they arrive; `at` is the number of the first sample."""
    heard = []
    for k in range(0, len(lines), 10):
        packet = Packet(START + (at + k + 10) * SECOND // 100, ("\n".join(lines[k : k + 10]) + "\n").encode())
        if (frames := reader.whole([packet])) is not None:
            heard.append(frames)
    return heard


@pytest.mark.parametrize("seen", [True, False], ids=["link lost", "nobody saw it"])
def test_feet_that_are_swapped_in_a_run_cost_what_came_meanwhile_and_nothing_else(seen: bool) -> None:
    """Cables replugged the other way round, and back: each link keeps its own insole's samples, and counts."""
    phases = [(0, 1000), (1000, 1400), (1400, 2400)]
    boots = {"L": 0, "R": -77_000}
    for own, other in ("LR", "RL"):
        reader = decoder(Side.LEFT if own == "L" else Side.RIGHT)
        kept: list[Frames] = []
        for number, (first, last) in enumerate(phases):
            here = other if number == 1 else own
            kept += listen(reader, lines_of(first, last, booted=boots[here], side=here), first)
            refused = f"announces itself as the {reader._insole.side.other} one, not as the {reader._insole.side} one"
            assert (refused in reader.trouble) == (number == 1)
            assert ("exchange their urls" in reader.trouble) == (number == 1)
            assert "before it said so" not in reader.trouble
            if seen:
                reader.reset()
        whole = Frames.concatenate(kept)
        assert set(whole.pressure[:, 0].tolist()) == {ord(own)}
        assert whole.pressure[:, 1].tolist() == [k % 1000 for k in [*range(1000), *range(1400, 2400)]]
        assert reader.counts == (2000, 400, 400, 0, 0)
        late = whole.time - (START + np.array([*range(1000), *range(1400, 2400)]) * SECOND // 100)
        assert np.abs(late).max() < 0.2 * SECOND


def test_two_insoles_that_claim_one_side_never_meet_in_one_foot() -> None:
    left, right = decoder(Side.LEFT), decoder(Side.RIGHT)
    assert listen(left, lines_of(0, 300, booted=-50, side="R"), 0) == []
    kept = Frames.concatenate(listen(right, lines_of(0, 300, booted=-9, side="R"), 0))
    assert len(kept) == 300
    assert left.counts == (0, 0, 300, 0, 0)
    assert "as the right one" in left.trouble
    assert right.trouble == ""


def test_what_was_taken_for_the_foot_before_the_insole_said_otherwise_is_told() -> None:
    """A sender of lines need not begin with its announcement; until then it is believed, as one that has none."""
    reader = decoder()
    said = lines_of(0, 250, booted=0, side="R", every=100)[1:]
    assert len(Frames.concatenate(listen(reader, said, 0))) == 99  # the first line may be cut
    assert "99 lines that came before it said so were taken for the left foot's" in reader.trouble
    assert reader.counts == (99, 0, 150, 0, 0)


def test_a_link_on_which_only_the_other_foot_speaks_by_name_says_so() -> None:
    reader = decoder()
    theirs = [line if line.startswith("#") else f"R,{line}" for line in lines_of(0, 700, booted=0, side="R", every=100)]
    assert listen(reader, theirs, 0) == []
    assert "as the right one, not as the left one" in reader.trouble
    assert say(reader, f"L,1,10,{PRESSURE}") is not None
    assert reader.trouble == ""
    assert reader.counts == (1, 0, 0, 0, 0)


def record(folder: Path, side: Side, phases: Iterable[str]) -> Insole:
    """Write what a link brought: 10 s each of the insoles that announce these sides, ten lines a packet."""
    path = folder / f"{side}.packets"
    lines = [f"#insole-packets v1 link=serial profile=insole-line side={side}"]
    for number, announced in enumerate(phases):
        for k in range(1000 * number, 1000 * (number + 1), 10):
            said = [f"#insole v1 side={announced} n=8 rate=100 unit=raw max=4095"] if k % 500 == 0 else []
            said += [f"{n},{n * 10},{ord(announced)},{n},3,4,5,6,7,8" for n in range(k, k + 10)]
            text = "".join(f"{line}\n" for line in said)
            lines.append(f"{START + (k + 10) * SECOND // 100} {text.encode().hex()}")
    path.write_text("\n".join([*lines, ""]))
    return Insole("ada", side, load_profile("insole-line"), f"file:{path}")


def test_insoles_that_are_plugged_the_other_way_round_are_refused_until_they_are_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    insoles = [record(tmp_path, Side.LEFT, "LRL"), record(tmp_path, Side.RIGHT, "RLR")]

    async def carry() -> None:
        await asyncio.gather(*(bridge_insole(insole, log) for insole in insoles))

    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as log, caplog.at_level(logging.ERROR):
        asyncio.run(carry())
        stored, links = log.read(Frames, "ada"), log.read(Link, "ada")
    for side in Side:
        frames = Frames.concatenate([f for f in stored if f.side is side])
        assert set(frames.pressure[:, 0].tolist()) == {ord(side[0].upper())}
        assert frames.pressure[:, 1].tolist() == [*range(1000), *range(2000, 3000)]
        own = [row for row in links if row.side is side]
        sums = [sum(getattr(row, name) for row in own) for name in ("received", "lost", "corrupt", "duplicate")]
        assert sums == [2000, 1000, 1000, 0]
        refused = [row for row in own if START + 11 * SECOND <= row.time < START + 19 * SECOND]
        assert {(row.received, row.corrupt, row.connected) for row in refused} == {(0, 100, True)}
        (line,) = [r.getMessage() for r in caplog.records if f"ada's {side} insole" in r.getMessage()]
        assert f"nothing of it is stored: the insole announces itself as the {side.other} one" in line
        assert "exchange their urls" in line


@pytest.mark.parametrize(
    ("was", "becomes"), [("n=8", "n=16"), ("rate=100", "rate=50"), ("unit=raw", "unit=kPa"), ("max=4095", "max=1023")]
)
def test_an_announcement_that_differs_from_the_profile_is_not_believed(was: str, becomes: str) -> None:
    reader = decoder()
    assert say(reader, HEAD.replace(was, becomes), f"1,10,{PRESSURE}") is None
    assert reader.counts == (0, 0, 1, 0, 0)
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
    frames = reader.whole([Packet(START + i, text[i : i + 20]) for i in range(0, len(text), 20)])
    assert frames is not None
    assert len(frames) == 50
    assert reader.counts == (50, 0, 0, 0, 0)


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
    assert reader.counts == (2, 0, 0, 0, 0)


@given(st.lists(st.text(alphabet="0123456789.,-+eEnaifLR#_ \t", max_size=60), max_size=20))
def test_no_text_is_fatal(lines: list[str]) -> None:
    reader = decoder()
    say(reader, HEAD, *lines)
    assert say(reader, HEAD, f"1,10,{PRESSURE}") is not None or reader.counts.received + reader.counts.duplicate > 0


@given(st.binary(max_size=400))
def test_no_bytes_are_fatal(noise: bytes) -> None:
    reader = decoder()
    reader.whole([Packet(START, noise)])
    assert reader.counts.received <= noise.count(b"\n")
