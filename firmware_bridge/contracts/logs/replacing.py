"""What every log keeps to where a range is replaced."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.contracts.logs.items import (
    EVERY_KIND,
    Mark,
    Model,
    Reading,
    assert_same,
    items,
    number,
    times,
    wearers,
)
from firmware_bridge.contracts.logs.rig import LogRig, drained, few_examples
from firmware_bridge.model import Frames, Item, item_key


class ReplacingContract:
    @few_examples
    @given(
        put=st.lists(items, max_size=12),
        rows=st.lists(items, max_size=5),
        kinds=st.lists(st.sampled_from([Reading, Mark, Frames]), unique=True),
        where=st.tuples(wearers, times, times),
    )
    def test_replace_leaves_what_is_equal_and_deletes_the_rest(
        self, rig: LogRig, put: list[Item], rows: list[Item], kinds: list[type], where: tuple[str, int, int]
    ) -> None:
        wearer, start, length = where
        rows = [*rows, *put[::2]]  # some of what is there stays
        model = Model()
        model.put(put)
        model.replace(kinds, wearer, start, start + length, rows)
        with rig.fresh() as log:
            log.put(put)
            log.replace(kinds, wearer, start, start + length, rows)
            assert_same([item for _, item in drained(log, EVERY_KIND)], list(model.held.values()))
            head = log.head()
            log.put([number(99)])
            assert log.head() == head + 1, "no arrival number is given twice, not even one whose item is gone"

    def test_replacing_with_what_is_there_changes_nothing(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            rows = [number(i) for i in range(4)]
            log.put(rows)
            version = log.version()
            log.replace([Reading, Mark], "anna", 1, 3, rows[1:3])
            assert log.version() == version
            log.replace([Reading, Mark], "anna", 1, 3, [number(1), number(2, value=1.0)])
            assert log.after([Reading], 0) == [(1, rows[0]), (2, rows[1]), (4, rows[3]), (5, number(2, value=1.0))]

    def test_pages_go_on_where_the_last_one_that_was_read_is_gone(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            rows = [number(time, topic=topic) for time in (1, 2) for topic in "abc"]
            log.put(rows)
            first = log.read(Reading, "anna", limit=2)
            log.replace([Reading], "anna", 1, 2, rows[2:3])
            assert [*first, *log.read(Reading, "anna", after=item_key(first[-1]))] == rows
