"""Recordings: what was recorded comes back, and a bad file is told by name and line."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.clock import SystemClock
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import load_profile
from firmware_bridge.errors import ConfigError, CorruptData, Unavailable
from firmware_bridge.model import Packet, Side
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.sources.stream.packet_stream import Lossless, PacketStream
from firmware_bridge.sources.stream.recording import recorded

INSOLE = Insole("anna", Side.LEFT, load_profile("demo-16"), "file:unused")
HEADER = "#insole-packets v1 link=ble profile=demo-16 side=left\n"


async def _read(path: Path, options: str = "") -> list[Packet]:
    async with open_source(f"file:{path}{options}", INSOLE, SystemClock()) as packets:
        return [packet async for packet in packets]


async def _upto(path: Path) -> tuple[list[Packet], str]:
    """Return what comes before the damage, and how it is described."""
    got: list[Packet] = []
    async with open_source(f"file:{path}", INSOLE, SystemClock()) as packets:
        with pytest.raises(CorruptData) as damage:
            await _collect(packets, got)
    return got, str(damage.value)


async def _collect(packets: AsyncIterator[Packet], got: list[Packet]) -> None:
    async for packet in packets:
        got.append(packet)  # noqa: PERF401 - what came before an error has to be kept


@asynccontextmanager
async def _source(packets: Sequence[Packet]) -> AsyncIterator[PacketStream]:
    async def come() -> AsyncIterator[Packet]:
        for packet in packets:
            yield packet

    yield Lossless(come())


async def _record(packets: Sequence[Packet], path: Path, link: str = "ble", insole: Insole = INSOLE) -> None:
    async with _source(packets) as source, recorded(source, str(path), link, insole) as tape:
        assert [packet async for packet in tape] == list(packets)


def _some(n: int, start: int = 1000) -> list[Packet]:
    return [Packet(start + i, bytes([i % 256, 7])) for i in range(n)]


@given(
    pairs=st.lists(st.tuples(st.integers(1, 10**6), st.binary(min_size=1, max_size=40)), max_size=30),
    cut=st.integers(0, 30),
)
def test_what_was_recorded_comes_back_in_however_many_sittings(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, bytes]], cut: int
) -> None:
    path, time, packets = tmp_path_factory.mktemp("tape") / "walk.packets", 10**18, []
    for gap, data in pairs:
        time += gap
        packets.append(Packet(time, data))

    async def main() -> None:
        await _record(packets[:cut], path)
        await _record(packets[cut:], path)
        assert await _read(path) == packets
        await _record(packets, path)  # again: nothing new
        assert await _read(path) == packets

    asyncio.run(main())


async def test_silence_is_not_recorded(tmp_path: Path) -> None:
    await _record([Packet(1, b"a"), Packet(2, b""), Packet(3, b"b")], tmp_path / "t")
    assert await _read(tmp_path / "t") == [Packet(1, b"a"), Packet(3, b"b")]


async def test_a_source_is_recorded_by_its_url(tmp_path: Path) -> None:
    await _record(_some(3000), tmp_path / "a", link="serial")
    assert await _read(tmp_path / "a", f"?record={tmp_path / 'b'}") == _some(3000)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert link_of(f"file:{tmp_path / 'b'}?pace=1") == "serial"


async def test_what_came_is_on_disk_when_the_link_breaks(tmp_path: Path) -> None:
    async def breaks() -> AsyncIterator[Packet]:
        yield Packet(1, b"a")
        raise Unavailable("lost")

    async with recorded(Lossless(breaks()), str(tmp_path / "t"), "ble", INSOLE) as tape:
        with pytest.raises(Unavailable, match="lost"):
            await _collect(tape, [])
    assert await _read(tmp_path / "t") == [Packet(1, b"a")]


async def test_a_recording_goes_on_behind_a_cut_line(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(f"{HEADER}1 aa\n2 b")
    await _record([Packet(3, b"\xcc")], path)
    assert await _read(path) == [Packet(1, b"\xaa"), Packet(3, b"\xcc")]


async def test_another_insoles_recording_is_not_continued(tmp_path: Path) -> None:
    await _record(_some(2), tmp_path / "t")
    before = (tmp_path / "t").read_bytes()
    with pytest.raises(ConfigError, match=r"holds a recording of demo-16, left, over ble; this is .* right"):
        await _record(_some(2), tmp_path / "t", insole=replace(INSOLE, side=Side.RIGHT))
    (tmp_path / "mine.txt").write_text("dear diary\n")
    with pytest.raises(ConfigError, match=r"mine.txt, line 1: not a recording"):
        await _record(_some(2), tmp_path / "mine.txt")
    with pytest.raises(ConfigError, match="plain text"):
        await _record(_some(2), tmp_path / "t.gz")
    assert (tmp_path / "t").read_bytes() == before
    assert (tmp_path / "mine.txt").read_text() == "dear diary\n"


async def test_a_folder_that_is_not_there_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be written"):
        await _record(_some(2), tmp_path / "away" / "t")


async def test_a_place_that_can_never_be_a_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "file" / "t"):
        with pytest.raises(ConfigError, match=r"cannot be written: .* directory; name another file"):
            await _record(_some(2), place)


async def test_a_recording_that_cannot_be_ended_keeps_why_the_link_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Above all a cancellation: whoever takes its place keeps the program running."""

    def full(*_: object) -> None:
        raise Unavailable("no space left")

    under_way = asyncio.Event()

    async def recording() -> None:
        async with _source(_some(2)) as source, recorded(source, str(tmp_path / "t"), "ble", INSOLE) as tape:
            await anext(tape)
            monkeypatch.setattr("firmware_bridge.sources.stream.recording._append", full)
            under_way.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(recording())
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "the end of a recording is missing: no space left" in caplog.text


async def test_an_unknown_option_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    await _record(_some(2), tmp_path / "t")
    with pytest.raises(ConfigError, match=r"unknown option 'speed'; there are: pace, record$"):
        await _read(tmp_path / "t", "?speed=2")


async def test_a_compressed_recording_plays(tmp_path: Path) -> None:
    await _record(_some(5000), tmp_path / "t")
    (tmp_path / "t.gz").write_bytes(gzip.compress((tmp_path / "t").read_bytes()))
    assert await _read(tmp_path / "t.gz") == _some(5000)
    assert link_of(f"file:{tmp_path / 't.gz'}") == "ble"


@pytest.mark.parametrize(
    ("text", "line", "before"),
    [
        ("1 aa\n2 bb\n3 c", 4, 2),  # cut in a byte
        ("1 aa\n2 bb\n3 cc", 4, 2),  # cut before its newline: how much is missing cannot be known
        ("1 aa\n2 xx\n3 cc\n", 3, 1),
        ("1 aa\nhello\n", 3, 1),
        ("1 aa\n\n3 cc\n", 3, 1),
        ("2 aa\n1 bb\n", 3, 1),
        ("2 aa\n9223372036854775807 bb\n", 3, 1),  # a time with which nobody can calculate
        ("-2 aa\n", 2, 0),
        ("1 äö\n", 2, 0),
    ],
)
async def test_damage_is_told_by_line_after_everything_before_it(
    tmp_path: Path, text: str, line: int, before: int
) -> None:
    (tmp_path / "t").write_text(HEADER + text, encoding="utf-8")
    got, damage = await _upto(tmp_path / "t")
    assert len(got) == before
    assert f"{tmp_path / 't'}, line {line}:" in damage


async def test_a_cut_archive_gives_what_can_be_read(tmp_path: Path) -> None:
    await _record(_some(5000), tmp_path / "t")
    whole = gzip.compress((tmp_path / "t").read_bytes())
    (tmp_path / "t.gz").write_bytes(whole[: len(whole) // 2])
    got, damage = await _upto(tmp_path / "t.gz")
    assert got == _some(5000)[: len(got)]
    assert len(got) > 1000
    assert "t.gz, line" in damage


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t", b"", "t is empty"),
        ("t", b"time,p1,p2\n1,2,3\n", "t, line 1: not a recording of packets"),
        ("t", b"\x89PNG\r\n\x1a\n\x00\x00", "t, line 1: not a recording"),
        ("t", b"#insole-packets v2 link=ble profile=demo-16 side=left\n", "line 1: not a recording"),
        ("t.gz", b"not gzip", "not a recording"),
        ("t.gz", b"", "empty"),
        (
            "t",
            HEADER.replace("left", "right").encode(),
            "a recording of demo-16, right, but it is set as demo-16, left",
        ),
        ("t", HEADER.replace("demo-16", "other").encode(), "a recording of other, left, but"),
    ],
)
async def test_a_file_that_is_no_recording_of_this_insole_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        await _read(tmp_path / name)


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"walk\.packets: cannot be read: No such file"):
        await _read(tmp_path / "walk.packets")
    with pytest.raises(ConfigError, match="Is a directory"):
        await _read(tmp_path)


async def test_a_name_with_odd_characters_is_a_name(tmp_path: Path) -> None:
    await _record(_some(3), tmp_path / "a+b 50% of?.packets")
    assert await _read(tmp_path / "a+b 50%25 of%3F.packets") == _some(3)
