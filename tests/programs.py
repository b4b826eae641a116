"""The product as its users run it: separate programs, watched from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from firmware_bridge import Frames, Link, Side, open_log

T = TypeVar("T")


class Program:
    """One running `insole …`, with what it has printed."""

    def __init__(self, folder: Path, *args: str, env: dict[str, str] | None = None) -> None:
        self._out = folder / f"{args[0]}-{time.monotonic_ns()}.txt"
        command = [sys.executable, "-u", "-m", "service.cli", *args]
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
            )

    @property
    def printed(self) -> str:
        """Everything so far."""
        return self._out.read_text()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def running(folder: Path, *args: str, env: dict[str, str] | None = None) -> Iterator[Program]:
    """Run a program, and see that it is gone afterwards; a traceback in what it printed fails the test."""
    program = Program(folder, *args, env=env)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.kill()
    assert "Traceback" not in program.printed, program.printed


def eventually(what: str, probe: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Return the first true answer of `probe`, asked every 50 ms."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if answer := probe():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def command(port: int, line: str) -> None:
    """Make a virtual insole fail, or work again."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as talk:
        talk.sendall(f"{line}\n".encode())
        assert talk.recv(200) == b"ok\n"


def links(store: str, side: Side) -> list[Link]:
    """Return one foot's account so far."""
    with closing(open_log(store)) as log:
        return [row for wearer in log.wearers() for row in log.read(Link, wearer) if row.side is side]


def frames(store: str, side: Side) -> list[Frames]:
    """Return one foot's frames so far."""
    with closing(open_log(store)) as log:
        return [row for wearer in log.wearers() for row in log.read(Frames, wearer) if row.side is side]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with closing(socket.socket()) as talk:
        talk.settimeout(1)
        return talk.connect_ex(("127.0.0.1", port)) == 0
