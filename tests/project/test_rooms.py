"""A stranger finds the way: small folders that say what lives in them, and one meaning a name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT

PACKAGES = ("firmware_bridge", "service")
MOST = 12
MOST_OF_A_FAMILY = 15
LEAST = 3
FAMILIES = {  # files of one kind beside each other: the folder is the table
    "firmware_bridge": "the rooms and the face",
    "firmware_bridge/codec": "steps of one way, from bytes to readings",
    "firmware_bridge/importers/formats": "a file for each format",
    "firmware_bridge/importers/parsing": "what formats share, each a question to a file",
    "service/gait/detectors": "a detector each, and what they watch with",
    "firmware_bridge/stores/sqlite": "parts of one file's life",
    "service": "the rooms, settings and runtime",
    "service/web/pages": "a file for each page, and what pages share",
}
DATA = {
    "firmware_bridge/devices/profiles",
    "service/web/static",
    "service/web/templates",
    "service/wording/cards",
}
"""Folders of files that are data: a device, a picture, a page each."""

TWINS = {
    "SOURCE": "each link module's one `Source`, by which the table names it",
    "FORMAT": "each format module's one `Format`, by which the table names it",
    "recompute": "each validation set's one function, by which the table names it",
}
"""Public names that stand in several modules, and why."""


def _folders(*tops: str) -> Iterator[Path]:
    for top in tops:
        for path in (PROJECT / top, *sorted((PROJECT / top).rglob("*"))):
            if path.is_dir() and not {"__pycache__", "node_modules"} & {*path.parts}:
                yield path


def _entries(folder: Path) -> list[Path]:
    """Its files and folders, without what stands at a door: a README, the mark of typed code."""
    return [
        path for path in folder.iterdir() if path.name not in {"__pycache__", "node_modules", "README.md", "py.typed"}
    ]


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def test_folders_are_small_enough_to_be_read() -> None:
    """Those of tests hold what they mirror, and what is shared, too."""
    found = {
        _name(folder): len(_entries(folder)) for folder in _folders(*PACKAGES, "tests") if _name(folder) not in DATA
    }
    wide = {name for name in found if name in FAMILIES or name.startswith("tests")}
    over = {name: n for name, n in found.items() if n > (MOST_OF_A_FAMILY if name in wide else MOST)}
    assert over == {}, (
        f"more than {MOST} entries ({MOST_OF_A_FAMILY} of a family): part the folder by what its files do"
    )


def test_no_folder_is_made_for_one_or_two_files() -> None:
    found = {_name(folder): len(_entries(folder)) for folder in _folders(*PACKAGES)}
    assert {name: count for name, count in found.items() if count < LEAST} == {}


@pytest.mark.parametrize("folder", [f for f in _folders(*PACKAGES) if _name(f) not in DATA], ids=_name)
def test_a_folder_says_in_one_sentence_what_lives_there(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert re.fullmatch(r"[A-Z`].{15,}\.", text.partition("\n")[0]), text


def _public(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def test_a_name_has_one_meaning_in_the_whole_product() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for package in PACKAGES:
        for path in sorted(PROJECT.joinpath(package).rglob("*.py")):
            for name in _public(path):
                where[name].add(_name(path))
    twins = {name: sorted(places) for name, places in where.items() if len(places) > 1}
    assert {name: places for name, places in twins.items() if name not in TWINS} == {}
    assert set(TWINS) <= set(twins), "what is no twin any more needs no reason"
    assert len(TWINS) <= 10


def test_nobody_takes_what_a_module_keeps_to_itself() -> None:
    found = [
        f"{_name(path)}:{node.lineno}: {alias.name}"
        for package in PACKAGES
        for path in sorted(PROJECT.joinpath(package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert found == []
