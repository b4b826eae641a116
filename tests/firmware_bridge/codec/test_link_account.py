"""The account of a link: one row a second, connected or not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, Insole, Side, load_profile
from firmware_bridge.codec.decoder import Counts
from firmware_bridge.codec.link_account import AFTER_THE_END_S, LONGEST_SILENCE_S, LinkAccount, LinkSeen

INSOLE = Insole("ann", Side.LEFT, load_profile("demo-16"), "virtual:")


def account() -> LinkAccount:
    made = LinkAccount(INSOLE)
    made.open()
    return made


def test_what_was_counted_belongs_to_the_second_in_which_it_arrived() -> None:
    link = account()
    assert link.advance(5 * SECOND + 7, LinkSeen(Counts(), 80.0), connected=True) == []
    first, second = link.advance(7 * SECOND, LinkSeen(Counts(received=90, lost=10), 80.0), connected=True)
    assert (first.time, first.received, first.lost) == (5 * SECOND, 90, 10)
    assert (second.time, second.received, second.lost) == (6 * SECOND, 0, 0)
    assert first.battery_pct == 80.0


def test_a_dead_second_says_that_it_was_not_connected() -> None:
    link = account()
    link.advance(0, LinkSeen(Counts()), connected=True)
    rows = link.advance(4 * SECOND, LinkSeen(Counts(received=50)), connected=False)
    assert [row.connected for row in rows] == [True, False, False, False]
    link.open()
    assert [row.connected for row in link.advance(5 * SECOND, LinkSeen(Counts(received=150)), connected=True)] == [True]


def test_a_leap_of_days_is_not_filled_with_rows() -> None:
    link = account()
    link.advance(0, LinkSeen(Counts()), connected=True)
    rows = link.advance(3 * 86_400 * SECOND, LinkSeen(Counts(received=100)), connected=True)
    assert [row.received for row in rows] == [100]


def test_the_end_of_a_recording_is_a_silence_that_can_be_seen() -> None:
    link = account()
    link.advance(10 * SECOND, LinkSeen(Counts()), connected=True)
    rows = link.end(LinkSeen(Counts(received=100)))
    assert [(row.time // SECOND, row.received, row.connected) for row in rows] == [
        (10, 100, True),
        (11 + AFTER_THE_END_S, 0, False),
    ]


def test_a_link_never_opened_has_no_end() -> None:
    assert LinkAccount(INSOLE).end(LinkSeen(Counts())) == []


@given(
    st.lists(
        st.tuples(st.integers(0, (LONGEST_SILENCE_S - 1) * SECOND), st.integers(0, 200), st.integers(0, 9)), max_size=40
    )
)
def test_nothing_is_counted_twice_or_forgotten_and_each_second_has_one_row(steps: list[tuple[int, int, int]]) -> None:
    link, time, received, lost, rows = account(), 0, 0, 0, []
    for ahead, more, gone in steps:
        time, received, lost = time + ahead, received + more, lost + gone
        rows += link.advance(time, LinkSeen(Counts(received=received, lost=lost)), connected=True)
    rows += link.end(LinkSeen(Counts(received=received, lost=lost)))
    assert sum(row.received for row in rows) == (received if steps else 0)
    assert sum(row.lost for row in rows) == (lost if steps else 0)
    seconds = [row.time // SECOND for row in rows[:-1]]
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds))) if seconds else not steps
