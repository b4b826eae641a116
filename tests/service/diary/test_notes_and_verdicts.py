"""What a note that comes at any time does to verdicts: in the end they are those of notes that came in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import (
    SECOND,
    EmbeddedLog,
    row_key,
)
from service.contracts.ordinary_blocks import DAY, NOW, bout
from service.gait import History
from service.pipeline.analysis import judged
from service.records.rows import Block, Note, Verdict

HOUR = 3600 * SECOND
Copy = Callable[[], EmbeddedLog]


# ── the law, on blocks: whatever the order in which notes and blocks arrive, the verdicts are those of the end ──────

GAP = 6 * HOUR  # so close that a note may seem to be about one bout until the next one is known


def outing(k: int) -> list[Block]:
    """Return the blocks of the k-th bout of some; the last but one differs."""
    blocks, shift = bout(0, seed=k, si=(0.0, 0.4, -0.3, 0.2, 5.0, 0.1)[k]), (k - 6) * GAP
    return [replace(b, time=b.time + shift, stop=b.stop + shift, bout=b.bout + shift) for b in blocks]


OUTINGS = {k: outing(k) for k in range(6)}


def noted(*said: tuple[str, str]) -> st.SearchStrategy[Note]:
    offsets = st.sampled_from([-HOUR // 4, 0, 3 * HOUR, 7 * HOUR])
    return st.builds(
        lambda k, offset, what: Note(OUTINGS[k][0].bout + offset, "ada", *what),
        st.integers(0, 5),
        offsets,
        st.sampled_from(said),
    )


SHOES = noted(("shoes", "blue"), ("shoes", "Blue"), ("shoes", "red"), ("shoes", ""))
OTHERS = noted(("delete", "yes"), ("delete", ""), ("start", "yes"), ("start", ""), ("pain", "low back 3"))


class Store:
    """What a log holds of the verdicts when they follow."""

    def __init__(self) -> None:
        self.blocks: dict[int, Sequence[Block]] = {}
        self.notes: dict[tuple[object, ...], Note] = {}
        self.verdicts: dict[tuple[object, ...], Verdict] = {}
        self.restart()

    def restart(self) -> None:
        self.history = History([b for own in self.blocks.values() for b in own], self.notes.values())

    def arrive(self, item: Note | Sequence[Block]) -> None:
        if isinstance(item, Note):
            self.notes[row_key(item)] = item
            self.history.note(item)
        else:
            self.blocks[item[0].bout] = item
            self.history.learn(item)
            self._put(item[0].bout)
        for stale in self.history.stale():
            self._put(stale)

    def _put(self, time: int) -> None:
        self.verdicts |= {row_key(v): v for v in judged(self.history, time, self.blocks[time])}

    def expected(self) -> dict[tuple[object, ...], Verdict]:
        history = History([b for own in self.blocks.values() for b in own], self.notes.values())
        return {row_key(v): v for time, own in self.blocks.items() for v in judged(history, time, own)}


@settings(max_examples=60, deadline=None)
@given(shoes=st.lists(SHOES, max_size=8), others=st.lists(OTHERS, max_size=6), data=st.data())
def test_the_verdicts_at_the_end_do_not_depend_on_the_order_of_arrival(
    shoes: list[Note], others: list[Note], data: st.DataObject
) -> None:
    pieces = data.draw(st.permutations([*sorted(OUTINGS) * 2, *shoes, *others, "restart", "restart"]))
    store, seen = Store(), Counter[int]()
    for piece in pieces:
        if isinstance(piece, int):
            seen[piece] += 1
            store.arrive(OUTINGS[piece][: 8 if seen[piece] == 1 else None])
        elif isinstance(piece, Note):
            store.arrive(piece)
        else:
            store.restart()
    expected = store.expected()
    assert sorted(map(repr, store.verdicts.values())) == sorted(map(repr, expected.values()))
    assert len(expected) == 12


def test_corrections_of_every_sort_reach_the_bouts_that_they_change() -> None:
    """What chance may miss, each after a restart that has forgotten what was noted before."""
    first, last = OUTINGS[0][0].bout, OUTINGS[5][0].bout
    cases: list[tuple[list[Note | int], str]] = [
        ([Note(first, "ada", "shoes", "red")], "other shoes, later bouts in the same"),
        ([Note(first, "ada", "shoes", "red"), Note(first, "ada", "shoes", "")], "withdrawn"),
        ([Note(first - HOUR // 4, "ada", "shoes", "red"), Note(first - HOUR // 4, "ada", "start", "yes")], "announced"),
        ([Note(last + HOUR, "ada", "shoes", "red"), 5], "about a bout that comes later"),
        ([Note(first, "ada", "delete", "yes"), Note(first, "ada", "delete", "")], "deleted and not"),
    ]
    for pieces, what in cases:
        store = Store()
        for k in sorted(OUTINGS):
            if k not in pieces:
                store.arrive(OUTINGS[k])
        for piece in pieces:
            store.arrive(OUTINGS[piece] if isinstance(piece, int) else piece)
            store.restart()
        assert list(map(repr, store.verdicts.values())) == list(map(repr, store.expected().values())), what


def test_only_the_bouts_that_can_change_are_judged_anew() -> None:
    days = {k: bout(k, seed=k) for k in range(30)}
    history = History([b for own in days.values() for b in own])
    history.note(Note(NOW + 3 * DAY, "ada", "surface", "track"))
    assert history.stale() == []
    history.note(Note(NOW + 3 * DAY, "ada", "delete", "yes"))
    assert [(time - NOW) // DAY for time in history.stale()] == list(range(3, 24))
    history.learn(days[29])
    assert history.stale() == []
    history.note(Note(NOW + 5 * DAY, "ada", "delete", "yes"))
    assert history.stale()[-1] == NOW + 25 * DAY
    history.note(Note(NOW + 3 * DAY, "ada", "delete", ""))
    assert [(time - NOW) // DAY for time in history.stale()] == list(range(3, 25))  # one more, as one does not count


def test_what_a_bout_is_compared_with_is_earlier_not_deleted_and_in_the_same_shoes() -> None:
    days = [bout(k, seed=k) for k in range(6)]
    notes = [Note(NOW + k * DAY, "ada", "shoes", "blue") for k in (0, 2, 4, 5)]
    history = History([b for own in days for b in own], [*notes, Note(NOW + 2 * DAY, "ada", "delete", "yes")])
    found = history.means("contact_time_si_pct", "walking", days[5][0].bout)
    alone = History(days[0] + days[4]).means("contact_time_si_pct", "walking", NOW + 9 * DAY)
    assert found == alone
    assert len(history.means("contact_time_si_pct", "walking", days[3][0].bout)) == 1  # day 1: nobody named the shoes
