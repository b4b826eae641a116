"""Settings: a file, the environment over it, and a clear word where one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge import ConfigError, Side
from service.alerts.quiet_hours import parse_quiet
from service.pipeline.retention import Keep
from service.records.topics import TOPICS
from service.settings import load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str) -> Path:
    path = Path("insole.toml")
    path.write_text(text)
    return path


def test_without_a_file_everything_works() -> None:
    settings = load_settings()
    assert [keys.insole().side for keys in settings.insoles] == [Side.LEFT, Side.RIGHT]
    assert settings.web.host == "127.0.0.1"
    settings.web.check()


def test_the_file_here_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    written('store = "sqlite:///mine.sqlite"\n[web]\nport = 9000\nhost = "127.0.0.2"\n')
    monkeypatch.setenv("INSOLE_WEB__PORT", "9001")
    monkeypatch.setenv("INSOLE_MIRRORS", '["influx://localhost:8086/insole"]')
    settings = load_settings()
    assert (settings.store, settings.web.port, settings.web.host) == ("sqlite:///mine.sqlite", 9001, "127.0.0.2")
    assert settings.mirrors == ("influx://localhost:8086/insole",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stor = 1\n", r"insole\.toml.*stor: no such key"),
        ("[web]\nport = 70000\n", r"insole\.toml.*web\.port"),
        ("[[insoles]]\nside = 'middle'\nurl = 'virtual:'\n", r"insoles\.0\.side.*'left' or 'right'"),
        ("store = \n", r"insole\.toml: is not TOML.*line 1"),
    ],
)
def test_a_mistake_names_file_and_key(text: str, says: str) -> None:
    written(text)
    with pytest.raises(ConfigError, match=says):
        load_settings()


def test_a_named_file_has_to_be_there() -> None:
    with pytest.raises(ConfigError, match=r"other\.toml: cannot be read"):
        load_settings(Path("other.toml"))


def test_what_is_kept_has_units_and_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = load_settings().keep
    assert (keep.frames_days, keep.budget_gb, keep.free_gb) == (400, 20, 1)
    monkeypatch.setenv("INSOLE_KEEP__BUDGET_GB", "2.5")
    assert load_settings(written("[keep]\nframes_days = 30\n")).keep.keep() == Keep(30, 2.5, 1)
    with pytest.raises(ConfigError, match=r"keep\.frames_days: Input should be greater than 0"):
        load_settings(written("[keep]\nframes_days = 0\n"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "insole.example"])
def test_a_bind_beyond_this_computer_needs_a_token(host: str) -> None:
    settings = load_settings(written(f'[web]\nhost = "{host}"\n'))
    with pytest.raises(ConfigError, match="INSOLE_WEB__TOKEN"):
        settings.web.check()
    settings.web.model_copy(update={"token": "secret"}).check()


def test_a_calibration_that_does_not_fit_is_named() -> None:
    Path("left.toml").write_text("gain = [1.0, 2.0]\n")
    settings = load_settings(written("[[insoles]]\nside='left'\nurl='virtual:'\ncalibration='left.toml'\n"))
    with pytest.raises(ConfigError, match="gain has 2 values"):
        settings.insoles[0].insole()


ANNA, BEN = "[[pods]]\nurl = '{}'\nwearer = 'anna'\n", "[[pods]]\nurl = '{}'\nwearer = 'ben'\n"


@pytest.mark.parametrize("url", ["ble:", "ble:?adapter=hci1", "ble:?backend=bumble:usb:0&timeout=5"])
def test_of_several_pods_each_is_named(url: str) -> None:
    assert load_settings().pods == ()
    assert [pod.url for pod in load_settings(written(ANNA.format(url))).pods] == [url]
    with pytest.raises(ConfigError, match=r"pods: .*of several pods each has to be named: ble:NAME or ble:\?address="):
        load_settings(written(ANNA.format("ble:Stryd") + BEN.format(url)))
    named = ANNA.format("ble:Stryd") + BEN.format(f"{url}{'&' if '?' in url else '?'}address=C4:00:00:00:00:07")
    assert len(load_settings(written(named)).pods) == 2
    with pytest.raises(ConfigError, match=r"pods: .*a wearer has one foot pod"):
        load_settings(written(ANNA.format("ble:Stryd") + ANNA.format("ble:Another")))


def test_alert_rules_are_taken_where_they_fit_and_the_rest_is_as_for_everybody() -> None:
    settings = load_settings(
        written(
            '[alerts]\nurls = ["json://all"]\nquiet = "22:00-07:00"\nzone = "Europe/Berlin"\n'
            '[[alerts.rule]]\nwearer = "ann"\ntopic = "insole"\nurls = ["json://ann"]\ncool_down_s = 60\n'
            '[[alerts.rule]]\ntopic = "training_load"\noff = true\n'
            '[[alerts.rule]]\nwearer = "ann"\nquiet = "12:00-13:00"\n'
        )
    ).alerts.settings()
    insole, load, rest = (settings.of("ann", topic) for topic in ("insole", "training_load", "imbalance"))
    assert (insole.urls, insole.cool_down_s, insole.where) == (("json://ann",), 60, "alerts.rule[0].urls")
    assert (insole.quiet, insole.zone) == (settings.quiet, settings.zone)
    assert (load.off, load.urls) == (True, ("json://all",))
    assert (rest.quiet, rest.cool_down_s, rest.off) == (parse_quiet("12:00-13:00"), settings.cool_down_s, False)
    assert settings.of("bob", "imbalance").urls == ("json://all",)


NAMES = list(TOPICS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[alerts]\nquiet = "at night"\n', r"alerts\.quiet: .*22:00-07:00"),
        ('[alerts]\nzone = "Mars"\n', r"alerts\.zone: .*Europe/Berlin"),
        (
            '[[alerts.rule]]\ntopic = "weather"\n',
            rf"alerts\.rule\.0\.topic: Input should be '', {', '.join(map(repr, NAMES[:-1]))} or {NAMES[-1]!r}",
        ),
        ("[[alerts.rule]]\nof = true\n", r"alerts\.rule\.0\.of: no such key"),
    ],
)
def test_a_wrong_rule_names_its_key(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_settings(written(text))
