"""Moticon OpenGo's export: columns by name, blank sides, sizes, and the maker's own force and center of pressure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, ConfigError, CorruptData, Device, Frames, Link, Side, load_profile, parse_profile
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers import Recording, read_recording
from firmware_bridge.importers.formats.moticon import SIZE_3_MM2, _measured
from firmware_bridge.importers.parsing.tracks import FootSignals
from tests.stand_ins.recordings import moticon

RIG = FormatRig("moticon", moticon, lines=True)

REAL = ("230927_102231.first400.txt", "walk_data_with_events.text_export.txt")
KINDS = [*(f"pressure {k}[N/cm²]" for k in range(1, 17)), "acceleration X[g]", "total force[N]"]


def row(time: str, left: str | None = "1.5", right: str | None = "2", tail: str = "") -> str:
    cells = [time, *["" if left is None else left] * len(KINDS), *["" if right is None else right] * len(KINDS)]
    return "\t".join(cells) + tail


def export(folder: Path, *rows: str, head: str = "# Size: 7\n", swap: bool = False, ending: str = "\n") -> Path:
    sides = ("right", "left") if swap else ("left", "right")
    names = "\t".join(["# time", *(f"{side} {kind}" for side in sides for kind in KINDS)])
    path = folder / "walk.txt"
    path.write_bytes((head + names + "\n" + "\n".join(rows) + ending).encode())
    return path


def rows(count: int = 20) -> list[str]:
    return [row(f"{k / 100:.2f}") for k in range(count)]


def frames(path: Path, side: Side) -> Frames:
    return Frames.concatenate([i for i in read_recording(path, "ann") if isinstance(i, Frames) and i.side is side])


def profile(path: Path, side: Side = Side.LEFT) -> Device:
    return next(i for i in read_recording(path, "ann") if isinstance(i, Device) and i.side is side)


def skipped(path: Path, side: Side) -> int:
    return sum(i.corrupt for i in read_recording(path, "ann") if isinstance(i, Link) and i.side is side)


def joined(path: Path, side: Side) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    parts: list[FootSignals] = [part for part in _measured(Recording(path)) if part.side is side]
    return {n: np.concatenate([p.channels[n] for p in parts]).astype(np.float64) for n in parts[0].channels}


def test_columns_go_by_their_names(tmp_path: Path) -> None:
    path = export(tmp_path, *rows(), swap=True)
    assert frames(path, Side.RIGHT).pressure[0].tolist() == [15.0] * 16
    assert frames(path, Side.LEFT).pressure[0].tolist() == [20.0] * 16


def test_a_blank_side_is_a_hole_and_no_zero(tmp_path: Path) -> None:
    given = rows()
    given[5:9] = [row(f"{k / 100:.2f}", left=None) for k in range(5, 9)]
    path = export(tmp_path, *given)
    left, right = frames(path, Side.LEFT), frames(path, Side.RIGHT)
    assert (len(left), len(right)) == (16, 20)
    assert np.diff(left.time).max() == 5 * SECOND // 100
    assert (left.pressure == 15).all()
    assert skipped(path, Side.LEFT) == 0


def test_marks_commas_and_line_ends_of_spreadsheets_are_read(tmp_path: Path) -> None:
    plain = frames(export(tmp_path, *rows()), Side.LEFT)
    path = tmp_path / "walk.txt"
    body = path.read_text().replace("0.", "0,").replace("1.5", "1,5").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + body.encode())
    again = frames(path, Side.LEFT)
    assert again.time.tobytes() == plain.time.tobytes()
    assert again.pressure.tobytes() == plain.pressure.tobytes()


def test_what_is_before_a_cut_is_kept_and_the_cut_line_counted(tmp_path: Path) -> None:
    given = rows()
    path = export(tmp_path, *given, given[-1].replace("0.19", "0.20")[:-3], ending="")
    assert len(frames(path, Side.RIGHT)) == 20
    assert skipped(path, Side.RIGHT) == 1


def test_a_time_that_stays_is_spread_and_one_that_leaps_back_skipped(tmp_path: Path) -> None:
    given = rows()
    given[7], given[12] = row("0.06", left="9"), row("0.01", left="9")
    path = export(tmp_path, *given)
    left = frames(path, Side.LEFT)
    assert left.time[6:8].tolist() == [left.time[0] + k * SECOND // 100 for k in (6, 7)]
    assert len(left) == 19
    assert skipped(path, Side.LEFT) == 1


def test_the_header_says_when(tmp_path: Path) -> None:
    start = frames(export(tmp_path, *rows(), head="# Start time: 15.09.2022 15:58:36.241\n"), Side.LEFT).time[0]
    assert np.datetime64(int(start), "ns") == np.datetime64("2022-09-15T15:58:36.241")
    both = "# Start timestamp: 1663250316241\n# Start time: 15.09.2022 15:58:36.241\n"
    assert frames(export(tmp_path, *rows(), head=both), Side.LEFT).time[0] == 1663250316241 * 10**6
    assert frames(export(tmp_path, *rows(), head="# Start time: 45.09.2022 15:58:36\n"), Side.LEFT).time[0] == 0


def test_the_size_gives_the_areas(tmp_path: Path) -> None:
    def areas(head: str) -> list[float]:
        found = parse_profile(profile(export(tmp_path, *rows(), head=head)).profile, "stored")
        whole = float(found.sensors.area_mm2.sum()) / (found.length_mm * found.width_mm)
        assert whole == pytest.approx(0.75, abs=0.005)
        return [float(area) for area in found.sensors.area_mm2]

    seven = load_profile("moticon-16").sensors.area_mm2.tolist()
    assert areas("# Size: 7\n") == areas("# Notes: x\n") == seven
    assert areas("# Size: 3\n") == list(SIZE_3_MM2)
    assert sum(areas("# Size: 3\n")) < sum(areas("# Size: 5\n")) < sum(seven)
    assert 'evidence = "unconfirmed on hardware"' in profile(export(tmp_path, *rows(), head="# Size: 5\n")).profile


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        (
            "left pressure 3[",
            "left pressure 2[",
            CorruptData,
            "line 2: columns 3 and 4 are both named 'left pressure 2",
        ),
        ("right pressure 9[", "right strange 9[", CorruptData, r"line 2: has no column 'right pressure 9\["),
        ("N/cm²", "bananas", ConfigError, "line 2: pressures in 'bananas' are not known; export them in kPa"),
        ("# time", "# when", ConfigError, "a CSV file needs a map of its columns"),
        ("\n0.0", "\n7\t0.0", CorruptData, "times of its rows do not grow"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, error: type[Exception], says: str) -> None:
    path = export(tmp_path, *rows(10))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(error, match=rf"walk\.txt: .*{says}"):
        list(read_recording(path, "ann"))


def test_a_rate_that_cannot_be_is_refused(tmp_path: Path) -> None:
    given = [row(f"{k / 50_000:.6f}") for k in range(20)]
    with pytest.raises(CorruptData, match=r"walk\.txt: its times mean 5e\+04 samples a second, which cannot be"):
        list(read_recording(export(tmp_path, *given), "ann"))


@pytest.mark.parametrize("name", REAL)
def test_the_makers_own_force_and_center_of_pressure_come_out(shared: Callable[..., Path], name: str) -> None:
    path = shared("vectors", "moticon-opengo", name)
    for side in Side:
        told = joined(path, side)
        there = np.isfinite(told["pressure"]).all(axis=1)
        assert there.sum() == len(frames(path, side)) > 300
        assert np.isnan(told["pressure"][~there]).all()
        sensors = parse_profile(profile(path, side).profile, "stored").sensors
        pressure = told["pressure"][there]
        assert pressure.astype(np.float32).tobytes() == frames(path, side).pressure.tobytes()
        force = pressure @ sensors.area_mm2 * 1e-3
        assert np.abs(force - told["force"][there, 0]).max() < 0.6
        loaded = force > 50  # below it the export has 0 for a center, or shares of single digits
        along = (pressure @ (sensors.area_mm2 * (sensors.ap - 0.5)) * 1e-3)[loaded] / force[loaded]
        across = (pressure @ (sensors.area_mm2 * (sensors.ml - 0.5)) * 1e-3)[loaded] / force[loaded]
        center = told["cop"][there][loaded]
        assert loaded.sum() > 100
        assert np.abs(along - center[:, 0]).max() < 5e-4
        assert np.abs(across - center[:, 1]).max() < 5e-4


def test_acceleration_is_in_g_and_turning_in_degrees(shared: Callable[..., Path]) -> None:
    told = joined(shared("vectors", "moticon-opengo", REAL[0]), Side.RIGHT)
    assert np.linalg.norm(told["acc"][:5], axis=1) == pytest.approx([1] * 5, abs=0.01)
    assert told["gyro"][0].tolist() == pytest.approx([-2.45, -3.43, 2.45])


def test_the_published_hole_of_the_left_foot_is_one(shared: Callable[..., Path]) -> None:
    path = shared("vectors", "moticon-opengo", REAL[0])
    blank = sum(line.split("\t")[1] == "" for line in path.read_text().splitlines() if not line.startswith("#"))
    assert blank > 0
    assert len(frames(path, Side.LEFT)) == len(frames(path, Side.RIGHT)) - blank
