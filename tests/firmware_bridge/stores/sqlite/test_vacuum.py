"""Compacting a store that was made before stores could shrink: safely, alone, and only where there is room."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import Frames, Item, Link, Side
from firmware_bridge.stores import Log, open_embedded_log
from firmware_bridge.stores.sqlite import file as sqlite_file
from firmware_bridge.stores.sqlite import vacuum as compacting
from tests.conftest import PROJECT

KINDS: list[type] = [Frames, Link]
COUNT = 2000


def chunk(number: int) -> Frames:
    noise = np.random.default_rng(number).random((50, 16), np.float32)
    return Frames("anna", Side.LEFT, "d", number * 100 + np.arange(50), noise)


def link(number: int) -> Link:
    return Link(number, "anna", Side.LEFT, "d", True, 100, 0, 0, 0, 0, 1, 50.0, clock_rate=1.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store as it was before it could shrink; every second chunk was forgotten."""
    path = tmp_path_factory.mktemp("old") / "log.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("PRAGMA page_size = 8192")
        older.execute("PRAGMA auto_vacuum = NONE")
        for statement in sqlite_file._CREATE:
            older.execute(statement)
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        for start in range(0, COUNT, 500):
            log.put([item for i in range(start, start + 500) for item in (chunk(i), link(i))])
        log.put([chunk(COUNT + i) for i in range(COUNT // 2)])
        log.forget([Frames], "anna", COUNT * 100, log.head(), COUNT)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path))


def held(log: Log) -> list[tuple[int, object]]:
    return [(n, told(item)) for n, item in log.after(KINDS, 0, limit=10**6)]


def told(item: Item) -> object:
    return (item.time.tobytes(), item.pressure.tobytes()) if isinstance(item, Frames) else item


def test_it_gives_back_what_is_empty_loses_nothing_and_shrinks_from_then_on(path: Path) -> None:
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        before, usage, full = held(log), log.usage(), path.stat().st_size
        assert (usage.shrinks, log.give_back()) == (False, 0)
        assert usage.reusable > usage.used
        given = log.compact()
        assert full - given == path.stat().st_size
        assert given >= usage.reusable * 0.95
        after = log.usage()
        assert after.shrinks
        assert after.reusable == 0
        assert held(log) == before
        assert not path.with_name("log.db-wal").stat().st_size
        log.put([link(-1)])
        assert log.head() == before[-1][0] + 1
        log.forget([Frames], "anna", 10**9, log.head(), COUNT)
        while log.give_back():
            pass
        assert path.stat().st_size < 0.2 * (full - given), "and now it shrinks by itself"
    assert [file.name for file in path.parent.iterdir()] == ["log.db"]


def test_a_tail_in_the_same_process_goes_on(path: Path) -> None:
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        log.put([link(-1)])
        seen, cursor = log.version(), log.head()
        log.compact()
        assert log.version() >= seen
        seen = log.version()
        log.put([link(-2)])
        assert log.version() != seen
        assert [item for _, item in log.after(KINDS, cursor)] == [link(-2)]


PROGRAM = """
    import sys
    from firmware_bridge.stores import open_embedded_log

    log = open_embedded_log(sys.argv[1])
    log.claim("ann's left insole")
    print("ready", flush=True)
    sys.stdin.readline()
    print(log.compact(), flush=True)
"""


@contextmanager
def program(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program that has the store open, and compacts it when it is told to."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), f"sqlite:///{path}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=PROJECT, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # not begun yet, or already taken away
        return 0


def test_while_another_program_has_it_open_it_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(open_embedded_log(f"sqlite:///{path}")) as log, program(path) as other:
        before, size = held(log), path.stat().st_size
        with pytest.raises(ConfigError) as raised:
            log.compact()
        message = str(raised.value)
        assert message == (
            f"store {path} is open in another program; end that first (ann's left insole, pid {other.pid})"
        )
        assert (held(log), path.stat().st_size, log.usage().shrinks) == (before, size, False)
        log.put([link(-1)])
        other.kill()
        other.wait()
        assert log.compact() > 0


def test_who_comes_meanwhile_is_told_that_it_is_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_S", 0.05)
    with sqlite_file.alone(path) as connection:
        assert connection.execute("SELECT count(*) FROM link").fetchone() == (COUNT,)
        with pytest.raises(Unavailable, match=r"log\.db is locked \(.*\) \(another program keeps it to itself\)"):
            open_embedded_log(f"sqlite:///{path}")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_killed_in_the_midst_of_it_the_store_is_as_it_was(path: Path, share: float) -> None:
    """It is killed when so much of the copy lies in the write-ahead log, or has just come through, on a fast disk."""
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        before, usage = held(log), log.usage()
    ahead = path.with_name("log.db-wal")
    with program(path) as process:
        go(process)
        while process.poll() is None and size(ahead) <= share * usage.used:
            os.sched_yield()
        process.kill()
        process.wait()
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        assert held(log) == before
        assert log.check(whole=True) == []
        log.compact()
        assert log.usage().shrinks
        assert held(log) == before
    assert [file.name for file in path.parent.glob("log.db*") if "work" not in file.name] == ["log.db"]


def test_ctrl_c_ends_it_and_leaves_the_store_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def go_on() -> int:
        signal.raise_signal(signal.SIGINT)
        return 0

    monkeypatch.setattr(compacting, "_STEPS", 1000)
    monkeypatch.setattr(compacting, "_go_on", go_on)
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        before = held(log)
        with pytest.raises(KeyboardInterrupt):
            log.compact()
        assert held(log) == before
        assert not log.usage().shrinks
        assert log.check(whole=True) == []


def test_without_room_for_the_copy_nothing_is_begun(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "free_bytes", lambda path: 12_000_000)
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        before = held(log)
        with pytest.raises(Unavailable, match=r"0\.1 GB are needed for a while, its disk has 0\.0 GB \(free some"):
            log.compact()
        assert held(log) == before
        assert not log.usage().shrinks
