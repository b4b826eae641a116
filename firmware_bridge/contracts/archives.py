"""What every archive keeps to that can be read. A test inherits the class, and gives the fixture `rig`:

@pytest.fixture(scope="module")
def rig() -> Iterator[ArchiveRig]:
    with running_server() as server:
        yield ArchiveRig(server.url, server.token, server.stop, server.start)

class TestMine(ArchiveContract):
    pass
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.contracts.logs.items import Mark, Reading, assert_same
from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import BEGINNING, END, SECOND, Device, Frames, Pace, Side
from firmware_bridge.stores import Archive, open_archive

_T = TypeVar("_T")

SINCE = 1_700_000_000 * SECOND + 123_456_789
_few = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


class ReadableArchive(Archive, Protocol):
    """An archive that shows what was put into it."""

    def read(self, kind: type[_T], wearer: str, start: int = BEGINNING, stop: int = END) -> list[_T]: ...


@dataclass(frozen=True, slots=True)
class ArchiveRig:
    """A server that holds an archive, and can be stopped and started again; its messages are given as patterns."""

    url: str
    token: str
    stop: Callable[[], None]
    start: Callable[[], None]
    refused: str = "refuses"  # what is said of a wrong token
    away: str = "does not answer"  # what is said while it is stopped
    open: Callable[[str, str | None], Archive] = open_archive

    def opened(self, token: str | None) -> ReadableArchive:
        """Open the archive with a token."""
        return cast("ReadableArchive", self.open(self.url, token))


def some_readings(wearer: str, count: int) -> list[Reading]:
    return [Reading(SINCE + i, wearer, "a", i / 7, i, i % 2 == 0, Side.RIGHT, f"text {i}") for i in range(count)]


def samples(wearer: str, side: Side, n: int, start: int = SINCE) -> Frames:
    random = np.random.default_rng(n)
    time = start + np.arange(n) * 10_000_001
    return Frames(wearer, side, "d1", time, *(random.random((n, k), np.float32) for k in (16, 1, 3, 3)))


def _by_key(row: Any) -> tuple[int, str]:
    return row.time, row.topic


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6).filter(lambda t: not t.endswith("\\"))
_floats = st.floats(allow_infinity=False) | st.just(float("nan"))
_readings = st.builds(
    Reading,
    st.integers(SINCE, SINCE + 10**18),
    st.just(""),
    _keys | st.sampled_from(["a b", "a,b", "a=b", 'a"b', "a\\b", "a'b", ""]),
    _floats,
    st.integers(BEGINNING, END),
    st.booleans(),
    st.sampled_from(Side),
    _texts | st.sampled_from(['"', "\\", '\\"', "a\nb", "Grüße, 李", "%d %s", "'; DROP MEASUREMENT reading"]),
)


class ArchiveContract:
    @pytest.fixture
    def archive(self, rig: ArchiveRig) -> Iterator[ReadableArchive]:
        archive = rig.opened(rig.token)
        yield archive
        archive.close()

    @pytest.fixture
    def wearer(self, request: pytest.FixtureRequest) -> str:
        """Give each test a wearer of its own, as tests share a server."""
        return str(request.node.name)

    @_few
    @given(rows=st.lists(_readings, min_size=1, max_size=20, unique_by=lambda r: (r.time, r.topic)))
    def test_rows_are_read_back_equal(self, archive: ReadableArchive, wearer: str, rows: list[Reading]) -> None:
        own = [replace(row, wearer=wearer) for row in rows]
        archive.replace([Reading], wearer, SINCE, SINCE + 10**18 + 1, own)
        found = archive.read(Reading, wearer, SINCE)
        assert_same(sorted(found, key=_by_key), sorted(own, key=_by_key))
        assert [row.time for row in found] == sorted(row.time for row in own)

    def test_what_a_foot_pod_tells_is_read_back(self, archive: ReadableArchive, wearer: str) -> None:
        nan = float("nan")
        rows = [Pace(SINCE, wearer, 3.0, 172.0, 1.05, 1234.5, True, 87.0)]
        rows += [Pace(SINCE + SECOND, wearer, 1.25, 110.0, nan, nan, False, nan)]
        archive.put(rows)
        assert_same(archive.read(Pace, wearer), rows)

    @pytest.mark.parametrize("name", ["a b", "a,b=c", "o'neil", 'say "hi"', "back\\slash", "Grüße", "100 %"])
    def test_any_name_of_a_wearer_will_do(self, archive: ReadableArchive, name: str) -> None:
        rows = some_readings(name, 3)
        archive.put([*rows, samples(name, Side.LEFT, 3)])
        assert archive.read(Reading, name) == rows
        (chunk,) = archive.read(Frames, name)
        assert chunk.wearer == name
        archive.replace([Reading], name, SINCE, SINCE + 2, [])
        assert archive.read(Reading, name) == rows[2:]

    def test_frames_are_read_back_with_every_bit(self, archive: ReadableArchive, wearer: str) -> None:
        left, right = samples(wearer, Side.LEFT, 12_345), samples(wearer, Side.RIGHT, 40)
        archive.put([left[i : i + 10] for i in range(0, len(left), 10)])
        archive.put([right])
        plain = [replace(f, force=None if f.force is None else f.force[:, 0]) for f in (left, right)]
        assert_same(archive.read(Frames, wearer), plain)
        assert_same(archive.read(Frames, wearer, SINCE + 10_000_001, SINCE + 30_000_003), [f[1:3] for f in plain])
        assert archive.read(Frames, wearer, SINCE - 10, SINCE) == []

    def test_missing_numbers_are_read_back_as_missing(self, archive: ReadableArchive, wearer: str) -> None:
        whole = samples(wearer, Side.LEFT, 6)
        pressure = whole.pressure.copy()
        pressure[1, 3] = pressure[2, 0] = np.nan
        pressure[:, 15] = np.nan  # the last sensor is dead
        acc = np.full((6, 3), np.nan, np.float32)
        acc[5] = 1.0
        archive.put([replace(whole, pressure=pressure, force=None, acc=acc, gyro=None)])
        assert_same(archive.read(Frames, wearer), [replace(whole, pressure=pressure, force=None, acc=acc, gyro=None)])

    def test_a_new_device_begins_new_frames(self, archive: ReadableArchive, wearer: str) -> None:
        first, second = samples(wearer, Side.LEFT, 5), samples(wearer, Side.LEFT, 5, SINCE + SECOND)
        other = Frames(wearer, Side.LEFT, "d2", second.time, second.pressure[:, :4])
        archive.put([Frames(wearer, Side.LEFT, "d1", first.time, first.pressure), other])
        found = archive.read(Frames, wearer)
        assert [(c.device, c.pressure.shape) for c in found] == [("d1", (5, 16)), ("d2", (5, 4))]

    def test_putting_twice_is_putting_once_and_a_change_overwrites(self, archive: ReadableArchive, wearer: str) -> None:
        rows, chunk = some_readings(wearer, 3), replace(samples(wearer, Side.LEFT, 20), force=None)
        for _ in range(2):
            archive.put([*rows, chunk])
        assert archive.read(Reading, wearer) == rows
        assert_same(archive.read(Frames, wearer), [chunk])
        changed = replace(rows[1], value=-1.0)
        archive.put([changed])
        assert archive.read(Reading, wearer) == [rows[0], changed, rows[2]]

    def test_replace_touches_its_kinds_wearer_and_range_only(self, archive: ReadableArchive, wearer: str) -> None:
        rows, others = some_readings(wearer, 6), some_readings(wearer + "'s", 6)
        marks = [Mark(SINCE + i, wearer) for i in range(3)]
        archive.put([*rows, *others, *marks])
        changed = replace(rows[2], value=float("nan"))
        archive.replace([Reading], wearer, SINCE + 1, SINCE + 4, [changed])
        assert_same(archive.read(Reading, wearer), [rows[0], changed, *rows[4:]])
        assert archive.read(Reading, wearer + "'s") == others
        assert archive.read(Mark, wearer) == marks

    def test_a_long_text_is_read_back(self, archive: ReadableArchive, wearer: str) -> None:
        row = Device(SINCE, wearer, Side.LEFT, "d1", '[sensors]\nname = "a\\b"\n' * 1000, "")
        archive.put([row])
        assert archive.read(Device, wearer) == [row]

    def test_an_unknown_wearer_has_nothing(self, archive: ReadableArchive) -> None:
        assert archive.read(Reading, "nobody") == []
        assert archive.read(Frames, "nobody") == []

    @pytest.mark.parametrize("token", ["wrong", None])
    def test_a_wrong_token_is_told(self, rig: ArchiveRig, wearer: str, token: str | None) -> None:
        archive = rig.opened(token)
        for call in (
            lambda: archive.put(some_readings(wearer, 1)),
            lambda: archive.read(Reading, wearer),
            archive.check,
        ):
            with pytest.raises(ConfigError, match=rig.refused):
                call()
        archive.close()

    def test_a_server_that_is_down_is_told_and_later_goes_on(
        self, rig: ArchiveRig, archive: ReadableArchive, wearer: str
    ) -> None:
        rows = some_readings(wearer, 4)
        archive.put(rows[:2])
        rig.stop()
        try:
            for call in (lambda: archive.put(rows), lambda: archive.read(Reading, wearer), archive.check):
                with pytest.raises(Unavailable, match=rig.away):
                    call()
            with pytest.raises(Unavailable):
                archive.replace([Reading], wearer, SINCE, SINCE + 9, [])
        finally:
            rig.start()
        archive.put(rows)
        assert archive.read(Reading, wearer) == rows
