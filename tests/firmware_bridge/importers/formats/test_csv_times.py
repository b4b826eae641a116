"""Times of other people's loggers: each right value by a walk whose samples are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge import SECOND, ConfigError, CorruptData, Device, Frames, Side, parse_profile, read_recording

MAP = 'time = "t"\ntime_unit = "ms"\nleft = "left_{n}"\nright = "right_{n}"\n'
HEADER = "t,left_1,right_1"
COUNT = 3000
MS = np.arange(COUNT) * 10

Stamps = Sequence[object] | NDArray[np.int64]


def written(folder: Path, stamps: Stamps, columns: str = MAP, header: str = HEADER) -> Path:
    """Write rows whose left reading is their number."""
    rows = (f"{stamp},{number},{(number * 7) % 1000}" for number, stamp in enumerate(stamps))
    (path := folder / "walk.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "walk.columns.toml").write_text(columns)
    return path


def left(path: Path, side: Side = Side.LEFT) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Return a foot's times in us, the numbers of its rows, and its rate."""
    items = list(read_recording(path, "ann"))
    frames = Frames.concatenate([item for item in items if isinstance(item, Frames) and item.side is side])
    device = next(item for item in items if isinstance(item, Device) and item.side is side)
    rate = parse_profile(device.profile, "stored").rate_hz
    return frames.time // 1000, frames.pressure[:, 0].astype(np.int64), rate


def said(path: Path, *, skip_bad_rows: bool = False) -> list[str]:
    told: list[str] = []
    list(read_recording(path, "ann", notice=told.append, skip_bad_rows=skip_bad_rows))
    return told


def _wrapped(bits: int, unit_us: float, begin_us: float) -> list[int]:
    return [int((begin_us + ms * 1000) / unit_us) % (1 << bits) for ms in MS.tolist()]


def _unit(unit: str) -> str:
    return MAP.replace('"ms"', f'"{unit}"')


@pytest.mark.parametrize(
    ("stamps", "columns"),
    [
        (_wrapped(16, 1000, 60e6), MAP),
        (_wrapped(32, 1000, 4294960e6), MAP),
        (_wrapped(32, 1, 4290e6), _unit("us")),
        (_wrapped(24, 1, 10e6), _unit("us")),
        (_wrapped(16, 1, 0), _unit("us")),
        ([stamp - (1 << 15) for stamp in _wrapped(16, 1000, 60e6)], MAP),
        ([stamp / 1000 for stamp in _wrapped(32, 1, 4290e6)], MAP),
        ([stamp / 1e6 for stamp in _wrapped(32, 1, 4290e6)], _unit("s")),
    ],
    ids=["16 ms", "32 ms", "32 us", "24 us", "16 us", "signed", "us as ms", "us as s"],
)
def test_a_counter_that_wraps_goes_on(tmp_path: Path, stamps: list[int], columns: str) -> None:
    path = written(tmp_path, stamps, columns)
    time, rows, rate = left(path)
    assert (len(time), rate) == (COUNT, 100)
    assert np.abs(np.diff(time) - 10_000).max() <= 1
    assert np.array_equal(rows, np.arange(COUNT))
    assert any("its clock wraps in line" in text for text in said(path))


@pytest.mark.parametrize("anew", [(300, 0), (1500, 480), (2970, 7), (1000, 9000)])
@pytest.mark.parametrize("repeated", [True, False])
def test_a_clock_that_restarts_begins_a_stretch_behind(tmp_path: Path, anew: tuple[int, int], repeated: bool) -> None:
    at, first = anew
    path = written(tmp_path, [*MS[:at] + 500, *MS[: COUNT - at] + first])
    if repeated:
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[: at + 1], HEADER, *lines[at + 1 :]]) + "\n")
    time, rows, rate = left(path)
    assert (len(time), rate) == (COUNT, 100)
    assert np.array_equal(rows, np.arange(COUNT))
    apart = np.diff(time)
    assert apart[at - 1] == 1_000_000
    assert set(np.delete(apart, at - 1).tolist()) == {10_000}
    where = f"line {at + 2 + repeated} (from {(at - 1) / 100 + 0.5:g} s to {first / 1000:g} s)"
    assert said(path) == [f"walk.csv: its clock restarts in {where}: what follows is put behind, after a hole"]


@pytest.mark.parametrize("at", [0, 1, 500, 998, 1500, COUNT - 2])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("wrong", [99_999_999, 9000, -9000, 0, -1_000_000_000])
def test_garbled_stamps_cost_their_rows(tmp_path: Path, at: int, count: int, wrong: int) -> None:
    stamps = MS + 60_000
    own = slice(at, at + count)
    stamps[own] = wrong if abs(wrong) != 9000 else stamps[own] + wrong
    time, rows, _ = left(written(tmp_path, stamps))
    right = (rows - rows[0]) * 10_000
    gone = set(range(COUNT)) - set(rows.tolist())
    assert np.array_equal(time - time[0], right)
    assert gone <= set(range(at, min(at + count, COUNT)))


def test_rows_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    order = np.arange(COUNT)
    order[100:102] = order[100:102][::-1]
    order[1200:1250], order[1250:1300] = order[1250:1300].copy(), order[1200:1250].copy()
    order[2000:2010] = order[2000:2010][::-1]
    path = written(tmp_path, MS[order])
    time, rows, _ = left(path)
    assert said(path)[0] == "walk.csv: rows are out of order from line 102 on: they are put in order"
    assert np.array_equal(time, np.arange(COUNT) * 10_000)
    assert np.array_equal(rows, order)


@pytest.mark.parametrize(
    "stamps", [MS // 50 * 50 + 40, (MS + 370) // 1000 * 1000, np.repeat(MS[: COUNT // 2] * 2, 2)], ids=str
)
def test_rows_that_share_a_stamp_are_spread(tmp_path: Path, stamps: NDArray[np.int64]) -> None:
    path = written(tmp_path, stamps)
    time, _, rate = left(path)
    assert (len(time), rate) == (COUNT, 100)
    assert set(np.diff(time).tolist()) == {10_000}
    assert "rows share a stamp: they are spread at 100 a second" in said(path)[0]


def test_a_lost_packet_is_a_hole(tmp_path: Path) -> None:
    stamps = np.delete(MS // 50 * 50, slice(1000, 1005))
    time, _, rate = left(written(tmp_path, stamps))
    assert rate == 100
    assert np.flatnonzero(np.diff(time) > 15_000).tolist() == [999]
    assert np.diff(time)[999] == 60_000


def test_exact_doubles_are_no_bad_rows(tmp_path: Path) -> None:
    path = written(tmp_path, MS)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(line for row in lines[1:] for line in (row, row))]) + "\n")
    time, _, rate = left(path)
    assert (len(time), rate) == (COUNT, 100)
    assert said(path) == []


def _arrivals(rng: np.random.Generator, period_ms: int = 40, count: int = COUNT) -> list[float]:
    """Return stamps of a burst each 200 ms or so, its rows 6 ms apart."""
    stamps: list[float] = []
    while len(stamps) < count:
        size = int(rng.integers(1, 7))
        sampled = (len(stamps) + size) * period_ms
        begin = max(sampled + float(rng.uniform(0, 30)), (stamps[-1] if stamps else 0) + 6)
        stamps += [round(begin + 6 * k, 3) for k in range(size)]
    return stamps[:count]


@pytest.mark.parametrize("more", ["", 'stamped = "on arrival"\n', "rate_hz = 25\n"])
def test_bursts_are_spread_at_their_rate(tmp_path: Path, more: str) -> None:
    path = written(tmp_path, _arrivals(np.random.default_rng(3)), MAP + more)
    time, rows, rate = left(path)
    assert rate == pytest.approx(25, rel=0.01)
    assert np.array_equal(rows, np.arange(COUNT))
    wrong = time - time[0] - rows * 40_000
    assert np.abs(wrong).max() < 80_000
    assert np.abs(np.diff(time)[200:-200] / 40_000 - 1).max() < 0.02
    assert "its times are those of arrivals: rows are spread at 25" in said(path)[0]


def test_a_hole_among_bursts_stays_and_a_stall_does_not(tmp_path: Path) -> None:
    stamps = np.array(_arrivals(np.random.default_rng(4)))
    stamps[1000:] += 5000
    stall = (stamps > 80_000) & (stamps < 81_500)
    stamps[stall] = 81_500 + np.arange(stall.sum()) * 0.01
    stamps = np.maximum.accumulate(stamps)
    time, _, _ = left(written(tmp_path, stamps.round(3).tolist(), MAP + 'stamped = "on arrival"\nrate_hz = 25\n'))
    apart = np.diff(time)
    assert np.flatnonzero(apart > 100_000).tolist() == [999]
    assert apart[999] == pytest.approx(5_040_000, abs=200_000)


@pytest.mark.parametrize(
    ("form", "first"),
    [
        (lambda s: f"{s // 3600:02.0f}:{s // 60 % 60:02.0f}:{s % 60:06.3f}", 86_390),
        (lambda s: f"{(s // 3600 + 11) % 12 + 1:.0f}:{s // 60 % 60:02.0f}:{s % 60:06.3f} PM", 43_205),
        (lambda s: f"{s // 3600:02.0f}:{s // 60 % 60:02.0f}:{s % 60:06.3f}".replace(".", ":"), 3590),
        (lambda s: f"{s // 60 % 60:02.0f}:{s % 60:06.3f}", 3590),
    ],
    ids=["over midnight", "of twelve hours", "colon", "minutes"],
)
def test_times_of_day_go_on(tmp_path: Path, form: Callable[[float], str], first: float) -> None:
    stamps = [form((first + ms / 1000) % 86_400) for ms in MS.tolist()]
    time, _, rate = left(written(tmp_path, stamps, _unit("hms")))
    assert (len(time), rate, set(np.diff(time).tolist())) == (COUNT, 100, {10_000})


def test_each_foot_has_its_own_rate_where_rows_are_of_one(tmp_path: Path) -> None:
    rows = [f"{i * 5},{i}," if i % 2 == 0 else f"{i * 5},,{i}" for i in range(4000) if i % 4 != 3]
    path = written(tmp_path, [])
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    for side, count, rate_hz in ((Side.LEFT, 2000, 100), (Side.RIGHT, 1000, 50)):
        time, _, rate = left(path, side)
        assert (len(time), rate, set(np.diff(time).tolist())) == (count, rate_hz, {SECOND // 1000 // rate_hz})
    together = [f"{i * 10},{i},\n{i * 10},,{i}" for i in range(1000)]
    path.write_text("\n".join([HEADER, *together]) + "\n")
    for side in Side:
        time, _, rate = left(path, side)
        assert (rate, set(np.diff(time).tolist()), int(time[0])) == (100, {10_000}, 0)


@pytest.mark.parametrize("stamps", [None, [0] * COUNT])
def test_a_rate_is_enough(tmp_path: Path, stamps: list[int] | None) -> None:
    columns = (MAP if stamps else MAP.partition("left")[1] + MAP.partition("left")[2]) + "rate_hz = 50\n"
    path = written(tmp_path, stamps or MS, columns)
    time, rows, rate = left(path)
    assert (rate, set(np.diff(time).tolist())) == (50, {20_000})
    assert np.array_equal(rows, np.arange(COUNT))


@pytest.mark.parametrize(
    ("name", "cells", "unit", "since_1970"),
    [
        ("Elapsed mS", range(1, 20), "ms", False),
        ("t", range(0, 200, 10), "ms", False),
        ("t", [k / 100 for k in range(19)], "s", False),
        ("time_us", range(0, 190_000, 10_000), "us", False),
        ("micros", range(0, 190_000, 10_000), "us", False),
        ("Time [sec]", [k / 50 for k in range(19)], "s", False),
        ("timestamp", range(1_700_000_000_000, 1_700_000_000_190, 10), "ms", True),
        ("timestamp", [1_700_000_000 + k / 100 for k in range(19)], "s", True),
        ("clock", [f"12:30:01.{k:03}" for k in range(0, 190, 10)], "hms", False),
        ("t", [f"2026-05-01T06:30:00.{k:03}Z" for k in range(0, 190, 10)], "iso", True),
    ],
)
def test_the_suggested_map_has_the_unit(
    tmp_path: Path, name: str, cells: Sequence[object], unit: str, since_1970: bool
) -> None:
    path = written(tmp_path, [*cells], header=HEADER.replace("t,", f"{name},", 1))
    (tmp_path / "walk.columns.toml").unlink()
    with pytest.raises(ConfigError) as told:
        list(read_recording(path, "ann", form="csv"))
    assert f'time_unit = "{unit}"' in str(told.value)
    assert f"since_1970 = {str(since_1970).lower()}" in str(told.value)


def test_the_suggestion_asks_for_the_rate_where_no_column_is_a_time(tmp_path: Path) -> None:
    (path := tmp_path / "walk.csv").write_text("left_1,right_1\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(60)))
    with pytest.raises(ConfigError, match="# samples a second: no column is a time") as told:
        list(read_recording(path, "ann"))
    said = str(told.value).partition("\n\n")[2]
    (tmp_path / "walk.columns.toml").write_text(said.replace("# rate_hz", "rate_hz"))
    assert set(np.diff(left(path)[0]).tolist()) == {10_000}


def test_a_rate_beside_a_profile_wins_over_it(tmp_path: Path) -> None:
    text = '[device]\nid = "one"\nname = "one"\nevidence = "documented"\nrate_hz = 100\nunit = "raw"\n'
    (tmp_path / "one.toml").write_text(text + "[sensors]\npositions = [[0.5, 0.5]]\n")
    profile = MAP + 'profile = "one.toml"\n'
    batches = (np.arange(COUNT) * 20 // 100 * 100).tolist()  # five rows of 50 Hz share a stamp
    with pytest.raises(ConfigError, match="its times mean 50 samples a second, not the 100 of map or profile"):
        left(written(tmp_path, batches, profile))
    time, _, rate = left(written(tmp_path, batches, profile + "rate_hz = 50\n"))
    assert (len(time), rate, set(np.diff(time).tolist())) == (COUNT, 50, {20_000})
    time, _, rate = left(written(tmp_path, [0] * COUNT, profile))
    assert (len(time), rate, set(np.diff(time).tolist())) == (COUNT, 100, {10_000})


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (_unit("s"), 'its times mean 0.1 samples a second; is its time in ms (100 a second)? Say time_unit = "ms"'),
        (_unit("us"), 'its times mean 1e+05 samples a second; is its time in ms (100 a second)? Say time_unit = "ms"'),
        (MAP + "rate_hz = 0\n", "rate_hz: 0 samples a second cannot be (1 to 5000 can)"),
        (MAP + "rate_hz = 10_000\n", "rate_hz: 10000 samples a second cannot be (1 to 5000 can)"),
        (MAP + "rate_hz = 50\n", "its times mean 100 samples a second, not the 50 of map or profile"),
    ],
)
def test_what_cannot_be_is_asked(tmp_path: Path, columns: str, says: str) -> None:
    with pytest.raises(ConfigError) as told:
        left(written(tmp_path, MS, columns))
    assert says in str(told.value)


def test_a_unit_that_makes_a_walk_of_hours_is_asked(tmp_path: Path) -> None:
    path = written(tmp_path, range(1, 3001), _unit("s"))
    with pytest.raises(ConfigError, match="1000 a second") as told:
        left(path)
    assert str(told.value).endswith(
        'its times mean 1 samples a second; is its time in ms (1000 a second)? Say time_unit = "ms" in the map, '
        "or rate_hz = 1 if it is so"
    )
    written(tmp_path, range(1, 3001), _unit("s") + "rate_hz = 1\n")
    assert left(path)[2] == 1


@pytest.mark.parametrize(("every", "share"), [(200, None), (50, "2 %"), (4, "25 %")])
def test_the_share_of_skipped_rows_is_said(tmp_path: Path, every: int, share: str | None) -> None:
    stamps = [f"{ms}" if i % every != 3 else "?" for i, ms in enumerate(MS.tolist())]
    path = written(tmp_path, stamps)
    why = f"{COUNT // every} of {COUNT} rows ({share}), the first in line 5: its cell 1 is '?'"
    if every == 4:
        with pytest.raises(CorruptData) as told:
            left(path)
        assert str(told.value) == (
            f"{path}: {why}; correct the file, or the map of its columns, or import the other rows with --skip-bad-rows"
        )
    assert said(path, skip_bad_rows=True) == ([] if share is None else [f"walk.csv: skipped {why}"])


def test_a_file_that_runs_backwards_is_refused_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(CorruptData, match=r"walk\.csv: .* rows \(.*the first in line [23]:"):
        left(written(tmp_path, MS[::-1]))


def test_one_row_needs_a_rate(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has too few rows to tell the rate"):
        left(written(tmp_path, [0]))
    assert left(written(tmp_path, [0], MAP + "rate_hz = 100\n"))[0].tolist() == [0]
