"""The README of the importers: its table is the formats', and its example is a package that reads a recording."""

from __future__ import annotations

import re
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from firmware_bridge import Frames, open_log
from firmware_bridge.importers.parsing.column_map import ColumnMap
from firmware_bridge.plugins import IMPORTERS
from tests.conftest import PROJECT
from tests.stand_ins.packages import PYTEST, install, run

README = PROJECT.joinpath("firmware_bridge/importers/README.md").read_text(encoding="utf-8")
MODULE, TEST = "treadmill_sheet.py", "test_treadmill_sheet.py"


def block(language: str, first_line: str) -> str:
    """Return the block of code that begins with a line, less its indent."""
    blocks = re.findall(rf"(?ms)^( *)```{language}\n(.*?)^ *```$", README)
    (found,) = [re.sub(f"(?m)^{indent}", "", text) for indent, text in blocks if text.strip().startswith(first_line)]
    return str(found)


def installed(site: Path) -> Path:
    """Put the example on a path as an installer would: a module, and its entry points beside it."""
    points = tomllib.loads(block("toml", "[project.entry-points"))["project"]["entry-points"]
    install(site, "treadmill_sheet", points)
    (site / MODULE).write_text(block("python", f"# {MODULE}"))
    (site / TEST).write_text(block("python", f"# {TEST}"))
    return site


def held(site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Hold the example to the contract, by what its README says and no setting of this project."""
    return run(site, *PYTEST, f"--rootdir={site}", TEST, *options)


def test_its_table_has_the_formats_by_their_titles() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) (?:\| [^|]+ ){3}\|$", README, re.MULTILINE)
    assert rows == [(name, IMPORTERS.load(name).title) for name in sorted(IMPORTERS.builtin)]


def test_its_table_of_keys_has_those_of_a_map() -> None:
    table = README.partition("| key |")[2].partition("\n\n")[0]
    keys = [
        key for row in table.splitlines() for key in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    ]
    assert sorted(keys) == sorted(ColumnMap.model_fields)


def test_the_example_imports_a_recording(tmp_path: Path) -> None:
    site = installed(tmp_path / "site")
    code = f"import pathlib, {Path(TEST).stem} as mine; mine.write(pathlib.Path('.'))"
    assert run(site, "-c", code).returncode == 0
    store = f"sqlite:///{tmp_path}/log.sqlite"
    done = run(site, "-m", "service.cli", "import", "walk.csv", "--wearer", "ann", "--store", store)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "walk.csv: 600 samples of ann" in done.stderr
    with closing(open_log(store)) as log:
        left = Frames.concatenate([frames for frames in log.read(Frames, "ann") if frames.side == "left"])
    assert left.pressure[7].tolist() == [7, 0]


def test_the_example_keeps_to_the_contract(tmp_path: Path) -> None:
    done = held(installed(tmp_path / "site"))
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d\d passed in", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize(
    ("right", "wrong", "test"),
    [
        ("return head.startswith(HEADER)", "return True", "test_it_claims_nothing_foreign"),
        ("increasing_rows(lines, _row)", "increasing_rows(list(lines)[:-1], _row)", "test_samples_come_in_order"),
        ("recording.progress)", "print)", "test_it_tells_how_far_it_is"),
        ("if len(readings) == 4 else None", "", "test_lines_that_are_no_rows_are_counted"),
    ],
)
def test_a_format_that_breaks_the_contract_fails(tmp_path: Path, right: str, wrong: str, test: str) -> None:
    site = installed(tmp_path / "site")
    text = (site / MODULE).read_text()
    assert right in text
    (site / MODULE).write_text(text.replace(right, wrong))
    done = held(site, "-k", test)
    assert done.returncode == 1, done.stdout
    assert f"FAILED {TEST}::TestTreadmillSheet::{test}" in done.stdout
