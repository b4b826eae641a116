"""The laws of every archive (see `firmware_bridge.stores.Archive`), on real servers: InfluxDB, and another service.

InfluxDB: storage, types, deletion and InfluxQL are those of a real InfluxDB 1.6.7 behind a front that has the write
path of later versions; see `tests/stand_ins/influx_front.py` for what that does not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import make_dataclass, replace
from typing import Any, Protocol

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.contracts.logs.items import Mark, Reading, assert_same
from firmware_bridge.errors import ConfigError, CorruptData, Unavailable
from firmware_bridge.model import SECOND, Device, Frames, Key, Pace, Side
from firmware_bridge.stores import Archive, open_archive
from tests.stand_ins.archive_front import MIRROR_TOKEN, running_archive
from tests.stand_ins.influx_front import TOKEN, InfluxFront, running_influx

START = 1_700_000_000 * SECOND + 123_456_789
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Away(Protocol):
    """A server that can be stopped and started again."""

    url: str

    def stop(self) -> None: ...
    def start(self) -> None: ...


@pytest.fixture(scope="module")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxFront]:
    with running_influx(tmp_path_factory.mktemp("influx")) as front:
        yield front


@pytest.fixture(scope="module", params=["influx", "remote"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """Give a server and its token."""
    if request.param == "influx":
        yield request.getfixturevalue("influx_server"), TOKEN
        return
    with running_archive(tmp_path_factory.mktemp("home"), [Reading, Mark]) as front:
        yield front, MIRROR_TOKEN


@pytest.fixture
def server(place: tuple[Any, str]) -> Any:
    return place[0]


@pytest.fixture
def archive(place: tuple[Any, str]) -> Iterator[Any]:
    archive = open_archive(place[0].url, place[1])
    yield archive
    archive.close()


@pytest.fixture
def influx(influx_server: InfluxFront) -> Iterator[Any]:
    archive = open_archive(influx_server.url, TOKEN)
    yield archive
    archive.close()


@pytest.fixture
def wearer(request: pytest.FixtureRequest) -> str:
    """Give each test a wearer of its own, as tests share a server."""
    return str(request.node.name)


def numbers(wearer: str, count: int) -> list[Reading]:
    return [Reading(START + i, wearer, "a", i / 7, i, i % 2 == 0, Side.RIGHT, f"text {i}") for i in range(count)]


def samples(wearer: str, side: Side, n: int, start: int = START) -> Frames:
    random = np.random.default_rng(n)
    time = start + np.arange(n) * 10_000_001
    return Frames(wearer, side, "d1", time, *(random.random((n, k), np.float32) for k in (16, 1, 3, 3)))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6).filter(lambda t: not t.endswith("\\"))
floats = st.floats(allow_infinity=False) | st.just(float("nan"))
readings = st.builds(
    Reading,
    st.integers(START, START + 10**18),
    st.just(""),
    keys | st.sampled_from(["a b", "a,b", "a=b", 'a"b', "a\\b", "a'b", ""]),
    floats,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.sampled_from(Side),
    texts | st.sampled_from(['"', "\\", '\\"', "a\nb", "Grüße, 李", "%d %s", "'; DROP MEASUREMENT reading"]),
)


@FEW
@given(rows=st.lists(readings, min_size=1, max_size=20, unique_by=lambda r: (r.time, r.topic)))
def test_rows_are_read_back_equal(archive: Any, wearer: str, rows: list[Reading]) -> None:
    own = [replace(row, wearer=wearer) for row in rows]
    archive.replace([Reading], wearer, START, START + 10**18 + 1, own)
    found = archive.read(Reading, wearer, START)
    assert_same(sorted(found, key=by_key), sorted(own, key=by_key))
    assert [row.time for row in found] == sorted(row.time for row in own)


def test_what_a_foot_pod_tells_is_read_back(archive: Any, wearer: str) -> None:
    nan = float("nan")
    rows = [Pace(START, wearer, 3.0, 172.0, 1.05, 1234.5, True, 87.0)]
    rows += [Pace(START + SECOND, wearer, 1.25, 110.0, nan, nan, False, nan)]
    archive.put(rows)
    assert_same(archive.read(Pace, wearer), rows)


def by_key(row: Any) -> tuple[int, str]:
    return row.time, row.topic


@pytest.mark.parametrize("name", ["a b", "a,b=c", "o'neil", 'say "hi"', "back\\slash", "Grüße", "100 %"])
def test_any_name_of_a_wearer_will_do(archive: Any, name: str) -> None:
    rows = numbers(name, 3)
    archive.put([*rows, samples(name, Side.LEFT, 3)])
    assert archive.read(Reading, name) == rows
    (chunk,) = archive.read(Frames, name)
    assert chunk.wearer == name
    archive.replace([Reading], name, START, START + 2, [])
    assert archive.read(Reading, name) == rows[2:]


@pytest.mark.parametrize("name", ["a\nb", "a\\"])
def test_what_no_tag_can_hold_is_refused(influx: Any, name: str) -> None:
    with pytest.raises(CorruptData, match="wearer"):
        influx.put(numbers(name, 1))


def test_frames_are_read_back_with_every_bit(archive: Any, wearer: str) -> None:
    left, right = samples(wearer, Side.LEFT, 12_345), samples(wearer, Side.RIGHT, 40)
    archive.put([left[i : i + 10] for i in range(0, len(left), 10)])
    archive.put([right])
    plain = [replace(f, force=None if f.force is None else f.force[:, 0]) for f in (left, right)]
    assert_same(archive.read(Frames, wearer), plain)
    assert_same(archive.read(Frames, wearer, START + 10_000_001, START + 30_000_003), [f[1:3] for f in plain])
    assert archive.read(Frames, wearer, START - 10, START) == []


def test_missing_numbers_are_read_back_as_missing(archive: Any, wearer: str) -> None:
    whole = samples(wearer, Side.LEFT, 6)
    pressure = whole.pressure.copy()
    pressure[1, 3] = pressure[2, 0] = np.nan
    pressure[:, 15] = np.nan  # the last sensor is dead
    acc = np.full((6, 3), np.nan, np.float32)
    acc[5] = 1.0
    archive.put([replace(whole, pressure=pressure, force=None, acc=acc, gyro=None)])
    assert_same(archive.read(Frames, wearer), [replace(whole, pressure=pressure, force=None, acc=acc, gyro=None)])


def test_a_sample_of_which_everything_is_missing_is_left_out(influx: Any, wearer: str) -> None:
    nothing = np.full((4, 8), np.nan, np.float32)
    nothing[2] = 5.0
    time = START + np.arange(4)
    influx.put([Frames(wearer, Side.LEFT, "d", time, nothing)])
    (chunk,) = influx.read(Frames, wearer)
    assert chunk.time.tolist() == [START + 2]


def test_a_new_device_begins_new_frames(archive: Any, wearer: str) -> None:
    first, second = samples(wearer, Side.LEFT, 5), samples(wearer, Side.LEFT, 5, START + SECOND)
    other = Frames(wearer, Side.LEFT, "d2", second.time, second.pressure[:, :4])
    archive.put([Frames(wearer, Side.LEFT, "d1", first.time, first.pressure), other])
    found = archive.read(Frames, wearer)
    assert [(c.device, c.pressure.shape) for c in found] == [("d1", (5, 16)), ("d2", (5, 4))]


def test_putting_twice_is_putting_once_and_a_change_overwrites(archive: Any, wearer: str) -> None:
    rows, chunk = numbers(wearer, 3), replace(samples(wearer, Side.LEFT, 20), force=None)
    for _ in range(2):
        archive.put([*rows, chunk])
    assert archive.read(Reading, wearer) == rows
    assert_same(archive.read(Frames, wearer), [chunk])
    changed = replace(rows[1], value=-1.0)
    archive.put([changed])
    assert archive.read(Reading, wearer) == [rows[0], changed, rows[2]]


def test_replace_touches_its_kinds_wearer_and_range_only(archive: Any, wearer: str) -> None:
    rows, others = numbers(wearer, 6), numbers(wearer + "'s", 6)
    marks = [Mark(START + i, wearer) for i in range(3)]
    archive.put([*rows, *others, *marks])
    changed = replace(rows[2], value=float("nan"))
    archive.replace([Reading], wearer, START + 1, START + 4, [changed])
    assert_same(archive.read(Reading, wearer), [rows[0], changed, *rows[4:]])
    assert archive.read(Reading, wearer + "'s") == others
    assert archive.read(Mark, wearer) == marks


def test_more_rows_than_an_answer_holds(archive: Any, wearer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridge.stores.influx.archive._PAGE", 7)
    monkeypatch.setattr("firmware_bridge.stores.influx.archive._BATCH", 3)
    monkeypatch.setattr("firmware_bridge.stores.remote.archive.BODY_BYTES", 500)
    rows, chunk = numbers(wearer, 21), replace(samples(wearer, Side.LEFT, 30), force=None)
    archive.put([*rows, chunk])
    assert archive.read(Reading, wearer) == rows
    assert_same(archive.read(Frames, wearer), [chunk])


def test_a_long_text_is_read_back(archive: Any, wearer: str) -> None:
    row = Device(START, wearer, Side.LEFT, "d1", '[sensors]\nname = "a\\b"\n' * 1000, "")
    archive.put([row])
    assert archive.read(Device, wearer) == [row]


def test_an_unknown_wearer_has_nothing(archive: Any) -> None:
    assert archive.read(Reading, "nobody") == []
    assert archive.read(Frames, "nobody") == []


def test_check_says_what_answers(influx: Archive) -> None:
    assert "InfluxDB 1.6.7" in influx.check()
    assert "bucket 'insole' can be read and written" in influx.check()


@pytest.mark.parametrize("token", ["wrong", None])
def test_a_wrong_token_is_told(server: Away, wearer: str, token: str | None) -> None:
    archive: Any = open_archive(server.url, token)
    for call in (lambda: archive.put(numbers(wearer, 1)), lambda: archive.read(Reading, wearer), archive.check):
        with pytest.raises(ConfigError, match=r"refuses the (token.*INSOLE_INFLUX__|mirror.*INSOLE_WEB__MIRROR_)TOKEN"):
            call()
    archive.close()


def test_an_unknown_bucket_is_told(influx_server: InfluxFront, wearer: str) -> None:
    archive: Any = open_archive(influx_server.url.replace("/insole", "/elsewhere"), TOKEN)
    for call in (lambda: archive.put(numbers(wearer, 1)), lambda: archive.read(Reading, wearer), archive.check):
        with pytest.raises(ConfigError, match=r"'elsewhere' does not exist.*create it"):
            call()
    archive.close()


def test_a_field_of_another_type_is_told(influx: Archive, wearer: str) -> None:

    other: Any = make_dataclass("Reading", [("time", int), ("wearer", Key[str]), ("value", str)], frozen=True)
    influx.put(numbers(wearer, 1))
    with pytest.raises(CorruptData, match=r"field type conflict.*use a new bucket"):
        influx.put([other(START + 5, wearer, "five")])


def test_a_server_that_is_down_is_told_and_later_goes_on(server: Away, archive: Any, wearer: str) -> None:
    rows = numbers(wearer, 4)
    archive.put(rows[:2])
    server.stop()
    try:
        for call in (lambda: archive.put(rows), lambda: archive.read(Reading, wearer), archive.check):
            with pytest.raises(Unavailable, match=r"does not answer.*is the (server|service) running"):
                call()
        with pytest.raises(Unavailable):
            archive.replace([Reading], wearer, START, START + 9, [])
    finally:
        server.start()
    archive.put(rows)
    assert archive.read(Reading, wearer) == rows
