"""Steps become blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from firmware_bridge import Side
from service.gait.blocks import Blocks
from service.rows import Block, Step
from tests.service.gait_rows import NOW, step, strides


def gathered(steps: Iterable[Step], *, end: bool = True) -> list[Block]:
    blocks = Blocks("ada", NOW, lambda side, start, stop: 1.0)
    out = [b for s in steps for b in blocks.add(s)]
    return out + (list(blocks.end()) if end else [])


def test_fifty_valid_strides_of_each_foot_make_a_block() -> None:
    first, second, rest = gathered(strides(120, si=4))
    assert [(b.number, b.void, b.reason) for b in (first, second, rest)] == [
        (0, False, ""),
        (1, False, ""),
        (2, True, "short"),
    ]
    assert (first.strides_left, first.strides_right) == (50, 50)
    assert first.stop < second.time
    assert first.contact_time_si_low_pct < 4 < first.contact_time_si_high_pct
    assert first.contact_time_si_pct == pytest.approx(4, abs=1.2)
    assert first.medial_lateral_left == pytest.approx(-10, abs=1)
    assert first.cadence_spm == pytest.approx(120 / 1.05)


def test_many_rejected_steps_void_a_block() -> None:
    steps = [s if k % 3 else step((s.time - NOW) * 1e-9, s.side, valid=False) for k, s in enumerate(strides(80))]
    assert gathered(steps, end=False)[0].reason == "rejected"


def test_steps_hidden_by_missing_data_count_as_rejected() -> None:
    blocks = Blocks("ada", NOW, lambda side, start, stop: 0.5)
    out = []
    for k, s in enumerate(strides(50)):
        out += list(blocks.add(s))
        if k == 20:
            blocks.lose(Side.LEFT, 25)
    assert [(b.rejected_left, b.void, b.received_left) for b in out] == [(25, True, 0.5)]


def test_a_block_that_takes_too_long_is_void() -> None:
    slow = [step(10.0 * k, side) for k in range(30) for side in Side]
    assert gathered(slow)[0].reason == "too_long"


def test_a_foot_alone_makes_no_statement() -> None:
    only = [s for s in strides(400) if s.side is Side.RIGHT]
    found = gathered(only)
    assert {b.reason for b in found} == {"one_foot"}
    assert math.isnan(found[0].contact_time_si_pct)


def test_a_change_of_activity_ends_a_block() -> None:
    ran = [step(30 + 0.4 * k, side, contact=0.26, activity="running") for k in range(60) for side in Side]
    found = gathered([*strides(25), *ran])
    assert [(b.activity, b.reason) for b in found] == [("walking", "activity"), ("running", ""), ("running", "short")]


def test_raw_loads_are_never_compared() -> None:
    first = gathered(step((s.time - NOW) * 1e-9, s.side, unit="raw") for s in strides(50))[0]
    assert math.isnan(first.impulse_si_pct)
    assert first.unit == "raw"
    assert math.isfinite(first.contact_time_si_pct)
