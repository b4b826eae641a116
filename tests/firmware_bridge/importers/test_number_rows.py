"""Rows of numbers in which time only grows, and lines that are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.importers.parsing.files import UNREADABLE, lines_of
from firmware_bridge.importers.parsing.number_rows import (
    _ROWS,
    SPAN_US,
    TimedValues,
    increasing_rows,
    whole_us,
)
from firmware_bridge.importers.parsing.times.stretches import PAUSE_US
from firmware_bridge.importers.parsing.times.time_cells import FURTHEST_US


def parse(line: bytes) -> TimedValues | None:
    return [float(line), 1.0] if line.strip().isdigit() else None


def read(lines: list[bytes]) -> tuple[list[float], int]:
    parts = list(increasing_rows(lines, parse))
    times = [float(time) for part in parts if len(part.values) for time in part.values[:, 0]]
    return times, sum(part.skipped + part.report.doubles for part in parts)


def timed(count: int, step_us: int = 10_000) -> list[bytes]:
    return [b"%d\n" % (i * step_us) for i in range(count)]


@given(at=st.integers(0, 2099), time=st.integers(0, 10**15), step=st.sampled_from([1000, 10_000, 100_000]))
def test_one_wrong_time_costs_one_row(at: int, time: int, step: int) -> None:
    lines = timed(2100, step)
    right = [float(line) for line in lines]
    lines[at] = b"%d\n" % time
    times, skipped = read(lines)
    assert set(times) - {time} <= set(right)
    assert np.all(np.diff(times) > 0)
    assert len(times) + skipped == 2100
    # the last row has none after it that shows it to be wrong, and one step ahead it stands for its neighbor
    assert skipped <= 1 or at == 0


def test_a_clock_that_begins_again_goes_on_behind() -> None:
    times, skipped = read(timed(500) + [b"%d\n" % (i * 10_000 + 1) for i in range(400)])
    assert (len(times), skipped) == (900, 0)
    apart = np.diff(times)
    assert apart[499] == PAUSE_US
    assert set(np.delete(apart, 499).tolist()) == {10_000}


def test_rows_that_are_there_already_are_doubles() -> None:
    assert read(timed(500) + timed(400)) == ([float(i * 10_000) for i in range(500)], 400)


def test_portions_are_short_in_number_and_in_time() -> None:
    parts = list(increasing_rows(timed(5 * _ROWS, 1000), parse))
    assert max(len(part.values) for part in parts) == _ROWS
    slow = list(increasing_rows(timed(50, 1_000_000), parse))
    assert max(part.values[-1, 0] - part.values[0, 0] for part in slow) <= SPAN_US
    assert sum(len(part.values) for part in slow) == 50


def test_rows_after_the_last_good_one_are_counted() -> None:
    assert read([*timed(3), b"x\n", b"\n", b"y\n"]) == ([0.0, 10_000.0, 20_000.0], 2)
    assert read([b"x\n"]) == ([], 1)
    assert read([]) == ([], 0)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -1e300, FURTHEST_US / 1e6])
def test_what_is_no_time_is_refused(time: float) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        whole_us(time)


def test_a_line_without_end_is_not_kept(tmp_path: Path) -> None:
    (path := tmp_path / "long.txt").write_bytes(b"a\n" + bytes(3_000_000) + b"\nb\nc")
    assert list(lines_of(path)) == [b"a\n", UNREADABLE, b"b\n", b"c"]


def test_what_is_cut_off_while_packed_ends_in_an_unreadable_line(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    packed = gzip.compress(b"".join(b"%d\n" % x for x in rng.integers(0, 10**9, 5000)))
    (path := tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    lines = list(lines_of(path))
    assert len(lines) > 1000
    assert lines[-1] == UNREADABLE
