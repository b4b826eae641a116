"""What InfluxDB's archive says on the wire, and what it makes of answers that the real server here cannot give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, Unavailable
from firmware_bridge.model import Frames, Key, Link, Side
from firmware_bridge.stores import open_archive
from firmware_bridge.stores.influx.archive import InfluxArchive
from firmware_bridge.stores.influx.line_protocol import _lines, bodies
from tests.stand_ins.servers.answering import Answer, Server, answering, say


def link(time: int = 5) -> Link:
    return Link(time, "an na", Side.LEFT, 'd"1', True, 1, 2, 3, 4, 5, 6, float("nan"))


# --- line protocol ---


def test_a_row_becomes_a_point() -> None:
    (line,) = _lines([link()])
    assert line == (
        rb'link,side=left,wearer=an\ na device="d\"1",connected=true,received=1i,lost=2i,corrupt=3i,duplicate=4i,'
        rb'dropped=5i,reconnects=6i,restarts=0i,clock="steady" 5'
    )


def test_a_sample_becomes_a_point() -> None:
    pressure = np.array([[1.0, 0.1], [np.nan, 2.5], [np.nan, np.nan], [np.inf, 7.0]], np.float32)
    frames = Frames(
        "anna", Side.RIGHT, "50 %", np.arange(4) + 7, pressure, force=np.array([3, 4, np.nan, 6], np.float32)
    )
    assert list(_lines([frames])) == [
        b'frame,side=right,wearer=anna device="50 %",sensors=2i,p00=1,p01=0.100000001,force=3 7',
        b'frame,side=right,wearer=anna device="50 %",sensors=2i,p01=2.5,force=4 8',
        b'frame,side=right,wearer=anna device="50 %",sensors=2i,p01=7,force=6 10',
    ]


@dataclass(frozen=True, slots=True)
class Bare:
    """A row that is all identity, one part of it empty."""

    time: int
    wearer: Key[str]
    topic: Key[str]


def test_a_row_without_values_still_is_a_point() -> None:
    assert list(_lines([Bare(1, "anna", "")])) == [b"bare,wearer=anna stored=true 1"]


def test_lines_are_joined_in_bodies() -> None:
    found = list(bodies([link(i) for i in range(7)], 3))
    assert [batch.count(b"\n") + 1 for batch in found] == [3, 3, 1]
    assert list(bodies([], 3)) == []


# --- the URL ---


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("influx://host/b", ("http://host:8086", "b", "insole")),
        ("influx://host:80/db/policy?org=mine", ("http://host:80", "db/policy", "mine")),
        ("influx+https://host:443/b", ("https://host:443", "b", "insole")),
        ("influx://[::1]:8086/b%20c", ("http://[::1]:8086", "b c", "insole")),
    ],
)
def test_the_url_names_server_bucket_and_organization(url: str, wanted: tuple[str, str, str]) -> None:
    archive = InfluxArchive(url)
    assert (archive._base, archive.bucket, archive.org) == wanted
    archive.close()


@pytest.mark.parametrize(
    "url",
    ["influx://host", "influx:///bucket", "influx://host/b?token=x", "influx://me:pw@host/b", "influx://host:x/b"],
)
def test_an_incomplete_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="archive"):
        open_archive(url)


# --- answers ---


@pytest.fixture
def server() -> Iterator[Server]:
    with answering() as server:
        yield server


@pytest.fixture
def archive(server: Server) -> Iterator[Any]:
    archive = open_archive(server.url, "secret")
    yield archive
    archive.close()


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (401, '{"message": "unauthorized access"}', (ConfigError, "unauthorized access.*INSOLE_INFLUX__TOKEN")),
        (403, '{"message": "forbidden"}', (ConfigError, "INSOLE_INFLUX__TOKEN")),
        (404, '{"message": "bucket not found"}', (ConfigError, "create it")),
        (400, '{"message": "unable to parse"}', (CorruptData, "unable to parse")),
        (422, '{"message": "points beyond retention policy"}', (CorruptData, "lengthen its retention")),
        (413, "too much", (CorruptData, "too much")),
        (429, '{"message": "slow down"}', (Unavailable, "overloaded")),
        (503, "<html>gateway</html>", (Unavailable, "look at the server's log")),
        (503, "<html>\n  gateway\n</html>\n", (Unavailable, "HTTP 503, <html> gateway </html> ")),
        (501, "Unsupported method", (ConfigError, "does not answer as InfluxDB does")),
        (302, "", (ConfigError, "does not answer as InfluxDB does")),
    ],
)
def test_every_answer_has_a_meaning(
    server: Server, archive: Any, status: int, body: str, meaning: tuple[type[InsoleError], str]
) -> None:
    error, text = meaning
    server.answers = say(status, body)
    with pytest.raises(error, match=text) as raised:
        archive.put([link()])
    assert "bucket" in str(raised.value)
    assert "secret" not in str(raised.value)
    with pytest.raises(error, match=text):
        archive.read(Link, "anna")


def test_a_server_without_tls_is_told(server: Server) -> None:
    archive: Any = open_archive(server.url.replace("influx://", "influx+https://"), "secret")
    for call in (lambda: archive.put([link()]), lambda: archive.read(Link, "anna"), archive.check):
        with pytest.raises(ConfigError, match=r"no secure connection.*write influx://"):
            call()
    archive.close()


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", "{}", '{"results": []}'])
def test_another_programs_answer_is_told(server: Server, archive: Any, body: str) -> None:
    server.answers = say(200, body)
    with pytest.raises(ConfigError, match="does not answer as InfluxDB does"):
        archive.read(Link, "anna")
    with pytest.raises(ConfigError, match="does not answer as InfluxDB does"):
        archive.check()


def test_what_is_written_goes_where_later_versions_take_it(server: Server, archive: Any) -> None:
    archive.put([link(), link(6)])
    ((method, path, body),) = server.asked
    assert method == "POST"
    assert path.startswith("/api/v2/write?")
    assert {"org=o", "bucket=bucket", "precision=ns"} <= set(path.partition("?")[2].split("&"))
    assert body == b"\n".join(_lines([link(), link(6)]))


def test_influxdb_2_is_asked_to_delete_in_its_own_way(server: Server, archive: Any) -> None:
    server.answers = say(204, X_Influxdb_Version="v2.7.1")
    archive.replace([Link], 'say "hi"', 1_700_000_000_000_000_001, 1_700_000_001_000_000_000, [])
    _, (method, path, body) = server.asked
    assert (method, path) == ("POST", "/api/v2/delete?bucket=bucket&org=o")
    assert json.loads(body) == {
        "start": "2023-11-14T22:13:20.000000001Z",
        "stop": "2023-11-14T22:13:20.999999999Z",
        "predicate": '_measurement="link" AND wearer="say \\"hi\\""',
    }


def test_influxdb_3_cannot_replace(server: Server, archive: Any) -> None:
    server.answers = say(200, X_Influxdb_Version="3.10.1")
    with pytest.raises(ConfigError, match="InfluxDB 3 cannot delete"):
        archive.replace([Link], "anna", 0, 1, [link()])
    assert len(server.asked) == 1, "nothing was written"


def test_check_needs_only_that_an_empty_write_is_looked_at(server: Server, archive: Any) -> None:
    def answers(method: str, path: str) -> Answer:
        if method == "POST":
            return 400, {}, b'{"message": "writing requires points"}'
        return 200, {"X-Influxdb-Version": "v2.7.1"}, b'{"results": [{"statement_id": 0}]}'

    server.answers = answers
    assert archive.check().startswith("InfluxDB 2.7.1 at http://127.0.0.1")
