"""What every log keeps to that outlives its process, and that processes share."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firmware_bridge.contracts.logs.items import Reading, number
from firmware_bridge.contracts.logs.rig import LogRig, drained
from firmware_bridge.model import Frames, Item

WRITER = """
    import sys
    import numpy as np
    from firmware_bridge.contracts.logs.items import number
    from firmware_bridge.model import Frames, Side
    from firmware_bridge.stores import open_log

    url, wearer, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    log = open_log(url)
    for i in range(count):
        time = i * 100 + np.arange(10)
        log.put([number(i, wearer), Frames(wearer, Side.LEFT, "d", time, np.full((10, 4), i, np.float32))])
        print(i, flush=True)
    log.close()
"""


def writer(url: str, wearer: str, count: int) -> subprocess.Popen[str]:
    """Start a program that puts a row and a chunk of frames at a time, and tells of each put."""
    arguments = [sys.executable, "-c", textwrap.dedent(WRITER), url, wearer, str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


class SurvivingContract:
    def test_a_store_that_is_opened_again_goes_on(self, rig: LogRig, tmp_path: Path) -> None:
        url = rig.url(tmp_path)
        for i in range(3):
            log = rig.open(url)
            log.put([number(i)])
            assert log.after([Reading], 0) == [(j + 1, number(j)) for j in range(i + 1)]
            log.close()
            log.close()
            with pytest.raises(RuntimeError, match="closed"):
                log.head()

    def test_closing_waits_for_the_calls_that_run(self, rig: LogRig, tmp_path: Path) -> None:
        url = rig.url(tmp_path)
        log = rig.open(url)
        done = []

        def put(i: int) -> None:
            log.put([number(n, topic=str(i)) for n in range(50)])
            done.append(i)

        with ThreadPoolExecutor(4) as threads:
            running = [threads.submit(put, i) for i in range(8)]
            running[0].result()
            log.close()
            finished = list(done)
        assert finished
        log = rig.open(url)
        topics = [row.topic for _, row in drained(log, [Reading]) if isinstance(row, Reading)]
        log.close()
        assert {topic: topics.count(topic) for topic in topics} == {str(i): 50 for i in done}

    def test_processes_share_a_log(self, rig: LogRig, tmp_path: Path) -> None:
        url = rig.url(tmp_path)
        log = rig.open(url)
        seen: list[tuple[int, Item]] = []
        version = log.version()
        with writer(url, "anna", 60) as one, writer(url, "bo", 60) as two:
            while running := one.poll() is None or two.poll() is None:
                if log.version() != version:
                    version = log.version()
                    seen += log.after([Reading, Frames], seen[-1][0] if seen else 0, limit=1000)
            assert not running
            assert (one.returncode, two.returncode) == (0, 0)
        assert log.version() >= version
        seen += log.after([Reading, Frames], seen[-1][0] if seen else 0)
        log.close()
        assert [n for n, _ in seen] == list(range(1, 241)), "every arrival, once, in order"
        for wearer in ("anna", "bo"):
            own = [item for _, item in seen if item.wearer == wearer]
            assert [r.time for r in own if isinstance(r, Reading)] == list(range(60))
            assert [int(f.time[0]) for f in own if isinstance(f, Frames)] == [100 * i for i in range(60)]

    @pytest.mark.parametrize("acknowledged", [1, 37, 90])
    def test_a_killed_writer_loses_nothing_that_was_acknowledged(
        self, rig: LogRig, tmp_path: Path, acknowledged: int
    ) -> None:
        url = rig.url(tmp_path)
        with writer(url, "anna", 1_000_000) as process:
            assert process.stdout is not None
            for _ in range(acknowledged):
                process.stdout.readline()
            process.kill()
            heard = acknowledged + len([line for line in process.stdout.read().split("\n")[:-1] if line])
        log = rig.open(url)
        found = drained(log, [Reading, Frames])
        log.put([number(-1)])
        assert log.head() == len(found) + 1
        log.close()
        rows = [item for _, item in found if isinstance(item, Reading)]
        chunks = [item for _, item in found if isinstance(item, Frames)]
        assert heard <= len(rows) <= heard + 1, "at most the one that was not yet told"
        assert rows == [number(i) for i in range(len(rows))]
        assert [float(c.pressure[0, 0]) for c in chunks] == [*map(float, range(len(rows)))], "both of a put, or none"
        assert [n for n, _ in found] == list(range(1, 2 * len(rows) + 1))

    def test_processes_may_make_a_log_at_the_same_time(self, rig: LogRig, tmp_path: Path) -> None:
        url = rig.url(tmp_path)
        names = [f"w{i}" for i in range(4)]
        for process in [writer(url, name, 3) for name in names]:
            assert process.communicate()[0].split() == ["0", "1", "2"]
            assert process.returncode == 0
        log = rig.open(url)
        found = drained(log, [Reading, Frames])
        assert sorted({item.wearer for _, item in found}) == names
        assert [n for n, _ in found] == list(range(1, 25))
        log.close()
