"""Tekscan's export: one foot, cells outside of the insole, units, saturation, and which foot it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import (
    SECOND,
    ConfigError,
    CorruptData,
    Device,
    Frames,
    Link,
    Profile,
    Side,
    load_profile,
    parse_profile,
)
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers import read_recording
from firmware_bridge.importers.parsing.foot_from_name import side_of
from tests.stand_ins.recordings import tekscan

RIG = FormatRig("tekscan", tekscan, sides=(Side.LEFT,))

HEAD = """DATA_TYPE MOVIE
FILENAME C:\\MOVIES\\P01L.fsx
ROWS 4
COLS 3
ROW_SPACING 5.08 mm
COL_SPACING 10 mm
SECONDS_PER_FRAME 0.02
MICRO_SECOND 500000
TIME Thursday, 16 February 2017 1:26:22 p.m.
SATURATION_PRESSURE 1500.5 KPa\x20
COMMENTS:
a walk, slow
START_FRAME 1
UNITS KPa
ASCII_DATA @@
"""
GRID = "B,1,2\nB,3,4\n5,6,7\n8,9,B\n"
REAL = ("data", "pressure_vendor_formats", "fscan_testL.asf")


def movie(folder: Path, *grids: str, head: str = HEAD, name: str = "walk.asf") -> Path:
    frames = (f"\nFrame {k}\n{grid}" for k, grid in enumerate(grids or [GRID] * 20, 1))
    path = folder / name
    path.write_text(head + "".join(frames) + "\n@@\n")
    return path


def read(path: Path) -> tuple[Profile, Frames]:
    items = list(read_recording(path, "ann"))
    device = next(item for item in items if isinstance(item, Device))
    frames = Frames.concatenate([item for item in items if isinstance(item, Frames)])
    return parse_profile(device.profile, "stored"), frames


def skipped(path: Path) -> int:
    return sum(item.corrupt for item in read_recording(path, "ann") if isinstance(item, Link))


def test_cells_outside_are_no_sensors(tmp_path: Path) -> None:
    profile, frames = read(movie(tmp_path))
    assert frames.side is Side.LEFT
    assert frames.pressure.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, 9]] * 20
    assert profile.sensors.area_mm2.tolist() == [50.8] * 9
    assert profile.sensors.ml.tolist() == [0.5, 0.8333, 0.5, 0.8333, 0.1667, 0.5, 0.8333, 0.1667, 0.5]
    assert profile.sensors.ap[[0, 8]].tolist() == [0.875, 0.125]
    assert (profile.rate_hz, profile.unit, profile.length_mm, profile.width_mm) == (50, "kPa", 20.32, 30)
    assert profile.full_scale == pytest.approx(1500.5)
    assert np.datetime64(int(frames.time[0]), "ns") == np.datetime64("2017-02-16T13:26:22.5")
    assert set(np.diff(frames.time).tolist()) == {SECOND // 50}


def test_the_outline_tells_which_end_is_medial(tmp_path: Path) -> None:
    mirrored = "".join(",".join(row.split(",")[::-1]) + "\n" for row in GRID.split())
    profile, frames = read(movie(tmp_path, *[mirrored] * 5, head=HEAD.replace("P01L", "P01R")))
    assert frames.side is Side.RIGHT
    assert (profile.sensors.ml[0], frames.pressure[0, 0]) == (0.5, 1)
    assert (profile.sensors.ml[1], frames.pressure[0, 1]) == (0.8333, 2)
    plain = "1,2,3\n4,5,6\n7,8,9\n1,2,3\n"  # of a straight outline the foot tells
    assert read(movie(tmp_path, *[plain] * 5))[1].pressure[0, :3].tolist() == [1, 2, 3]
    right = movie(tmp_path, *[plain] * 5, head=HEAD.replace("P01L", "P01R"))
    assert read(right)[1].pressure[0, :3].tolist() == [3, 2, 1]


@pytest.mark.parametrize(
    ("units", "saturation", "factor", "unit", "full"),
    [
        ("PSI", "200 PSI", 6.894757, "kPa", 1378.951),
        ("raw", "1500.5 KPa", 1.0, "raw", 255.0),
        ("KPa", "", 1.0, "kPa", np.inf),
        ("mmHg", "200 PSI", 0.1333224, "kPa", 1378.951),
    ],
)
def test_units(tmp_path: Path, units: str, saturation: str, factor: float, unit: str, full: float) -> None:
    head = HEAD.replace("UNITS KPa", f"UNITS {units}").replace("1500.5 KPa", saturation)
    profile, frames = read(movie(tmp_path, head=head))
    assert profile.unit == unit
    assert profile.full_scale == pytest.approx(full)
    assert frames.pressure[0, 8] == pytest.approx(9 * factor)


@pytest.mark.parametrize("written", ["0.508 cm", "0.508 centimeters", "0.2 inches", "5.08"])
def test_spacings_are_lengths(tmp_path: Path, written: str) -> None:
    path = movie(tmp_path, head=HEAD.replace("ROW_SPACING 5.08 mm", f"ROW_SPACING {written}"))
    if " " in written:
        assert read(path)[0].length_mm == pytest.approx(20.32)
    else:
        with pytest.raises(CorruptData, match=r"walk\.asf: line 5: ROW_SPACING is '5\.08'; correct it"):
            read(path)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("P01L.fsx", "left"), ("C:\\a\\P01R.fsx", "right"), ("walk_l.asf", "left"), ("sensor-right.csv", "right"),
        ("fscan_testL.first39frames.asf", "left"), ("walk 2024.05 R.asf.gz", "right"), ("myLeft2.csv", "left"),
        ("walker.asf", None), ("trial.asf", None), ("left-and-right.csv", None), ("bright.csv", None),
    ],
)  # fmt: skip
def test_the_name_tells_the_foot(name: str, side: str | None) -> None:
    assert side_of(name) == side


def test_the_movies_name_goes_first_then_the_files(tmp_path: Path) -> None:
    assert read(movie(tmp_path, name="walkR.asf"))[1].side is Side.LEFT
    nameless = HEAD.replace("P01L", "P01")
    assert read(movie(tmp_path, name="walkR.asf", head=nameless))[1].side is Side.RIGHT
    with pytest.raises(ConfigError, match=r"walk\.asf: is of one foot, but its name does not say which.*walk-L\.asf"):
        read(movie(tmp_path, head=nameless))


def test_a_cut_movie_and_frames_that_are_none(tmp_path: Path) -> None:
    grids = [GRID] * 20
    grids[3], grids[5], grids[7] = GRID.replace("3", "x"), GRID.replace("8,9,B\n", ""), GRID + "1,2,3\n"
    path = movie(tmp_path, *grids)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")[:-12])  # the last row loses its end
    assert len(read(path)[1]) == 16
    assert skipped(path) == 4
    again = GRID.replace("4", "B")  # a reading that is missing for once is no zero
    frames = read(movie(tmp_path, GRID, again, GRID))[1]
    assert np.isnan(frames.pressure[1, 3])
    assert np.isnan(frames.pressure).sum() == 1


@pytest.mark.parametrize("spacing", ["0", "-0.01", "0.00001", "5", "soon"])
def test_a_rate_that_cannot_be_is_named(tmp_path: Path, spacing: str) -> None:
    path = movie(tmp_path, head=HEAD.replace("FRAME 0.02", f"FRAME {spacing}"))
    with pytest.raises(CorruptData, match=r"walk\.asf: line 7: .*cannot be.*(correct|export)"):
        read(path)


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        (
            "UNITS KPa",
            "UNITS bananas",
            ConfigError,
            "line 14: pressures in 'bananas' are not known; export them in kPa",
        ),
        ("UNITS KPa\n", "", CorruptData, "its header has no line 'UNITS'; export it again"),
        ("COLS 3", "COLS 9999", CorruptData, "line 4: COLS is '9999', which cannot be"),
        ("COLS 3", "COLS 5", CorruptData, "has no whole frame of 4 x 5"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, error: type[Exception], says: str) -> None:
    assert old in HEAD
    with pytest.raises(error, match=rf"walk\.asf: {says}"):
        read(movie(tmp_path, head=HEAD.replace(old, new)))


@pytest.mark.parametrize(
    ("parts", "count"), [(REAL, 205), (("vectors", "tekscan-fscan", "fscan_testL.first39frames.asf"), 39)]
)
def test_the_published_walk_is_whole_and_weighs_a_person(
    shared: Callable[..., Path], parts: tuple[str, ...], count: int
) -> None:
    path = shared(*parts)
    profile, frames = read(path)
    assert frames.side is Side.LEFT
    assert (frames.pressure.shape, skipped(path)) == ((count, 955), 0)
    assert np.isfinite(frames.pressure).all()
    assert profile.sensors.ml.tolist() == load_profile("fscan-60x21").sensors.ml.tolist()
    assert profile.rate_hz == 31.25
    assert profile.full_scale == pytest.approx(1514.73)
    assert 900 < float((frames.pressure @ profile.sensors.area_mm2).max()) * 1e-3 < 950  # N
    whole = frames.pressure.sum(axis=0)
    middle = (profile.sensors.ap > 0.35) & (profile.sensors.ap < 0.5)
    assert (whole * profile.sensors.ml)[middle].sum() / whole[middle].sum() < 0.4  # the arch is medial


@pytest.mark.parametrize(
    ("written", "moment", "doubt"),
    [
        ("9/26/2012 3:05 PM", "2012-09-26T15:05:00.500", ""),
        ("9/26/2012 3:05:22 PM", "2012-09-26T15:05:22.500", ""),
        ("26/09/2012 15:05:22", "2012-09-26T15:05:22.500", ""),
        ("26.9.12 15:05", "2012-09-26T15:05:00.500", ""),
        ("2012-09-26 15:05:22", "2012-09-26T15:05:22.500", ""),
        ("Wednesday, September 26, 2012 12:05:22 AM", "2012-09-26T00:05:22.500", ""),
        ("26-Sep-2012 15:05:22", "2012-09-26T15:05:22.500", ""),
        ("9/6/2012 3:05 PM", "2012-09-06T15:05:00.500", ""),
        ("9/6/2012 15:05", "2012-09-06T15:05:00.500", "is taken for 6 Sep 2012, the month first; if that is wrong"),
        ("yesterday", "1970-01-01T00:00:00", "'yesterday' cannot be read; give --start"),
        ("31/31/2012 1:00", "1970-01-01T00:00:00", "cannot be read"),
    ],
)
def test_a_date_is_read_as_its_country_writes_it(tmp_path: Path, written: str, moment: str, doubt: str) -> None:
    path = movie(tmp_path, head=HEAD.replace("Thursday, 16 February 2017 1:26:22 p.m.", written))
    told: list[str] = []
    frames = [item for item in read_recording(path, "ann", notice=told.append) if isinstance(item, Frames)]
    assert np.datetime64(int(frames[0].time[0]), "ns") == np.datetime64(moment)
    assert len(told) == bool(doubt)
    assert doubt in "".join(told)


def test_quoted_decimal_commas_are_read(tmp_path: Path) -> None:
    quoted = 'B,"1,5",2\nB,3,4\n5,6,7\n8,9,B\n'
    assert read(movie(tmp_path, *[quoted] * 20))[1].pressure[0].tolist() == [1.5, 2, 3, 4, 5, 6, 7, 8, 9]
