"""novel pedar's text export: header, size class, geometry."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
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
    parse_profile,
    read_recording,
)
from firmware_bridge.contracts.importers import FormatRig
from tests.stand_ins.recordings import pedar

SIZES = tomllib.loads(
    resources.files("firmware_bridge.importers.formats").joinpath("pedar_sizes.toml").read_text("utf-8")
)
RIG = FormatRig("pedar", pedar, lines=True)


def edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def read(path: Path) -> tuple[Profile, Frames, Frames]:
    items = list(read_recording(path, "ann"))
    device = next(item for item in items if isinstance(item, Device))
    left, right = (
        Frames.concatenate([item for item in items if isinstance(item, Frames) and item.side is side]) for side in Side
    )
    return parse_profile(device.profile, "stored"), left, right


def test_the_first_99_columns_are_the_left_foot(tmp_path: Path) -> None:
    path = pedar(tmp_path)
    row = path.read_text().splitlines()[-7].split()
    _, left, right = read(path)
    assert left.pressure[-7].tolist() == [float(x) for x in row[1:100]]
    assert right.pressure[-7].tolist() == [float(x) for x in row[100:]]


def test_the_size_letter_gives_the_areas(tmp_path: Path) -> None:
    profile, _, _ = read(pedar(tmp_path))
    assert profile.sensors.area_mm2.tolist() == SIZES["x"]["areas_mm2"]
    other, _, _ = read(edited(pedar(tmp_path), "x-1865l", "UW-1865l"))
    assert other.sensors.area_mm2.tolist() == SIZES["uw"]["areas_mm2"]
    assert other.length_mm < profile.length_mm


def test_the_header_says_when_and_how_fast(tmp_path: Path) -> None:
    path = edited(pedar(tmp_path), "[Hz]:   100", "[Hz]:   50")
    profile, left, _ = read(path)
    assert profile.rate_hz == 50
    assert left.time[0] == int(datetime(2023, 4, 25, 10, 49, tzinfo=UTC).timestamp()) * SECOND
    edited(path, "25.04.23", "35.04.23")
    assert read(path)[1].time[0] == 0
    frames = [i for i in read_recording(path, "ann", start=7) if isinstance(i, Frames)]
    assert frames[0].time[0] == 7


def test_newtons_per_square_centimeter_become_kilopascals(tmp_path: Path) -> None:
    _, before, _ = read(pedar(tmp_path))
    _, after, _ = read(edited(pedar(tmp_path), "in  kPa", "in  N/cm2"))
    assert np.array_equal(after.pressure, before.pressure * 10)


@pytest.mark.parametrize(
    "kind", ["v_1234-1250_may2026", "V-1234", "vw_12", "v 1234", "v", "custom_v_2026", "2026_v_left1234"]
)
def test_a_sensor_type_is_named_by_its_user(tmp_path: Path, kind: str) -> None:
    path = pedar(tmp_path)
    own = next(line for line in path.read_text().splitlines() if line.startswith("sensor type:"))
    profile, _, _ = read(edited(path, own, f"sensor type:  {kind}"))
    assert profile.sensors.area_mm2.tolist() == SIZES["vw" if "vw" in kind else "v"]["areas_mm2"]


@pytest.mark.parametrize("rate", [50, 100])
def test_the_remedy_for_an_unknown_size_reads_it(tmp_path: Path, rate: int) -> None:
    path = pedar(tmp_path)
    _, left, right = read(path)
    lines = edited(path, "x-1865l", "qq-1865l").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("time[")) + 1
    rows = [f"{i / rate:.3f}\t{line.partition(chr(9))[2]}" for i, line in enumerate(lines[first:])]
    path.write_text("\n".join([*lines[:first], *rows]) + "\n")
    with pytest.raises(ConfigError) as told:
        read(path)
    keys = str(told.value).partition("these lines: ")[2]
    (tmp_path / "walk.columns.toml").write_text(keys.replace(", ", "\n"))
    profile, again, other = read(path)
    assert (profile.rate_hz, profile.id) == (rate, "pedar-99")
    assert np.array_equal(again.pressure, left.pressure)
    assert np.array_equal(other.pressure, right.pressure)


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ("x-1865l", "qq-1865l", ConfigError, "'qq-1865l.*' are not known, .* size classes a, u, v"),
        ("x-1865l", "1865l", ConfigError, "'1865l.*' are not known"),
        ("in  kPa", "in  psi", ConfigError, "are in psi; export them in kPa"),
        ("[Hz]:   100", "[Hz]:   0", CorruptData, "0 Hz cannot be"),
        ("\t98\t99\n", "\t98\n", CorruptData, "has 197 columns"),
        ("time[secs]\t", "when\t", CorruptData, "no line `time"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, error: type[Exception], says: str) -> None:
    path = edited(pedar(tmp_path), old, new)
    with pytest.raises(error, match=rf"walk\.asc: .*{says}"):
        list(read_recording(path, "ann"))


def test_every_size_is_an_insole() -> None:
    assert len(SIZES) == 10
    for name, size in SIZES.items():
        assert len(size["areas_mm2"]) == 99, name
        assert sum(size["areas_mm2"]) == pytest.approx(0.75 * size["length_mm"] * size["width_mm"], rel=0.02)
    areas = [sum(SIZES[name]["areas_mm2"]) for name in "uvwxyz"]
    assert areas == sorted(areas)


def test_the_tables_are_those_of_the_facts(shared: Callable[..., Path], tmp_path: Path) -> None:
    profile, _, _ = read(pedar(tmp_path))
    layout = _table(shared("vectors", "novel-pedar", "layout.csv"))
    assert profile.sensors.ml.tolist() == [float(row[1]) for row in layout[1:]]
    assert profile.sensors.ap.tolist() == [float(row[2]) for row in layout[1:]]
    areas = _table(shared("vectors", "novel-pedar", "areas_mm2.csv"))
    for column, name in enumerate(areas[0][1:], 1):
        assert SIZES[name]["areas_mm2"] == [float(row[column]) for row in areas[1:]]


def _table(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    ("parts", "rows"),
    [
        (("vectors", "novel-pedar", "pedar_example.first120frames.asc"), 120),
        (("data", "pressure_vendor_formats", "pedar_example.asc"), 1505),
    ],
)
def test_the_published_walk_is_whole_and_weighs_a_person(
    shared: Callable[..., Path], parts: tuple[str, ...], rows: int
) -> None:
    path = shared(*parts)
    assert sum(item.corrupt for item in read_recording(path, "ann") if isinstance(item, Link)) == 0
    profile, left, right = read(path)
    assert profile.sensors.area_mm2.tolist() == SIZES["y"]["areas_mm2"]
    assert len(left) == len(right) == rows
    assert left.pressure[0, :3].tolist() == [32.5, 40.0, 40.0]
    peaks = [float((foot.pressure @ profile.sensors.area_mm2).max()) * 1e-3 for foot in (left, right)]
    assert all(840 < peak < 1000 for peak in peaks) == (rows > 1000), peaks  # N; the short one has no whole step
