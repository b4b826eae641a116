"""CSV files of any maker, by a map of their columns."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, ConfigError, CorruptData, Device, Frames, Link, Side, parse_profile, read_recording
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers.parsing.column_map import ColumnMap, read_map
from firmware_bridge.importers.parsing.header.header_line import find_header
from tests.stand_ins.recordings import csv

RIG = FormatRig("csv", csv, lines=True)

MAP = 'time = "t"\nleft = "left_{n}"\nright = "right_{n}"\nrate_hz = 100\n'
HEADER = "t,left_1,left_2,right_1,right_2\n"


def written(folder: Path, content: str | bytes, columns: str = MAP) -> Path:
    path = folder / "walk.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "walk.columns.toml").write_text(columns)
    return path


def foot(path: Path, side: Side = Side.LEFT) -> Frames:
    items = read_recording(path, "ann", skip_bad_rows=True)
    return Frames.concatenate([item for item in items if isinstance(item, Frames) and item.side is side])


def corrupt(path: Path) -> int:
    links = [item for item in read_recording(path, "ann", skip_bad_rows=True) if isinstance(item, Link)]
    return sum(item.corrupt for item in links) // len({item.side for item in links})


def test_columns_go_by_name_wherever_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, "note,right_2,right_1,left_2,left_1,t\nx,4,3,2,1,10.00\ny,8,7,6,5,10.01\n")
    assert foot(path).pressure.tolist() == [[1, 2], [5, 6]]
    assert foot(path, Side.RIGHT).pressure.tolist() == [[3, 4], [7, 8]]
    assert foot(path).time.tolist() == [0, SECOND // 100]


def test_a_spreadsheet_of_another_country_is_read(tmp_path: Path) -> None:
    content = "\ufeffZeit;links 1;links 2;rechts 1;rechts 2;\r\n0,00;1,5;2;3;4;\r\n0,01;1,25;2;3;4;\r\n"
    columns = 'time = "Zeit"\nleft = "links {n}"\nright = "rechts {n}"\nseparator = ";"\ndecimal = ","\n'
    path = written(tmp_path, content, columns)
    assert foot(path).pressure.tolist() == [[1.5, 2], [1.25, 2]]
    assert corrupt(path) == 0


def test_quoted_cells_may_hold_separators(tmp_path: Path) -> None:
    columns = MAP + 'decimal = ","\nseparator = "\\t"\n'
    with_tabs = HEADER.replace(",", "\t") + '0\t"1,5"\t2\t3\t4\n0,01\t"1,5"\t2\t3\t4\n'
    assert foot(written(tmp_path, with_tabs, columns)).pressure[0, 0] == 1.5
    with_commas = '"t","left_1","left, 2"\n0,"1","2"\n0.01,"3","4"\n'
    path = written(tmp_path, with_commas, 'time = "t"\nleft = ["left_1", "left, 2"]\n')
    assert foot(path).pressure.tolist() == [[1, 2], [3, 4]]


def test_what_stands_for_missing_becomes_nan(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "0,,2,3,4\n0.01,NaN,2,3,4\n0.02,-1,2,3,4\n0.03,,NA,3,4\n")
    left = foot(path)
    assert np.isnan(left.pressure[:, 0]).tolist() == [True, True, False]
    assert len(foot(path, Side.RIGHT)) == 4  # where all of the left foot is missing it has no sample
    assert corrupt(path) == 0
    path = written(tmp_path, HEADER + "0,-1.000,2,3,4\n0.01,0,2,3,4\n0.02,,2,3,4\n", MAP + "missing = [-1]\n")
    assert np.isnan(foot(path).pressure[:, 0]).tolist() == [True, False]
    assert corrupt(path) == 1


def test_ragged_lines_are_counted(tmp_path: Path) -> None:
    rows = ["0,1,2,3,4", "0.01,1,2,3", "0.02,1,2,3,4,5", "", "0.03,1,2,x,4", "0.04,1,2,inf,4", "0.05,1,2,3,1e39"]
    rows += [f"0.{i},1,2,3,4" for i in range(10, 19)]
    path = written(tmp_path, HEADER + "\n".join(rows))
    assert len(foot(path)) == 2 + 9
    assert corrupt(path) == 4


def test_columns_go_by_number_where_names_stand_twice(tmp_path: Path) -> None:
    content = "time,1,2,1,2\n0,1,2,3,4\n0.01,1,2,3,4\n"
    path = written(tmp_path, content, 'time = "time"\nleft = "2-3"\nright = [4, 5]\n')
    assert foot(path, Side.RIGHT).pressure[0].tolist() == [3, 4]
    path = written(tmp_path, content, 'time = "time"\nleft = 3\n')
    assert foot(path).pressure[0].tolist() == [2]
    path = written(tmp_path, content, 'time = "time"\nleft = ["1", "2"]\n')
    with pytest.raises(ConfigError, match=r"left: columns 2 and 4 are both named '1'; name it by its number"):
        foot(path)


def test_lines_above_and_no_header(tmp_path: Path) -> None:
    columns = 'time = 1\nleft = "2-3"\nheader = false\nskip_lines = 2\nseparator = " "\n'
    path = written(tmp_path, "made by\nsomeone\n0  1 2\n.01 3   4\n", columns)
    assert foot(path).pressure.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("unit", "first", "second"),
    [
        ("s", "1700000000.25", "1700000000.26"),
        ("ms", "1700000000250", "1700000000260"),
        ("us", "1700000000250000", "1700000000260000"),
        ("ns", "1700000000250000000", "1700000000260000000"),
        ("iso", "2023-11-14T22:13:20.250Z", "2023-11-14T23:13:20.260+01:00"),
        ("iso", "2023-11-14 22:13:20.250", "2023-11-14 22:13:20.260"),
    ],
)
def test_a_date_is_the_start(tmp_path: Path, unit: str, first: str, second: str) -> None:
    path = written(tmp_path, f"{HEADER}{first},1,2,3,4\n{second},1,2,3,4\n", f'{MAP}time_unit = "{unit}"\n')
    began = 1_700_000_000 * SECOND + SECOND // 4
    if unit != "iso":
        assert foot(path).time.tolist() == [0, SECOND // 100]
        columns = tmp_path / "walk.columns.toml"
        columns.write_text(columns.read_text() + "since_1970 = true\n")
    assert foot(path).time.tolist() == [began, began + SECOND // 100]


def test_the_profile_is_made_of_what_the_map_says(tmp_path: Path) -> None:
    said = MAP.replace("rate_hz = 100\n", "") + 'unit = "kPa"\nscale = 10\npositions = [[0.5, 0.1], [0.5, 0.9]]\n'
    path = written(tmp_path, HEADER + "".join(f"{i / 50},1,2,3,4\n" for i in range(20)), said)
    device = next(item for item in read_recording(path, "ann") if isinstance(item, Device))
    profile = parse_profile(device.profile, "stored")
    assert (profile.unit, profile.rate_hz, profile.sensors.ap.tolist()) == ("kPa", 50, [0.1, 0.9])
    assert foot(path).pressure[0].tolist() == [10, 20]


def test_a_profile_may_be_named_and_may_lie_beside(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "0,1,2,3,4\n0.01,1,2,3,4\n", 'time = "t"\nleft = "left_{n}"\nprofile = "demo-16"')
    with pytest.raises(ConfigError, match="demo-16 has 16 sensors, but there are 2 columns"):
        foot(path)
    text = '[device]\nid = "two"\nname = "two"\nevidence = "documented"\nrate_hz = 100\nunit = "N"\n'
    (tmp_path / "two.toml").write_text(text + "[sensors]\npositions = [[0.5, 0.1], [0.5, 0.9]]\n")
    path = written(tmp_path, path.read_text(), 'time = "t"\nleft = "left_{n}"\nprofile = "two.toml"\n')
    device = next(item for item in read_recording(path, "ann") if isinstance(item, Device))
    assert parse_profile(device.profile, "stored").id == "two"


def test_a_map_may_be_named(tmp_path: Path) -> None:
    path = csv(tmp_path)
    columns = (tmp_path / "walk.columns.toml").rename(tmp_path / "mine.toml")
    assert list(read_recording(path, "ann", columns=columns))
    columns.write_text("time = 1\nlaft = 2\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: laft: is not a key of a map; there are time, time_unit"):
        list(read_recording(path, "ann", columns=columns))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ('time = "when"\nleft = "left_{n}"', r"walk\.csv: time: there is no column 'when'; there are 't', 'left_1'"),
        ('time = "t"\nleft = "l_{n}"', r"left: there is no column 'l_1'"),
        ('time = "t"\nleft = "2-9"', r"left: there is no column 6; they count from 1"),
        ('time = "t"\nleft = ["left_1"]\nright = "right_{n}"', "1 columns of the left foot, but 2 of the right"),
        ('time = "t"\nleft = ["left_1", "left_1"]', "uses column 2 twice"),
        ('time = "t"', "needs left or right"),
        ('left = "left_{n}"', "needs time, the column of the rows' times, or else rate_hz"),
        ('time = "t"\nleft = "left_{n}"\nflags = "t"', r"flags \(columns\) and absent \(their bits.*\) go together"),
        ('time = "t"\nleft = "left_{n}"\nscale = [1, 2, 3]', "scale has 3 values for 2 readings"),
        ('time = "t"\nleft = "left_{n}"\nprofile = "demo-16"\nunit = "N"', "give these, or a profile"),
        ('time = "t"\nleft = "left_{n}"\npositions = [[0, 1]]', "positions has 1 places for 2 columns"),
        ('time = "t"\nleft = "left_{n}"\ntime_unit = "ns"', "too few rows to tell the rate; is the map's time_unit"),
        (
            'time = "t"\nleft = "left_{n}"\ntime_unit = "ms"',
            r'mean 1e\+05 samples a second; is its time in s \(100 a second\)\? Say time_unit = "s" in the map',
        ),
        ('time = "t"\nleft = "left_{n}"\nrate_hz = 50', "mean 100 samples a second, not the 50 of map or profile"),
        ("time = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_with_a_map_is_named(tmp_path: Path, columns: str, says: str) -> None:
    path = written(tmp_path, HEADER + "0,1,2,3,4\n0.01,1,2,3,4\n", columns)
    with pytest.raises(ConfigError, match=says):
        foot(path)


def test_without_a_map_it_shows_the_header_and_one_that_works(tmp_path: Path) -> None:
    path = csv(tmp_path)
    expected = foot(path, Side.RIGHT)
    (beside := tmp_path / "walk.columns.toml").unlink()
    with pytest.raises(ConfigError, match="a CSV file needs a map") as told:
        foot(path)
    said = str(told.value)
    assert "1 't', 2 'left_1', 3 'left_2'" in said
    assert str(beside) in said
    beside.write_text(said.partition("\n\n")[2])
    assert foot(path, Side.RIGHT).pressure.tolist() == expected.pressure.tolist()


@pytest.mark.parametrize(
    ("head", "left", "right"),
    [
        ("Zeit [s];Links 1;Links 2;Rechts 1;Rechts 2\n0,0;1;2;3;4\n", "Links {n}", "Rechts {n}"),
        ("timestamp,L1,L2,R1,R2\n0,1,2,3,4\n", "L{n}", "R{n}"),
        ("ms\tleft heel\tleft toe\tright heel\tright toe\n0\t1\t2\t3\t4\n", ["left heel", "left toe"], None),
        ("a,b,c\n1,2,3\n", "left_{n}", "right_{n}"),
    ],
)
def test_the_example_is_made_of_the_header(tmp_path: Path, head: str, left: object, right: object) -> None:
    (path := tmp_path / "walk.csv").write_text(head)
    with pytest.raises(ConfigError) as told:
        foot(path)
    example = tomllib.loads(str(told.value).partition("\n\n")[2])
    ColumnMap.model_validate(example)
    assert example["time"] == re.split("[;,\t]", head)[0]
    assert example["left"] == left
    assert right is None or example["right"] == right


def test_a_map_that_fits_no_row_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorruptData, match=r"no row has the 5 numbers that .*walk\.columns\.toml looks for"):
        foot(written(tmp_path, HEADER + "a,b,c,d,e\n"))


@pytest.mark.parametrize(
    "head", [b"hello\nworld\n", b"1,2,3\n4,5,6\n", b"a,b\nc,d\n", b"", b"#insole v1 side=L n=8\n1,2,3\n", bytes(90)]
)
def test_what_is_no_csv_with_a_header_is_not_taken_for_one(head: bytes) -> None:
    assert find_header(head) is None


def test_a_map_reads_back(tmp_path: Path) -> None:
    (path := tmp_path / "map.toml").write_text(MAP)
    assert read_map(path) == ColumnMap(time="t", left="left_{n}", right="right_{n}", rate_hz=100.0)
