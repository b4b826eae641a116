"""Who gets alerts, for real: an HTTP and an SMTP server on this machine, well, failing, slow or mute."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar, cast

S = TypeVar("S", bound=socketserver.BaseServer)


class Http(ThreadingHTTPServer):
    """Takes what Apprise posts as JSON."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.status = 200
        self.asked = 0
        self.messages: list[dict[str, str]] = []
        self.answers = threading.Event()  # while it is not set, nobody gets an answer
        self.answers.set()

    @property
    def url(self) -> str:
        """Its Apprise URL."""
        return f"json://127.0.0.1:{self.server_port}/s3cret?rto=60"

    @property
    def said(self) -> list[str]:
        """What has arrived, title and text."""
        return [f"{each['title']}\n{each['message']}" for each in self.messages]


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast("Http", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.asked += 1
        server.answers.wait(30)
        if server.status == 200:
            server.messages.append(json.loads(body))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the standard library
        pass


class Smtp(socketserver.ThreadingTCPServer):
    """Takes mail, as far as it takes to get it (RFC 5321)."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.mails: list[tuple[str, str]] = []  # subject, text

    @property
    def url(self) -> str:
        """Its Apprise URL."""
        return f"mailto://127.0.0.1:{self.server_address[1]}/?from=insole@example.org&to=ann@example.org&format=text"


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                self._take()
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 fine")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        body = mail.get_body(("plain", "html"))
        text = body.get_content() if body is not None else ""
        cast("Smtp", self.server).mails.append((str(mail["Subject"]), " ".join(text.split())))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def http() -> Iterator[Http]:
    """Run an HTTP receiver."""
    with _running(Http()) as server:
        yield server
        server.answers.set()


@contextmanager
def smtp() -> Iterator[Smtp]:
    """Run an SMTP receiver."""
    with _running(Smtp()) as server:
        yield server


@contextmanager
def mute_port() -> Iterator[str]:
    """Listen and never answer; yield the Apprise URL of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"json://127.0.0.1:{listener.getsockname()[1]}/?rto=60"


@contextmanager
def _running(server: S) -> Iterator[S]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
