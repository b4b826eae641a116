"""Packages of strangers: put on a path as an installer would leave them, and run there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import PROJECT

PYTEST = ("-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio")
"""A stranger's own pytest, which has no plugin that this project's tests need."""


def install(site: Path, name: str, entry_points: Mapping[str, Mapping[str, str]]) -> None:
    """Make a distribution known on a path, with its entry points by group."""
    information = site / f"{name}-1.0.dist-info"
    information.mkdir(parents=True)
    information.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = (f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in own.items()) for group, own in entry_points.items())
    information.joinpath("entry_points.txt").write_text("".join(groups))


def run(site: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder of installed packages, this project beside them."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(PROJECT)]), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *command], cwd=site, env=environment, capture_output=True, text=True, check=False
    )
