"""The laws of every log (see `firmware_bridge.stores.Log`), whatever it is made of."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Frames, Item, partition_of
from firmware_bridge.stores import Log, open_log
from service.records.rows import Progress
from tests.conftest import PROJECT
from tests.contracts.log_model import (
    KINDS,
    Mark,
    Model,
    Reading,
    assert_same,
    batches,
    in_time,
    items,
    number,
    started,
    times,
    wearers,
)

LOGS: dict[str, Callable[[Path], str]] = {"sqlite": lambda directory: f"sqlite:///{directory}/log.db"}
FEW = settings(max_examples=25, deadline=None)


def drained(log: Log, kinds: Sequence[type], *, limit: int = 1000, partitions: Any = None) -> list[tuple[int, Item]]:
    """Tail until there is nothing more."""
    found: list[tuple[int, Item]] = []
    while part := log.after(kinds, found[-1][0] if found else 0, partitions, limit):
        assert len(part) <= limit
        found += part
    return found


@pytest.fixture(params=LOGS)
def make(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def fresh(make: str) -> Iterator[Log]:
    with tempfile.TemporaryDirectory() as directory:
        log = open_log(LOGS[make](Path(directory)))
        try:
            yield log
        finally:
            log.close()


@pytest.mark.parametrize("name", LOGS)
@FEW
@given(puts=batches, limit=st.integers(1, 7))
def test_a_tail_sees_all_kinds_in_the_order_of_arrival(name: str, puts: list[list[Item]], limit: int) -> None:
    model = Model()
    with fresh(name) as log:
        for put in puts:
            log.put(put)
            model.put(put)
        found = drained(log, KINDS, limit=limit)
        numbers = [n for n, _ in found]
        assert all(a < b for a, b in pairwise([0, *numbers, log.head() + 1]))
        assert_same([item for _, item in found], list(model.held.values()))


@pytest.mark.parametrize("name", LOGS)
@FEW
@given(puts=batches)
def test_putting_twice_is_putting_once(name: str, puts: list[list[Item]]) -> None:
    with fresh(name) as log:
        for put in puts:
            log.put(put)
            before = log.head(), drained(log, KINDS)
            log.put(put)
            assert log.head() == before[0]
            assert [n for n, _ in drained(log, KINDS)] == [n for n, _ in before[1]]


@pytest.mark.parametrize("name", LOGS)
@FEW
@given(put=st.lists(items, max_size=12), owners=st.lists(st.integers(0, 3), min_size=64, max_size=64))
def test_partitions_are_disjoint_and_complete(name: str, put: list[Item], owners: list[int]) -> None:
    with fresh(name) as log:
        log.put(put)
        parts = [drained(log, KINDS, limit=2, partitions={p for p in range(64) if owners[p] == o}) for o in range(4)]
        for owner, part in enumerate(parts):
            for _, item in part:
                partition = item.partition if isinstance(item, Progress) else partition_of(item.wearer)
                assert owners[partition] == owner
        merged = sorted((found for part in parts for found in part), key=lambda found: found[0])
        everything = drained(log, KINDS)
        assert [n for n, _ in merged] == [n for n, _ in everything]
        assert_same([item for _, item in merged], [item for _, item in everything])


@pytest.mark.parametrize("name", LOGS)
@FEW
@given(put=st.lists(items, max_size=15), wearer=wearers, start=times, length=times)
def test_read_gives_a_range_in_order_of_time(name: str, put: list[Item], wearer: str, start: int, length: int) -> None:
    model = Model()
    model.put(put)
    with fresh(name) as log:
        log.put(put)
        held = [item for item in model.held.values() if item.wearer == wearer]
        for kind in (Reading, Mark):
            found = log.read(kind, wearer, start, start + length)
            wanted = [i for i in held if isinstance(i, kind) and start <= started(i) < start + length]
            assert_same(found, sorted(wanted, key=in_time))
        chunks = [i for i in held if isinstance(i, Frames)]
        overlapping = [c for c in chunks if c.time[0] < start + length and c.time[-1] >= start]
        assert_same(log.read(Frames, wearer, start, start + length), sorted(overlapping, key=in_time))
        assert_same(log.read(Frames, wearer), sorted(chunks, key=in_time))
        assert log.wearers() == sorted({item.wearer for item in put} - {""})


@pytest.mark.parametrize("name", LOGS)
@FEW
@given(
    put=st.lists(items, max_size=12),
    rows=st.lists(items, max_size=5),
    kinds=st.lists(st.sampled_from([Reading, Mark, Frames]), unique=True),
    where=st.tuples(wearers, times, times),
)
def test_replace_leaves_what_is_equal_and_deletes_the_rest(
    name: str, put: list[Item], rows: list[Item], kinds: list[type], where: tuple[str, int, int]
) -> None:
    wearer, start, length = where
    rows = [*rows, *put[::2]]  # some of what is there stays
    model = Model()
    model.put(put)
    model.replace(kinds, wearer, start, start + length, rows)
    with fresh(name) as log:
        log.put(put)
        log.replace(kinds, wearer, start, start + length, rows)
        assert_same([item for _, item in drained(log, KINDS)], list(model.held.values()))
        head = log.head()
        log.put([number(99)])
        assert log.head() == head + 1, "no arrival number is given twice, not even one whose item is gone"


def test_a_changed_row_arrives_anew_and_a_tail_sees_it_again(make: str) -> None:
    with fresh(make) as log:
        log.put([number(1), number(2)])
        log.put([number(1, value=5.0)])
        assert log.after([Reading], 0) == [(2, number(2)), (3, number(1, value=5.0))]
        assert log.after([Reading], 2) == [(3, number(1, value=5.0))]
        log.put([number(1, value=float("nan"))])
        log.put([number(1, value=float("nan"))])
        assert log.head() == 4


def test_replacing_with_what_is_there_changes_nothing(make: str) -> None:
    with fresh(make) as log:
        rows = [number(i) for i in range(4)]
        log.put(rows)
        version = log.version()
        log.replace([Reading, Mark], "anna", 1, 3, rows[1:3])
        assert log.version() == version
        log.replace([Reading, Mark], "anna", 1, 3, [number(1), number(2, value=1.0)])
        assert log.after([Reading], 0) == [(1, rows[0]), (2, rows[1]), (4, rows[3]), (5, number(2, value=1.0))]


def test_a_put_is_all_or_nothing(make: str) -> None:
    with fresh(make) as log:
        log.put([number(1)])
        version = log.version()
        for bad in (replace(number(3), count=2**63), replace(number(3), text="\ud800"), replace(number(-(2**64)))):
            with pytest.raises(CorruptData):
                log.put([number(2), bad])
        assert log.after([Reading], 0) == [(1, number(1))]
        assert log.version() == version


def test_the_version_tells_that_something_was_put(make: str) -> None:
    with fresh(make) as log:
        seen = log.version()
        log.put([number(1)])
        assert log.version() != seen
        seen = log.version()
        log.put([number(1)])
        log.put([])
        assert log.version() == seen


def test_a_store_that_is_opened_again_goes_on(make: str, tmp_path: Path) -> None:
    url = LOGS[make](tmp_path)
    for i in range(3):
        log = open_log(url)
        log.put([number(i)])
        assert log.after([Reading], 0) == [(j + 1, number(j)) for j in range(i + 1)]
        log.close()
        log.close()
        with pytest.raises(RuntimeError, match="closed"):
            log.head()


def test_closing_waits_for_the_calls_that_run(make: str, tmp_path: Path) -> None:
    url = LOGS[make](tmp_path)
    log = open_log(url)
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
    log = open_log(url)
    topics = [row.topic for row in log.read(Reading, "anna")]
    log.close()
    assert {topic: topics.count(topic) for topic in topics} == {str(i): 50 for i in done}


def test_threads_share_a_log(make: str) -> None:
    with fresh(make) as log:

        def write(topic: str) -> None:
            for i in range(20):
                log.put([number(i, topic=topic)])

        def tail() -> list[int]:
            seen: list[int] = []
            while len(seen) < 80:
                seen += [n for n, _ in log.after([Reading], seen[-1] if seen else 0, limit=3)]
            return seen

        with ThreadPoolExecutor(6) as threads:
            tails = [threads.submit(tail) for _ in range(2)]
            for writer in [threads.submit(write, topic) for topic in "abcd"]:
                writer.result()
        assert [t.result() for t in tails] == [list(range(1, 81))] * 2


WRITER = """
    import sys
    import numpy as np
    from firmware_bridge.model import Frames, Side
    from firmware_bridge.stores import open_log
    from tests.contracts.log_model import number

    url, wearer, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    log = open_log(url)
    for i in range(count):
        time = i * 100 + np.arange(10)
        log.put([number(i, wearer), Frames(wearer, Side.LEFT, "d", time, np.full((10, 4), i, np.float32))])
        print(i, flush=True)
    log.close()
"""


def writer(url: str, wearer: str, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", textwrap.dedent(WRITER), url, wearer, str(count)]
    return subprocess.Popen(arguments, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def test_processes_share_a_log(make: str, tmp_path: Path) -> None:
    url = LOGS[make](tmp_path)
    log = open_log(url)
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
def test_a_killed_writer_loses_nothing_that_was_acknowledged(make: str, tmp_path: Path, acknowledged: int) -> None:
    url = LOGS[make](tmp_path)
    with writer(url, "anna", 1_000_000) as process:
        assert process.stdout is not None
        for _ in range(acknowledged):
            process.stdout.readline()
        process.kill()
        heard = acknowledged + len([line for line in process.stdout.read().split("\n")[:-1] if line])
    log = open_log(url)
    rows = log.read(Reading, "anna")
    chunks = log.read(Frames, "anna")
    found = drained(log, [Reading, Frames])
    log.put([number(-1)])
    assert log.head() == len(found) + 1
    log.close()
    assert heard <= len(rows) <= heard + 1, "at most the one that was not yet told"
    assert rows == [number(i) for i in range(len(rows))]
    assert [float(c.pressure[0, 0]) for c in chunks] == [float(i) for i in range(len(rows))], "both of a put, or none"
    assert [n for n, _ in found] == list(range(1, 2 * len(rows) + 1))


def test_processes_may_make_a_log_at_the_same_time(make: str, tmp_path: Path) -> None:
    url = LOGS[make](tmp_path)
    names = [f"w{i}" for i in range(4)]
    for process in [writer(url, name, 3) for name in names]:
        assert process.communicate()[0].split() == ["0", "1", "2"]
        assert process.returncode == 0
    log = open_log(url)
    assert log.wearers() == names
    assert [n for n, _ in drained(log, [Reading, Frames])] == list(range(1, 25))
    log.close()
