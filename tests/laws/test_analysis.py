"""The laws, on two walkers: the model of bells and humps, and one of other force curves (`tests/walkers/waveforms.py`).

Each is also tested close to what keeps it, often on inputs that no foot makes:

| law | here | and in |
|---|---|---|
| decode∘encode = quantize | `test_decoding_the_encoded_…` | codec/test_decoder, contracts/test_profiles |
| any split of the bytes, the same samples | `test_any_split_of_the_bytes_…` | codec/test_decoder, codec/test_framing |
| noise costs the packets it touches | `test_noise_costs_…` | codec/test_decoder, codec/test_framing |
| any split of the frames, the same rows | `test_any_split_of_the_frames_…` | gait/test_analyzer |
| any interleaving of the feet, the same rows | `test_any_interleaving_…` | gait/test_analyzer |
| swapping the feet swaps sides and signs | `test_swapping_the_feet_…` | gait/test_analyzer, contracts |
| scaling pressure leaves ratios alone | `test_scaling_the_pressure_…` | gait/test_analyzer |
| shifting time shifts only time | `test_shifting_time_…` | gait/test_analyzer |
| replay = what was stored live | laws/test_log `test_replay_…` | end_to_end |
| restart = never stopped | laws/test_log `test_restart_…` | gait/test_analyzer, end_to_end |
| put twice = once | laws/test_log `test_analyzing_and_putting_again_…` | contracts/test_logs, contracts/test_archives |
| no step spans a gap | `test_no_step_spans_a_gap` | gait/test_analyzer, steps/test_step_maker |
| partitions are disjoint and complete | laws/test_log `test_partitions_…` | contracts/test_logs |
| silence raises nothing | `test_silence_raises_nothing` | gait/test_analyzer |

Those of the rows hold where sensors break, too: sensor_health/test_fault_laws.

HYPOTHESIS_PROFILE=thorough tries ten times as many examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import SECOND, Frames, Link, Side
from firmware_bridge.codec.decoder import Decoder
from firmware_bridge.codec.encoder import Encoder
from firmware_bridge.model import Packet
from service.contracts.exchanged_feet import exchanged, rounded
from service.gait.thresholds import BLOCK_NS, RESET_NS
from service.records.quantities import quantities
from service.records.rows import Block, Flag, Second, Step, Verdict
from tests.walkers.gait_walks import Rows, cut, evenly, merged, sets, silence
from tests.walkers.two_walkers import DAY, WALKERS, days, few, plain, rows_of, session, story_rows
from tests.walkers.walks import START, devices, insole, lose

TIMES = ("time", "foot_off", "stop", "bout", "since")
walkers = pytest.mark.parametrize("walker", WALKERS)
runners = pytest.mark.parametrize("walker", ["first running", "second running"])


# ── from bytes to samples ───────────────────────────────────────────────────────────────────────────────────────────


def spoken(frames: Frames, link: str) -> list[bytes]:
    encoder = Encoder(insole(frames.side).profile, frames.side, link)
    whole = frames[: len(frames) // encoder.samples_per_packet * encoder.samples_per_packet]
    return encoder.packets(whole.time - START, whole.pressure, whole.acc, whole.gyro, battery_pct=80)


def heard(pieces: Sequence[bytes], link: str, side: Side) -> Frames:
    """Decode pieces that arrive at once: what counts here is their order."""
    frames = Decoder(insole(side), link).whole([Packet(START, piece) for piece in pieces])
    assert frames is not None
    return frames


def samples(frames: Frames) -> list[bytes]:
    """Return every sample as bytes, in order."""
    arrays = [a for a in (frames.pressure, frames.acc, frames.gyro) if a is not None]
    return [b"".join(a[k].tobytes() for a in arrays) for k in range(len(frames))]


@walkers
@few(8)
@given(link=st.sampled_from(["ble", "serial"]), foot=st.sampled_from([0, 1]), start=st.integers(0, 4000))
def test_decoding_the_encoded_rounds_once_and_then_nothing(walker: str, link: str, foot: int, start: int) -> None:
    sent = session(walker)[foot][start : start + 200]
    once = heard(spoken(sent, link), link, sent.side)
    assert len(once) == len(sent) // 4 * 4
    assert np.abs(once.pressure - sent.pressure[: len(once)]).max() <= 0.05 + 1e-3  # kPa, half a step
    again = replace(once, time=sent.time[: len(once)])
    assert samples(heard(spoken(again, link), link, sent.side)) == samples(once)


@walkers
@few(8)
@given(data=st.data(), foot=st.sampled_from([0, 1]))
def test_any_split_of_the_bytes_gives_the_same_samples(walker: str, data: st.DataObject, foot: int) -> None:
    sent = session(walker)[foot][:200]
    stream = b"".join(spoken(sent, "serial"))
    edges = sorted({0, len(stream), *data.draw(st.lists(st.integers(0, len(stream)), max_size=60))})
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert samples(heard(pieces, "serial", sent.side)) == samples(heard([stream], "serial", sent.side))


@walkers
@few(12)
@given(data=st.data(), foot=st.sampled_from([0, 1]))
def test_noise_costs_the_packets_that_it_touches(walker: str, data: st.DataObject, foot: int) -> None:
    sent = session(walker)[foot][:160]
    packets = spoken(sent, "serial")
    clean = samples(heard(packets, "serial", sent.side))
    size, stream = len(packets[0]), bytearray(b"".join(packets))
    noise = data.draw(st.binary(min_size=1, max_size=3 * size))
    start = data.draw(st.integers(2 * size, len(stream) - len(noise) - 2 * size))
    stream[start : start + len(noise)] = noise
    touched = range(start // size, (start + len(noise) - 1) // size + 1)
    left = samples(heard([bytes(stream)], "serial", sent.side))
    kept = [s for k, s in enumerate(clean) if k // 4 not in touched]
    assert set(kept) <= set(left)
    assert len(left) <= len(clean)


# ── from samples to rows ────────────────────────────────────────────────────────────────────────────────────────────


@walkers
@few(8)
@given(data=st.data(), size=st.sampled_from([7, 33, 150, 10**6]))
def test_any_split_of_the_frames_gives_the_same_rows(walker: str, data: st.DataObject, size: int) -> None:
    cuts = st.lists(st.integers(1, 4500), max_size=40)
    pieces = [cut(foot, [*data.draw(cuts), *range(0, len(foot), size)]) for foot in session(walker)]
    assert sets(rows_of(merged(*pieces))) == plain(walker)


@runners
@few(1)
@given(size=st.integers(100, 2000))
def test_any_split_of_days_gives_the_same_flags_and_verdicts(walker: str, size: int) -> None:
    pieces = [f for both in days(walker) for f in merged(*(evenly(foot, size) for foot in both))]
    assert sets(rows_of(pieces)) == sets([*story_rows(walker)])


@walkers
@few(8)
@given(lag=st.lists(st.floats(0, 1.5), min_size=1, max_size=12), seed=st.integers(0, 99), size=st.integers(5, 40))
def test_any_interleaving_within_the_lateness_gives_the_same_rows(
    walker: str, lag: list[float], seed: int, size: int
) -> None:
    drawn = np.random.default_rng(seed).choice(np.array(lag), 2000)
    arriving: list[tuple[float, Frames]] = []
    for foot in session(walker):
        now = 0.0
        for k, piece in enumerate(evenly(foot, size)):
            now = max(now, int(piece.time[-1]) / SECOND + float(drawn[k]))
            arriving.append((now, piece))
    assert sets(rows_of([piece for _, piece in sorted(arriving, key=lambda a: a[0])])) == plain(walker)


@runners
def test_swapping_the_feet_swaps_sides_and_signs(walker: str) -> None:
    names = {side: device.device for side, device in zip(Side, devices(), strict=True)}
    other = [
        replace(foot, side=foot.side.other, device=names[foot.side.other])
        for both in days(walker)
        for foot in merged(*(evenly(foot, 300) for foot in both))
    ]
    ours, theirs = (
        [row for row in rows if not isinstance(row, Verdict) or row.answer != "cannot_tell"]
        for rows in (story_rows(walker), [exchanged(row) for row in rows_of(other)])
    )  # where nothing can be told either foot may be shown
    assert len([row for row in ours if isinstance(row, Verdict)]) >= 2
    assert sets([rounded(row) for row in theirs]) == sets([rounded(row) for row in ours])


@pytest.mark.parametrize(("walker", "factor"), [("first running", 0.25), ("second running", 4.0)])
def test_scaling_the_pressure_leaves_times_and_ratios_alone(walker: str, factor: float) -> None:
    """Force and impulse scale with it; a factor of two is exact, and logarithms differ in the last bit."""
    scaled = [
        replace(foot, pressure=foot.pressure * np.float32(factor))
        for both in days(walker)
        for foot in merged(*(evenly(foot, 300) for foot in both))
    ]
    theirs = rows_of(scaled)
    for one, other in zip(story_rows(walker), theirs, strict=True):
        kind: type = type(one)
        scaling = {name for name, quantity in quantities(kind).items() if quantity.scales}
        for field in fields(one):
            ours, scale = getattr(one, field.name), factor if field.name in scaling else 1.0
            if isinstance(ours, float):
                assert getattr(other, field.name) == pytest.approx(ours * scale, rel=1e-9, abs=1e-9, nan_ok=True)
            else:
                assert getattr(other, field.name) == ours, field.name


@walkers
@few(6)
@given(times=st.integers(-(10**6), 10**6))
def test_shifting_time_shifts_only_time(walker: str, times: int) -> None:
    """By whole half minutes: on that grid a foot at rest forgets."""
    assert sets(_shifted(walker, times * RESET_NS)) == plain(walker)


@walkers
@few(8)
@given(tenths=st.integers(-(10**9), 10**9) | st.integers(-1360, -1330))
def test_shifting_time_otherwise_costs_a_first_step_at_most(walker: str, tenths: int) -> None:
    """By whole tenths of a second, in which samples are looked at; the envelope is whole again after 2.5 s."""
    ours, theirs = _shifted(walker, 0), _shifted(walker, tenths * BLOCK_NS)
    for side in Side:
        was, now = ([(r.time, r.foot_off) for r in rows if isinstance(r, Step) and r.side is side]
                    for rows in (ours, theirs))  # fmt: skip
        assert len(was) - 1 <= len(now) <= len(was)
        assert np.abs(np.array(was[1:]) - now[-len(was) + 1 :]).max() < 0.001 * SECOND
        begun = was[0][0] + 5 * SECOND
        assert [step for step in now if step[0] > begun] == [step for step in was if step[0] > begun]


def _shifted(walker: str, shift: int) -> Rows:
    """Return the rows of a session that was at another time, moved back."""
    moved = [replace(foot, time=foot.time + shift) for foot in session(walker)]
    return _moved(rows_of(merged(*(evenly(foot, 100) for foot in moved))), -shift)


@runners
def test_shifting_days_shifts_only_flags_and_verdicts(walker: str) -> None:
    shift = -987 * DAY
    moved = [
        replace(foot, time=foot.time + shift)
        for both in days(walker)
        for foot in merged(*(evenly(foot, 300) for foot in both))
    ]
    assert sets(_moved(rows_of(moved), -shift)) == sets([*story_rows(walker)])


def _moved(rows: Rows, shift: int) -> Rows:
    return [replace(r, **{n: getattr(r, n) + shift for n in TIMES if hasattr(r, n)}) for r in rows]


@walkers
@few(6)
@given(part=st.floats(0.005, 0.15), burst=st.sampled_from([1, 4, 8]), seed=st.integers(0, 99))
def test_no_step_spans_a_gap(walker: str, part: float, burst: int, seed: int) -> None:
    left, right = (
        Frames.concatenate(lose([foot], part, seed=seed + k, burst=burst)) for k, foot in enumerate(session(walker))
    )
    rows = rows_of(merged(evenly(left, 100), evenly(right, 100)))
    for foot in (left, right):
        gaps = np.flatnonzero(np.diff(foot.time) > 0.035 * SECOND)
        before, after = foot.time[gaps], foot.time[gaps + 1]
        for step in (r for r in rows if isinstance(r, Step) and r.side is foot.side):
            assert not ((before < step.foot_off) & (after > step.time)).any()
            previous = step.time - step.stride_time_s * SECOND  # NaN where there is none
            assert not ((before < step.time) & (after > previous)).any()


SILENCES = ["away", "linked", "empty", "missing", "flat", "noise"]


@few(20)
@given(told=st.lists(st.tuples(st.sampled_from(SILENCES), st.integers(1, 40)), min_size=1, max_size=5))
def test_silence_raises_nothing(told: list[tuple[str, int]]) -> None:
    """Links without samples, an insole in a drawer, one on which somebody stands, and none at all."""
    items, at = list[Frames | Link](), START
    for what, seconds in told:
        items += _silence(what, at, seconds)
        at += seconds * SECOND
    rows = rows_of([*items, *silence(at, 130)])
    if "noise" not in {what for what, _ in told}:
        assert [row for row in rows if not isinstance(row, Second)] == []  # which only says what was measured
    for row in rows:  # noise alone may look like a scuff now and then, and nothing is said of it
        assert not isinstance(row, Flag)
        assert not (isinstance(row, Step) and row.valid)
        assert not (isinstance(row, Block) and not row.void)
        assert not (isinstance(row, Verdict) and row.answer != "cannot_tell")


def _silence(what: str, start: int, seconds: int) -> list[Frames | Link]:
    links = [replace(link, connected=what != "away") for link in silence(start, seconds)]
    if what in {"away", "linked"}:
        return [*links]
    n, load = 100 * seconds, {"empty": 0.0, "missing": np.nan, "flat": 60.0, "noise": 0.0}[what]
    pressure = np.full((n, 16), load, np.float32)
    if what == "noise":
        pressure += np.abs(np.random.default_rng(seconds).normal(0, 1.2, (n, 16))).astype(np.float32)
    time = start + np.arange(n, dtype=np.int64) * (SECOND // 100)
    feet = [Frames("ada", side, insole(side).device, time, pressure) for side in Side]
    return [*merged(*(evenly(foot, 100) for foot in feet)), *links]
