"""The command line as its users meet it: results on stdout, one clear line on stderr, an exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest

HELP_LOADS_NOT = ("numpy.testing", "fastapi", "uvicorn", "bleak", "influxdb_client", "apprise")


def insole(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def refused(*args: str, cwd: Path, code: int = 2) -> str:
    done = insole(*args, cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_help_lists_the_verbs(tmp_path: Path) -> None:
    done = insole("--help", cwd=tmp_path)
    assert done.returncode == 0
    for verb in ("demo", "run", "bridge", "serve", "import", "bouts", "steps", "replay", "mirror", "check"):
        assert verb in done.stdout


def test_help_loads_no_machinery() -> None:
    code = f"import sys, service.cli; print([m for m in {HELP_LOADS_NOT!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_wrong_usage_is_one_clear_line(tmp_path: Path) -> None:
    assert "no-such" in refused("run", "--store", "no-such://x", cwd=tmp_path)
    assert "sqlite" in refused("steps", "--store", "no-such://x", cwd=tmp_path)
    assert "INSOLE_WEB__TOKEN" in refused("run", "--host", "0.0.0.0", cwd=tmp_path)
    assert "normal, limping, pronated" in refused("demo", "--gait", "hopping", "--no-browser", cwd=tmp_path)
    assert "no archive is named" in refused("mirror", cwd=tmp_path)
    assert "gone.toml" in refused("check", "--config", "gone.toml", cwd=tmp_path)


def test_an_import_that_fails_says_which_file_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text("hello\n")
    done = insole("import", "odd.txt", "gone.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert "odd.txt" in done.stderr
    assert "gone.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_recording_of_another_time_is_not_overwritten(tmp_path: Path) -> None:
    for name, force in (("one.txt", 5), ("two.txt", 6)):
        rows = [" ".join([f"{i / 100}", *[str(force)] * 18]) for i in range(300)]
        (tmp_path / name).write_text("\n".join(rows))
    assert insole("import", "one.txt", "--wearer", "ann", cwd=tmp_path).returncode == 0
    assert insole("import", "one.txt", "--wearer", "ann", cwd=tmp_path).returncode == 0
    other = insole("import", "two.txt", "--wearer", "ann", cwd=tmp_path)
    assert other.returncode == 1
    assert "--start" in other.stderr
    assert insole("import", "two.txt", "--wearer", "ann", "--start", "2026-05-01", cwd=tmp_path).returncode == 0


@pytest.fixture
def walks(shared: Callable[..., Path], tmp_path: Path) -> Path:
    folder = shared("data", "gaitpdb")
    files = sorted(str(p) for p in [*folder.glob("SiCo*.txt.gz"), *folder.glob("SiPt*.txt.gz")])
    assert len(files) == 11
    done = insole("import", *files, "--store", "sqlite:///walks.sqlite", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_the_published_walks_have_the_published_rhythm(walks: Path) -> None:
    done = insole("steps", "--json", "--store", "sqlite:///walks.sqlite", cwd=walks)
    strides: dict[str, list[float]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        assert row["time"].startswith("1970-01-01T00:0")
        assert row["time"].endswith("Z")
        assert {"foot_off", "contact_time_s", "duty_factor", "peak", "impulse"} <= set(row)
        assert row["unit"] == "N"
        if row["valid"] and row["stride_time_s"] is not None:
            strides.setdefault(row["wearer"], []).append(row["stride_time_s"])
    means = {wearer: fmean(times) for wearer, times in strides.items()}
    assert fmean(t for w, t in means.items() if w.startswith("SiCo")) == pytest.approx(1.09, abs=0.01)
    assert fmean(t for w, t in means.items() if w.startswith("SiPt")) == pytest.approx(1.17, abs=0.01)

    again = insole("replay", "SiCo01_01", "--store", "sqlite:///walks.sqlite", cwd=walks)
    assert again.returncode == 0, again.stdout
    assert "0 differ, 0 are gone, 0 are new" in again.stdout
    listed = insole("bouts", "--json", "--store", "sqlite:///walks.sqlite", cwd=walks)
    bouts = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {bout["wearer"] for bout in bouts} == set(means)
    assert {verdict["answer"] for bout in bouts for verdict in bout["verdicts"]} <= {"cannot_tell"}
    assert insole("steps", "nobody", "--store", "sqlite:///walks.sqlite", cwd=walks).returncode == 2
