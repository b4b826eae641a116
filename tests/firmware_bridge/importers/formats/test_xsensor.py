"""XSENSOR's export: frames of grids, blank lines, regions, units, and which end of a row is medial."""

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
from tests.stand_ins.recordings import xsensor

RIG = FormatRig("xsensor", xsensor)

LEFT = "0,1,2\n0,3,4\n0,5,0\n"
RIGHT = "7,0,0\n8,0,0\n0,9,0\n"
REAL = ("data", "pressure_vendor_formats", "xsensor_data.csv")


def frame(k: int, left: str = LEFT, right: str = RIGHT) -> str:
    def foot(name: str, grid: str) -> str:
        head = f"SENSOR,HX-{name} S1\nRows,3\nColumns,3\nSensel Width (cm),2\nEst. Load (N),1\nSENSELS\n"
        return head + grid if grid else ""

    when = f"FRAME,{k}\nDate, 2022 Aug 16\nTime, 08:21:{k // 100:02}.{k % 100:02}\n"
    return f"{when}{foot('LF', left)}{foot('RF', right)}GROUP,1\nName,Left Heel\nSENSELS\n99,99\n"


def export(folder: Path, *frames: str, units: str = "kPa", spaced: bool = True, mark: bytes = b"\xef\xbb\xbf") -> Path:
    text = f"File:,x.XSN\nUnits:,{units}\nThreshold:,5\n" + "".join(frames or map(frame, range(10)))
    if spaced:
        text = text.replace("\n", ",,\n,,,,,\n")
    path = tmp = folder / "walk.csv"
    tmp.write_bytes(mark + text.encode())
    return path


def read(path: Path) -> tuple[Profile, Frames, Frames]:
    items = list(read_recording(path, "ann"))
    device = next(item for item in items if isinstance(item, Device))
    left, right = (
        Frames.concatenate([item for item in items if isinstance(item, Frames) and item.side is side]) for side in Side
    )
    return parse_profile(device.profile, "stored"), left, right


def skipped(path: Path) -> int:
    """Frames that are no sample: none that can be read, or the frame before once more."""
    return sum(
        i.corrupt + i.duplicate for i in read_recording(path, "ann") if isinstance(i, Link) and i.side is Side.LEFT
    )


@pytest.mark.parametrize("spaced", [True, False])
def test_both_feet_lie_as_the_left_one_and_regions_are_passed_over(tmp_path: Path, spaced: bool) -> None:
    profile, left, right = read(export(tmp_path, spaced=spaced))
    assert profile.rate_hz == 100
    # the cells that read in either foot, the right one mirrored: two of each of the first rows, one of the last
    assert profile.sensors.ml.tolist() == [0.5, 0.8333, 0.5, 0.8333, 0.5]
    assert profile.sensors.ap.tolist() == [0.8333, 0.8333, 0.5, 0.5, 0.1667]
    assert profile.sensors.area_mm2.tolist() == [400.0] * 5
    assert left.pressure[0].tolist() == [1, 2, 3, 4, 5]
    assert right.pressure[0].tolist() == [0, 7, 0, 8, 9]
    assert len(left) == len(right) == 10
    assert np.datetime64(int(left.time[3]), "ns") == np.datetime64("2022-08-16T08:21:00.03")


@pytest.mark.parametrize(("units", "factor"), [("mmHg", 0.133322), ("PSI", 6.894757), ("N/cm2", 10.0), ("kPa", 1.0)])
def test_units_become_kilopascals(tmp_path: Path, units: str, factor: float) -> None:
    _, left, _ = read(export(tmp_path, units=units))
    assert left.pressure[0].tolist() == pytest.approx([k * factor for k in (1, 2, 3, 4, 5)], rel=1e-5)


@pytest.mark.parametrize("spaced", [True, False])
def test_blank_cells_are_no_sensors_or_missing_ones_never_zero(tmp_path: Path, spaced: bool) -> None:
    frames = [frame(k, ",1,2\n,3,4\n,5,\n", "7,,\n8,,\n,9,\n") for k in range(10)]
    frames[4] = frame(4, ",1,2\n,,4\n,5,\n", "7,,\n8,,\n,9,\n")
    profile, left, _ = read(export(tmp_path, *frames, spaced=spaced))
    assert profile.sensors.count == 5
    assert np.isnan(left.pressure).sum() == 1
    assert np.isnan(left.pressure[4, 2])


def test_a_foot_that_is_not_in_a_frame_has_a_hole(tmp_path: Path) -> None:
    frames = [frame(k, right="" if k in {3, 4} else RIGHT) for k in range(10)]
    path = export(tmp_path, *frames)
    _, left, right = read(path)
    assert (len(left), len(right), skipped(path)) == (10, 8, 0)
    assert np.diff(right.time).max() == 3 * SECOND // 100


def test_spreadsheets_commas_and_line_ends_are_read(tmp_path: Path) -> None:
    text = export(tmp_path, mark=b"").read_text().replace(",", ";").replace("1;2", "1,5;2").replace("\n", "\r\n")
    (tmp_path / "walk.csv").write_text(text.replace("08:21:00.", "08:21:00,"))
    _, left, _ = read(tmp_path / "walk.csv")
    assert left.pressure[0].tolist() == [1.5, 2, 3, 4, 5]


@pytest.mark.parametrize("part", [0.62, 0.7, 0.8, 0.9])
def test_what_is_before_a_cut_is_kept(tmp_path: Path, part: float) -> None:
    path = export(tmp_path)
    body = path.read_bytes()
    path.write_bytes(body[: int(part * len(body))])
    _, left, right = read(path)
    assert 5 <= len(right) <= len(left) < 10
    assert (left.pressure == [1, 2, 3, 4, 5]).all()
    assert (right.pressure == [0, 7, 0, 8, 9]).all()


def test_frames_that_are_none_are_counted(tmp_path: Path) -> None:
    frames = [*map(frame, range(20))]
    frames[3] = frames[3].replace("0,3,4", "0,x,4")
    frames[5] = frame(4)  # its time again
    frames[7] = frame(7, LEFT + "1,2,3\n", RIGHT[:6])  # a row wandered
    path = export(tmp_path, *frames)
    assert len(read(path)[1]) == 17
    assert skipped(path) == 3


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        (
            "Units:,kPa",
            "Units:,bananas",
            ConfigError,
            "line 3: pressures in 'bananas' are not known; export them in kPa",
        ),
        ("Units:,kPa", "Unit", CorruptData, "no line 'Units:'; export"),
        ("Rows,3", "Rows,0", CorruptData, "Rows is '0', which cannot be"),
        ("Rows,3", "Rows,4000", CorruptData, "grid of 4000 x 3"),
        ("Width (cm),2", "Width (cm),wide", CorruptData, "'wide', which cannot be"),
        (
            " 2022 Aug 16",
            " 16.8.22",
            ConfigError,
            "date '16.8.22' with the time .* cannot be read; export it with dates",
        ),
        ("-LF", "-XX", None, ""),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, error: type[Exception] | None, says: str) -> None:
    path = export(tmp_path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    if error is None:  # one foot alone
        assert {item.side for item in read_recording(path, "ann") if isinstance(item, Frames)} == {Side.RIGHT}
        return
    with pytest.raises(error, match=rf"walk\.csv: .*{says}"):
        list(read_recording(path, "ann"))


def loads(path: Path) -> dict[str, list[float]]:
    """Return the maker's own load of each foot, frame by frame."""
    found: dict[str, list[float]] = {"LF": [], "RF": []}
    foot = ""
    for line in path.read_text("utf-8-sig").splitlines():
        cells = line.split(",")
        if cells[0] in {"SENSOR", "GROUP"}:
            foot = next((name for name in found if f"-{name}" in cells[1]), "")
        elif cells[0] == "Est. Load (N)" and foot:
            found[foot].append(float(cells[1]))
    return found


@pytest.mark.parametrize("parts", [REAL, ("vectors", "xsensor", "xsensor_data.first2frames.csv")])
def test_the_makers_own_load_comes_out(shared: Callable[..., Path], parts: tuple[str, ...]) -> None:
    path = shared(*parts)
    profile, *feet = read(path)
    assert profile.text == load_profile("xsensor-31x11").text
    for foot, told in zip(feet, loads(path).values(), strict=True):
        assert len(foot) == len(told) >= 2
        assert foot.pressure.dtype == np.float32
        force = foot.pressure.astype(np.float64) @ profile.sensors.area_mm2 * 1e-3
        assert np.abs(force - told).max() < 1
    assert skipped(path) == 0


def test_the_published_walk_has_its_hallux_and_its_arch_on_the_medial_side(shared: Callable[..., Path]) -> None:
    profile, *feet = read(shared(*REAL))
    ml, ap = profile.sensors.ml, profile.sensors.ap
    assert ml[(ap > 0.4) & (ap < 0.5)].max() < 0.65  # no sensors where the arch is
    for foot in feet:
        highest = np.where(ap > 0.8, foot.pressure.max(axis=0), 0)
        assert ml[highest.argmax()] > 0.7
