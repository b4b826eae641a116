"""What reaches an archive, as a user sees it: an outage in mid-run, a run brought home, an hour of two feet.

InfluxDB is a real 1.6.7 behind a front (`tests/stand_ins/servers/influx_front.py`); the other service is this program.
"""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge import SECOND, Frames, Item, Link, Log, Side, open_archive, open_log, row_key, same_row
from service.pipeline.analysis import INPUTS, Analysis, analyze_all
from service.pipeline.mirror import mirror
from service.pipeline.mirror_selection import COPIED, MirrorTarget
from service.records.rows import Progress
from tests.stand_ins.servers.archive_front import MIRROR_TOKEN, running_archive
from tests.stand_ins.servers.influx_front import TOKEN, InfluxFront, running_influx
from tests.walkers.walks import START, WEARER, devices, walk

pytestmark = pytest.mark.slow
ROWS = tuple(kind for kind in COPIED if kind is not Frames)
DOWN_S, UP_S, END_S = 40.0, 640.0, 680.0


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.sqlite'}")) as opened:
        yield opened


def assert_copied(log: Log, archive: Any) -> None:
    """Check that all of a log stands in an archive, equal and once: every row, and every sample with every bit."""
    for kind in ROWS:
        ours, theirs = (sorted(store.read(kind, WEARER), key=row_key) for store in (log, archive))
        assert len(ours) == len(theirs), kind
        assert all(same_row(one, other) for one, other in zip(ours, theirs, strict=True)), kind
    stored: list[Frames] = log.read(Frames, WEARER)
    copied: list[Frames] = archive.read(Frames, WEARER)
    for side in Side:
        one, other = (Frames.concatenate([f for f in found if f.side is side]) for found in (stored, copied))
        assert np.array_equal(one.time, other.time)
        assert one.pressure.tobytes() == other.pressure.tobytes()


class LiveRun:
    """Two feet and an analysis, put into a log as a warped clock goes on; it ends the mirror when all is there."""

    def __init__(self, log: Log, front: InfluxFront) -> None:
        self.log, self.front = log, front
        left, right, _ = walk(seconds=END_S)
        self.coming: list[Item] = sorted([*left, *right], key=_started, reverse=True)
        self.analysis, self.cursor, self.now_s, self.waited_s = Analysis(log), 0, 0.0, 0.0
        self.down = self.was_down = False
        log.put(devices())

    async def sleep(self, seconds: float, result: None = None) -> None:
        self.now_s += seconds
        self.waited_s += seconds if self.down else 0.0
        await asyncio.to_thread(self._go_on)
        await _sleep(0)

    def _go_on(self) -> None:
        if not self.was_down and self.now_s >= DOWN_S:
            self.front.kill()
            self.down = self.was_down = True
        if self.down and self.now_s >= UP_S:
            self.front.start()
            self.down = False
        due = []
        while self.coming and _started(self.coming[-1]) <= START + self.now_s * SECOND:
            due.append(self.coming.pop())
        self.log.put(due)
        if batch := self.log.after(INPUTS, self.cursor):
            self.cursor = batch[-1][0]
            self.log.put(self.analysis.feed(batch))


def _started(item: Item) -> int:
    return int(item.time[0]) if isinstance(item, Frames) else item.time


_sleep = asyncio.sleep


def test_an_influxd_killed_in_mid_run_and_started_ten_minutes_later_has_everything_once(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_influx(tmp_path) as front:
        run = LiveRun(log, front)

        async def main() -> None:
            monkeypatch.setattr(asyncio, "sleep", run.sleep)
            archive = open_archive(front.url, TOKEN)
            mirroring = asyncio.ensure_future(mirror(log, MirrorTarget(front.url, TOKEN), archive))
            while run.coming or run.down:
                await _sleep(0.01)
                if mirroring.done():
                    mirroring.result()
            mirroring.cancel()
            with suppress(asyncio.CancelledError):
                await mirroring

        asyncio.run(main())
        monkeypatch.undo()
        assert run.waited_s >= 590
        analyze_all(log)
        asyncio.run(mirror(log, MirrorTarget(front.url, TOKEN), open_archive(front.url, TOKEN), follow=False))
        with closing(open_archive(front.url, TOKEN)) as archive:
            assert_copied(log, archive)


def recorded(log: Log, seconds: float = 60.0) -> None:
    """Let a run be in a log that nobody was near enough to copy."""
    left, right, _ = walk(seconds=seconds)
    link = [Link(START + i * SECOND, WEARER, side, "d", True, 100, 0, 0, 0, 0, 1, float("nan"))
            for i in range(5) for side in Side]  # fmt: skip
    log.put([*devices(), *left, *right, *link])
    analyze_all(log)


def insole_mirror(folder: Path, url: str, token: str) -> tuple[str, str]:
    """Run `insole mirror` on a terminal; return what it shows there and what it says else."""
    (folder / "token").write_text(token)
    command = [sys.executable, "-m", "service.cli", "mirror", url, "--token-file", "token"]
    command += ["--store", f"sqlite:///{folder / 'log.sqlite'}"]
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    run = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=slave, text=True)
    os.close(slave)
    shown = b""
    with suppress(OSError):  # how the end of a terminal is told
        while part := os.read(master, 4096):
            shown += part
    os.close(master)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 0, shown.decode()
    return shown.decode(), said


@pytest.fixture(params=["influx", "remote"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, Callable[[], int]]]:
    """Give an archive's URL, its token, and what counts the writes that changed something there."""
    if request.param == "influx":
        with running_influx(tmp_path) as front:
            yield front.url, TOKEN, lambda: 0
    else:
        home = tmp_path / "home"
        home.mkdir()
        with running_archive(home) as service:
            yield service.url, MIRROR_TOKEN, service.log.head


def test_a_run_recorded_without_network_is_brought_home_twice_with_equal_rows(
    log: Log, target: tuple[str, str, Callable[[], int]], tmp_path: Path
) -> None:
    url, token, written = target
    recorded(log)
    shown, _ = insole_mirror(tmp_path, url, token)
    assert "100%" in shown
    assert "everything is there" in shown
    with closing(open_archive(url, token)) as archive:
        assert_copied(log, archive)
        once = written()
        log.put([_forgotten(row) for row in log.read(Progress, "")])
        insole_mirror(tmp_path, url, token)
        assert_copied(log, archive)
        assert written() == once, "what is there already does not arrive anew"


def _forgotten(row: Progress) -> Progress:
    return replace(row, done=0) if row.stage.startswith("mirror ") else row


def test_home_finds_the_same_by_itself(log: Log, tmp_path: Path) -> None:
    """A board that only records and copies: the other service analyzes what came."""
    home = tmp_path / "home"
    home.mkdir()
    recorded(log)
    with running_archive(home) as service:
        insole_mirror(tmp_path, service.url, MIRROR_TOKEN)
        before = service.log.head()
        analyze_all(service.log)
        found = [item for _, item in service.log.after(ROWS, before)]
        assert found == [], "equal rows are no new arrivals"
        with closing(open_archive(service.url, MIRROR_TOKEN)) as archive:
            assert_copied(log, archive)


def test_an_hour_of_two_feet_is_read_back_equal(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hour = {
        side: Frames(
            "ada",
            side,
            "d",
            START + np.cumsum(rng.integers(9_000_000, 11_000_000, 360_000)),
            rng.random((360_000, 16), np.float32) * 500,
            acc=rng.standard_normal((360_000, 3), np.float32),
            gyro=rng.standard_normal((360_000, 3), np.float32) * 100,
        )
        for side in Side
    }
    with running_influx(tmp_path) as front, closing(open_archive(front.url, TOKEN)) as opened:
        archive: Any = opened
        archive.put(hour.values())
        ten_minutes = 600 * SECOND
        for start in range(START, START + 3700 * SECOND, ten_minutes):
            found = archive.read(Frames, "ada", start, start + ten_minutes)
            for side, whole in hour.items():
                a, b = np.searchsorted(whole.time, [start, start + ten_minutes]).tolist()
                wanted = whole[a:b] if a < b else None
                parts = [part for part in found if part.side is side]
                assert bool(parts) == (wanted is not None)
                if wanted is not None:
                    part = Frames.concatenate(parts)
                    assert np.array_equal(part.time, wanted.time)
                    for name in ("pressure", "acc", "gyro"):
                        assert getattr(part, name).tobytes() == np.ascontiguousarray(getattr(wanted, name)).tobytes()
