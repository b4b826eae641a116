"""The design, as far as a machine can check it."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import firmware_bridge
from firmware_bridge import plugins
from tests.conftest import PROJECT

PACKAGES = ("firmware_bridge", "service")
WEB = ("fastapi", "starlette", "uvicorn")
HEAVY = ("bleak", "serial", "influxdb_client", "apprise", "bumble", "plotly", *WEB, "typer", "rich")
MOST_LINES = 350
TABLE = "service/gait/thresholds.py"  # every threshold with its source, in one place: as long as there are thresholds
FORBIDDEN_FILES = re.compile(r"(utils?|base|common|misc|helpers?|.*_?(manager|helper|handler)s?)\.py")

LEAVES = {  # a foreign library is imported in its leaf, so that it can be missing, replaced or slow
    "bleak": ("firmware_bridge/sources/ble", "firmware_bridge/virtual/"),
    "bumble": ("firmware_bridge/virtual/",),
    "serial": ("firmware_bridge/sources/serial",),
    "influxdb_client": ("firmware_bridge/stores/influx",),
    "apprise": ("service/alerts/apprise_notifier.py",),
    "fastapi": ("service/web/",),
    "starlette": ("service/web/",),
    "uvicorn": ("service/web/",),
    "typer": ("service/cli/commands/",),
    "plotly": ("service/review/figures/",),
    "pytest": ("firmware_bridge/contracts/", "service/contracts/"),
    "hypothesis": ("firmware_bridge/contracts/", "service/contracts/"),
    "pandas": (),
}


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(PROJECT.joinpath(folder).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


# ── imports ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_contracts_of_who_may_import_whom_hold() -> None:
    code = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", code, "--no-cache"]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the top-level name of every absolute import, wherever it stands."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def test_a_foreign_library_is_imported_in_its_leaf_only() -> None:
    found = [
        f"{_name(path)}:{line}: {library}"
        for path in _sources(*PACKAGES)
        for line, library in _imports(path)
        if library in LEAVES and not _name(path).startswith(LEAVES[library] or ("nowhere",))
    ]
    assert found == []


@pytest.mark.parametrize("module", ["firmware_bridge", "service.settings"])
def test_it_loads_nothing_heavy(module: str) -> None:
    """The settings too, since every command reads them."""
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert sorted(set(run.stdout.split()) & set(HEAVY)) == []


def test_help_loads_no_machinery() -> None:
    code = (
        "import sys, service.cli\n"
        "try: service.cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        "print('MODULES', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.rpartition("MODULES")[2].split())
    assert "typer" in loaded
    assert sorted(loaded & set(HEAVY) - {"typer", "rich"}) == []


def test_the_face_is_exactly_what_it_says() -> None:
    visible = {
        name
        for name, value in vars(firmware_bridge).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert visible == set(firmware_bridge.__all__)
    assert len(firmware_bridge.__all__) == len(visible)


TABLES = [table for table in vars(plugins).values() if isinstance(table, plugins.Plugins)]


@pytest.mark.parametrize(
    ("name", "target"),
    [(f"{table.family} {name}", target) for table in TABLES for name, target in table.builtin.items()],
)
def test_every_built_in_plugin_is_there(name: str, target: str) -> None:
    module, attribute = target.split(":")
    assert hasattr(importlib.import_module(module), attribute), name


# ── files and functions ─────────────────────────────────────────────────────────────────────────────────────────────


def test_files_are_small() -> None:
    lines = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _sources(*PACKAGES, "tests")}
    assert {name: n for name, n in lines.items() if n > MOST_LINES and name != TABLE} == {}


def test_files_are_named_for_what_they_do() -> None:
    assert [_name(path) for path in _sources(*PACKAGES, "tests") if FORBIDDEN_FILES.fullmatch(path.name)] == []


def test_gravity_and_the_ends_of_time_stand_in_one_place() -> None:
    number = re.compile(r"\b9\.8(0\d+|1|2)?\b|(\b2 ?\*\*|\b1 <<) ?63\b")
    own = {"firmware_bridge/model.py", "firmware_bridge/stores/sqlite/raw_pages.py"}  # one reads SQLite's own integers
    found = {_name(path) for path in _sources(*PACKAGES) if number.search(path.read_text(encoding="utf-8"))}
    assert found == own


def test_only_the_stages_the_page_and_the_talks_await() -> None:
    may = (
        "service/runtime.py",
        "service/pipeline/tail.py",
        "service/pipeline/mirror.py",
        "service/alerts/stage.py",
        "service/web/",
        "service/cli/actions/calibration.py",
        "service/cli/actions/demo.py",
        "service/cli/commands/__init__.py",
    )
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _sources("service")
        if not _name(path).startswith(may)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await)
    ]
    assert found == []


OWN_TASKS = {  # awaited by the function that makes them, whatever happens
    "firmware_bridge/contracts/sources.py": 1,  # a wait for packets, which a suite cancels
    "service/cli/commands/__init__.py": 1,  # all that runs, so that a signal can cancel it
    "service/web/server.py": 1,  # the web server, which is asked to stop before it is left
    "service/web/live/broadcaster.py": 1,  # what reads for all viewers of a wearer, for as long as anybody looks
}


def test_tasks_are_made_in_task_groups() -> None:
    loose = Counter(
        _name(path)
        for path in _sources(*PACKAGES)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(asyncio|loop|.*_loop\(\))\.(create_task|ensure_future)", ast.unparse(node.func))
    )
    assert loose == OWN_TASKS


def test_nothing_swallows_bugs() -> None:
    """Anything that is not one of the three errors, or a foreign one by name, ends the program."""
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _sources(*PACKAGES)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert found == []


def test_no_text_points_outside_the_project() -> None:
    # paths of somebody's machine, and documents that do not come with the project: any but its own README
    private = re.compile(r"/(home|Users|root|work|farm)/|/tmp/\w|\b(?!README\.md\b)[\w-]+\.md\b")
    paths = [
        *_sources(*PACKAGES),
        *(p for p in PROJECT.glob("*") if p.is_file() and p.suffix in {".md", ".toml", ".yml"}),
    ]
    assert [_name(path) for path in paths if private.search(path.read_text(encoding="utf-8"))] == []


# ── what is shipped and what is said of it ──────────────────────────────────────────────────────────────────────────


def test_the_wheel_s_packages_are_listed() -> None:
    project = tomllib.loads(PROJECT.joinpath("pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert project["project"]["scripts"] == {"insole": "service.cli:app"}
    assert project["project"]["license"] == "Apache-2.0"
    license_text = PROJECT.joinpath("LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0" in license_text
    assert "The insole authors" in license_text
