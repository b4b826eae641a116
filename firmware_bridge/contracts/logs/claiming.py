"""The laws of a claim: exactly one program does a piece of work on a log, and its end, however it ends, frees it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from firmware_bridge.contracts.logs.items import Reading, number
from firmware_bridge.contracts.logs.rig import LogRig
from firmware_bridge.errors import ConfigError
from firmware_bridge.stores import EmbeddedLog

CLAIM = """
    import sys
    from firmware_bridge.errors import ConfigError
    from firmware_bridge.stores import open_embedded_log

    log = open_embedded_log(sys.argv[1])
    print("open", flush=True)
    sys.stdin.readline()
    try:
        log.claim(*sys.argv[2:])
        print("mine", flush=True)
    except ConfigError:
        print("taken", flush=True)
    sys.stdin.read()
"""


@contextmanager
def claiming(url: str, *work: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that is about to claim a work: it waits for a line."""
    command = [sys.executable, "-c", textwrap.dedent(CLAIM), url, *work]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert line_of(process) == "open"
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


class ClaimingContract:
    def test_of_many_programs_exactly_one_gets_the_work(self, rig: LogRig, tmp_path: Path) -> None:
        url = rig.url(tmp_path)
        with claiming(url) as one, claiming(url) as two, claiming(url) as three:
            programs = [one, two, three]
            for program in programs:
                go_on(program)
            heard = [line_of(program) for program in programs]
            assert sorted(heard) == ["mine", "taken", "taken"]
            holder = programs[heard.index("mine")]
            with closing(rig.open_embedded(url)) as log:
                assert log.workers() == {"": str(holder.pid)}
                with pytest.raises(ConfigError, match=f"pid {holder.pid}"):
                    log.claim()
                holder.kill()  # as a power cut would
                holder.wait()
                log.claim()

    def test_of_many_threads_exactly_one_gets_the_work_and_closing_frees_it(self, rig: LogRig, tmp_path: Path) -> None:
        logs = [rig.open_embedded(rig.url(tmp_path)) for _ in range(4)]

        def claim(log: EmbeddedLog) -> bool:
            try:
                log.claim("the left insole")
            except ConfigError:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            got = [*threads.map(claim, logs)]
        assert sum(got) == 1
        logs[got.index(True)].close()
        left = [log for log, mine in zip(logs, got, strict=True) if not mine]
        assert claim(left[0])
        assert not claim(left[1])
        for log in left:
            log.close()

    def test_different_works_do_not_disturb_each_other_nor_what_is_put_and_read(
        self, rig: LogRig, tmp_path: Path
    ) -> None:
        url = rig.url(tmp_path)
        with closing(rig.open_embedded(url)) as one, closing(rig.open_embedded(url)) as two:
            for work in ("", "ann's left insole", "ann's left insole"):
                one.claim(work)
            two.claim("ann's right insole")
            assert sorted(one.workers()) == sorted(two.workers()) == ["", "ann's left insole", "ann's right insole"]
            with pytest.raises(ConfigError, match="has ann's left insole on this store; end it"):
                two.claim("ann's left insole")
            two.put([number(1)])
            assert one.read(Reading, "anna") == [number(1)]
            one.close()
            assert sorted(two.workers()) == ["ann's right insole"]
            two.claim()
            two.claim("ann's left insole")
        with closing(rig.open_embedded(url)) as log:
            assert log.workers() == {}
