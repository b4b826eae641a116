"""A stranger's package beside this one: the examples of the READMEs, installed on a path and held to the suites."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.stand_ins.packages import PYTEST, install, run


def blocks(room: str) -> dict[str, list[str]]:
    """Return the examples of a room's README, by their language."""
    text = PROJECT.joinpath("firmware_bridge", room, "README.md").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for language, block in re.findall(r"^``` ?(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        found.setdefault(language, []).append(block)
    return found


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Give a folder of installed packages in which this project is, with the entry points that it declares."""
    project = tomllib.loads(PROJECT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    install(tmp_path, "insole", {"console_scripts": project["scripts"]} | project["entry-points"])
    return tmp_path


def test_the_link_of_the_readme_keeps_to_what_every_link_keeps_to(site: Path) -> None:
    found = blocks("sources")
    (link, rig), (entry_points,), (transport,) = found["python"], found["ini"], found["toml"]
    site.joinpath("insole_gateway.py").write_text(link, encoding="utf-8")
    site.joinpath("test_insole_gateway.py").write_text(rig, encoding="utf-8")
    site.joinpath("transport.toml").write_text(transport, encoding="utf-8")
    points = configparser.ConfigParser()
    points.read_string(entry_points)
    install(site, "insole_gateway", {group: dict(points[group]) for group in points.sections()})
    done = run(site, *PYTEST, "test_insole_gateway.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_a_link_without_its_package_is_no_key_of_a_profile_but_what_is_stored_is_read(site: Path) -> None:
    (transport,) = blocks("sources")["toml"]
    text = PROJECT.joinpath("firmware_bridge/devices/profiles/demo-16.toml").read_text(encoding="utf-8")
    site.joinpath("mine.toml").write_text(text + transport, encoding="utf-8")
    done = run(site, "-m", "service.cli", "profile", "check", "mine.toml")
    assert (done.returncode, done.stdout) == (
        1,
        "fails transport.gateway: is not a key that is known here; is it misspelt?\n",
    )
    code = "from pathlib import Path; from firmware_bridge import parse_profile\n"
    code += "print(*parse_profile(Path('mine.toml').read_text(), 'stored').frames)"
    site.joinpath("stored.py").write_text(code, encoding="utf-8")
    assert run(site, "stored.py").stdout == "ble serial gateway\n"


def test_the_device_of_the_readme_reads_what_it_says(site: Path) -> None:
    (profile,) = (block for block in blocks("devices")["toml"] if block.startswith("# my-insole.toml"))
    site.joinpath("my-insole.toml").write_text(profile, encoding="utf-8")
    (commands,) = (block for block in blocks("devices")["sh"] if "--pyargs" in block)
    check, suite = commands.splitlines()
    assert check.startswith("insole ")
    done = run(site, "-m", "service.cli", *check.split()[1:])
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
