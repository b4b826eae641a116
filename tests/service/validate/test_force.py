"""Walks with known body weight and footfalls with known contact: our figures against the published bars."""

from __future__ import annotations

import gzip
import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import ConfigError, CorruptData
from service.validate import Metric, Report, validate
from tests.conftest import absent

Shared = Callable[..., Path]


@cache
def report(name: str, folder: Path) -> Report:
    return validate(name, folder, lambda done, total: None)


def metrics(report: Report) -> dict[str, Metric]:
    found = {metric.quantity: metric for metric in report.metrics}
    assert len(found) == len(report.metrics)
    return found


def missed(report: Report) -> list[str]:
    return [f"{c.quantity}: {c.ours:.4g} is not {c.bar} {c.unit}" for c in report.metrics if not c.met]


# --- gaitpdb

FRENKEL_TOLEDO_2005 = {  # mean, standard deviation and number of persons; table 2
    "controls": ((1.08, 0.09), (1.94, 0.36), (35.27, 1.97), (2.80, 1.99), 30),
    "patients": ((1.12, 0.07), (2.24, 0.74), (34.45, 2.60), (3.27, 1.25), 36),
}


@pytest.fixture
def walks(shared: Shared) -> Report:
    return report("gaitpdb", shared("data", "gaitpdb"))


def test_the_walks_meet_every_bar_and_hardly_anything_is_left_out(walks: Report) -> None:
    assert not missed(walks)
    assert walks.passed
    assert walks.share_excluded <= 0.05
    assert walks.counted > 2000
    assert not [subject.name for subject in walks.subjects if subject.excluded]


@pytest.mark.parametrize(("group", "persons"), [("controls", 6), ("patients", 5)])
def test_stride_and_swing_are_those_of_the_paper(walks: Report, group: str, persons: int) -> None:
    ours = [s.values for s in walks.subjects if s.group == group and s.name.startswith("Si")]
    assert len(ours) == persons
    *published, number = FRENKEL_TOLEDO_2005[group]
    for (mean, sd), key in zip(published, ("stride_s", "stride_cv", "swing_level", "swing_cv"), strict=True):
        assert np.mean([values[key] for values in ours]) == pytest.approx(
            mean, abs=2 * sd * np.sqrt(1 / persons + 1 / number)
        )
    assert np.mean([values["swing"] for values in ours]) == pytest.approx(published[2][0], abs=3.0)


def test_the_force_is_body_weight_in_every_walk(walks: Report) -> None:
    for subject in walks.subjects:
        assert subject.values["rest"] == pytest.approx(1.0, abs=0.05), subject.name
        assert subject.values["rest_recorded"] == pytest.approx(1.0, abs=0.05), subject.name
        assert subject.values["streamed"] == pytest.approx(1.0, abs=0.03), subject.name
    within, blocks = (sum(s.values[key] for s in walks.subjects) for key in ("blocks_within", "blocks"))
    assert blocks > 100
    assert within / blocks >= 0.97


def test_the_newtons_of_the_set_are_not_to_be_trusted_and_its_sides_are_as_they_are(walks: Report) -> None:
    found = metrics(walks)
    assert found["force as recorded, by the written weight"].ours == pytest.approx(1.28, abs=0.16)
    assert found["medial share as recorded, sensors 3 5 7 of 2 to 7, controls"].ours == pytest.approx(44.2, abs=6.9)
    assert (
        found["swing asymmetry, 100 |ln(L/R)|, controls"].ours < found["swing asymmetry, 100 |ln(L/R)|, patients"].ours
    )


def changed(shared: Shared, folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> Report:
    """Validate against one walk after something was done to its numbers."""
    with gzip.open(shared("data", "gaitpdb", "SiCo08_01.txt.gz")) as file:
        table = np.loadtxt(file)
    np.savetxt(folder / "SiCo08_01.txt", change(table), fmt="%.4f", delimiter="\t")
    return report("gaitpdb", folder)


def test_a_gain_that_jumps_on_the_way_misses_the_bars_of_force(shared: Shared, tmp_path: Path) -> None:
    def jump(table: np.ndarray) -> np.ndarray:
        table[len(table) // 2 :, 1:] *= 1.15
        return table

    found = changed(shared, tmp_path, jump)
    assert not found.passed
    lost = " ".join(missed(found))
    assert "force after the gain's first 30 strides, highest walk" in lost
    assert "blocks of 10 strides" in lost
    assert "stride time, controls" not in lost
    assert not [c.quantity for c in found.metrics if "by the written weight" in c.quantity], "nobody's weight was told"


def test_a_slower_walker_misses_the_bar_of_stride_time(shared: Shared, tmp_path: Path) -> None:
    def slower(table: np.ndarray) -> np.ndarray:
        table[:, 0] *= 1.3
        return table

    found = changed(shared, tmp_path, slower)
    assert "stride time, controls" in " ".join(missed(found))


def test_a_walk_of_few_strides_is_left_out_and_said_so(shared: Shared, tmp_path: Path) -> None:
    found = changed(shared, tmp_path, lambda table: table[:2000])
    assert [subject.excluded for subject in found.subjects] == ["in walks of 30 strides or fewer"]
    assert found.share_excluded == 1.0
    assert not found.passed


@pytest.mark.parametrize("name", ["gaitpdb", "speedpp2ds"])
def test_a_folder_without_recordings_is_named_and_where_they_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"to be had at (physionet\.org|github\.com)") as caught:
        validate(name, tmp_path, lambda done, total: None)
    assert str(tmp_path) in str(caught.value)


def test_demographics_that_are_none_are_named(shared: Shared, tmp_path: Path) -> None:
    (tmp_path / "demographics.txt").write_text("nothing\n")
    with pytest.raises(CorruptData, match=r"demographics\.txt: .* ID and Weight"):
        changed(shared, tmp_path, lambda table: table)


# --- speedpp2ds


@pytest.fixture
def footfalls(shared: Shared) -> Report:
    readable()
    return report("speedpp2ds", shared("data", "speedpp2ds"))


def readable() -> None:
    try:
        importlib.import_module("h5py")
    except ImportError:
        absent("h5py, which reads HDF5,")


def test_the_footfalls_meet_every_bar_and_hardly_any_is_left_out(footfalls: Report) -> None:
    assert not missed(footfalls)
    assert footfalls.passed
    assert footfalls.counted == 180


@pytest.mark.parametrize("person", ["subj000", "subj001", "subj008"])
def test_contact_time_is_the_plates_and_goes_with_speed(footfalls: Report, person: str) -> None:
    values = next(s.values for s in footfalls.subjects if s.name == person)
    assert values["r"] <= -0.95
    assert values["error_ms"] <= 15
    assert values["slope_ratio"] == pytest.approx(1.0, abs=0.10)


def test_feet_rank_as_their_footprints_do(footfalls: Report) -> None:
    flat, high, pronated = (
        next(s.values for s in footfalls.subjects if s.name == name) for name in ("subj000", "subj001", "subj008")
    )
    assert flat["cpei"] > high["cpei"] > pronated["cpei"]
    assert pronated["medial_lateral_index"] > max(flat["medial_lateral_index"], high["medial_lateral_index"])
    assert high["midfoot_share"] < min(flat["midfoot_share"], pronated["midfoot_share"])
    assert len([c for c in footfalls.metrics if "least rise" in c.quantity]) == 5


def tables(folder: Path, text: str = "Trial,subj000\n0,1.5\n") -> None:
    for name in ("speeds.csv", "conditions.csv"):
        (folder / name).write_text(text)


def test_files_that_are_none_of_the_set_are_named(tmp_path: Path) -> None:
    readable()
    (tmp_path / "subj000.h5").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"speeds\.csv: cannot be read"):
        validate("speedpp2ds", tmp_path, lambda done, total: None)
    tables(tmp_path, "Trial,subj000\n0,quick\n")
    with pytest.raises(CorruptData, match=r"speeds\.csv: is not a table of numbers"):
        validate("speedpp2ds", tmp_path, lambda done, total: None)
    tables(tmp_path, "Trial,subj001\n0,1.5\n")
    with pytest.raises(CorruptData, match="the same trials of subj000"):
        validate("speedpp2ds", tmp_path, lambda done, total: None)
    tables(tmp_path)
    with pytest.raises(CorruptData, match=r"subj000\.h5: cannot be read as HDF5"):
        validate("speedpp2ds", tmp_path, lambda done, total: None)


def test_what_reads_hdf5_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "subj000.h5").write_bytes(b"nothing")
    tables(tmp_path)
    with pytest.raises(ConfigError, match="pip install h5py"):
        validate("speedpp2ds", tmp_path, lambda done, total: None)
