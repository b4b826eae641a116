"""The laws of the analysis where sensors break: they are found and left out at the same times, whatever comes when."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, Frames, Link, Side
from service.contracts.exchanged_feet import exchanged
from service.gait import Analyzer
from service.gait import thresholds as p
from service.records.rows import Block, Flag, Note, Second, Step, Verdict
from tests.walkers.gait_walks import Rows, cut, evenly, merged, sets, silence
from tests.walkers.two_walkers import WALKERS, few, rows_of
from tests.walkers.walks import START, Fault, devices, walk

Feet = tuple[Frames, Frames]
BROKEN = {Side.LEFT: [Fault("dead", 3, begin_s=35)], Side.RIGHT: [Fault("stuck", 8, 90.0)]}
PAUSE = 330 * SECOND
walkers = pytest.mark.parametrize("walker", ["first walking", "second running"])


@cache
def session(walker: str) -> Feet:
    """Return both feet of five minutes in which one sensor is dead from some time on, and another one stuck."""
    gait = replace(WALKERS[walker], stand_s=(3.0, 2.0), stops=((120.0, 8.0),))
    left, right, _ = walk(gait, seconds=300, seed=8, faults=True, broken=BROKEN)
    return Frames.concatenate(left), Frames.concatenate(right)


@cache
def two_bouts(walker: str, pause: int = PAUSE + 120 * SECOND) -> Feet:
    first = session(walker)
    left, right = (Frames.concatenate([f, replace(f, time=f.time + pause)[:9000]]) for f in first)
    return left, right


@cache
def plain(walker: str) -> tuple[Step | Second | Block | Flag | Verdict, ...]:
    rows = rows_of(merged(*(evenly(foot, 100) for foot in two_bouts(walker))))
    flags = [(f.measure, f.value, f.bout > START + PAUSE) for f in rows if isinstance(f, Flag)]
    both = [("dead_sensor_left", 3), ("stuck_sensor_right", 8)]
    assert sorted(flags) == sorted((m, v, later) for m, v in both for later in (False, True))
    assert {s.sensors for s in rows if isinstance(s, Step)} >= {16, 14}
    return tuple(rows)


@walkers
@few(3)
@given(data=st.data(), size=st.sampled_from([37, 1500, 10**6]))
def test_any_split_of_the_frames_gives_the_same_rows(walker: str, data: st.DataObject, size: int) -> None:
    cuts = st.lists(st.integers(1, 38_000), max_size=40)
    pieces = [cut(foot, [*data.draw(cuts), *range(0, len(foot), size)]) for foot in two_bouts(walker)]
    assert sets(rows_of(merged(*pieces))) == sets([*plain(walker)])


@walkers
@few(3)
@given(lag=st.lists(st.floats(0, 170), min_size=1, max_size=6), first=st.booleans())
def test_any_interleaving_within_the_lateness_gives_the_same_rows(walker: str, lag: list[float], first: bool) -> None:
    """One foot lags behind the other by up to three minutes, by turns of half a minute."""
    arriving: list[tuple[float, Frames]] = []
    for k, foot in enumerate(two_bouts(walker)):
        now = 0.0
        for piece in evenly(foot, 200):
            at = int(piece.time[-1]) / SECOND
            now = max(now, at + (lag[int(at) // 30 % len(lag)] if (k == 0) is first else 0.0))
            arriving.append((now, piece))
    assert sets(rows_of([piece for _, piece in sorted(arriving, key=lambda a: a[0])])) == sets([*plain(walker)])


@walkers
def test_swapping_the_feet_swaps_sides_and_signs(walker: str) -> None:
    names = {side: device.device for side, device in zip(Side, devices(), strict=True)}
    other = [replace(f, side=f.side.other, device=names[f.side.other]) for f in two_bouts(walker)]
    ours = [row for row in plain(walker) if not isinstance(row, Verdict)]  # of equals, either foot may be shown
    theirs = [exchanged(row) for row in rows_of(other) if not isinstance(row, Verdict)]
    assert sets([*theirs]) == sets([*ours])


@walkers
@pytest.mark.parametrize("shift", [-(10**6) * p.RESET_NS, 7 * p.RESET_NS])
def test_shifting_time_shifts_only_time(walker: str, shift: int) -> None:
    moved = rows_of(merged(*(evenly(replace(f, time=f.time + shift), 500) for f in two_bouts(walker))))
    names = ("time", "foot_off", "stop", "bout", "since")
    back = [replace(r, **{n: getattr(r, n) - shift for n in names if hasattr(r, n)}) for r in moved]
    assert sets(back) == sets([*plain(walker)])


@walkers
@pytest.mark.parametrize("behind", [0, 100])
def test_restart_from_needs_from_goes_on_as_if_never_stopped(walker: str, behind: int) -> None:
    left, right = two_bouts(walker)
    links = silence(START, int(left.time[-1] - START) // SECOND + 150)
    timed: list[tuple[float, Frames | Link]] = [(int(f.time[-1]) / SECOND, f) for f in evenly(left, 100)]
    timed += [(int(f.time[-1]) / SECOND + behind, f) for f in evenly(right, 100)]
    timed += [(r.time / SECOND + 1 + (behind if r.side is Side.RIGHT else 0), r) for r in links]
    restarted([item for _, item in sorted(timed, key=lambda t: t[0])], every=897)


@walkers
def test_restart_where_only_a_stop_note_parts_two_bouts(walker: str) -> None:
    left, right = session(walker)
    items: list[Frames | Link | Note] = [*merged(evenly(left, 100), evenly(right, 100))]
    note = START + 260 * SECOND
    at = next(k for k, item in enumerate(items) if isinstance(item, Frames) and item.time[0] >= note)
    items.insert(at, Note(note, "ada", "stop", "tea"))
    told = restarted(items, every=203)
    assert len([f for f in told if isinstance(f, Flag)]) == 4  # in each of the two bouts anew


def restarted(items: list[Frames | Link] | list[Frames | Link | Note], every: int) -> Rows:
    """Check that an analyzer that takes over after any item says what is left to say; return all rows."""
    whole = Analyzer("ada")
    for device in devices():
        whole.feed(device)
    emitted: list[Rows] = []
    points = []
    for item in items:
        emitted.append(whole.feed(item))
        points.append(whole.needs_from)
    emitted.append(whole.close())
    for k in range(50, len(items), every):
        since = points[k]
        assert since is not None
        fresh = Analyzer("ada", [r for rows in emitted[: k + 1] for r in rows if isinstance(r, Block)], since)
        for device in devices():
            fresh.feed(device)
        later: Rows = []
        for j, item in enumerate(items):
            last = int(item.time[-1]) if isinstance(item, Frames) else item.time
            got = fresh.feed(item) if last >= since or isinstance(item, Note) else []
            later += got if j > k else []
        later += fresh.close()
        assert sets(later) == sets([r for rows in emitted[k + 1 :] for r in rows])
    return [r for rows in emitted for r in rows]


def test_pieces_of_many_minutes_are_looked_at_side_by_side() -> None:
    left, right = session("first walking")
    analyzer, rows = Analyzer("ada"), list[object]()
    for device in devices():
        analyzer.feed(device)
    rows += analyzer.feed(left)
    rows += analyzer.feed(right)
    rows += analyzer.close()
    late = {(r.side, r.sensors) for r in rows if isinstance(r, Step) and r.time > START + 290 * SECOND}
    assert late == {(Side.LEFT, 14), (Side.RIGHT, 14)}
    assert np.diff([r.time for r in rows if isinstance(r, Step) and r.side is Side.LEFT]).max() < 12 * SECOND
