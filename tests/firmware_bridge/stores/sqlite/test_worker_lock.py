"""One service a store; and what a store says that lies where processes cannot share it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.stores import Claims, open_embedded_log
from firmware_bridge.stores.sqlite import file as sqlite_file
from firmware_bridge.stores.sqlite import worker_lock as claiming
from tests.conftest import PROJECT

SERVICE = """
    import sys
    from firmware_bridge.stores import open_embedded_log

    log = open_embedded_log(sys.argv[1])
    log.claim()
    print("at work", flush=True)
    sys.stdin.read()
"""


@contextmanager
def service(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", textwrap.dedent(SERVICE), url]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        yield process
        process.kill()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'log.db'}"


def test_a_second_service_is_refused_until_the_first_is_killed(url: str) -> None:
    with closing(open_embedded_log(url)) as log:
        with service(url) as other:
            with pytest.raises(ConfigError) as raised:
                log.claim()
            assert f"another insole service (pid {other.pid}) works on this store; end it" in str(raised.value)
            assert log.head() == 0, "reading and writing go on"
            other.kill()
            other.wait()
            log.claim()
        with pytest.raises(ConfigError, match=f"pid {os.getpid()}"), closing(open_embedded_log(url)) as second:
            second.claim()


def test_the_same_store_by_another_name_is_the_same(url: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    with (
        closing(open_embedded_log(url)) as log,
        closing(open_embedded_log(f"sqlite:///{tmp_path / 'link' / 'log.db'}")) as other,
    ):
        log.claim()
        with pytest.raises(ConfigError, match="another insole service"):
            other.claim()


def test_a_closed_log_claims_nothing(url: str) -> None:
    log = open_embedded_log(url)
    log.close()
    with pytest.raises(RuntimeError, match="closed"):
        log.claim()
    with pytest.raises(RuntimeError, match="closed"):
        log.workers()


def test_any_name_of_a_work_will_do(url: str) -> None:
    works = ["a/b", "çelik's left insole", "x" * 300, "..", " "]
    with closing(open_embedded_log(url)) as log:
        for work in works:
            log.claim(work)
        assert sorted(log.workers()) == sorted(works)


def test_looking_who_is_at_work_leaves_nothing_behind_and_takes_nothing_away(url: str, tmp_path: Path) -> None:
    with closing(open_embedded_log(url)) as log:
        before = sorted(file.name for file in tmp_path.iterdir())
        assert log.workers() == {}
        assert sorted(file.name for file in tmp_path.iterdir()) == before
        log.claim()
        with closing(open_embedded_log(url)) as other:
            for _ in range(3):
                assert other.workers() == {"": str(os.getpid())}
            with pytest.raises(ConfigError, match="another insole service"):
                other.claim()


def test_a_claim_waits_for_who_only_looks(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refused = claiming._lock, iter([False, False])
    monkeypatch.setattr(claiming, "_lock", lambda file: next(refused, True) and real(file))
    with closing(open_embedded_log(url)) as log:
        log.claim()


def test_on_a_full_disk_a_claim_holds_though_it_cannot_be_written(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the service that makes room."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with closing(open_embedded_log(url)) as log, closing(open_embedded_log(url)) as other:
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            log.claim()
        with pytest.raises(ConfigError, match=r"another insole service \(pid \?\)"):
            other.claim()
        monkeypatch.setattr(claiming, "_open", full)
        with pytest.raises(Unavailable, match=r"no file fits beside it: No space.*\(free some space on its disk\)"):
            other.claim("ann's left insole")


@pytest.mark.parametrize("ask", [Claims.claim, Claims.workers])
def test_a_share_that_grants_a_lock_twice_is_told(
    ask: Callable[[Claims], object], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_lock", lambda file: True)
    with (
        closing(open_embedded_log(url)) as log,
        pytest.raises(ConfigError, match=r"same lock twice.*keep the store on a local"),
    ):
        getattr(log, ask.__name__)()


@pytest.mark.parametrize("ask", [Claims.claim, Claims.workers])
def test_a_share_that_knows_no_locks_is_told(
    ask: Callable[[Claims], object], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(claiming, "_lock", refuse)
    with (
        closing(open_embedded_log(url)) as log,
        pytest.raises(ConfigError, match=r"No locks available; keep the store in a loc"),
    ):
        getattr(log, ask.__name__)()


def failing(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_LOCK])
def test_memory_that_cannot_be_shared_is_told_when_a_store_is_opened(
    url: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def prepare(path: Path) -> None:
        raise failing(code)

    monkeypatch.setattr("firmware_bridge.stores.sqlite.log.prepare", prepare)
    with pytest.raises(ConfigError, match=r"log\.db lies on a network share.*keep it on a local disk"):
        open_embedded_log(url)


def test_the_same_in_a_store_that_worked_may_pass(tmp_path: Path) -> None:
    with pytest.raises(Unavailable), sqlite_file.explained(tmp_path / "log.db"):
        raise failing(sqlite3.SQLITE_IOERR_LOCK)


def test_a_file_system_without_a_write_ahead_log_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(sqlite3.Connection):
        """A connection whose file system refuses shared memory: SQLite then keeps its old journal."""

        def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
            return super().execute(sql.replace("journal_mode = WAL", "journal_mode"), *args)  # type: ignore[arg-type]

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, factory=Elsewhere, **k))
    with pytest.raises(ConfigError, match="network share"):
        open_embedded_log(url)
