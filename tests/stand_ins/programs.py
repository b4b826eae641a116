"""The product as its users run it: separate programs, watched from outside."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware_bridge import Frames, Link, Log, Side, open_log
from tests.conftest import absent

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

    def result(self, seconds: float = 60.0) -> str:
        """Return what it has printed when it has ended well by itself."""
        assert self.process.wait(seconds) == 0, self.printed
        return self.printed


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


def samples(log: Log, wearer: str, side: Side, until: int = 1 << 62) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the times of a foot's samples before a moment, as they are stored, and all that was measured."""
    found = [frames for frames in log.read(Frames, wearer, 0, until) if frames.side is side]
    if not found:
        return np.empty(0, np.int64), np.empty((0, 0), np.float32)
    time = np.concatenate([frames.time for frames in found])
    values = np.vstack([np.hstack([x for x in (f.pressure, f.acc, f.gyro) if x is not None]) for f in found])
    return time[time < until], values[time < until]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with closing(socket.socket()) as talk:
        talk.settimeout(1)
        return talk.connect_ex(("127.0.0.1", port)) == 0


TROUBLES = {"locked": "is locked", "full": "has no room left", "ill": "cannot be reached"}
"""What can be wrong with a store, and what a program says of it."""


def trouble(name: str, store: Path, programs: Iterable[Program]) -> AbstractContextManager[None]:
    """Let one of `TROUBLES` be; `full` takes the disk's last page, so it has to be a small one of its own."""
    if name == "locked":
        return locked(store)
    return filled(store.parent) if name == "full" else ill(programs)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Keep a store to oneself, as another program may that backs it up or looks into it."""
    with closing(sqlite3.connect(store, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Take what is left of a disk, to the last page."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def ill(programs: Iterable[Program]) -> Iterator[None]:
    """Let programs write to the first 64 KB of a file only; beyond, the system fails as an ill disk does."""
    if not hasattr(resource, "prlimit"):
        absent("a limit that is set for another process (Linux)")
    numbers = [program.process.pid for program in programs]
    for number in numbers:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for number in numbers:
            with suppress(ProcessLookupError):
                resource.prlimit(number, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class SmallDisk:
    """A file system of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remount(self, mode: str) -> None:
        """Make it read-only ("ro"), which needs that nobody has a file open for writing, or let it be written."""
        _mount("-o", f"remount,{mode}", self.folder)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk | None]:
    """Mount a disk; None where this user may not."""
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", folder)
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run([*_root(), "umount", folder], check=True)


def _mount(*args: str | Path) -> None:
    subprocess.run([*_root(), "mount", *args], check=True, capture_output=True)


def _root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]
