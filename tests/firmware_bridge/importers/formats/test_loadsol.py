"""novel loadsol's export: ids by their text, a clock for each foot, and missing samples that look like swing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import SECOND, ConfigError, CorruptData, Device, Frames, Link, Side, open_log, parse_profile
from firmware_bridge.contracts.importers import FormatRig
from firmware_bridge.importers import Recording, read_recording
from firmware_bridge.importers.formats.loadsol import _measured
from service.pipeline.file_import import import_files
from service.records.rows import Step
from tests.stand_ins.recordings import loadsol

RIG = FormatRig("loadsol", loadsol)

HEAD = "loadapp_2024_01_17_14_48_48_148.loadflux\ncomment none\n"
IDS = ["", "A1-L::heel", "A1-L::medial", "A1-L::lateral", "A1-L", "", "A1-L::xAcc", "A1-L::yAcc", "A1-L::zAcc"]
IDS += ["A1-L::xGyro", "A1-L::yGyro", "A1-L::zGyro", "", "B2-R::lateral", "B2-R::medial", "B2-R::heel", "B2-R", ""]
UNITS = ["Time[secs]", *["Force[N]"] * 4, "Time[secs]", *["[g]"] * 3, *["[rad/s]"] * 3]
UNITS += ["Time[secs]", *["Force[N]"] * 4, ""]
GONE = [-1.0, -1.0, -1.0]


def row(time: float, left: list[float], right: list[float], ahead: float = 0.0) -> str:
    def total(zones: list[float]) -> float:
        return 0.0 if zones == GONE else sum(zones)

    motion = ["-"] * 6 if left == GONE else ["0", "0", "1", "3.14159265", "0", "-1"]
    numbers = [f"{time:.3f}", *(f"{x:.3f}" for x in [*left, total(left)]), f"{time:.3f}", *motion]
    return "\t".join([*numbers, f"{time + ahead:.3f}", *(f"{x:.3f}" for x in [*right[::-1], total(right)]), ""])


def rows(count: int = 20) -> list[str]:
    return [row(k / 200, [10, 20, 30], [1, 2, 3]) for k in range(count)]


def export(folder: Path, *given: str, ids: list[str] = IDS, units: list[str] = UNITS) -> Path:
    path = folder / "walk.txt"
    path.write_text(HEAD + "\t".join(ids) + "\n" + "\t".join(units) + "\n" + "\n".join(given) + "\n")
    return path


def frames(path: Path, side: Side) -> Frames:
    return Frames.concatenate([i for i in read_recording(path, "ann") if isinstance(i, Frames) and i.side is side])


def skipped(path: Path, side: Side) -> int:
    """Rows that are no sample: none that can be read, or the row before once more."""
    return sum(i.corrupt + i.duplicate for i in read_recording(path, "ann") if isinstance(i, Link) and i.side is side)


def test_zones_go_by_their_ids(tmp_path: Path) -> None:
    path = export(tmp_path, *rows())
    assert frames(path, Side.LEFT).pressure[0].tolist() == [10, 20, 30]
    assert frames(path, Side.RIGHT).pressure[0].tolist() == [1, 2, 3]
    start = np.datetime64(int(frames(path, Side.LEFT).time[0]), "ns")
    assert start == np.datetime64("2024-01-17T14:48:48.148")


def test_a_missing_sample_is_a_hole_and_no_swing(tmp_path: Path) -> None:
    given = rows()
    given[4] = row(4 / 200, GONE, [0, 0, 0])
    path = export(tmp_path, *given)
    left, right = frames(path, Side.LEFT), frames(path, Side.RIGHT)
    assert len(left) == 19
    assert (left.pressure > 0).all()
    assert len(right) == 20
    assert right.pressure[4].tolist() == [0, 0, 0]  # a foot in the air
    part = next(part for part in _measured(Recording(path)) if part.side is Side.LEFT)
    assert all(np.isnan(part.channels[name][4]).all() for name in ("pressure", "force", "acc", "gyro"))


def test_turning_is_in_degrees_a_second(tmp_path: Path) -> None:
    part = next(part for part in _measured(Recording(export(tmp_path, *rows()))) if part.side is Side.LEFT)
    assert part.channels["gyro"][0].tolist() == pytest.approx([180, 0, -57.29578])
    assert part.channels["acc"][0].tolist() == [0, 0, 1]


def test_each_foot_has_its_own_clock(tmp_path: Path) -> None:
    given = [row(k / 200, [10, 20, 30], [1, 2, 3], ahead=0.005) for k in range(20)]
    given[9] = row(8 / 200, [10, 20, 30], [1, 2, 3], ahead=0.010)  # the left time stands twice
    path = export(tmp_path, *given)
    left, right = frames(path, Side.LEFT), frames(path, Side.RIGHT)
    assert right.time[0] - left.time[0] == SECOND // 200
    assert (len(left), len(right)) == (19, 20)
    assert (skipped(path, Side.LEFT), skipped(path, Side.RIGHT)) == (1, 0)


def test_without_zones_the_total_is_the_one_reading(tmp_path: Path) -> None:
    given = [f"{k / 100:.3f}\t{400 + k}.50\t{k / 100:.3f}\t{k}\t" for k in range(9)]
    path = export(tmp_path, *given, ids=["", "A-L", "", "B-R", ""], units=["Time[secs]", "Force[N]"] * 2)
    assert frames(path, Side.LEFT).pressure[:, 0].tolist() == [400.5 + k for k in range(9)]
    device = next(item for item in read_recording(path, "ann") if isinstance(item, Device))
    assert parse_profile(device.profile, "stored").id == "loadsol-1"


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ("A1-L::medial", "A1-L::heel", CorruptData, "line 3: the id 'A1-L::heel' stands there twice"),
        ("Force[N]\tTime", "Force[kg]\tTime", None, ""),
        ("Time[secs]\tForce[N]", "Time[secs]\tForce[kg]", ConfigError, r"line 4: 'Force\[kg\]' is no force; export"),
        ("-L", "", None, ""),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, error: type[Exception] | None, says: str) -> None:
    path = export(tmp_path, *rows())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    if error is None:  # the total is not needed where the zones are there, nor is the other foot
        assert len(frames(path, Side.RIGHT)) == 20
        return
    with pytest.raises(error, match=rf"walk\.txt: {says}"):
        list(read_recording(path, "ann"))


def real(path: Path) -> list[list[str]]:
    cells = [line.split("\t") for line in path.read_text().splitlines()[4:]]
    return [row for row in cells if len(row) > 20]


@pytest.mark.parametrize(("side", "zones", "total", "missing"), [(Side.LEFT, 1, 4, 91), (Side.RIGHT, 13, 16, 178)])
def test_the_published_holes_are_counted_to_the_sample(
    shared: Callable[..., Path], side: Side, zones: int, total: int, missing: int
) -> None:
    path = shared("vectors", "novel-loadsol", "test_poids.txt")
    table = real(path)
    gone = [row for row in table if row[zones] == "-1.000"]
    assert (len(table), len(gone)) == (1094, missing)
    assert all(float(row[total]) == 0 for row in gone)
    whole = {float(row[zones - 1]) for row in table if row not in gone}
    left = frames(path, side)
    start = frames(path, Side.LEFT).time[0]
    assert {round((t - start) / SECOND, 3) for t in left.time.tolist()} <= whole
    repeated = sum(float(b[zones - 1]) <= float(a[zones - 1]) for a, b in pairwise(table))
    assert skipped(path, side) == repeated
    assert len(left) == len(whole)
    parts = [part for part in _measured(Recording(path)) if part.side is side]
    pressure, force = (np.concatenate([p.channels[name] for p in parts]) for name in ("pressure", "force"))
    valid = np.isfinite(force[:, 0])
    assert valid.sum() == len(left)
    assert pressure[valid].sum(axis=1) == pytest.approx(force[valid, 0], abs=1e-3)
    assert not np.isfinite(pressure[~valid]).any()


def test_three_zones_claim_nothing_across_the_foot(tmp_path: Path) -> None:
    def load(k: int) -> list[float]:
        phase = k % 200 / 120  # 0.6 s of stance in each second
        force = 700 * np.sin(np.pi * phase) if phase < 1 else 0.0
        heel = max(1 - 1.5 * phase, 0.0)
        return [force * heel, force * (1 - heel) * 0.55, force * (1 - heel) * 0.45]

    path = export(tmp_path, *(row(k / 200, load(k), load(k + 100)) for k in range(60 * 200)))
    store = f"sqlite:///{tmp_path}/log.sqlite"
    assert import_files([path], store, wearer="ann", start=None, form=None) == 0
    with closing(open_log(store)) as log:
        steps = list(log.read(Step, "ann"))
    assert len(steps) > 90
    assert all(step.tier == 1 for step in steps)
    assert np.isfinite([step.contact_time_s for step in steps]).all()
    for name in ("medial_lateral_index", "medial_lateral_early", "medial_lateral_mid", "cop_ml_50", "cpei"):
        assert np.isnan([getattr(step, name) for step in steps]).all(), name
