"""Recordings of others: recognized, read, accounted; what is broken is said or counted."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    ConfigError,
    CorruptData,
    Device,
    Frames,
    Item,
    Link,
    Side,
    read_recording,
    wearer_of,
)
from firmware_bridge.importers import Format
from firmware_bridge.plugins import IMPORTERS
from tests.stand_ins.recordings import pedar


def line(second: float, left: float, right: float) -> str:
    return "\t".join(f"{x:g}" for x in [second, *[left] * 8, *[right] * 8, 8 * left, 8 * right])


def walk(rows: int = 250) -> str:
    return "".join(line(i / 100, i % 90, (i + 45) % 90) + "\n" for i in range(rows))


def frames_of(items: list[Item], side: Side) -> Frames:
    return Frames.concatenate([i for i in items if isinstance(i, Frames) and i.side is side])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "SiCo99_01.txt.gz"
    path.write_bytes(gzip.compress(walk().encode()))
    return path


def test_it_becomes_devices_frames_and_links_on_its_own_clock(recording: Path) -> None:
    items = list(read_recording(recording, "ann"))
    assert {type(item) for item in items} == {Device, Frames, Link}
    first_frames = next(i for i, item in enumerate(items) if isinstance(item, Frames))
    assert any(isinstance(item, Device) for item in items[:first_frames])
    left = frames_of(items, Side.LEFT)
    assert len(left) == 250
    assert left.time[0] == 0
    assert set(np.diff(left.time).tolist()) == {SECOND // 100}
    assert left.pressure[7].tolist() == [7.0] * 8
    assert frames_of(items, Side.RIGHT).pressure[7].tolist() == [52.0] * 8
    assert sum(i.received for i in items if isinstance(i, Link)) == 500


def test_start_says_when_a_file_without_a_date_began(recording: Path) -> None:
    start = 1_700_000_000 * SECOND
    assert frames_of(list(read_recording(recording, "ann", start=start)), Side.LEFT).time[0] == start


def test_the_wearer_is_the_name_of_the_file() -> None:
    assert wearer_of(Path("a/SiCo01_01.txt.gz")) == "SiCo01_01"
    assert wearer_of(Path("my walk.txt")) == "my-walk"


def test_malformed_rows_are_counted_and_skipped(tmp_path: Path) -> None:
    rows = walk(100).splitlines()
    rows[10] = "garbage"
    rows[20] = rows[20].replace("\t", " nan ", 1)
    rows[30] = rows[29]  # the same time again
    rows[40] = rows[40][: len(rows[40]) // 2]
    path = tmp_path / "walk.txt"
    path.write_text("\n".join(rows))
    items = list(read_recording(path, "ann"))
    assert len(frames_of(items, Side.LEFT)) == 96
    assert sum(i.corrupt for i in items if isinstance(i, Link) and i.side is Side.LEFT) == 3
    assert sum(i.duplicate for i in items if isinstance(i, Link) and i.side is Side.LEFT) == 1


def test_a_cut_off_packed_file_gives_what_is_before_the_cut(tmp_path: Path) -> None:
    packed = gzip.compress(walk(5000).encode())
    path = tmp_path / "walk.txt.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    assert 1000 <= len(frames_of(list(read_recording(path, "ann")), Side.LEFT)) < 5000


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"hello\nworld\n", "no format"), (b"\x89PNG\r\n\x1a\n" + bytes(50), "no format")],
)
def test_a_foreign_or_empty_file_is_refused_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "odd.bin"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"odd\.bin.*{says}"):
        list(read_recording(path, "ann"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.txt: cannot be read: No such file"):
        list(read_recording(tmp_path / "gone.txt", "ann"))


def test_a_named_format_that_does_not_fit_says_so(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("hello\n")
    with pytest.raises(CorruptData, match="not a gaitpdb file"):
        list(read_recording(path, "ann", form="gaitpdb"))
    with pytest.raises(ConfigError, match="gaitpdb"):
        list(read_recording(path, "ann", form="nonsense"))


def test_a_file_that_several_formats_claim_asks_for_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pedar(tmp_path)
    greedy = Format("greedy", "Anything", lambda _: True, lambda _: iter(()))
    load: Callable[[str], Format] = IMPORTERS.load
    monkeypatch.setattr(type(IMPORTERS), "load", lambda _, name: greedy if name == "csv" else load(name))
    with pytest.raises(ConfigError, match=r"walk\.asc: could be of the formats greedy, pedar; .*--format"):
        list(read_recording(path, "ann"))
