"""A stranger's package beside this one: the examples of the READMEs, installed on a path and held to the suites."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import PROJECT


def blocks(room: str) -> dict[str, list[str]]:
    """Return the examples of a room's README, by their language."""
    text = PROJECT.joinpath("firmware_bridge", room, "README.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        found.setdefault(language, []).append(block)
    return found


def install(site: Path, name: str, entry_points: str) -> None:
    """Make a distribution known, as pip leaves it behind."""
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    folder.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    folder.joinpath("entry_points.txt").write_text(entry_points, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Give a folder of installed packages in which this project is, with the entry points that it declares."""
    project = tomllib.loads(PROJECT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"console_scripts": project["scripts"]} | project["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups.items()]
    install(tmp_path, "insole", "\n".join(lines))
    return tmp_path


def run(site: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python's as a stranger would, who has the packages of `site` installed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(PROJECT)]), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=site, env=environment, capture_output=True, text=True, check=False
    )


PYTEST = ("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:asyncio")


def test_the_link_of_the_readme_keeps_to_what_every_link_keeps_to(site: Path) -> None:
    found = blocks("sources")
    (link, rig), (entry_points,), (transport,) = found["python"], found["ini"], found["toml"]
    site.joinpath("insole_tcp.py").write_text(link, encoding="utf-8")
    site.joinpath("test_insole_tcp.py").write_text(rig, encoding="utf-8")
    site.joinpath("transport.toml").write_text(transport, encoding="utf-8")
    install(site, "insole_tcp", entry_points)
    done = run(site, *PYTEST, "test_insole_tcp.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_a_link_without_its_package_is_no_key_of_a_profile_but_what_is_stored_is_read(site: Path) -> None:
    (transport,) = blocks("sources")["toml"]
    text = PROJECT.joinpath("firmware_bridge/devices/profiles/demo-16.toml").read_text(encoding="utf-8")
    site.joinpath("mine.toml").write_text(text + transport, encoding="utf-8")
    done = run(site, "service.cli", "profile", "check", "mine.toml")
    assert (done.returncode, done.stdout) == (
        1,
        "fails transport.tcp: is not a key that is known here; is it misspelt?\n",
    )
    code = "from pathlib import Path; from firmware_bridge import parse_profile\n"
    code += "print(*parse_profile(Path('mine.toml').read_text(), 'stored').frames)"
    site.joinpath("stored.py").write_text(code, encoding="utf-8")
    assert run(site, "stored").stdout == "ble serial tcp\n"


def test_the_device_of_the_readme_reads_what_it_says(site: Path) -> None:
    (profile,) = blocks("devices")["toml"]
    site.joinpath("my-insole.toml").write_text(profile, encoding="utf-8")
    (commands,) = blocks("devices")["sh"]
    check, suite = commands.splitlines()
    assert check.startswith("insole ")
    done = run(site, "service.cli", *check.split()[1:])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "ok    My eight-sensor insole: 8 sensors in raw, 100 Hz; ble; unconfirmed on hardware",
        "       golden[0], left foot over ble: 1 sample, 0 packets refused",
        "       golden[0], sample 0: pressure 100 200 300 400 0 0 1000 4095",
        "       golden[1], left foot over ble: no samples",
    ]
    done = run(site, *PYTEST, *suite.split()[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 passed" in done.stdout
    site.joinpath("my-insole.toml").write_text(profile.replace("0.80, 0.90", "0.83, 0.74"), encoding="utf-8")
    done = run(site, *PYTEST, *suite.split()[1:])
    assert "FAILED" in done.stdout
    assert "test_its_geometry_is_sound[my-insole]" in done.stdout
