"""A real InfluxDB 1.6.7 for tests, behind a small front that gives it the write path of later versions.

Debian's `influxd` has no `/api/v2/write`; the front passes it on to `/write` as InfluxDB 1.8 does itself, and asks for
a token. What is stored, typed, deleted and queried is InfluxDB's own doing. What this does not show: organizations,
buckets and deletion as InfluxDB 2 has them, and anything of InfluxDB 3.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.conftest import absent

TOKEN = "test-token"
BUCKET = "insole"
PRECISION = {"ns": "n", "us": "u", "ms": "ms", "s": "s"}
START_S = 30.0

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{directory}/meta"
[data]
dir = "{directory}/data"
wal-dir = "{directory}/wal"
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
"""


class InfluxFront:
    """An InfluxDB server on loopback; `stop` and `start` keep its data and its address."""

    def __init__(self, directory: Path) -> None:
        program = shutil.which("influxd")
        if program is None:
            absent("influxd (Debian's influxdb)")
        self.directory = directory
        self.inner, rpc, self.port = _free_ports(3)
        config = directory / "influxdb.conf"
        config.write_text(CONFIG.format(directory=directory, http=self.inner, rpc=rpc))
        self._command = [str(program), "-config", str(config)]
        self._influxd: subprocess.Popen[bytes] | None = None
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The archive's URL."""
        return f"influx://127.0.0.1:{self.port}/{BUCKET}?org=insole"

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self.directory / "influxd.log").open("ab") as log:
            self._influxd = subprocess.Popen(self._command, stdout=log, stderr=log)
        give_up = time.monotonic() + START_S
        while self._ask("GET", "/ping") != 204:
            if self._influxd.poll() is not None or time.monotonic() > give_up:
                raise AssertionError("influxd did not start:\n" + (self.directory / "influxd.log").read_text()[-2000:])
            time.sleep(0.05)
        assert self._ask("POST", "/query?" + urlencode({"q": f"CREATE DATABASE {BUCKET}"})) == 200
        inner = self.inner

        class Handler(_Handler):
            influxd = ("127.0.0.1", inner)

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = False  # so that closing waits for them
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._influxd is not None:
            self._influxd.kill()
        self.stop()

    def stop(self) -> None:
        """Stop, and wait until nothing answers."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if self._influxd is not None:
            self._influxd.terminate()
            self._influxd.wait(START_S)
            self._influxd = None

    def _ask(self, method: str, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.inner, timeout=10)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    influxd = ("127.0.0.1", 0)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/health":
            self._answer(200, json.dumps({"name": "influxdb", "status": "pass", "version": "1.6.7"}).encode())
        elif path == "/ping":
            self._pass("GET", "/ping")
        elif self._allowed():
            self._pass("GET", f"{path}?{query}") if path == "/query" else self._say(404, "not found", path)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._allowed():
            return
        parts = urlsplit(self.path)
        if parts.path == "/query":
            self._pass("POST", self.path, body)
        elif parts.path == "/api/v2/write":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            database, _, policy = asked["bucket"].partition("/")
            to = {"db": database, "rp": policy, "precision": PRECISION[asked.get("precision", "ns")]}
            self._pass("POST", "/write?" + urlencode({name: value for name, value in to.items() if value}), body)
        else:
            self._say(404, "not found", parts.path)

    def _allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Token {TOKEN}":
            return True
        self._say(401, "unauthorized", "unauthorized access")
        return False

    def _pass(self, method: str, path: str, body: bytes | None = None) -> None:
        connection = HTTPConnection(*self.influxd, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, HTTPException) as error:
            self._say(503, "unavailable", str(error))
            return
        finally:
            connection.close()
        if answer.status >= 400:
            said = json.loads(data).get("error", "") if data else ""
            self._say(answer.status, {400: "invalid", 404: "not found"}.get(answer.status, "internal error"), said)
        else:
            self._answer(answer.status, data, version=answer.headers.get("X-Influxdb-Version", ""))

    def _say(self, status: int, code: str, message: str) -> None:
        self._answer(status, json.dumps({"code": code, "message": message}).encode())

    def _answer(self, status: int, data: bytes, version: str = "") -> None:
        self.send_response(status)
        if version:
            self.send_header("X-Influxdb-Version", version)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def running_influx(directory: Path) -> Iterator[InfluxFront]:
    """Run a server for the time of a test module; its data dies with the directory."""
    front = InfluxFront(directory)
    try:
        front.start()
        yield front
    finally:
        front.stop()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(s.getsockname()[1]) for s in sockets]
    finally:
        for s in sockets:
            s.close()
