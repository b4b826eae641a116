"""What `docker compose up` would start, without Docker: schema, pins, ports, secrets and the service's own settings.

What no test here shows: that the images are there, that they start, and that the build runs.
"""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings, load_settings
from tests.conftest import PROJECT

TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
BESIDE = PROJECT / "dashboards/garmin-grafana.yml"
"""What is put on top of the compose file of garmin-grafana."""
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (PROJECT / "service/Dockerfile").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(?::\?([^}]+))?\}")


def _instructions() -> list[list[str]]:
    """Return the Dockerfile's instructions as words, continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(maxsplit=1) for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def _secrets(tmp_path: Path) -> dict[str, str]:
    """Run the line that the compose file gives for making .env, and return what it made."""
    (line,) = re.findall(r"make-env \(once\): +(.*)", TEXT)
    subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)
    made = tmp_path / ".env"
    assert made.stat().st_mode & 0o077 == 0, "others can read the secrets"
    return dict(part.split("=", 1) for part in made.read_text(encoding="ascii").splitlines())


def _substituted(values: dict[str, str], secrets: dict[str, str]) -> dict[str, str]:
    return {name: VARIABLE.sub(lambda found: secrets[found.group(1)], text) for name, text in values.items()}


# ---- the compose file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PROJECT / "docker-compose.yml", BESIDE], ids=lambda path: path.name)
def test_it_follows_the_compose_schema(path: Path) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_image_is_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += [words.split()[0] for name, words in _instructions() if name == "FROM"]
    for image in images:
        assert re.search(r":v?\d+\.\d+", image), f"{image} is not pinned"


def test_every_port_is_published_on_this_computer_only() -> None:
    for name, service in SERVICES.items():
        for port in service["ports"]:
            assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), f"{name}: {port}"
        assert "network_mode" not in service


def test_every_secret_is_asked_for_and_none_is_written_down() -> None:
    for name, service in SERVICES.items():
        for key, value in service["environment"].items():
            if re.search(r"TOKEN|PASSWORD|SECRET", key):
                assert VARIABLE.fullmatch(value), f"{name}: {key} is written down"
    asked = {name: why for name, why in VARIABLE.findall(TEXT) if name}
    assert all("make .env" in why for why in asked.values()), "an unset variable has to say what to do"
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == set(asked)
    assert ".env" in (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_line_that_makes_env_makes_every_secret_anew(tmp_path: Path) -> None:
    made = _secrets(tmp_path)
    assert set(made) == {name for name, _ in VARIABLE.findall(TEXT)}
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in made.values())
    assert len(set(made.values())) == len(made)


def test_nobody_looks_at_grafana_without_a_password() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert environment["GF_SECURITY_ADMIN_USER"] != "admin"


def test_the_parts_wait_for_each_other_and_keep_their_data_in_named_volumes() -> None:
    for name, service in SERVICES.items():
        assert "healthcheck" in service or "build" in service, f"{name} has no health check"
        assert "no-new-privileges:true" in service["security_opt"]
        for need, condition in service.get("depends_on", {}).items():
            assert need in SERVICES
            assert condition == {"condition": "service_healthy"}
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("."):
                assert volume.endswith(":ro"), f"{name} could write to {source}"
                assert (PROJECT / source).is_dir()
            else:
                assert source in COMPOSE["volumes"]
    users = [name for name, service in SERVICES.items() if any("service-data" in v for v in service["volumes"])]
    assert users == ["service"], "one SQLite log belongs to one container"


def test_the_token_that_grafana_reads_is_the_one_that_influxdb_is_set_up_with() -> None:
    datasource = (PROJECT / "dashboards/provisioning/datasources/insole.yaml").read_text(encoding="utf-8")
    (name,) = re.findall(r"Token \$\{(\w+)\}", datasource)
    database, grafana = SERVICES["influxdb"]["environment"], SERVICES["grafana"]["environment"]
    assert grafana[name] == database["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]
    assert f"dbName: {database['DOCKER_INFLUXDB_INIT_BUCKET']}\n" in datasource
    (address,) = re.findall(r"url: \$\{(\w+)\}", datasource)
    assert grafana[address] == "http://influxdb:8086"


def test_an_address_for_alerts_is_asked_for_nowhere_and_explained() -> None:
    assert re.findall(r"\$\{ALERT_WEBHOOK:-([^}]+)\}", TEXT) == ["http://127.0.0.1:9/nobody-is-told"]
    assert "# ALERT_WEBHOOK=" in (PROJECT / ".env.example").read_text(encoding="utf-8")


# ---- beside garmin-grafana --------------------------------------------------------------------------------------


def test_the_parts_beside_garmin_grafana_are_those_of_the_whole() -> None:
    beside: dict[str, Any] = yaml.safe_load(BESIDE.read_text(encoding="utf-8"))
    database, grafana = beside["services"]["insole-influxdb"], beside["services"]["grafana"]
    whole = SERVICES["influxdb"]
    for key in ("image", "environment", "healthcheck", "security_opt", "restart", "logging"):
        assert database[key] == whole[key]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in database["ports"])
    assert {volume.split(":")[0] for volume in database["volumes"]} == set(beside["volumes"])
    assert grafana["environment"]["INFLUX_TOKEN"] == SERVICES["grafana"]["environment"]["INFLUX_TOKEN"]
    assert grafana["environment"]["INFLUX_URL"] == "http://insole-influxdb:8086"
    assert set(grafana) == {"environment", "volumes"}, "their Grafana stays as it is"


def test_what_is_mounted_beside_garmin_grafana_is_there_and_replaces_nothing_of_theirs() -> None:
    beside: dict[str, Any] = yaml.safe_load(BESIDE.read_text(encoding="utf-8"))
    folder = "${INSOLE_FOLDER:-../insole}/"
    wanted = {volume.split(":")[0].removeprefix("./") for volume in SERVICES["grafana"]["volumes"]}
    for volume in beside["services"]["grafana"]["volumes"]:
        assert volume.startswith(folder)
        source, target, mode = volume.removeprefix(folder).split(":")
        assert mode == "ro"
        assert (PROJECT / source).exists()
        assert source in wanted or str(Path(source).parent) in wanted
        if "provisioning" in target:
            assert target.endswith("/insole.yaml"), "a folder would hide theirs"
    assert "contact-point.yaml" not in BESIDE.read_text(encoding="utf-8"), "it would replace their policies"


# ---- the service ------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Load the product's settings from the environment that the container gets."""
    for name, value in _substituted(SERVICES["service"]["environment"], _secrets(tmp_path)).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return load_settings()


def test_the_service_reads_every_variable_that_it_is_given(settings: Settings) -> None:
    names = {name: value.default for name, value in Settings.model_fields.items()}
    for name in SERVICES["service"]["environment"]:
        first, *rest = name.removeprefix("INSOLE_").lower().split("__")
        assert first in names, f"{name} is not a setting"
        for key in rest:
            assert key in type(names[first]).model_fields, f"{name} is not a setting"
    assert settings.web.token
    assert settings.influx.token
    settings.web.model_copy(update={"host": "0.0.0.0"}).check()


def test_the_service_mirrors_into_the_bucket_that_influxdb_is_set_up_with(settings: Settings) -> None:
    database = SERVICES["influxdb"]["environment"]
    bucket, org = database["DOCKER_INFLUXDB_INIT_BUCKET"], database["DOCKER_INFLUXDB_INIT_ORG"]
    assert settings.mirrors == (f"influx://influxdb:8086/{bucket}?org={org}",)


def test_the_command_is_one_that_the_product_knows(settings: Settings) -> None:
    verb, *options = SERVICES["service"]["command"]
    run = subprocess.run(
        [sys.executable, "-m", "service.cli", verb, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin", "TERM": "dumb"},
        cwd=PROJECT,
    )
    assert run.returncode == 0, run.stderr
    assert all(option in run.stdout for option in options if option.startswith("--"))
    ports = [port.split(":")[2] for port in SERVICES["service"]["ports"]]
    assert ports == [str(settings.web.port)]
    assert options[options.index("--store") + 1] == "sqlite:////data/insole.sqlite"


def test_the_service_may_write_to_its_log_and_nothing_else() -> None:
    service = SERVICES["service"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["service-data:/data"]


# ---- the image --------------------------------------------------------------------------------------------------


def test_the_image_runs_as_nobody_in_particular() -> None:
    last = max(place for place, (name, _) in enumerate(_instructions()) if name == "FROM")
    final = dict(_instructions()[last:])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", final["USER"]), "a number, so that Kubernetes too can see it is not root"
    assert final["ENTRYPOINT"] == '["insole"]'


def test_the_build_gets_what_the_wheel_is_made_of_and_no_more() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    wanted |= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = {source for name, words in _instructions() if name == "COPY" for source in words.split()[:-1]}
    assert copied == wanted
    ignored = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == wanted
    assert "**/.env*" in ignored


@pytest.fixture
def healthy() -> Iterator[int]:
    """Serve /healthz on some port, as the service does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_health_check_tells_a_living_service_from_a_dead_one(healthy: int) -> None:
    (check,) = (words for name, words in _instructions() if name == "HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])
    assert command[0] == "python"

    def code(port: int) -> int:
        environment = {"INSOLE_WEB__PORT": str(port), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [sys.executable, *command[1:]], env=environment, capture_output=True, check=False
        ).returncode

    assert code(healthy) == 0
    assert code(1) != 0
