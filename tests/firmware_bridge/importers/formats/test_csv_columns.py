"""What a map of columns can say of numbers, what is said of columns that nobody asked for, and files that are none."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import ConfigError, CorruptData, Device, Frames, Side, parse_profile, read_recording

MAP = 'time = "t"\ntime_unit = "ms"\nleft = "left_{n}"\n'
PROFILE = """
[device]
id = "divider-2"
name = "two dividers"
evidence = "documented"
rate_hz = 100
unit = "raw"
[sensors]
positions = [[0.5, 0.1], [0.5, 0.9]]
[transport.serial]
frame = { kind = "lines" }
[text]
columns = [{ role = "time.ms" }, { role = "pressure", count = 2, invert_from = 4095, saturated = 95 }]
[clock]
source = "device"
"""


def written(folder: Path, content: str | bytes, columns: str = MAP) -> Path:
    path = folder / "walk.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "walk.columns.toml").write_text(columns)
    return path


def rows(*readings: str, header: str = "t,left_1,left_2") -> str:
    return "\n".join([header, *(f"{10 * i},{reading}" for i, reading in enumerate(readings))]) + "\n"


def left(path: Path, told: list[str] | None = None) -> list[list[float]]:
    items = read_recording(path, "ann", notice=(told if told is not None else []).append)
    values = [item.pressure for item in items if isinstance(item, Frames) and item.side is Side.LEFT]
    return [[float(x) for x in row] for row in np.concatenate(values)]


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        ("invert_from = 100", [90, 80]),
        ("invert_from = 100\nscale = 2\noffset = 1.5", [181.5, 161.5]),
        ("invert_from = 100\ninverted = [1]", [10, 80]),
        ("scale = [1, 0.5]", [10, 10]),
        ("clip = [12, 15]", [12, 15]),
        ('unit = "N/cm2"', [100, 200]),
        ("missing = [10]", [float("nan"), 20]),
    ],
)
def test_a_map_says_what_a_number_means(tmp_path: Path, keys: str, first: list[float]) -> None:
    path = written(tmp_path, rows("10,20", "30,40"), f"{MAP}{keys}\n")
    assert np.array_equal(left(path)[0], first, equal_nan=True)


def test_its_profile_says_it_where_the_map_does_not(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(PROFILE)
    path = written(tmp_path, rows("4000,4095", "95,95"), f'{MAP}profile = "x.toml"\n')
    assert left(path) == [[95, 0], [4000, 4000]]
    path = written(tmp_path, rows("4000,4095", "95,95"), f'{MAP}profile = "x.toml"\nscale = 1\n')
    assert left(path) == [[4000, 4095], [95, 95]]


def test_the_end_of_the_range_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path, rows("10,20", "30,40"), f"{MAP}scale = 2\nsaturated = 1023\n")
    device = next(item for item in read_recording(path, "ann") if isinstance(item, Device))
    assert parse_profile(device.profile, "stored").full_scale == 2046


def test_flags_say_that_a_foot_has_no_sample(tmp_path: Path) -> None:
    keys = 'flags = ["f", "g"]\nabsent = { left = 2 }\n'
    text = rows("1,2,0,0", "3,4,2,0", "5,6,1,0x2", "7,8,,0", "9,10,1,4", header="t,left_1,left_2,f,g")
    assert left(written(tmp_path, text, MAP + keys)) == [[1, 2], [9, 10]]


@pytest.mark.parametrize(
    ("numbers", "taken", "gap"),
    [
        ([1, 2, 3], [1, 2, 3], False),
        ([0, 1, 2], [1, 2, 3], False),
        ([12, 11, 10], [3, 2, 1], False),
        ([1, 2, 7], [1, 2, 3], True),
        ([4, 2, 1], [1, 2, 3], True),
    ],
)
def test_numbers_begin_anywhere_and_gaps_are_told(
    tmp_path: Path, numbers: list[int], taken: list[int], *, gap: bool
) -> None:
    header = ",".join(["t", *(f"left_{n}" for n in numbers)])
    told: list[str] = []
    assert left(written(tmp_path, rows("1,2,3", "1,2,3", header=header)), told)[0] == taken
    said = (
        f"walk.csv: left: the numbers of 'left_{{n}}' have gaps ({', '.join(map(str, numbers))}): all "
        "3 columns are taken, in the order of the header; name them one by one for another order"
    )
    assert told == [said] * gap


def test_the_same_number_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="left: 'left_1' and 'left_01' have the same number"):
        left(written(tmp_path, rows("1,2", header="t,left_1,left_01")))


def test_lines_above_the_header_are_found_and_told(tmp_path: Path) -> None:
    path = written(tmp_path, "# fw=v9.9\nName,Ann\n\n" + rows("1,2", "3,4"))
    told: list[str] = []
    assert left(path, told) == [[1, 2], [3, 4]]
    assert told == [
        "walk.csv: its columns are named in line 4; what is above is left out (skip_lines = 3 in the map says the same)"
    ]


def test_many_lines_above_are_left_out_where_the_map_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "said,by,a,logger\n" * 9000 + rows("1,2", "3,4"), f"{MAP}skip_lines = 9000\n")
    assert left(path) == [[1, 2], [3, 4]]


def test_what_the_suggestion_leaves_out_is_named(tmp_path: Path) -> None:
    (path := tmp_path / "walk.csv").write_text("t,left_1,left_2,left_acc_1,battery,note\n0,1,2,3,4,x\n10,1,2,3,4,\n")
    with pytest.raises(ConfigError, match=r"\nIt leaves out 4 'left_acc_1', 5 'battery', 6 'note'\.\n"):
        left(path)


@pytest.mark.parametrize(
    ("header", "feet"),
    [
        ("t,raw_1,raw_2", ['left = "raw_{n}"  # left or right? The header does not say']),
        ("t,Heel,Toe,Heel,Toe", ['left = "2-3"', 'right = "4-5"']),
        (",t,FSR_L_0,FSR_L_1,FSR_R_0,FSR_R_1", ['left = "FSR_L_{n}"', 'right = "FSR_R_{n}"']),
        ("t,leftHeel,leftToe,left total", ['left = ["leftHeel", "leftToe"]']),
    ],
)
def test_the_suggestion_finds_the_feet(tmp_path: Path, header: str, feet: list[str]) -> None:
    (path := tmp_path / "walk.csv").write_text(f"{header}\n" + ("1," * header.count(",") + "2\n") * 2)
    with pytest.raises(ConfigError) as told:
        left(path)
    assert [line for line in str(told.value).splitlines() if line.startswith(("left", "right"))] == feet


@pytest.mark.parametrize("end", ["\n", ",\n"])
def test_the_suggestion_fits_a_file_without_a_header(tmp_path: Path, end: str) -> None:
    (path := tmp_path / "walk.csv").write_text("".join(f"{20 * i},{i % 7},0{end}" for i in range(60)))
    with pytest.raises(ConfigError, match="It has no header; its first row is\n  1 '0', 2 '0', 3 '0'\n") as told:
        list(read_recording(path, "ann", form="csv"))
    (tmp_path / "walk.columns.toml").write_text(str(told.value).partition("\n\n")[2])
    assert left(path) == [[i % 7, 0] for i in range(60)]


@pytest.mark.parametrize("unloaded", [1023, 4095, 65535])
def test_readings_that_fall_are_not_stored_in_silence(tmp_path: Path, unloaded: int) -> None:
    step = np.sin(np.arange(900) / 15)[:, None] * [0.3, 0.5]
    load = np.round(unloaded * np.clip(step, 0, None) + np.random.default_rng(1).integers(0, 4, step.shape))
    falling = rows(*(f"{a:g},{b:g}" for a, b in unloaded - load))
    path = written(tmp_path, falling)
    with pytest.raises(ConfigError) as told:
        left(path)
    assert str(told.value) == (
        f"{tmp_path}/walk.columns.toml: the left foot's readings look as if they fall when pressed, as most of the "
        f"time they are near {unloaded}; say invert_from = {unloaded} in the map, which is taken from their highest "
        "number, or rises = true if they do not"
    )
    assert left(written(tmp_path, falling, f"{MAP}invert_from = {unloaded}\n")) == load.tolist()
    assert left(written(tmp_path, falling, f"{MAP}rises = true\n")) == (unloaded - load).tolist()
    rising = rows(*(f"{a:g},{b:g}" for a, b in load))
    assert left(written(tmp_path, rising)) == load.tolist()
    with pytest.raises(ConfigError, match="take invert_from out of the map"):
        left(written(tmp_path, rising, f"{MAP}invert_from = {unloaded}\n"))


@pytest.mark.parametrize(
    ("content", "keys", "error", "says"),
    [
        ("", "", ConfigError, r"walk\.csv: the file is empty"),
        ("\n\n", "", ConfigError, r"time: there is no column 't'; there are ''; is the map this file's\?"),
        (rows("1,2"), "", ConfigError, r"walk\.csv: has too few rows to tell the rate"),
        (rows('"1,5","2"', '"3,5","4"'), "", CorruptData, r"decimal commas: say decimal = \",\" in the map"),
        (rows("1,5,2,5"), 'decimal = ","\n', CorruptData, r"have to stand in quotes, or save it with \";\""),
        ("a,b,c\n1,2,3\n4,5,6\n", "", ConfigError, r"time: there is no column 't'; there are 'a', 'b', 'c'"),
    ],
)
def test_a_file_that_does_not_fit_says_what_to_do(
    tmp_path: Path, content: str, keys: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        left(written(tmp_path, content, MAP + keys))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_large_file_is_read_in_little_memory(tmp_path: Path, encoding: str) -> None:
    line = ",".join(["7"] * 400)
    text = "t,left_1,left_2\n" + "".join(f"{10 * i},{i % 9},1,{line}\n" for i in range(10_000))
    path = written(tmp_path, text.encode(encoding))
    del text
    tracemalloc.start()
    count = sum(len(item) for item in read_recording(path, "ann") if isinstance(item, Frames))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert path.stat().st_size > 8_000_000
    assert peak < 4_000_000
