"""A web server on loopback that records what it is asked and answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]


class Server:
    """A web server that records requests and answers as told."""

    def __init__(self) -> None:
        self.answers: Callable[[str, str], Answer] = lambda _method, _path: (204, {}, b"")
        self.asked: list[tuple[str, str, bytes]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path, body))
                status, headers, data = server.answers(self.command, self.path)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the base class's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = False
        self.url = f"influx://127.0.0.1:{self.http.server_port}/bucket?org=o"


@contextmanager
def answering() -> Iterator[Server]:
    """Run one."""
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        thread.join()
        server.http.server_close()


def say(status: int, body: str = "", **headers: str) -> Callable[[str, str], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _method, _path: (status, named, body.encode())
