"""What every log keeps to where it is read by time, whole or page by page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.contracts.logs.items import (
    Mark,
    Model,
    Reading,
    Stage,
    assert_same,
    chunk,
    items,
    number,
    started,
    texts,
    times,
    wearers,
)
from firmware_bridge.contracts.logs.rig import LogRig, few_examples
from firmware_bridge.model import BEGINNING, END, Frames, Item, item_key
from firmware_bridge.stores.log import Log

crowded = st.lists(st.builds(number, st.integers(0, 2), topic=texts), max_size=20, unique_by=item_key)
"""Rows of which many share a time; what tells them apart is any text."""


def paged(log: Log, kind: type, wearer: str, limit: int, start: int = BEGINNING, stop: int = END) -> list[list[Any]]:
    """Read to the end in pages."""
    pages: list[list[Any]] = [log.read(kind, wearer, start, stop, limit=limit)]
    while len(pages[-1]) == limit:
        pages.append(log.read(kind, wearer, start, stop, limit=limit, after=item_key(pages[-1][-1])))
    return pages


NO_KEYS: list[tuple[Any, ...]] = [
    (),
    (1,),
    ("1", "anna"),
    (1, "bo"),
    (1, "bo", "left"),
    (1, "anna", 2),
    (1, "anna", "a", 1),
]


class ReadingContract:
    @few_examples
    @given(put=st.lists(items, max_size=15), wearer=wearers, start=times, length=times)
    def test_read_gives_a_range_in_order_of_time(
        self, rig: LogRig, put: list[Item], wearer: str, start: int, length: int
    ) -> None:
        model = Model()
        model.put(put)
        with rig.fresh() as log:
            log.put(put)
            for kind in (Reading, Mark):
                wanted = [i for i in model.of(kind, wearer) if start <= started(i) < start + length]
                assert_same(log.read(kind, wearer, start, start + length), wanted)
            chunks = [i for i in model.of(Frames, wearer) if isinstance(i, Frames)]
            overlapping = [c for c in chunks if c.time[0] < start + length and c.time[-1] >= start]
            assert_same(log.read(Frames, wearer, start, start + length), overlapping)
            assert_same(log.read(Frames, wearer), chunks)
            assert log.wearers() == sorted({item.wearer for item in put} - {""})

    @few_examples
    @given(put=st.lists(items, max_size=15), wearer=wearers, start=times, length=times, limit=st.integers(1, 5))
    def test_all_pages_together_are_the_whole(
        self, rig: LogRig, put: list[Item], wearer: str, start: int, length: int, limit: int
    ) -> None:
        with rig.fresh() as log:
            log.put(put)
            for kind, whose in ((Reading, wearer), (Mark, wearer), (Frames, wearer), (Stage, "")):
                for bounds in ((start, start + length), (BEGINNING, END)):
                    pages = paged(log, kind, whose, limit, *bounds)
                    assert all(len(page) == limit for page in pages[:-1])
                    assert_same([item for page in pages for item in page], log.read(kind, whose, *bounds))

    @few_examples
    @given(rows=crowded, limit=st.integers(1, 4))
    def test_pages_part_those_who_share_a_time(self, rig: LogRig, rows: list[Reading], limit: int) -> None:
        with rig.fresh() as log:
            log.put(rows)
            found = [row for page in paged(log, Reading, "anna", limit) for row in page]
            assert found == sorted(rows, key=item_key)

    @few_examples
    @given(rows=crowded, split=st.integers(0, 20), limit=st.integers(1, 4))
    def test_what_is_put_between_two_pages_counts_where_it_comes_behind(
        self, rig: LogRig, rows: list[Reading], split: int, limit: int
    ) -> None:
        there, late = rows[:split], rows[split:]
        wanted, found = set(map(item_key, there)), list[Reading]()
        with rig.fresh() as log:
            log.put(there)
            while page := log.read(Reading, "anna", limit=limit, after=item_key(found[-1]) if found else None):
                found += page
                if late:
                    log.put([late[0]])
                    wanted |= {item_key(late[0])} if item_key(late[0]) > item_key(found[-1]) else set()
                    late = late[1:]
        assert [item_key(row) for row in found] == sorted(wanted)

    @pytest.mark.parametrize("after", [(1, "anna", "b"), (0, "anna", "zz"), (BEGINNING, "anna", ""), (END, "anna", "")])
    def test_a_place_need_not_be_taken(self, rig: LogRig, after: tuple[Any, ...]) -> None:
        with rig.fresh() as log:
            rows = [number(0), number(1), number(1, topic="c"), number(2)]
            log.put(rows)
            assert log.read(Reading, "anna", after=after) == [row for row in rows if item_key(row) > after]

    @pytest.mark.parametrize("kind", [Reading, Mark, Frames])
    def test_what_names_no_page_is_refused(self, rig: LogRig, kind: type) -> None:
        with rig.fresh() as log:
            for empty in (True, False):
                for limit in (0, -1):
                    with pytest.raises(ValueError, match=f"a page holds at least one item, not {limit}"):
                        log.read(kind, "anna", limit=limit)
                for after in NO_KEYS:
                    with pytest.raises(ValueError, match="is no key of anna's"):
                        log.read(kind, "anna", after=after)
                if empty:
                    log.put([number(1), Mark(1, "anna"), chunk(1)])

    def test_a_span_is_of_what_arrived_up_to_a_number(self, rig: LogRig) -> None:
        with rig.fresh() as log:
            log.put([chunk(100), chunk(50), chunk(200)])
            assert log.span(Frames, "anna") == (50, 200)
            assert log.span(Frames, "anna", 1) == (100, 100)
            assert log.span(Frames, "bo") is None
            assert log.span(Reading, "anna") is None
