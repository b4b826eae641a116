"""What every log keeps to where it is followed: nothing is missed, nothing comes twice, all of it in one order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.contracts.logs.items import (
    EVERY_KIND,
    Model,
    Reading,
    Stage,
    assert_same,
    items,
    number,
    put_lists,
)
from firmware_bridge.contracts.logs.rig import LogRig, drained, few_examples
from firmware_bridge.model import PARTITIONS, Item, partition_of

owned = st.lists(st.integers(0, 3), min_size=PARTITIONS, max_size=PARTITIONS)


class FollowingContract:
    @few_examples
    @given(puts=put_lists, limit=st.integers(1, 7))
    def test_a_tail_sees_all_kinds_in_the_order_of_arrival(
        self, rig: LogRig, puts: list[list[Item]], limit: int
    ) -> None:
        model = Model()
        with rig.fresh() as log:
            for put in puts:
                log.put(put)
                model.put(put)
            found = drained(log, EVERY_KIND, limit=limit)
            numbers = [n for n, _ in found]
            assert all(a < b for a, b in pairwise([0, *numbers, log.head() + 1]))
            assert_same([item for _, item in found], list(model.held.values()))

    @few_examples
    @given(put=st.lists(items, max_size=12), owners=owned)
    def test_partitions_are_disjoint_and_complete(self, rig: LogRig, put: list[Item], owners: list[int]) -> None:
        with rig.fresh() as log:
            log.put(put)
            mine = [{p for p in range(PARTITIONS) if owners[p] == owner} for owner in range(4)]
            parts = [drained(log, EVERY_KIND, limit=2, partitions=partitions) for partitions in mine]
            for owner, part in enumerate(parts):
                for _, item in part:
                    partition = item.partition if isinstance(item, Stage) else partition_of(item.wearer)
                    assert owners[partition] == owner
            merged = sorted((found for part in parts for found in part), key=lambda found: found[0])
            everything = drained(log, EVERY_KIND)
            assert [n for n, _ in merged] == [n for n, _ in everything]
            assert_same([item for _, item in merged], [item for _, item in everything])

    def test_the_version_tells_that_something_was_put(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            seen = log.version()
            log.put([number(1)])
            assert log.version() != seen
            seen = log.version()
            log.put([number(1)])
            log.put([])
            assert log.version() == seen

    def test_threads_share_a_log(self, rig: LogRig) -> None:
        with rig.fresh() as log:

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
