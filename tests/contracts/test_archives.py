"""The contract of archives, held by every built-in one on real servers: InfluxDB, and another service.

InfluxDB: storage, types, deletion and InfluxQL are those of a real InfluxDB 1.6.7 behind a front that has the write
path of later versions; see `tests/stand_ins/servers/influx_front.py` for what that does not show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import make_dataclass, replace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contracts.archives import (
    SINCE,
    ArchiveContract,
    ArchiveRig,
    ReadableArchive,
    samples,
    some_readings,
)
from firmware_bridge.contracts.logs.items import Mark, Reading, assert_same
from firmware_bridge.errors import ConfigError, CorruptData
from firmware_bridge.model import Frames, Key, Side
from firmware_bridge.stores import Archive, open_archive
from tests.stand_ins.servers.archive_front import MIRROR_TOKEN, running_archive
from tests.stand_ins.servers.influx_front import TOKEN, InfluxFront, running_influx


@pytest.fixture(scope="module")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxFront]:
    with running_influx(tmp_path_factory.mktemp("influx")) as front:
        yield front


@pytest.fixture(scope="module", params=["influx", "remote"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArchiveRig]:
    if request.param == "influx":
        front: InfluxFront = request.getfixturevalue("influx_server")
        away, refused = r"does not answer.*is the server running", r"refuses the token.*INSOLE_INFLUX__TOKEN"
        yield ArchiveRig(front.url, TOKEN, front.stop, front.start, refused, away)
        return
    with running_archive(tmp_path_factory.mktemp("home"), [Reading, Mark]) as home:
        away, refused = r"does not answer.*is the service running", r"refuses the mirror.*INSOLE_WEB__MIRROR_TOKEN"
        yield ArchiveRig(home.url, MIRROR_TOKEN, home.stop, home.start, refused, away)


class TestArchives(ArchiveContract):
    def test_more_rows_than_an_answer_holds(
        self, archive: ReadableArchive, wearer: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("firmware_bridge.stores.influx.archive._PAGE", 7)
        monkeypatch.setattr("firmware_bridge.stores.influx.archive._BATCH", 3)
        monkeypatch.setattr("firmware_bridge.stores.remote.archive.BODY_BYTES", 500)
        rows, chunk = some_readings(wearer, 21), replace(samples(wearer, Side.LEFT, 30), force=None)
        archive.put([*rows, chunk])
        assert archive.read(Reading, wearer) == rows
        assert_same(archive.read(Frames, wearer), [chunk])


# --- what is InfluxDB's own ---


@pytest.fixture
def influx(influx_server: InfluxFront) -> Iterator[Any]:
    archive = open_archive(influx_server.url, TOKEN)
    yield archive
    archive.close()


@pytest.fixture
def wearer(request: pytest.FixtureRequest) -> str:
    """Give each test a wearer of its own, as tests share a server."""
    return str(request.node.name)


@pytest.mark.parametrize("name", ["a\nb", "a\\"])
def test_what_no_tag_can_hold_is_refused(influx: Any, name: str) -> None:
    with pytest.raises(CorruptData, match="wearer"):
        influx.put(some_readings(name, 1))


def test_a_sample_of_which_everything_is_missing_is_left_out(influx: Any, wearer: str) -> None:
    nothing = np.full((4, 8), np.nan, np.float32)
    nothing[2] = 5.0
    time = SINCE + np.arange(4)
    influx.put([Frames(wearer, Side.LEFT, "d", time, nothing)])
    (chunk,) = influx.read(Frames, wearer)
    assert chunk.time.tolist() == [SINCE + 2]


def test_check_says_what_answers(influx: Archive) -> None:
    assert "InfluxDB 1.6.7" in influx.check()
    assert "bucket 'insole' can be read and written" in influx.check()


def test_an_unknown_bucket_is_told(influx_server: InfluxFront, wearer: str) -> None:
    archive: Any = open_archive(influx_server.url.replace("/insole", "/elsewhere"), TOKEN)
    for call in (lambda: archive.put(some_readings(wearer, 1)), lambda: archive.read(Reading, wearer), archive.check):
        with pytest.raises(ConfigError, match=r"'elsewhere' does not exist.*create it"):
            call()
    archive.close()


def test_a_field_of_another_type_is_told(influx: Archive, wearer: str) -> None:

    other: Any = make_dataclass("Reading", [("time", int), ("wearer", Key[str]), ("value", str)], frozen=True)
    influx.put(some_readings(wearer, 1))
    with pytest.raises(CorruptData, match=r"field type conflict.*use a new bucket"):
        influx.put([other(SINCE + 5, wearer, "five")])
