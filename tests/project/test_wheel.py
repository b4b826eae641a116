"""The wheel holds all that runs, and nothing else; the command starts from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import PROJECT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the installed hatchling, so without a network."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(PROJECT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.whl")
    return path


def _shipped() -> set[str]:
    """Every file of the two packages, as the wheel names it; the recipe of the container is not for a wheel."""
    found = (path for package in ("firmware_bridge", "service") for path in (PROJECT / package).rglob("*"))
    return {
        path.relative_to(PROJECT).as_posix() for path in found if path.is_file() and "__pycache__" not in path.parts
    } - {"service/Dockerfile"}


def test_the_wheel_holds_the_two_packages_whole_and_nothing_else(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == _shipped()
    assert {"firmware_bridge/py.typed", "service/py.typed"} <= inside
    for place, suffix in (
        ("firmware_bridge/devices/profiles/", ".toml"),
        ("service/web/templates/", ".html"),
        ("service/web/static/", ".css"),
    ):
        assert any(name.startswith(place) and name.endswith(suffix) for name in inside), f"no {suffix} in {place}"
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_command_starts_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    ZipFile(wheel).extractall(site)
    code = (
        "import sys, service.cli as cli, firmware_bridge;"
        f"assert all(m.__file__.startswith({str(site)!r}) for m in (cli, firmware_bridge)), cli.__file__;"
        "sys.argv = ['insole', '--help']; cli.app()"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "demo" in run.stdout
