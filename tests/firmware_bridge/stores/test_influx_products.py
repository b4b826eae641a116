"""The archive against what each InfluxDB product says: its version, how a bucket is made, how it refuses."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from firmware_bridge.bridge.retry import LONGEST_ASKED_S, Backoff
from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, TooOld, Unavailable
from firmware_bridge.model import Link, Side
from firmware_bridge.stores import open_archive
from firmware_bridge.stores.influx import http_client as influx_server
from tests.stand_ins.servers.answering import Answer, Server, answering, say
from tests.stand_ins.servers.influx_front import TOKEN, running_influx


def link(time: int = 5) -> Link:
    return Link(time, "anna", Side.LEFT, "d", True, 1, 2, 3, 4, 5, 6, 7.0, clock_rate=1.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with answering() as server:
        yield server


@pytest.fixture
def archive(server: Server) -> Iterator[Any]:
    archive = open_archive(server.url, "secret")
    yield archive
    archive.close()


# --- which product ---


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (say(204, X_Influxdb_Version="1.8.10", X_Influxdb_Build="OSS"), "InfluxDB 1.8.10"),
        (say(204, X_Influxdb_Version="v2.9.1", X_Influxdb_Build="OSS"), "InfluxDB 2.9.1"),
        (say(200, '{"version": "3.10.1"}', X_Influxdb_Build="Core"), "InfluxDB 3.10.1 Core"),
    ],
)
def test_the_product_is_known_by_header_or_body(server: Server, archive: Any, answer: Any, text: str) -> None:
    server.answers = answer
    assert archive._server.ask_version().text == text


def test_influxdb_before_1_8_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """The real 1.6.7, without the front."""
    with running_influx(tmp_path) as front:
        bare: Any = open_archive(f"influx://127.0.0.1:{front.inner}/insole", TOKEN)
        for call in (lambda: bare.put([link()]), bare.check):
            with pytest.raises(ConfigError, match=r"InfluxDB 1\.6\.7\S* is too old for an archive; update it to 1\.8"):
                call()
        bare.close()


# --- setup ---


def asked(server: Server) -> list[tuple[str, str, Any]]:
    return [(method, urlsplit(path).path, json.loads(body or b"null")) for method, path, body in server.asked]


def second(*, bucket: bool, mapped: bool) -> Any:
    """Answer as InfluxDB 2 does, with or without the bucket and its mapping."""

    def answers(method: str, path: str) -> Answer:
        where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if where == "/ping":
            return 204, {"X-Influxdb-Version": "v2.9.1"}, b""
        if where == "/api/v2/orgs":
            return 200, {}, json.dumps({"orgs": [{"id": "17"}] if query["org"] == ["o"] else []}).encode()
        if where == "/api/v2/buckets" and method == "GET":
            if not bucket:
                return 404, {}, b'{"code": "not found", "message": "bucket \\"bucket\\" not found"}'
            return 200, {}, b'{"buckets": [{"id": "b1", "name": "bucket", "retentionRules": []}]}'
        if where == "/api/v2/dbrps" and method == "GET":
            return 200, {}, json.dumps({"content": [{"database": "bucket"}] if mapped else []}).encode()
        return 201, {}, b'{"id": "b1"}'

    return answers


def test_on_2_a_bucket_with_retention_and_its_mapping_are_made(server: Server, archive: Any) -> None:
    server.answers = second(bucket=False, mapped=False)
    assert archive.setup(30) == f"InfluxDB 2.9.1 at {archive._base}: bucket 'bucket' created, keeps points for 30 days"
    assert [entry for entry in asked(server) if entry[0] == "POST"] == [
        (
            "POST",
            "/api/v2/buckets",
            {"orgID": "17", "name": "bucket", "retentionRules": [{"type": "expire", "everySeconds": 2_592_000}]},
        ),
        (
            "POST",
            "/api/v2/dbrps",
            {
                "orgID": "17",
                "bucketID": "b1",
                "database": "bucket",
                "retention_policy": "autogen",
                "default": True,
            },
        ),
    ]


@pytest.mark.parametrize(("days", "changes"), [(None, []), (0.0, [[]])])
def test_on_2_a_bucket_that_is_there_keeps_its_retention_unless_told(
    server: Server, archive: Any, days: float | None, changes: list[Any]
) -> None:
    server.answers = second(bucket=True, mapped=True)
    assert "was there" in archive.setup(days)
    written = [entry for entry in asked(server) if entry[0] != "GET"]
    assert [body["retentionRules"] for _, _, body in written] == changes
    assert {method for method, _, _ in written} <= {"PATCH"}


def test_on_2_a_wrong_organization_is_told(server: Server) -> None:
    server.answers = second(bucket=False, mapped=False)
    with (
        closing(open_archive(server.url.replace("org=o", "org=x"), "secret")) as archive,
        pytest.raises(ConfigError, match="no organization 'x'; correct the URL's org"),
    ):
        archive.setup()
    assert {method for method, _, _ in server.asked} == {"GET"}


@pytest.mark.parametrize(("status", "said"), [(200, "created"), (409, "was there")])
def test_on_3_a_database_is_made(server: Server, archive: Any, status: int, said: str) -> None:
    def answers(method: str, path: str) -> Answer:
        if path == "/ping":
            return 200, {}, b'{"version": "3.10.1"}'
        return (status if method == "POST" else 200), {}, b"{}"

    server.answers = answers
    assert said in archive.setup(1)
    first = asked(server)[1]
    assert first == ("POST", "/api/v3/configure/database", {"db": "bucket", "retention_period": "86400s"})
    assert ("PUT" in {method for method, _, _ in server.asked}) == (status == 409)


def test_on_a_real_1_x_database_and_retention_are_made(tmp_path: Path) -> None:
    with running_influx(tmp_path) as front:
        archive: Any = open_archive(front.url.replace("/insole", "/fresh"), TOKEN)
        with pytest.raises(ConfigError, match=r"'fresh' does not exist.*insole mirror --setup"):
            archive.put([link()])
        assert "created, keeps points for 30 days" in archive.setup(30)
        assert "was there" in archive.setup()
        ((kept, *_),) = [series["values"] for series in archive._server.query("SHOW RETENTION POLICIES")]
        assert kept[:2] == ["autogen", "720h0m0s"]
        with pytest.raises(TooOld, match="lengthen its retention"):
            archive.put([link(5)])
        now = 1 << 62  # far in the future: within what is kept
        with pytest.raises(TooOld):
            archive.put([link(5), link(now)])
        assert archive.read(Link, "anna") == [link(now)], "what is not too old is stored"
        archive.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_set_up_is_told(server: Server, archive: Any, status: int) -> None:
    def answers(method: str, path: str) -> Answer:
        return (204, {"X-Influxdb-Version": "v2.9.1"}, b"") if path == "/ping" else (status, {}, b"{}")

    server.answers = answers
    with pytest.raises(ConfigError, match="INSOLE_INFLUX__TOKEN"):
        archive.setup()


# --- errors on the way ---


@pytest.mark.parametrize(
    ("wait", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", 0.0), ("", 0.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)]
)
def test_who_asks_to_be_left_alone_is(server: Server, archive: Any, wait: str, seconds: float) -> None:
    server.answers = say(429, '{"message": "slow down"}', Retry_After=wait)
    with pytest.raises(Unavailable, match="slow down") as raised:
        archive.put([link()])
    assert raised.value.wait_s == seconds
    with pytest.raises(Unavailable) as raised:
        archive.read(Link, "anna")
    assert raised.value.wait_s == seconds
    assert Backoff("x", first_s=0.01).delay(raised.value) >= seconds


def test_nobody_is_left_alone_for_ever() -> None:
    assert Backoff("x").delay(Unavailable("", wait_s=1e9)) == LONGEST_ASKED_S


def test_an_answer_that_does_not_come_is_trouble_for_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influx_server, "ANSWER_S", 0.2)
    monkeypatch.setattr("firmware_bridge.stores.influx.archive.ANSWER_S", 0.2)
    given_up = threading.Event()

    def late(_method: str, _path: str) -> Answer:
        given_up.wait(10)
        return 204, {}, b""

    server.answers = late
    with closing(open_archive(server.url, "secret")) as archive, pytest.raises(Unavailable, match="does not answer"):
        archive.put([link()])
    given_up.set()


def test_a_connection_that_is_cut_in_the_midst_of_a_batch_is_trouble_for_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=cut)
        thread.start()
        port = listener.getsockname()[1]
        with (
            closing(open_archive(f"influx://127.0.0.1:{port}/b", "t")) as archive,
            pytest.raises(Unavailable, match="does not answer"),
        ):
            archive.put([link(time) for time in range(50_000)])
        thread.join()


@pytest.mark.parametrize(
    ("status", "said", "error", "remedy"),
    [
        (422, "partial write: points beyond retention policy dropped=1", TooOld, "lengthen its retention"),
        (400, "partial write: field type conflict ... dropped=1", CorruptData, "use a new bucket"),
        (500, "engine: write /var/lib/x: no space left on device", Unavailable, "is its disk full"),
        (403, "insufficient permissions for write", ConfigError, "may read and write the bucket"),
    ],
)
def test_what_a_server_refuses_comes_with_a_remedy(
    server: Server, archive: Any, status: int, said: str, error: type[InsoleError], remedy: str
) -> None:
    server.answers = say(status, json.dumps({"message": said}))
    with pytest.raises(error, match=remedy) as raised:
        archive.put([link()])
    assert type(raised.value) is error
    assert "\n" not in str(raised.value)
