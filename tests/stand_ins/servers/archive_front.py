"""Another insole service on loopback, in a thread: the routes by which a mirror comes in, over a log of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from firmware_bridge import Log, open_log
from service.pipeline.mirror_selection import COPIED
from service.web.api.mirror_in import archive
from service.web.app import create_app
from tests.stand_ins.programs import free_port

MIRROR_TOKEN = "home-token"


class ArchiveFront:
    """A service that takes mirrors; `stop` and `start` keep its log and its address."""

    def __init__(self, directory: Path, kinds: Sequence[type] = (), token: str = MIRROR_TOKEN) -> None:
        self.log: Log = open_log(f"sqlite:///{directory / 'home.sqlite'}")
        self._kinds, self._token = tuple(kinds), token
        self.port = free_port()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The archive's URL."""
        return f"http://127.0.0.1:{self.port}"

    def _app(self) -> FastAPI:
        if not self._kinds:
            return create_app(self.log, token="page-token", mirror_token=self._token)
        app = FastAPI()
        app.include_router(archive(self.log, self._token, (*COPIED, *self._kinds)))
        return app

    def start(self) -> None:
        """Start and wait until it answers."""
        config = uvicorn.Config(self._app(), port=self.port, log_level="error", lifespan="off", ws="none")
        server: Any = uvicorn.Server(config)
        self._server, self._thread = server, threading.Thread(target=lambda: asyncio.run(server.serve()))
        self._thread.start()
        give_up = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < give_up, "the service did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop, and wait until nothing answers."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(20)
            self._server = self._thread = None


@contextmanager
def running_archive(directory: Path, kinds: Sequence[type] = (), token: str = MIRROR_TOKEN) -> Iterator[ArchiveFront]:
    """Run a service for the time of a test module."""
    front = ArchiveFront(directory, kinds, token)
    with closing(front.log):
        try:
            front.start()
            yield front
        finally:
            front.stop()
