"""Serve the pages until cancelled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from firmware_bridge import (
    ConfigError,
    Log,
)
from service.settings import WebSettings
from service.web import LOOPBACK, create_app


async def serve(log: Log, settings: WebSettings) -> None:
    """Serve the page until cancelled; open event streams are told to end first."""
    ending = asyncio.Event()
    hosts = (*LOOPBACK, settings.host, *settings.hosts)
    app = create_app(
        log,
        token=settings.token or None,
        mirror_token=settings.mirror_token,
        allowed_hosts=hosts,
        closing=ending,
    )
    with bind(settings) as listener:
        server = _Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            ending.set()
            server.should_exit = True
            await serving


def bind(settings: WebSettings) -> socket.socket:
    """Take the page's port.

    Raises:
        ConfigError: the port is in use, or the address is not this computer's.
    """
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"web.host {settings.host}, web.port {settings.port}: {error.strerror}; "
            "choose another port (--port, INSOLE_WEB__PORT) or end what uses it"
        ) from error


class _Server(uvicorn.Server):
    """A uvicorn that leaves the signals to the one task group."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
