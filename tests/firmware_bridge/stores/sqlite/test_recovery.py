"""A damaged store's rescue: what can be read is saved, nothing else is lost, whenever it is killed."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import ConfigError, Unavailable
from firmware_bridge.model import Device, Frames, Link, Side
from firmware_bridge.stores import Damaged, open_embedded_log, salvage_log
from firmware_bridge.stores.sqlite import recovery as rescue
from firmware_bridge.stores.sqlite import usage as space
from tests.conftest import PROJECT

KINDS: tuple[type, ...] = (Device, Frames, Link)
PAGE = 8192
COUNT = 1000


def chunk(number: int) -> Frames:
    noise = np.random.default_rng(number).random((20, 16), np.float32)
    return Frames("anna", Side.LEFT, "d", number * 100 + np.arange(20), noise)


def link(number: int) -> Link:
    return Link(number, "anna", Side.LEFT, "d", True, 100, 0, 0, 0, 0, 1, 50.0, clock_rate=1.0)


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def made(path: Path) -> Path:
    with closing(open_embedded_log(url(path))) as log:
        for start in range(0, COUNT, 200):
            log.put([item for i in range(start, start + 200) for item in (chunk(i), link(i))])
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made(tmp_path / "log.db")


def hurt(path: Path, what: str = "frames_key") -> bytes:
    """Overwrite the root of a table or index, or the file's beginning; return the file then."""
    root = 1
    if what:
        with closing(sqlite3.connect(path)) as look:
            (root,) = look.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (what,)).fetchone()
    content = bytearray(path.read_bytes())
    content[(root - 1) * PAGE : (root - 1) * PAGE + 100] = bytes(100)
    path.write_bytes(content)
    return bytes(content)


def numbers(path: Path) -> list[int]:
    with closing(open_embedded_log(url(path))) as log:
        assert log.check(whole=True) == []
        return [n for n, _ in log.after(KINDS, 0, limit=10**6)]


def names(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir() if file.name != "log.db-service"}


@pytest.mark.parametrize("what", ["", "frames", "frames_key", "link_partition"])
def test_what_is_saved_takes_the_damaged_one_s_place(path: Path, what: str) -> None:
    damaged = hurt(path, what)
    found = salvage_log(url(path), KINDS)
    assert found.rows == {"device": 0, "frames": COUNT, "link": COUNT}
    assert (found.lost, found.spare) == ({}, 0)
    assert Path(found.kept).read_bytes() == damaged
    assert names(path) == {"log.db", Path(found.kept).name}
    assert numbers(path) == list(range(1, 2 * COUNT + 1))
    with closing(open_embedded_log(url(path))) as log:
        assert log.usage().shrinks
        assert log.head() == 2 * COUNT


def test_what_is_lost_is_counted(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3 // PAGE * PAGE])
    dry = salvage_log(url(path), KINDS, dry=True)
    assert path.stat().st_size == len(content) * 2 // 3 // PAGE * PAGE
    found = salvage_log(url(path), KINDS)
    assert (dry.rows, dry.lost, dry.kept) == (found.rows, found.lost, "")
    assert 0 < found.rows["frames"] < COUNT
    assert 0 < found.lost["frames"] <= COUNT - found.rows["frames"]
    assert len(numbers(path)) == found.rows["frames"] + found.rows["link"]


def test_a_sound_store_stays_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    found = salvage_log(url(path), KINDS)
    assert (found.rows, found.lost, found.spare, found.kept) == ({}, {}, 0, "")
    assert path.read_bytes() == before
    assert names(path) == {"log.db"}


def test_a_text_that_is_damaged_is_damage(path: Path) -> None:
    """SQLite itself does not look whether a text is one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as harm:
        harm.execute("UPDATE link SET device = CAST(x'ff41' AS TEXT) WHERE time = 5")
    with closing(open_embedded_log(url(path))) as log, pytest.raises(Damaged, match=r"damaged.*--salvage"):
        log.read(Link, "anna")
    gc.collect()  # the query that failed, which keeps the file open
    assert salvage_log(url(path), KINDS).lost == {"link": 1}
    with closing(open_embedded_log(url(path))) as log:
        assert len(log.read(Link, "anna")) == COUNT - 1


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 9", "made by a newer version"),
        ("PRAGMA application_id = 5", "belongs to another program"),
    ],
)
def test_what_is_not_ours_is_left_as_it_is(path: Path, statement: str, message: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(statement)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=message):
        salvage_log(url(path), KINDS)
    assert path.read_bytes() == before
    assert names(path) == {"log.db"}


def test_a_store_that_lost_its_mark_is_saved(path: Path) -> None:
    """As SQLite's own `.dump` and `.recover` leave it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA application_id = 0")
        other.execute("PRAGMA user_version = 0")
    with pytest.raises(Damaged, match=r"--salvage.*\(it has lost its mark\)"):
        open_embedded_log(url(path))
    assert salvage_log(url(path), KINDS).rows["frames"] == COUNT
    assert len(numbers(path)) == 2 * COUNT


def test_where_nothing_is_or_can_be_read_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with pytest.raises(ConfigError, match=r"log\.db: there is none"):
        salvage_log(url(path), KINDS)
    path.write_bytes(bytes(10 * PAGE))
    with pytest.raises(Damaged, match=r"damaged.*--salvage"):
        open_embedded_log(url(path))
    with pytest.raises(ConfigError, match="nothing of it can be read; put a backup in its place"):
        salvage_log(url(path), KINDS)
    path.write_text("a letter\n" * 100)
    with pytest.raises(ConfigError, match="is not a database; it was left as it is"):
        salvage_log(url(path), KINDS)
    assert names(path) == {"log.db"}
    assert path.read_text().startswith("a letter")


def test_nothing_is_moved_away_from_under_somebody(path: Path) -> None:
    hurt(path)
    with closing(open_embedded_log(url(path))) as log:
        with pytest.raises(ConfigError, match="is open in another program; end that first"):
            salvage_log(url(path), KINDS)
        log.claim("ann's left insole")
        with pytest.raises(ConfigError, match=rf"end that first \(ann's left insole, pid {os.getpid()}\)"):
            salvage_log(url(path), KINDS)
        log.claim()
        with pytest.raises(ConfigError, match="another insole service"):
            salvage_log(url(path), KINDS)
    assert salvage_log(url(path), KINDS).kept


def test_a_disk_with_bad_sectors_is_no_reason_to_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sick(_: object) -> list[str]:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    with closing(open_embedded_log(url(path))) as log, monkeypatch.context() as patched:
        patched.setattr(space, "wrong", sick)
        with pytest.raises(Unavailable, match=r"cannot be read everywhere.*ill\? `insole check --salvage` brings"):
            log.check(whole=True)
    monkeypatch.setattr(space, "wrong", sick)
    assert salvage_log(url(path), KINDS).rows["frames"] == COUNT


def test_without_room_nothing_is_begun(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = hurt(path)
    monkeypatch.setattr(rescue, "free_bytes", lambda path: 10**6)
    with pytest.raises(Unavailable, match=r"no room for what can be saved.*nothing was changed"):
        salvage_log(url(path), KINDS)
    assert path.read_bytes() == damaged


PROGRAM = """
    import os, re, signal, sys
    from pathlib import Path
    from firmware_bridge.model import Device, Frames, Link
    from firmware_bridge.stores import salvage_log

    def die(path, target):
        if re.fullmatch(sys.argv[2], Path(target).name):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path, target)

    real = Path.replace
    Path.replace = Path.rename = die
    salvage_log(sys.argv[1], (Device, Frames, Link))
"""


@pytest.mark.parametrize("at", [r"log\.db-salvaged", r"log\.db-damaged.*", r"log\.db"])
def test_killed_between_any_two_of_its_steps_it_is_finished_by_the_next_call(path: Path, at: str) -> None:
    """Just before what was saved is called so, before the damaged one is put aside, and before its place is taken."""
    damaged = hurt(path)
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), url(path), at]
    assert subprocess.run(command, cwd=PROJECT, check=False).returncode == -9
    if not path.exists():
        with pytest.raises(Damaged, match="its salvage was interrupted; `insole check --salvage` finishes it"):
            open_embedded_log(url(path))
    assert any(file.read_bytes() == damaged for file in path.parent.iterdir() if file.is_file())
    assert salvage_log(url(path), KINDS).kept
    assert numbers(path) == list(range(1, 2 * COUNT + 1))
    assert not [name for name in names(path) if "salvag" in name]
