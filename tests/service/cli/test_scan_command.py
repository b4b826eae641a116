"""`insole scan`: what is there, which profile fits, the URL for settings, and what is wrong with Bluetooth."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from serial.tools import list_ports  # type: ignore[import-untyped]
from typer.testing import CliRunner

from firmware_bridge import ConfigError, Side, Unavailable
from firmware_bridge.sources import Address
from firmware_bridge.sources import serial as ports
from firmware_bridge.sources.ble import source as ble
from service.cli import app
from service.settings import InsoleSettings
from tests.stand_ins.programs import Program, eventually, running

DEMO = "7d1a0001-52c9-4f0e-9a43-6b1e5c0fd316"


def _seen(name: str, rssi: int = -50, **told: Any) -> ble.Advertised:
    fields: dict[str, Any] = {"address": "C4:00:00:00:00:07", "services": (), "makers": {}, "battery_pct": None}
    return ble.Advertised(name=name, rssi_dbm=rssi, **(fields | told))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put devices into the air, and ports into the computer."""

    def put(*seen: ble.Advertised, ports: tuple[str, ...] = (), trouble: Exception | None = None) -> None:
        async def scan(*_: object) -> list[ble.Advertised]:
            if trouble:
                raise trouble
            return list(seen)

        info = [SimpleNamespace(device=port, description="Feather", vid=None, pid=None) for port in ports]
        monkeypatch.setattr(ble, "scan_air", scan)
        monkeypatch.setattr(list_ports, "comports", lambda: info)

    return put


def scanned(*args: str, exit_code: int = 0) -> tuple[str, str]:
    done = CliRunner().invoke(app, ["scan", *args])
    assert done.exit_code == exit_code, done.output
    return done.stdout, done.stderr


def test_the_url_of_an_insole_goes_into_settings_as_it_is_printed(here: Any) -> None:
    here(_seen('Insole demo R "%1?\\', -61, battery_pct=80))
    out, err = scanned()
    assert out.splitlines()[0] == 'Bluetooth, Insole demo R "%1?\\, -61 dBm, battery 80 %, right insole'
    profile, url = (re.search(rf'^    {key} = "([^"]*)"', out, re.MULTILINE) for key in ("profile", "url"))
    assert profile
    assert url
    insole = InsoleSettings(side=Side.RIGHT, profile=profile[1], url=url[1]).insole()
    assert ble._wanted(Address.parse(insole.url), insole).name == 'Insole demo R "%1?\\'
    assert err == ""


@pytest.mark.parametrize(
    ("seen", "profiles", "url"),
    [
        (_seen("Insole demo L", services=(DEMO,)), ["demo-16"], "ble:Insole demo L"),
        (_seen("Insole demo L"), ["demo-16", "generic-lines"], "ble:Insole demo L"),
        (_seen("INS-7"), ["orphe-insole", "orphe-insole-200"], "ble:"),  # it tells its foot when it is asked
        (_seen("Polar H10"), [], "ble:?address=C4:00:00:00:00:07"),
        (_seen(""), [], "ble:?address=C4:00:00:00:00:07"),
        (_seen("insole-L"), ["generic-lines", "insole-line", "insole-line-16"], "ble:insole-L"),
    ],
)
def test_each_device_has_the_profiles_that_fit_and_its_url(
    here: Any, seen: ble.Advertised, profiles: list[str], url: str
) -> None:
    here(seen)
    (line,) = scanned("--json")[0].splitlines()
    told = json.loads(line)
    assert (told["profiles"], told["url"], told["rssi_dbm"]) == (profiles, url, -50)


def test_several_profiles_that_fit_are_all_named(here: Any) -> None:
    here(_seen("insole-R"))
    assert '    profile = "generic-lines"  # or insole-line, insole-line-16\n' in scanned()[0]


def test_those_that_fit_a_profile_come_first_and_then_the_strongest(here: Any) -> None:
    here(_seen("Polar", -40), _seen("Watch", -50), _seen("Insole demo L", -70))
    names = [json.loads(line)["name"] for line in scanned("--json")[0].splitlines()]
    assert names == ["Insole demo L", "Polar", "Watch"]


def test_a_foot_pod_is_named_as_such_and_comes_before_what_is_unknown(here: Any) -> None:
    here(_seen("Polar", -40), _seen("Stryd", -70, services=("00001814-0000-1000-8000-00805f9b34fb",)))
    assert scanned()[0].splitlines()[:2] == [
        "Bluetooth, Stryd, -70 dBm, foot pod: it belongs into [[pods]]",
        '    url = "ble:?address=C4:00:00:00:00:07"',
    ]
    assert [json.loads(line)["pod"] for line in scanned("--json")[0].splitlines()] == [True, False]


def test_a_name_from_the_air_cannot_command_the_terminal(here: Any) -> None:
    here(_seen("\x1b[2JInsole demo L\x07"))
    assert not re.search(r"[^\x20-\x7e\n]", scanned()[0])


def test_a_serial_port_has_its_lasting_name(here: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    port, lasting = tmp_path / "ttyACM0", tmp_path / "by-id" / "usb-Feather-if00"
    port.touch()
    lasting.parent.mkdir()
    os.symlink(port, lasting)
    names = ports._lasting_names(str(lasting.parent))
    monkeypatch.setattr(ports, "_lasting_names", lambda: names)
    here(ports=(str(port), str(tmp_path / "ttyS0")))
    assert scanned()[0].splitlines() == [
        "serial port, Feather",
        f'    url = "serial:{lasting}"',
        "serial port, Feather",
        f'    url = "serial:{tmp_path / "ttyS0"}"',
    ]


def test_bluetooth_that_cannot_be_used_is_one_sentence_beside_the_ports(here: Any) -> None:
    here(ports=("/dev/ttyACM0",), trouble=Unavailable("Bluetooth is off", "switch it on"))
    out, err = scanned()
    assert 'url = "serial:' in out
    assert err == "insole: Bluetooth is off (switch it on)\n"
    here(trouble=Unavailable("Bluetooth is off", "switch it on"))
    assert scanned(exit_code=1) == ("", err)


def test_nothing_is_said_to_be_nothing(here: Any) -> None:
    here()
    out, err = scanned()
    assert out == ""
    assert "nothing advertises and nothing is plugged in" in err


def test_a_wrong_backend_is_a_usage_error(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here(trouble=ConfigError("backend=x has to be bumble:TRANSPORT"))
    assert "has to be bumble:TRANSPORT" in _failed(["scan", "--backend", "x"])


def _failed(words: list[str]) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    return done.output


@pytest.mark.slow
def test_virtual_insoles_in_another_process_are_listed_with_the_url_that_opens_them(tmp_path: Path) -> None:
    with running(tmp_path, "virtual", "ble") as virtual:
        url = eventually(
            "the radio is there", lambda: re.search(r"^ble:\?(backend=\S+)$", virtual.printed, re.MULTILINE)
        )
        backend = url[1].removeprefix("backend=")
        with running(tmp_path, "scan", "--seconds", "1", "--backend", backend) as scan:
            assert isinstance(scan, Program)
            printed = scan.result()
    for letter in "LR":
        assert f'profile = "demo-16"\n    url = "ble:Insole demo {letter}?backend={backend}"' in printed
