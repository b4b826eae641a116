"""What every file format keeps to. A format's own test inherits the classes and gives the fixture `rig`.

    class TestMine(FormatContract, LineContract):
        @pytest.fixture
        def rig(self) -> FormatRig:
            return FormatRig("mine", write)

The format is found by its name, so it is in the table of formats or an installed package has it for an entry point.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.importers.format import Format, Recording
from firmware_bridge.importers.parsing.files import head_of
from firmware_bridge.importers.reading import MAPPED, find_format, read_recording
from firmware_bridge.model import END, SECOND, Device, Frames, Item, Link, Side, same_row
from firmware_bridge.plugins import IMPORTERS

__all__ = ["FormatContract", "FormatRig", "LineContract"]

_TURN_S = 11
"""The feet take turns at least every ten seconds, and a sample more."""
_SHOWN_BYTES = 2500
"""Damage is done where headers are."""
_FOREIGN = (
    b"hello\nworld\n",
    b'{"time": 0, "left": [1, 2], "right": [3, 4]}\n',
    b"#insole-packets v1 link=serial profile=demo-16 side=left\n1000 00\n",
    b"\x89PNG\r\n\x1a\n" + bytes(64),
    b"PK\x03\x04" + bytes(64),
    b"SQLite format 3\0" + bytes(64),
    bytes(64),
)
_fuzzed = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


@dataclass(frozen=True, slots=True)
class FormatRig:
    """A format, and what makes a recording of it.

    `write(folder)` writes a recording into an empty folder, with all that has to lie beside it, and returns the file
    to import. Its samples come at even times and reach over some seconds; none is missing or malformed.
    """

    name: str
    write: Callable[[Path], Path]
    samples: int = 300  # of each foot
    rate_hz: float = 100.0
    sides: tuple[Side, ...] = tuple(Side)
    lines: bool = False  # its last lines, a hundred at least, are each a sample of all feet: `LineContract` holds, too
    packed: bool = True  # it may be gzip'ed, what lies beside it staying as it is

    @property
    def format(self) -> Format:
        """The format, as an import finds it."""
        known: Format = IMPORTERS.load(self.name)
        return known


class FormatContract:
    """What holds for every format; `rig` is a fixture of the class that inherits this one."""

    def test_it_says_what_it_is_called(self, rig: FormatRig) -> None:
        assert rig.format.name == rig.name
        assert rig.format.title.strip()

    def test_it_is_found_by_content_whatever_the_name(self, rig: FormatRig, tmp_path: Path) -> None:
        content = rig.write(tmp_path).read_bytes()
        (elsewhere := tmp_path / "elsewhere").mkdir()
        (plain := elsewhere / "something.else").write_bytes(content)
        (packed := elsewhere / "packed.bin").write_bytes(gzip.compress(content))
        for path in (plain, packed):
            assert find_format(path).name == rig.name

    def test_no_other_format_claims_its_files(self, rig: FormatRig, tmp_path: Path) -> None:
        head = head_of(rig.write(tmp_path))
        claiming = {name for name in IMPORTERS.names() if IMPORTERS.load(name).recognizes(head)}
        assert rig.name in claiming
        assert claiming <= {rig.name, MAPPED}  # a maker's CSV file is a CSV file, too, and the maker's first

    @pytest.mark.parametrize("head", _FOREIGN, ids=range(len(_FOREIGN)))
    def test_it_claims_nothing_foreign(self, rig: FormatRig, head: bytes) -> None:
        assert not rig.format.recognizes(head)

    def test_samples_come_in_order_of_time_the_feet_in_turn(self, rig: FormatRig, tmp_path: Path) -> None:
        parts = list(rig.format.read(Recording(rig.write(tmp_path))))
        assert {part.side for part in parts} == set(rig.sides)
        for side in rig.sides:
            own = [part for part in parts if part.side is side]
            time = np.concatenate([part.time for part in own])
            assert len(time) == rig.samples
            assert np.all(np.abs(np.diff(time) - SECOND / rig.rate_hz) < 1000)
            assert all(part.pressure.shape == (len(part.time), part.profile.sensors.count) for part in own)
            assert all(part.pressure.dtype == np.float32 for part in own)
            assert all(part.profile.rate_hz == rig.rate_hz for part in own)
        turns = [list(group) for _, group in groupby(parts, key=lambda part: part.side)]
        ahead = [int(turn[-1].time[-1]) - int(turn[0].time[0]) for turn in turns]
        assert len(rig.sides) == 1 or max(ahead) <= _TURN_S * SECOND

    def test_its_items_are_whole_seconds_after_their_device(self, rig: FormatRig, tmp_path: Path) -> None:
        items = list(read_recording(rig.write(tmp_path), "ann"))
        seen: set[str] = set()
        for item in items:
            if isinstance(item, Device):
                seen.add(item.device)
            elif isinstance(item, Frames):
                assert item.device in seen
                assert item.time[0] // SECOND == item.time[-1] // SECOND
        frames = [item for item in items if isinstance(item, Frames)]
        assert len({(item.side, int(item.time[0]) // SECOND) for item in frames}) == len(frames)
        assert sum(len(item) for item in frames) == len(rig.sides) * rig.samples
        assert sum(item.received for item in items if isinstance(item, Link)) == len(rig.sides) * rig.samples

    def test_the_same_file_gives_the_same_items_packed_or_not(self, rig: FormatRig, tmp_path: Path) -> None:
        path = rig.write(tmp_path)
        first = list(read_recording(path, "ann"))
        others = [list(read_recording(path, "ann"))]
        if rig.packed:
            packed = path.with_suffix(".gz")  # the same stem, so that what lies beside it is found
            packed.write_bytes(gzip.compress(path.read_bytes()))
            others.append(list(read_recording(packed, "ann")))
        for other in others:
            assert len(first) == len(other)
            assert all(map(_same, first, other))

    def test_start_says_when_it_began(self, rig: FormatRig, tmp_path: Path) -> None:
        start = 1_700_000_000 * SECOND + 1
        path = rig.write(tmp_path)
        items = list(read_recording(path, "ann", start=start))
        assert min(int(item.time[0]) for item in items if isinstance(item, Frames)) == start
        with pytest.raises(ConfigError, match="--start"):
            list(read_recording(path, "ann", start=END - SECOND + 1))

    def test_it_tells_how_far_it_is(self, rig: FormatRig, tmp_path: Path) -> None:
        told: list[tuple[int, int]] = []
        list(read_recording(rig.write(tmp_path), "ann", progress=lambda *how_far: told.append(how_far)))
        assert told == sorted(told)
        assert told[-1][0] == told[-1][1] > 0

    @_fuzzed
    @given(data=st.binary(max_size=3000))
    def test_anything_at_all_is_read_or_refused(self, rig: FormatRig, tmp_path: Path, data: bytes) -> None:
        (path := tmp_path / "any.bin").write_bytes(data)
        _read_or_refuse(rig, path)

    @_fuzzed
    @given(data=st.data())
    def test_a_damaged_file_is_read_or_refused(self, rig: FormatRig, tmp_path: Path, data: st.DataObject) -> None:
        path = rig.write(tmp_path)
        for file in sorted(tmp_path.iterdir()):
            content = bytearray(file.read_bytes())
            for place in data.draw(st.lists(st.integers(0, min(len(content), _SHOWN_BYTES) - 1), max_size=4)):
                content[place] = data.draw(st.integers(0, 255))
            file.write_bytes(content[: data.draw(st.one_of(st.none(), st.integers(0, len(content))))])
        _read_or_refuse(rig, path)

    @_fuzzed
    @given(data=st.data())
    def test_a_damaged_packed_file_is_read_or_refused(
        self, rig: FormatRig, tmp_path: Path, data: st.DataObject
    ) -> None:
        path = rig.write(tmp_path)
        content = bytearray(gzip.compress(path.read_bytes()))
        for place in data.draw(st.lists(st.integers(2, len(content) - 1), max_size=3)):
            content[place] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.one_of(st.none(), st.integers(0, len(content))))])
        _read_or_refuse(rig, path)


class LineContract:
    """What holds besides for a format of `lines`."""

    def test_lines_that_are_no_rows_are_counted(self, rig: FormatRig, tmp_path: Path) -> None:
        path = rig.write(tmp_path)
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[-100] = "rubbish"
        lines[-80] = lines[-81]  # the same time again
        lines[-60] = lines[-60][: len(lines[-60]) // 2]
        lines[-40] = "9" + lines[-40]  # leaps ahead
        lines[-20] = "x" * 200_000  # too long for a line
        lines[-10] = ""  # nothing
        lines.append("1e999" + lines[-1])
        path.write_text("\n".join(lines), encoding="utf-8")
        items = list(read_recording(path, "ann"))
        for side in rig.sides:
            assert sum(i.corrupt for i in items if isinstance(i, Link) and i.side is side) == 5
            assert sum(i.duplicate for i in items if isinstance(i, Link) and i.side is side) == 1
            assert sum(len(i) for i in items if isinstance(i, Frames) and i.side is side) == rig.samples - 6


def _same(one: Item, other: Item) -> bool:
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


def _read_or_refuse(rig: FormatRig, path: Path) -> None:
    """Read a file that may be anything: what is read is sound, and what is not is refused by one of two errors."""
    refused = ""
    items: list[Item] = []
    try:
        for item in read_recording(path, "ann", form=rig.name):
            items.append(item)  # noqa: PERF402  what came before the refusal counts
    except (ConfigError, CorruptData) as error:
        refused = str(error)
    assert not refused or str(path.parent) in refused  # names the file, or what lies beside it
    for side in Side:
        times = [item.time for item in items if isinstance(item, Frames) and item.side is side]
        assert not times or np.all(np.diff(np.concatenate(times)) > 0)
