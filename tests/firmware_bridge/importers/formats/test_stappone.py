"""StappOne's CSV: two soles in one file, corrupt rows, raw readings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import CorruptData, Device, Frames, Link, Side, load_profile, parse_profile
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers import read_recording
from firmware_bridge.importers.parsing.files import head_of
from firmware_bridge.plugins import IMPORTERS
from tests.stand_ins.recordings import stappone

RIG = FormatRig("stappone", stappone)

NAMES = ["sole_id", "timestamp", "accel_x", *(f"pressure_{k:02}" for k in range(1, 13)), "corrupt"]
START_MS = 1_650_000_000_000


def row(sole: object, k: int, reading: object = "", corrupt: object = 0) -> str:
    cells = [str(reading)] * 12 if reading != "" else [str(100 * k + n) for n in range(1, 13)]
    return ",".join([str(sole), str(START_MS + 16 * k), "7", *cells, str(corrupt)])


def rows(count: int = 20, *, both: bool = True) -> list[str]:
    return [row(sole, k) for k in range(count) for sole in ((1, 2) if both else (1,))]


def export(folder: Path, *given: str, header: str = ",".join(NAMES), ending: str = "\n") -> Path:
    path = folder / "walk.csv"
    path.write_text("\n".join([header, *given]) + ending)
    return path


def frames(path: Path, side: Side) -> Frames:
    items = read_recording(path, "ann", form="stappone")
    return Frames.concatenate([item for item in items if isinstance(item, Frames) and item.side is side])


def skipped(path: Path, side: Side) -> int:
    items = read_recording(path, "ann", form="stappone")
    return sum(item.corrupt for item in items if isinstance(item, Link) and item.side is side)


def test_sole_1_is_the_left_foot_in_raw_readings(tmp_path: Path) -> None:
    path = export(tmp_path, *(text for text in rows() if not text.startswith("2")))
    left = frames(path, Side.LEFT)
    assert left.pressure[3].tolist() == [300 + n for n in range(1, 13)]
    assert left.time[3] == (START_MS + 48) * 10**6
    device = next(i for i in read_recording(path, "ann", form="stappone") if isinstance(i, Device))
    profile = parse_profile(device.profile, "stored")
    assert (profile.unit, profile.rate_hz, profile.sensors.count) == ("raw", 62.5, 12)
    assert not [i for i in read_recording(path, "ann", form="stappone") if isinstance(i, Frames) and i.side != "left"]


def test_corrupt_rows_are_holes_and_counted(tmp_path: Path) -> None:
    given = rows()
    given[10] = row(1, 5, corrupt=1)
    given[13] = row(2, 6, reading="x")
    given[15] = row(3, 7)  # of no sole
    path = export(tmp_path, *given)
    assert (len(frames(path, Side.LEFT)), len(frames(path, Side.RIGHT))) == (19, 18)
    assert (skipped(path, Side.LEFT), skipped(path, Side.RIGHT)) == (2, 2)  # nobody knows whose the last one was


def test_columns_go_by_their_names_and_blanks_are_missing(tmp_path: Path) -> None:
    names = NAMES[::-1]
    given = [",".join(text.split(",")[::-1]) for text in rows(both=False)]
    cells = given[4].split(",")
    cells[names.index("pressure_05")] = ""
    given[4] = ",".join(cells)
    left = frames(export(tmp_path, *given, header=",".join(names)), Side.LEFT)
    assert left.pressure[3].tolist() == [300 + n for n in range(1, 13)]
    assert np.isnan(left.pressure[4, 4])
    assert np.isnan(left.pressure).sum() == 1


def test_spreadsheets_are_read(tmp_path: Path) -> None:
    path = export(tmp_path, *rows())
    text = path.read_text().replace(",", ";").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert frames(path, Side.RIGHT).pressure[3].tolist() == [300 + n for n in range(1, 13)]
    assert IMPORTERS.load("stappone").recognizes(head_of(path))


def test_quoted_decimal_commas_are_read(tmp_path: Path) -> None:
    path = export(tmp_path, *rows())
    before = frames(path, Side.RIGHT).pressure
    head, *lines = path.read_text().splitlines()
    cells = [line.split(",") for line in lines]
    quoted = (",".join([*row[:3], *(f'"{cell},5"' for cell in row[3:-1]), row[-1]]) for row in cells)
    path.write_text("\n".join([head, *quoted]) + "\n")
    assert np.array_equal(frames(path, Side.RIGHT).pressure, before + 0.5)


def test_a_cut_last_line_is_counted_and_the_rest_kept(tmp_path: Path) -> None:
    path = export(tmp_path, *rows(), row(1, 20)[:-6], ending="")
    assert len(frames(path, Side.LEFT)) == 20
    assert (skipped(path, Side.LEFT), skipped(path, Side.RIGHT)) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("pressure_07", "pressure_06", "line 1: columns 9 and 10 are both named 'pressure_06'"),
        ("pressure_07", "other", "line 1: has no column 'pressure_07'; export it again"),
        ("timestamp", "when", "line 1: has no column 'timestamp'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = export(tmp_path, *rows(), header=",".join(NAMES).replace(old, new))
    with pytest.raises(CorruptData, match=rf"walk\.csv: {says}"):
        frames(path, Side.LEFT)


def test_times_that_stand_still_are_refused(tmp_path: Path) -> None:
    path = export(tmp_path, *[row(1, 0)] * 20)
    with pytest.raises(CorruptData, match=r"walk\.csv: the times of its rows do not grow; export it again"):
        frames(path, Side.LEFT)


def test_the_places_are_those_of_the_facts(shared: Callable[..., Path]) -> None:
    lines = shared("vectors", "stappone", "layout.csv").read_text().splitlines()
    table = [line.split(",") for line in lines if line[:1].isdigit()]
    sensors = load_profile("stappone-12").sensors
    assert sensors.ml.tolist() == [float(cells[4]) for cells in table]
    assert sensors.ap.tolist() == [float(cells[5]) for cells in table]
