"""The laws of the analysis, on walks that are known in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge import SECOND, Frames, Link, Side
from service.gait import Analyzer
from service.records.rows import Block, Flag, Step, Verdict
from tests.walkers.gait_walks import Rows, analyze, cut, evenly, merged, session, sets, silence
from tests.walkers.walks import START, Gait, Locomotion, devices, walk

SHIFT = 3600 * SECOND


@cache
def plain(activity: Locomotion = "walking", lost: float = 0.0) -> list[str]:
    left, right = session(activity, lost=lost)
    return sets(analyze(merged(evenly(left, 100), evenly(right, 100))))


@pytest.mark.parametrize(("activity", "lost"), [("walking", 0.0), ("running", 0.0), ("walking", 0.03)])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_split_of_the_frames_gives_the_same_rows(activity: Locomotion, lost: float, data: st.DataObject) -> None:
    left, right = session(activity, lost=lost)
    cuts = st.lists(st.integers(1, len(left) - 1), max_size=40)
    size = data.draw(st.sampled_from([1, 7, 33, 150]))
    feet = [cut(foot, [*data.draw(cuts), *range(0, len(foot), size if size > 1 else 10**6)]) for foot in (left, right)]
    assert sets(analyze(merged(*feet))) == plain(activity, lost)


def test_single_samples_give_the_same_rows() -> None:
    left, right = session()
    rows = analyze(merged(evenly(left[:1500], 1), evenly(right[:1500], 1)))
    assert sets(rows) == sets(analyze(merged(evenly(left[:1500], 400), evenly(right[:1500], 400))))
    assert sum(isinstance(r, Step) for r in rows) > 10


@settings(max_examples=15, deadline=None)
@given(lag=st.lists(st.floats(0, 1.5), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_any_interleaving_within_the_lateness_gives_the_same_rows(lag: list[float], seed: int) -> None:
    left, right = session()
    late = np.random.default_rng(seed).choice(np.array(lag), 2000)
    timed = []
    for foot in (left, right):
        clock = 0.0
        for k, piece in enumerate(evenly(foot, 10)):
            clock = max(clock, int(piece.time[-1]) * 1e-9 + float(late[k]))
            timed.append((clock, piece))
    assert sets(analyze([piece for _, piece in sorted(timed, key=lambda t: t[0])])) == plain()


BOUT_2 = 210 * SECOND
lags = st.lists(st.floats(0, 1.4), min_size=1, max_size=8)
skews = st.lists(st.floats(0, 150), min_size=1, max_size=8)


@cache
def two_bouts(*, outage: bool = False) -> tuple[Frames, ...]:
    """Return both feet of two sessions, between them more than two minutes; with an outage on one side only."""
    feet = [Frames.concatenate([f, replace(f, time=f.time + BOUT_2)]) for f in session()]
    if outage:
        begun = np.searchsorted(feet[1].time, START + 20 * SECOND)
        feet[1] = Frames.concatenate([feet[1][:begun], feet[1][begun + 550 :]])
    return tuple(feet)


@cache
def two_bouts_rows(*, outage: bool = False) -> list[str]:
    return sets(analyze(merged(*(evenly(foot, 100) for foot in two_bouts(outage=outage)))))


def accompanied(foot: Frames, late: NDArray[np.float64]) -> list[tuple[float, Frames | Link]]:
    """Return a foot's frames as they arrive, and after those of every second its link's account; by arrival."""
    timed: list[tuple[float, Frames | Link]] = []
    clock = 0.0
    for k, piece in enumerate(evenly(foot, 30)):
        clock = max(clock, int(piece.time[-1]) / SECOND + late[k % len(late)])
        timed.append((clock, piece))
    rows = silence(START - 3 * SECOND, 300 + 180)
    timed += [(row.time / SECOND + 1, row) for row in rows if row.side is foot.side]
    return sorted(timed, key=lambda t: (t[0], isinstance(t[1], Link)))


def skewed(feet: Sequence[list[tuple[float, Frames | Link]]], behind: list[float]) -> list[Frames | Link]:
    """Bring both feet into one order, each lagging by turns (of twenty seconds) behind the other; its own stays."""
    timed = []
    for k, foot in enumerate(feet):
        clock = 0.0
        for at, item in foot:
            lag = behind[(int(at) // 20 + k) % len(behind)] if int(at) // 60 % 2 == k else 0.0
            clock = max(clock, at + lag)
            timed.append((clock, item))
    return [item for _, item in sorted(timed, key=lambda t: t[0])]


@settings(max_examples=10, deadline=None)
@given(behind=skews)
def test_a_foot_may_be_minutes_behind_the_other(behind: list[float]) -> None:
    feet: list[list[tuple[float, Frames | Link]]] = [
        [(int(f.time[-1]) / SECOND, f) for f in evenly(foot, 50)] for foot in two_bouts()
    ]
    assert sets(analyze(skewed(feet, behind))) == two_bouts_rows()


@pytest.mark.parametrize("outage", [False, True])
@settings(max_examples=10, deadline=None)
@given(late=lags, behind=skews)
def test_frames_may_be_older_than_the_account_that_came_before_them(
    outage: bool, late: list[float], behind: list[float]
) -> None:
    wanted = without_seconds(two_bouts_rows(outage=outage))  # `accompanied` leaves out a foot's last, odd samples
    feet = [accompanied(foot, np.array(late)) for foot in two_bouts(outage=outage)]
    assert without_seconds(sets(analyze(skewed(feet, [0.0]), close=False))) == wanted
    assert without_seconds(sets(analyze(skewed(feet, behind), close=False))) == wanted


def without_seconds(rows: list[str]) -> list[str]:
    return [row for row in rows if not row.startswith("Second(")]


def test_recordings_may_come_in_any_order() -> None:
    first = merged(*(evenly(foot, 100) for foot in session()))
    day = 86_400 * SECOND
    second = [replace(f, time=f.time + day) for f in first]
    ends = [silence(int(f[-1].time[-1]) + 180 * SECOND, 1) for f in (first, second)]
    told = sets(analyze([*first, *ends[0], *second, *ends[1]], close=False))
    assert sets(analyze([*second, *ends[1], *first, *ends[0]], close=False)) == told
    assert len(told) > 2 * 80


def swapped(rows: Rows) -> list[str]:
    """Return rows with left and right exchanged."""
    out: Rows = []
    for row in rows:
        values = {f.name: getattr(row, f.name) for f in fields(row)}
        new = {n.replace("left", "tmp").replace("right", "left").replace("tmp", "right"): v for n, v in values.items()}
        if isinstance(row, Step):
            new["side"] = row.side.other
        for name in ("contact_time_si", "impulse_si", "peak_si"):
            if f"{name}_pct" in new:
                low, high = new[f"{name}_low_pct"], new[f"{name}_high_pct"]
                new |= {f"{name}_pct": -new[f"{name}_pct"], f"{name}_low_pct": -high, f"{name}_high_pct": -low}
        out.append(type(row)(**new))
    return sets(out)


def test_swapping_the_feet_swaps_sides_and_signs() -> None:
    left, right = session()
    names = {side: device.device for side, device in zip(Side, devices(), strict=True)}
    other = [replace(foot, side=foot.side.other, device=names[foot.side.other]) for foot in (left, right)]
    ours = analyze(merged(evenly(left, 100), evenly(right, 100)))
    theirs = analyze(merged(*(evenly(foot, 100) for foot in other)))
    keep = (Step, Block)
    assert sets([r for r in theirs if isinstance(r, keep)]) == swapped([r for r in ours if isinstance(r, keep)])


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_scaling_the_pressure_leaves_times_and_ratios_alone(factor: float) -> None:
    left, right = session()
    scaled = [replace(f, pressure=f.pressure * np.float32(factor)) for f in (left, right)]
    ours = analyze(merged(evenly(left, 100), evenly(right, 100)))
    theirs = analyze(merged(*(evenly(foot, 100) for foot in scaled)))
    steps = [[replace(r, peak=0.0, impulse=0.0) for r in rows if isinstance(r, Step)] for rows in (ours, theirs)]
    assert sets([*steps[0]]) == sets([*steps[1]])
    peaks = [[r.peak for r in rows if isinstance(r, Step)] for rows in (ours, theirs)]
    assert np.allclose(np.array(peaks[0]) * factor, peaks[1])
    for one, other in zip(*([r for r in rows if isinstance(r, Block)] for rows in (ours, theirs)), strict=True):
        for field in fields(Block):  # logarithms differ in the last bit
            a, b = getattr(one, field.name), getattr(other, field.name)
            assert a == b or b == pytest.approx(a, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("shift", [SECOND, SHIFT])
def test_shifting_time_shifts_only_time(shift: int) -> None:
    left, right = session()
    moved = [replace(f, time=f.time + shift) for f in (left, right)]
    theirs = analyze(merged(*(evenly(foot, 100) for foot in moved)))
    back = [
        replace(r, **{n: getattr(r, n) - shift for n in ("time", "foot_off", "stop", "bout", "since") if hasattr(r, n)})
        for r in theirs
    ]
    assert sets(back) == plain()


def test_no_step_spans_a_gap() -> None:
    left, right = session(lost=0.03)
    rows = analyze(merged(evenly(left, 100), evenly(right, 100)))
    for foot in (left, right):
        steps = [r for r in rows if isinstance(r, Step) and r.side is foot.side]
        after = foot.time[1:][np.diff(foot.time) > 0.035 * SECOND]
        before = foot.time[:-1][np.diff(foot.time) > 0.035 * SECOND]
        assert len(after) > 20
        assert len(steps) > 20
        for step in steps:
            assert not ((before < step.foot_off) & (after > step.time)).any()
            previous = step.time - step.stride_time_s * SECOND
            assert not ((before < step.time) & (after > previous)).any()


def test_silence_raises_nothing_and_ends_a_bout() -> None:
    assert analyze(silence(START, 300)) == []
    left, right = session()
    items: list[Frames | Link] = [*merged(evenly(left, 100), evenly(right, 100)), *silence(int(left.time[-1]), 100)]
    open_yet = analyze(items, close=False)
    done = analyze([*items, *silence(int(left.time[-1]) + 100 * SECOND, 30)], close=False)
    assert not any(isinstance(r, Block) and r.reason == "short" for r in open_yet)
    assert [r.reason for r in done if isinstance(r, Block)][-1] in {"short", ""}
    assert any(isinstance(r, Verdict) for r in done)


def test_standing_makes_no_steps() -> None:
    left, right, _ = walk(Gait(activity="walking", stops=((5.0, 110.0),)), seconds=120, seed=2, faults=True)
    rows = analyze(merged(left, right))
    still = [r for r in rows if isinstance(r, Step) and START + 7 * SECOND < r.time < START + 114 * SECOND]
    assert still == []
    assert sum(isinstance(r, Step) for r in rows) > 8


@pytest.mark.parametrize("behind", [0.0, 40.0, 140.0])
def test_restart_from_needs_from_goes_on_as_if_never_stopped(behind: float) -> None:
    stopped_and_resumed(skewed([accompanied(foot, np.array([0.1])) for foot in two_bouts()], [behind]), 211)


def test_restart_within_frames_that_hold_more_than_a_bout() -> None:
    later = [replace(f, time=f.time + 2 * BOUT_2) for f in two_bouts()]
    long = [Frames.concatenate([foot, after]) for foot, after in zip(two_bouts(), later, strict=True)]
    stopped_and_resumed([*merged(*(evenly(foot, 11_000) for foot in long))], 1)


def stopped_and_resumed(items: list[Frames | Link], every: int) -> None:
    """Check that an analyzer that takes over after any item says what is left to say."""
    whole = Analyzer("ada")
    for device in devices():
        whole.feed(device)
    emitted: list[Rows] = []
    points = []
    for item in items:
        emitted.append(whole.feed(item))
        points.append(whole.needs_from)
    end = whole.close()
    assert len({r.bout for rows in [*emitted, end] for r in rows if isinstance(r, Step)}) >= 2
    assert len(set(points)) >= 3
    for k in range(min(10, len(items) // 2), len(items), every):
        since = points[k]
        assert since is not None
        known = [r for rows in emitted[: k + 1] for r in rows if isinstance(r, Block)]
        fresh = Analyzer("ada", known, since)
        for device in devices():
            fresh.feed(device)
        later: Rows = []
        for j, item in enumerate(items):
            last = item.time if isinstance(item, Link) else int(item.time[-1])
            got = fresh.feed(item) if last >= since else []
            later += got if j > k else []
        later += fresh.close()
        assert sets(later) == sets([r for rows in [*emitted[k + 1 :], end] for r in rows])


def test_flags_and_verdicts_wait_for_a_baseline() -> None:
    left, right = session()
    rows = analyze(merged(evenly(left, 100), evenly(right, 100)))
    assert not any(isinstance(r, Flag) for r in rows)
    assert {(v.topic, v.answer) for v in rows if isinstance(v, Verdict)} == {
        ("imbalance", "cannot_tell"),
        ("over_pronation", "cannot_tell"),
    }


@pytest.mark.parametrize("accounted", [False, True], ids=["the power went", "the link went"])
@pytest.mark.parametrize("end", range(2500, 2600, 8))
def test_a_session_that_ends_in_mid_stride_and_one_that_begins_with_a_hole_stay_apart(
    accounted: bool, end: int
) -> None:
    left, right, _ = walk(Gait(stand_s=(4.0, 0.0)), seconds=30, seed=5)
    first = [Frames.concatenate(foot)[:end] for foot in (left, right)]
    contact = min(r.time for r in analyze(merged(first)) if isinstance(r, Step) and r.side is Side.RIGHT)
    hidden = (first[1].time > contact + SECOND // 50) & (first[1].time < contact + SECOND // 10)
    at, until = np.flatnonzero(hidden)[[0, -1]]
    second = [first[0], Frames.concatenate([first[1][:at], first[1][until + 1 :]])]
    second = [replace(foot, time=foot.time + 24 * SHIFT) for foot in second]
    gone = silence(int(first[0].time[-1]) // SECOND * SECOND, 200) if accounted else []
    feet = [merged(*(evenly(foot, 100) for foot in feet)) for feet in (first, second)]
    before = analyze(feet[0])
    after = analyze(feet[1], [row for row in before if isinstance(row, Block)])
    assert sets(analyze([*feet[0], *gone, *feet[1]])) == sets([*before, *after])
