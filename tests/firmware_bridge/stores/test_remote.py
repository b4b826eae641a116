"""The archive in another service: which addresses it takes, and what it makes of answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, Unavailable
from firmware_bridge.model import Link, Side
from firmware_bridge.stores import open_archive
from tests.stand_ins.servers.answering import Server, answering, say


def link(time: int = 5) -> Link:
    return Link(time, "anna", Side.LEFT, "d", True, 1, 2, 3, 4, 5, 6, 7.0, clock_rate=1.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with answering() as server:
        yield server


@pytest.fixture
def archive(server: Server) -> Iterator[Any]:
    archive = open_archive(f"http://127.0.0.1:{server.http.server_port}", "secret")
    yield archive
    archive.close()


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://home", "https://home:8321"),
        ("https://home.example:443/", "https://home.example:443"),
        ("http://localhost:9", "http://localhost:9"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("https://[fd00::1]", "https://[fd00::1]:8321"),
    ],
)
def test_the_url_names_the_service(url: str, base: str) -> None:
    archive: Any = open_archive(url)
    assert archive._base == base
    archive.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://home:8321", "in clear; write https://"),
        ("http://192.168.1.5", "in clear; write https://"),
        ("https://home/insole", "without a path"),
        ("https://home?token=x", "without a path or a token"),
        ("https://me:pw@home", "without a path or a token"),
        ("https://", "write https://host"),
        ("https://home:x", "archive"),
    ],
)
def test_another_url_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_archive(url)


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (401, '{"detail": "wrong token"}', ConfigError, "wrong token.*INSOLE_WEB__MIRROR_TOKEN"),
        (403, '{"detail": "this service takes no mirror"}', ConfigError, "takes no mirror"),
        (400, '{"detail": "\'x\' is not a name of this service"}', ConfigError, r"add the name to its web\.hosts"),
        (404, '{"detail": "Not Found"}', ConfigError, "update that service"),
        (302, "", ConfigError, "correct the URL"),
        (413, '{"detail": "more than 9 bytes"}', CorruptData, "more than 9 bytes"),
        (422, '{"detail": [{"msg": "no"}]}', CorruptData, "no"),
        (503, '{"detail": "the store is locked"}', Unavailable, "the store is locked"),
        (429, "", Unavailable, "no reason given"),
        (502, "<html>\n gateway</html>", Unavailable, "<html> gateway</html>"),
    ],
)
def test_every_answer_has_a_meaning(
    server: Server, archive: Any, status: int, body: str, error: type[InsoleError], text: str
) -> None:
    server.answers = say(status, body, Retry_After="9")
    for call in (lambda: archive.put([link()]), lambda: archive.read(Link, "anna"), archive.check):
        with pytest.raises(error, match=text) as raised:
            call()
        assert "secret" not in str(raised.value)
        if isinstance(raised.value, Unavailable):
            assert raised.value.wait_s == 9.0


@pytest.mark.parametrize("body", ["<html>", "[]", "{}"])
def test_another_program_is_told(server: Server, archive: Any, body: str) -> None:
    server.answers = say(200, body)
    with pytest.raises(ConfigError, match="does not answer as an insole service"):
        archive.check()


def test_a_server_without_tls_is_told(server: Server) -> None:
    archive: Any = open_archive(f"https://127.0.0.1:{server.http.server_port}", "secret")
    with pytest.raises(ConfigError, match="no secure connection"):
        archive.put([link()])
    archive.close()


def test_nothing_is_sent_of_nothing(server: Server, archive: Any) -> None:
    archive.put([])
    assert server.asked == []
