"""What every file format keeps to."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers import Format, Recording, Samples, find_format, read_recording
from firmware_bridge.importers.parsing.files import head_of
from firmware_bridge.model import SECOND, Device, Frames, Item, Link, Side, same_row
from firmware_bridge.plugins import IMPORTERS
from tests.stand_ins.recordings import ALL, ONE_FOOT, RATE, ROWS, SECONDS

each = pytest.mark.parametrize("name", ALL)
each_text = pytest.mark.parametrize("name", ["csv", "gaitpdb", "moticon", "pedar"])  # a line is a sample of both feet
fuzz = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def samples_of(name: str, path: Path) -> list[Samples]:
    known: Format = IMPORTERS.load(name)
    return list(known.read(Recording(path)))


def same(one: Item, other: Item) -> bool:
    if isinstance(one, Frames) and isinstance(other, Frames):
        pairs: list[tuple[Any, Any]] = [(one.time, other.time), (one.pressure, other.pressure)]
        for channel in Frames.OPTIONAL:
            mine, theirs = getattr(one, channel), getattr(other, channel)
            if (mine is None) is not (theirs is None):
                return False
            pairs += [] if mine is None else [(mine, theirs)]
        named = (one.wearer, one.side, one.device) == (other.wearer, other.side, other.device)
        return named and all(a.tobytes() == b.tobytes() for a, b in pairs)
    return not isinstance(one, Frames) and not isinstance(other, Frames) and same_row(one, other)


def read_or_refuse(name: str, path: Path) -> list[Item]:
    """Read a file that may be anything: what is read is sound, and what is not is refused by one of two errors."""
    refused = ""
    items: list[Item] = []
    try:
        items = list(read_recording(path, "ann", form=name))
    except (ConfigError, CorruptData) as error:
        refused = str(error)
    assert not refused or str(path.parent) in refused  # names the file, or the map beside it
    for side in Side:
        times = [item.time for item in items if isinstance(item, Frames) and item.side is side]
        assert not times or np.all(np.diff(np.concatenate(times)) > 0)
    return items


def test_every_built_in_format_is_tried_here() -> None:
    assert set(ALL) == set(IMPORTERS.builtin)


@each
def test_it_is_found_by_content_whatever_the_name(name: str, tmp_path: Path) -> None:
    path = ALL[name](tmp_path)
    if name == "csv":
        (tmp_path / "walk.columns.toml").unlink()
    for other in (path.rename(tmp_path / "something.else"), tmp_path / "packed.bin"):
        if not other.exists():
            other.write_bytes(gzip.compress((tmp_path / "something.else").read_bytes()))
        assert find_format(other).name == name


@each
def test_it_recognizes_its_own_files_and_no_others(name: str, tmp_path: Path) -> None:
    known: Format = IMPORTERS.load(name)
    assert known.name == name
    for other, make in ALL.items():
        folder = tmp_path / other
        folder.mkdir()
        told = {other, "csv"} if other in {"stappone", "orphe"} else {other}  # those are CSV files, too
        path = make(folder)
        assert known.recognizes(head_of(path)) is (name in told), other
        assert find_format(path).name == other


@each
def test_samples_come_in_order_of_time_the_feet_in_turn(name: str, tmp_path: Path) -> None:
    parts = samples_of(name, ALL[name](tmp_path))
    sides = [Side.LEFT] if name in ONE_FOOT else list(Side)
    assert {part.side for part in parts} == set(sides)
    for side in sides:
        own = [part for part in parts if part.side is side]
        time = np.concatenate([part.time for part in own])
        assert len(time) == ROWS
        assert np.all(np.abs(np.diff(time) - SECOND / RATE) < 1000)
        assert all(part.pressure.shape == (len(part.time), part.profile.sensors.count) for part in own)
        assert all(part.pressure.dtype == np.float32 for part in own)
        assert all(part.profile.rate_hz == RATE for part in own)
    turns = [(side, list(group)) for side, group in groupby(parts, key=lambda part: part.side)]
    ahead = [group[-1].time[-1] - group[0].time[0] for _, group in turns]
    assert max(ahead) <= 11 * SECOND or name in ONE_FOOT


@each
def test_its_items_are_whole_seconds_after_their_device(name: str, tmp_path: Path) -> None:
    items = list(read_recording(ALL[name](tmp_path), "ann"))
    seen: set[str] = set()
    for item in items:
        if isinstance(item, Device):
            seen.add(item.device)
        elif isinstance(item, Frames):
            assert item.device in seen
            assert item.time[0] // SECOND == item.time[-1] // SECOND
    frames = [item for item in items if isinstance(item, Frames)]
    assert len({(item.side, int(item.time[0]) // SECOND) for item in frames}) == len(frames)
    feet = 1 if name in ONE_FOOT else 2
    assert sum(item.received for item in items if isinstance(item, Link)) == feet * ROWS
    assert len(frames) in range(feet * SECONDS, feet * SECONDS + 3)


@each
def test_the_same_file_gives_the_same_items_packed_or_not(name: str, tmp_path: Path) -> None:
    path = ALL[name](tmp_path)
    first = list(read_recording(path, "ann"))
    again = list(read_recording(path, "ann"))
    packed = path.with_suffix(".gz")  # the same stem, so that what lies beside it is found
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for other in (again, first if name == "gaitndd" else list(read_recording(packed, "ann"))):
        assert len(first) == len(other)
        assert all(map(same, first, other))


@each
def test_start_says_when_it_began(name: str, tmp_path: Path) -> None:
    start = 1_700_000_000 * SECOND + 1
    path = ALL[name](tmp_path)
    items = list(read_recording(path, "ann", start=start))
    assert min(int(item.time[0]) for item in items if isinstance(item, Frames)) == start
    with pytest.raises(ConfigError, match="--start"):
        list(read_recording(path, "ann", start=2**63 - SECOND))


@each
def test_it_tells_how_far_it_is(name: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    list(read_recording(ALL[name](tmp_path), "ann", progress=lambda *how_far: told.append(how_far)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0


@each_text
def test_rows_that_are_none_are_counted(name: str, tmp_path: Path) -> None:
    path = ALL[name](tmp_path)
    lines = path.read_text().splitlines()
    lines[-100] = "rubbish"
    lines[-80] = lines[-81]  # the same time again
    lines[-60] = lines[-60][: len(lines[-60]) // 2]
    lines[-40] = "9" + lines[-40]  # leaps ahead
    lines[-20] = "x" * 200_000  # too long for a line
    lines[-10] = ""  # nothing
    lines.append("1e999" + lines[-1])
    path.write_text("\n".join(lines))
    items = list(read_recording(path, "ann"))
    for side in Side:
        assert sum(i.corrupt for i in items if isinstance(i, Link) and i.side is side) == 6
        assert sum(len(i) for i in items if isinstance(i, Frames) and i.side is side) == ROWS - 6


@each
@fuzz
@given(data=st.binary(max_size=3000))
def test_anything_at_all_is_read_or_refused(name: str, tmp_path: Path, data: bytes) -> None:
    (path := tmp_path / "any.bin").write_bytes(data)
    read_or_refuse(name, path)


@each
@fuzz
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(name: str, tmp_path: Path, data: st.DataObject) -> None:
    path = ALL[name](tmp_path)
    for file in [path, *path.parent.glob("walk.[lr]*t"), *path.parent.glob("*.toml")]:
        content = bytearray(file.read_bytes())
        for place in data.draw(st.lists(st.integers(0, min(len(content), 2500) - 1), max_size=4)):
            content[place] = data.draw(st.integers(0, 255))
        file.write_bytes(content[: data.draw(st.one_of(st.none(), st.integers(0, len(content))))])
    read_or_refuse(name, path)


@each
@fuzz
@given(data=st.data())
def test_a_damaged_packed_file_is_read_or_refused(name: str, tmp_path: Path, data: st.DataObject) -> None:
    path = ALL[name](tmp_path)
    content = bytearray(gzip.compress(path.read_bytes()))
    for place in data.draw(st.lists(st.integers(2, len(content) - 1), max_size=3)):
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.one_of(st.none(), st.integers(0, len(content))))])
    read_or_refuse(name, path)


def test_a_file_that_several_formats_claim_asks_for_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ALL["pedar"](tmp_path)
    greedy = Format("greedy", lambda _: True, lambda _: iter(()))
    load: Callable[[str], Format] = IMPORTERS.load
    monkeypatch.setattr(type(IMPORTERS), "load", lambda _, name: greedy if name == "csv" else load(name))
    with pytest.raises(ConfigError, match=r"walk\.asc: could be of the formats greedy, pedar; .*--format"):
        list(read_recording(path, "ann"))
