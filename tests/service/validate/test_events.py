"""Events against what is known of them: the annotated walks of gaitndd, and running on a force-measuring treadmill."""

from __future__ import annotations

import gzip
import math
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import ConfigError, CorruptData
from service.validate import Report, validate

Shared = Callable[..., Path]

GAITNDD = {  # quantity: bars for controls and for patients
    "contacts within 50 ms": (99.5, 97.5),
    "the same, worst record": (80, 80),
    "extra contacts": (0.3, 0.3),
    "contact, bias": (3, 3),
    "contact, mean absolute error": (4, 6),
    "foot-off, mean absolute error": (7, 11),
    "stance, mean absolute error": (9, 13),
    "right stride, mean absolute error": (4, 6),
    "right stance, mean absolute error": (14, 18),
    "symmetry index of stance, mean error": (1.0, 1.8),
    "contact at 100 Hz, mean absolute error": (5, 7),
    "foot-off at 100 Hz, mean absolute error": (9, 13),
    "stance at 100 Hz, mean absolute error": (10, 14),
}
RUNNING = {
    "contact at 200 Hz, mean absolute error": 1.0,
    "foot-off at 200 Hz, mean absolute error": 3.0,
    "contacts missed at 200 Hz": 0,
    "extra contacts at 200 Hz": 2,
    "contact at 100 Hz, mean absolute error": 2.0,
    "foot-off at 100 Hz, mean absolute error": 3.5,
    "contacts missed at 100 Hz": 0,
    "extra contacts at 100 Hz": 2,
}


@cache
def report(name: str, folder: Path) -> Report:
    return validate(name, folder, lambda done, total: None)


def figures(found: Report) -> dict[str, float]:
    return {metric.quantity: metric.ours for metric in found.metrics}


@pytest.fixture
def walks(shared: Shared) -> Report:
    return report("gaitndd", shared("data", "gaitndd"))


@pytest.fixture
def runs(shared: Shared) -> Report:
    return report("running-grf", shared("data", "running_grf_peerj12752"))


@pytest.mark.parametrize("group", ["controls", "patients"])
@pytest.mark.parametrize("quantity", GAITNDD)
def test_the_annotated_walks_meet_the_bar(walks: Report, quantity: str, group: str) -> None:
    ours, bar = figures(walks)[f"{quantity}, {group}"], GAITNDD[quantity][group == "patients"]
    if quantity in {"contacts within 50 ms", "the same, worst record"}:
        assert ours >= bar
    else:
        assert abs(ours) <= bar


def test_the_walks_are_those_that_were_annotated_and_hardly_any_is_left_out(walks: Report) -> None:
    assert walks.passed
    assert walks.counted == 1542 + 2170
    assert walks.share_excluded <= 0.05
    assert [subject.group for subject in walks.subjects].count("controls") == 6
    assert [subject.group for subject in walks.subjects].count("patients") == 9
    assert sum(subject.values["strides"] for subject in walks.subjects) == walks.counted
    assert all(math.isfinite(value) for subject in walks.subjects for value in subject.values.values())


def test_turns_are_left_out_of_the_walks_as_the_papers_do(walks: Report) -> None:
    ours = figures(walks)
    assert ours["regular strides that count, controls"] >= 90
    assert ours["regular strides that count, patients"] >= 80
    assert ours["outlying strides that count, controls"] <= 15
    assert ours["outlying strides that count, patients"] <= 15


@pytest.mark.parametrize("quantity", RUNNING)
def test_the_runs_meet_the_bar(runs: Report, quantity: str) -> None:
    assert figures(runs)[quantity] <= RUNNING[quantity]


def test_every_contact_of_the_runs_is_judged(runs: Report) -> None:
    assert runs.passed
    assert runs.counted == 466
    assert sum(runs.excluded.values()) == 0
    assert len(runs.subjects) == 31
    assert runs.subjects[2].name == "3 (2.5 m/s, 0 deg)"
    assert np.median([subject.values["contacts"] for subject in runs.subjects]) == 15


# --- a report that could not fail would prove nothing


def copied(shared: Shared, to: Path, name: str = "control1") -> Path:
    for ending in ("hea", "let", "rit", "ts"):
        shutil.copy(shared("data", "gaitndd", f"{name}.{ending}"), to)
    return to


def test_an_annotation_that_is_20_ms_off_is_seen(shared: Shared, tmp_path: Path) -> None:
    table = np.loadtxt(copied(shared, tmp_path, "control3") / "control3.ts")
    table[:, 0] += 0.02
    np.savetxt(tmp_path / "control3.ts", table, fmt="%.4f", delimiter="\t")
    found = report("gaitndd", tmp_path)
    missed = {metric.quantity for metric in found.metrics if not metric.met}
    assert not found.passed
    assert {"contact, bias, controls", "foot-off, mean absolute error, controls"} <= missed
    assert "stance, mean absolute error, controls" not in missed


def test_an_annotation_of_other_strides_is_seen(shared: Shared, tmp_path: Path) -> None:
    copied(shared, tmp_path)
    shutil.copy(shared("data", "gaitndd", "control2.ts"), tmp_path / "control1.ts")
    found = report("gaitndd", tmp_path)
    assert not found.passed
    assert figures(found)["contacts within 50 ms, controls"] < 50


def test_a_walk_without_a_signal_meets_no_bar(shared: Shared, tmp_path: Path) -> None:
    copied(shared, tmp_path)
    for ending in ("let", "rit"):
        (tmp_path / f"control1.{ending}").write_bytes(bytes(135_000))
    header = (tmp_path / "control1.hea").read_text().replace(" 22230 ", " 0 ").replace(" -17678 ", " 0 ")
    (tmp_path / "control1.hea").write_text(header)
    found = report("gaitndd", tmp_path)
    assert found.share_excluded == 1
    assert math.isnan(figures(found)["contact, mean absolute error, controls"])
    assert not found.passed


def test_a_force_of_another_trial_is_seen(shared: Shared, tmp_path: Path) -> None:
    source = shared("data", "running_grf_peerj12752")
    shutil.copy(source / "Sub_Info_one_sub.csv", tmp_path)
    rows = gzip.decompress((source / "GRF_one_sub.csv.gz").read_bytes()).decode().splitlines()
    force = np.array([row.split(",") for row in rows], np.float64)
    np.savetxt(tmp_path / "GRF_one_sub.csv", np.maximum(force, 0.3), fmt="%.4f", delimiter=",")  # never below 40 N
    assert report("running-grf", tmp_path).counted == 0
    assert not report("running-grf", tmp_path).passed


# --- folders that do not hold them


@pytest.mark.parametrize(
    ("name", "says"), [("gaitndd", "physionet.org/content/gaitndd"), ("running-grf", "zenodo.org/record/5224624")]
)
def test_a_folder_without_recordings_says_where_they_are_to_be_had(name: str, says: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match=says) as raised:
            validate(name, folder, lambda done, total: None)
        assert str(folder) in str(raised.value)


@pytest.mark.parametrize("text", ["no numbers\n", "1 2 3\n", "", "1 2 3 4 5 6 7 8 9 10 11 12 nan\n"])
def test_a_damaged_annotation_is_named(text: str, shared: Shared, tmp_path: Path) -> None:
    (copied(shared, tmp_path) / "control1.ts").write_text(text)
    with pytest.raises(CorruptData, match=r"control1\.ts: is no annotation"):
        validate("gaitndd", tmp_path, lambda done, total: None)


@pytest.mark.parametrize(
    ("force", "person"),
    [
        ("1,2\nx,y\n", "Mass,Speed,Slope\n70,3,0\n70,3,0\n"),
        ("1,2\n1,2\n", "Mass,Speed,Slope\n70,3,0\n"),
        ("", "Mass,Speed,Slope\n"),
        ("1,2\n1,2\n", "Weight,Speed,Slope\n70,3,0\n70,3,0\n"),
        ("1,2\n1,nan\n", "Mass,Speed,Slope\n70,3,0\n70,3,0\n"),
    ],
)
def test_damaged_trials_are_named(force: str, person: str, tmp_path: Path) -> None:
    (tmp_path / "GRF_one_sub.csv").write_text(force)
    (tmp_path / "Sub_Info_one_sub.csv").write_text(person)
    with pytest.raises(CorruptData, match=r"GRF_one_sub\.csv"):
        validate("running-grf", tmp_path, lambda done, total: None)


def test_the_way_through_is_told(shared: Shared) -> None:
    told: list[tuple[int, int]] = []
    validate("running-grf", shared("data", "running_grf_peerj12752"), lambda done, total: told.append((done, total)))
    assert told == [(k, 31) for k in range(32)]
