"""The worked examples beside the analysis do what they say."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

README = PROJECT.joinpath("service/gait/README.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^```\w+\n# (\S[^\n]*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
ADDED = '''
"""The loading rate of the example, from samples to what people read."""

import math

from service.contracts.exchanged_feet import exchanged
from service.records.quantities import numbers, quantities
from service.records.rows import Block, Step
from service.wording.measure_cards import card, sheet_lines
from tests.walkers.gait_walks import analyze, merged
from tests.walkers.two_walkers import WALKERS
from tests.walkers.walks import Ramp, walk
from dataclasses import replace


def test_it_is_measured_carried_named_and_exchanged():
    gait = replace(WALKERS["first running"], si=Ramp.constant(6.0))
    left, right, _ = walk(gait, seconds=90.0, seed=3, chunk_s=5.0)
    rows = analyze(merged(left, right))
    steps = [row for row in rows if isinstance(row, Step) and row.valid]
    assert len(steps) > 100
    assert all(step.loading_rate > step.peak for step in steps)  # the peak is reached within a second
    block = next(row for row in rows if isinstance(row, Block) and not row.void)
    seen = numbers(Block)["loading_rate_si_pct"].interval(block)
    assert seen.low < seen.value < seen.high
    assert exchanged(block).loading_rate_si_pct == -seen.value
    assert quantities(Step)["loading_rate"].scales
    assert card("loading_rate_si_pct").unit == "N/s, or raw/s"
    assert [name for number, name in sheet_lines() if number.field == "loading_rate_si_pct"] == [
        "Loading rate, right minus left"
    ]
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the project, without what no example asks."""
    left_out = shutil.ignore_patterns("__pycache__", "node_modules", "*.xz", "static", "data")
    for folder in ("firmware_bridge", "service", "tests"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=left_out)
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def _insert(file: Path, after: str, text: str) -> None:
    """Put text at the end of a class, or before the last line of a list."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for node in ast.parse("".join(lines)).body:
        if isinstance(node, ast.ClassDef) and node.name == after:
            lines.insert(node.end_lineno or 0, text)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == after:
            lines.insert((node.end_lineno or 0) - 1, text)
    file.write_text("".join(lines), encoding="utf-8")


def _pytest(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout


def test_the_derived_value_of_the_example_goes_all_the_way(copy: Path) -> None:
    rows, measures = copy / "service/records/rows.py", copy / "service/gait/steps/stance_measures.py"
    _insert(rows, "Block", PARTS["rows.py: Block"])
    _insert(rows, "Step", PARTS["rows.py: Step"])
    _insert(measures, "FORMULAS", PARTS["stance_measures.py: FORMULAS"])
    text = measures.read_text(encoding="utf-8")
    measures.write_text(
        text.replace("FORMULAS = (", f"{PARTS['stance_measures.py']}\n\nFORMULAS = ("), encoding="utf-8"
    )
    (copy / "service/wording/cards/25_loading_rate.toml").write_text(PARTS["25_loading_rate.toml"], encoding="utf-8")
    (copy / "tests/test_added.py").write_text(ADDED, encoding="utf-8")
    _pytest(copy, "tests/test_added.py", "tests/service/records/test_quantities.py", "tests/service/gait/steps")


def test_the_detector_of_the_example_keeps_to_the_contract(tmp_path: Path) -> None:
    """As a package of somebody else's: it has the product on its path, and none of the product's tests."""
    for name in ("cadence_drop.py", "test_cadence_drop.py"):
        (tmp_path / name).write_text(PARTS[name], encoding="utf-8")
    for package in ("firmware_bridge", "service"):
        (tmp_path / package).symlink_to(PROJECT / package)
    _pytest(tmp_path, "test_cadence_drop.py")
