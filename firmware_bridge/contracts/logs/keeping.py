"""The laws of what goes and what stays: forgetting, giving back, compacting, spans, against a model of a log."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from firmware_bridge.contracts.logs.items import (
    EVERY_KIND,
    Mark,
    Model,
    Reading,
    assert_same,
    chunk,
    identity,
    items,
    number,
    started,
    times,
    wearers,
)
from firmware_bridge.contracts.logs.rig import LogRig
from firmware_bridge.model import END, Device, Frames, Item, Link, Side
from firmware_bridge.stores.log_file import LogFile

_RAW = (Frames, Link)
OF_A_WEARER: list[type] = [Reading, Mark, Frames]
kinds = st.lists(st.sampled_from(OF_A_WEARER), min_size=1, unique=True)


def _opened(rig: LogRig, url: str) -> LogFile:
    """Open a log that has to be kept small and sound."""
    log = rig.open(url)
    assert isinstance(log, LogFile)
    return log


def link(time: int, wearer: str = "anna") -> Link:
    return Link(time, wearer, Side.LEFT, "d", True, 100, 0, 0, 0, 0, 1, 50.0, clock_rate=1.0)


class Keeping(RuleBasedStateMachine):
    """A log beside its model; a tail follows it. Subclasses say how it comes about."""

    rig: LogRig

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = self.rig.url(Path(self.folder.name))
        self.log: LogFile = _opened(self.rig, self.url)
        self.model = Model()
        self.numbers: dict[tuple[Any, ...], int] = {}  # arrival numbers by identity, as they were seen
        self.head = 0
        self.cursor = 0
        self.seen: list[int] = []  # by the tail

    def teardown(self) -> None:
        self.tail(100_000)
        assert self.log.check(whole=True) == []
        assert all(a < b for a, b in pairwise(self.seen)), "nothing twice, and nothing again"
        assert set(self.numbers.values()) <= set(self.seen), "everything that is there was seen"
        self.log.close()
        self.folder.cleanup()

    @initialize(put=st.lists(items, max_size=12), order=st.permutations(range(10)), kind=st.sampled_from(OF_A_WEARER))
    def begin(self, put: list[Item], order: list[int], kind: type) -> None:
        made: dict[type, Callable[[int], Item]] = {
            Reading: number,
            Mark: lambda time: Mark(time, "anna"),
            Frames: chunk,
        }
        self.put([*put, *(made[kind](time) for time in order)])

    @rule(put=st.lists(items, max_size=8))
    def put(self, put: list[Item]) -> None:
        self.log.put(put)
        self.model.put(put)
        self.renumber()

    @rule(kinds=kinds, wearer=wearers, start=times, length=times, rows=st.lists(items, max_size=3))
    def replace(self, kinds: list[type], wearer: str, start: int, length: int, rows: list[Item]) -> None:
        self.log.replace(kinds, wearer, start, start + length, rows)
        self.model.replace(kinds, wearer, start, start + length, rows)
        self.renumber()

    @precondition(lambda self: any(item.wearer for item in self.model.held.values()))
    @rule(data=st.data(), others=kinds, later=st.integers(0, 3), sooner=st.integers(0, 1), limit=st.integers(1, 4))
    def forget(self, data: st.DataObject, others: list[type], later: int, sooner: int, limit: int) -> None:
        """Forget up to just before, or just after, an item that is there, and its arrival."""
        near = data.draw(st.sampled_from([item for item in self.model.held.values() if item.wearer]))
        kinds, wearer = [*{type(near): None, **dict.fromkeys(others)}], near.wearer
        before, arrived = started(near) + later, self.number_of(near) - sooner
        wanted = 0
        for kind in kinds:
            may = [i for i in self.model.of(kind, wearer) if started(i) < before and self.number_of(i) <= arrived]
            wanted += min(limit, len(may))
        was = list(self.model.held.values())
        assert self.log.forget(kinds, wearer, before, arrived, limit) == wanted
        there = {n for n, _ in self.log.after(EVERY_KIND, 0)}
        gone = [item for item in was if self.number_of(item) not in there]
        assert len(gone) == wanted
        for item in gone:
            assert type(item) in kinds
            assert item.wearer == wearer
            assert started(item) < before, "only what is older"
            assert self.number_of(item) <= arrived, "only what has arrived by then"
            del self.model.held[identity(item)]
        for kind in kinds:
            left = [i for i in self.model.of(kind, wearer) if self.number_of(i) <= arrived]
            mine = [started(item) for item in gone if type(item) is kind]
            assert not mine or not left or max(mine) <= min(map(started, left)), "the oldest first"
        self.numbers = {identity(item): self.number_of(item) for item in self.model.held.values()}

    @rule(limit=st.integers(1, 5))
    def tail(self, limit: int) -> None:
        found = self.log.after(EVERY_KIND, self.cursor, limit=limit)
        self.seen += [n for n, _ in found]
        self.cursor = self.seen[-1] if found else self.cursor

    @rule(kind=st.sampled_from(OF_A_WEARER), wearer=wearers, share=st.floats(0, 1))
    def span(self, kind: type, wearer: str, share: float) -> None:
        arrived = round(share * self.head)
        for most in (arrived, END):
            there = [started(i) for i in self.model.of(kind, wearer) if self.number_of(i) <= most]
            assert self.log.span(kind, wearer, most) == ((min(there), max(there)) if there else None)
        read: list[Any] = self.log.read(kind, wearer)
        assert self.log.span(kind, wearer) == ((started(read[0]), started(read[-1])) if read else None)

    @rule()
    def give_back(self) -> None:
        used = self.log.usage().used
        while self.log.give_back():
            pass
        assert self.log.usage().reusable == 0
        assert self.log.usage().used <= used

    @rule()
    def compact(self) -> None:
        version = self.log.version()
        self.log.compact()
        assert self.log.version() >= version
        assert self.log.usage().reusable == 0

    @precondition(lambda self: self.head > 3)
    @rule()
    def open_again(self) -> None:
        self.log.close()
        self.log = _opened(self.rig, self.url)

    @invariant()
    def what_is_there_is_what_should_be(self) -> None:
        found = self.log.after(EVERY_KIND, 0)
        assert_same([item for _, item in found], list(self.model.held.values()))
        assert {identity(item): n for n, item in found} == self.numbers, "no arrival number changes"
        assert self.log.head() == self.head
        counts = {holding.kind: holding.rows for holding in self.log.holdings()}
        assert sum(counts.values()) == len(found)
        assert self.log.usage().used > 0

    def number_of(self, item: Item) -> int:
        return self.numbers[identity(item)]

    def renumber(self) -> None:
        """Take over the numbers of what has arrived since; all others have to be those that they were."""
        head = self.log.head()
        found = {identity(item): n for n, item in self.log.after(EVERY_KIND, 0)}
        for key, n in found.items():
            assert self.head < n <= head or self.numbers[key] == n
        self.numbers, self.head = found, head


class KeepingContract:
    @pytest.fixture
    def log(self, rig: LogRig, tmp_path: Path) -> Iterator[LogFile]:
        with closing(_opened(rig, rig.url(tmp_path))) as log:
            yield log

    def test_a_log_keeps_what_it_should_whatever_is_forgotten(self, rig: LogRig) -> None:
        machine = type("Keeping", (Keeping,), {"rig": rig})
        few = settings(max_examples=20, stateful_step_count=15, deadline=None)
        run_state_machine_as_test(machine, settings=few)

    def test_only_what_is_old_and_arrived_long_ago_goes(self, log: LogFile) -> None:
        device = Device(0, "anna", Side.LEFT, "d", "", "")
        log.put([device, *(chunk(i * 10) for i in range(10)), *(link(i * 10) for i in range(10))])
        log.put([chunk(0, "bo"), chunk(-50)])  # of somebody else; and an older one that came later
        head = log.head()
        assert log.forget(_RAW, "anna", 50, arrived=21) == 10
        assert [int(c.time[0]) for c in log.read(Frames, "anna")] == [-50, 50, 60, 70, 80, 90]
        assert [row.time for row in log.read(Link, "anna")] == [50, 60, 70, 80, 90]
        assert [int(c.time[0]) for c in log.read(Frames, "bo")] == [0]
        assert log.read(Device, "anna") == [device]
        assert log.forget(_RAW, "anna", 50, arrived=21) == 0
        assert log.head() == head
        log.put([link(0)])
        assert log.after([Link], head) == [(head + 1, link(0))], "an arrival number is not given twice"

    def test_the_oldest_go_first_and_no_more_than_asked(self, log: LogFile) -> None:
        log.put([chunk(i * 10) for i in (3, 1, 2, 0)])
        assert log.forget([Frames], "anna", 1000, arrived=99, limit=3) == 3
        assert [int(c.time[0]) for c in log.read(Frames, "anna")] == [30]
        assert log.forget([Frames], "anna", 1000, arrived=99, limit=3) == 1
        assert log.forget([Frames], "anna", 1000, arrived=99, limit=3) == 0

    def test_what_was_never_stored_is_forgotten_at_once(self, log: LogFile) -> None:
        assert log.forget(_RAW, "anna", 1000, arrived=99) == 0
        assert log.span(Frames, "anna") is None
        assert log.holdings() == []

    def test_what_is_forgotten_makes_room_that_is_given_back(self, log: LogFile) -> None:
        log.put([chunk(i * 10) for i in range(1500)])
        full = log.usage()
        assert full.shrinks
        while log.forget([Frames], "anna", 14_000, log.head(), 400):
            pass
        empty = log.usage()
        assert empty.used < full.used / 4
        assert empty.reusable > full.used / 2, "it is room within the log at first"
        given = [log.give_back()]
        while given[-1]:
            given.append(log.give_back())
        assert sum(given) == empty.reusable
        assert log.span(Frames, "anna") == (14_000, 14_990)

    def test_forgetting_is_seen_by_a_log_that_is_open_elsewhere(self, rig: LogRig, tmp_path: Path) -> None:
        url = rig.url(tmp_path)
        with closing(_opened(rig, url)) as log, closing(_opened(rig, url)) as other:
            log.put([number(i) for i in range(5)])
            assert other.forget([Reading], "anna", 3, log.head()) == 3
            assert [row.time for row in log.read(Reading, "anna")] == [3, 4]
            assert [n for n, _ in log.after([Reading], 0)] == [4, 5]
            log.put([number(0)])
            assert [n for n, _ in other.after([Reading], 5)] == [6], "who comes again arrives anew"
