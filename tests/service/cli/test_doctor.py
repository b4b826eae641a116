"""`insole doctor`: each part of a running system that fails is named, with what helps."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from firmware_bridge import SECOND, ClockState, InsoleError, Link, Side, open_log
from service.cli.checks import doctor
from service.cli.checks.grafana import ALERT_RULES, DASHBOARDS, DATASOURCE
from service.settings import GrafanaKeys, Settings, WebSettings
from tests.conftest import PROJECT

NOW = 1_700_000_000 * SECOND


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Answers)
        server.asked.append((self.path, self.headers.get("Authorization", "")))
        status, body = server.answers.get(self.path, (404, {"message": "not found"}))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Answers(ThreadingHTTPServer):
    """A server that gives canned answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, dict[str, object]]] = {}
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[Answers]:
    with Answers() as answers:
        thread = threading.Thread(target=answers.serve_forever, daemon=True)
        thread.start()
        yield answers
        answers.shutdown()
        thread.join()


@pytest.fixture
def grafana(server: Answers) -> Answers:
    """A Grafana that has everything."""
    server.answers = {
        "/api/health": (200, {"database": "ok", "version": "12.4.11"}),
        f"/api/datasources/uid/{DATASOURCE}": (200, {"uid": DATASOURCE}),
        f"/api/datasources/uid/{DATASOURCE}/health": (200, {"status": "OK", "message": "datasource is working"}),
        **{f"/api/dashboards/uid/{uid}": (200, {"meta": {"provisioned": True}}) for uid in DASHBOARDS},
        **{f"/api/v1/provisioning/alert-rules/{uid}": (200, {"uid": uid}) for uid in ALERT_RULES},
    }
    return server


def settings(path: Path, **keys: object) -> Settings:
    return Settings(store=f"sqlite:///{path}/log.sqlite", **keys)  # type: ignore[arg-type]


def told(settings: Settings) -> dict[str, str]:
    """Return what is said of each part, and of its warnings."""
    said = {}
    for name, part in doctor.parts(settings, now=lambda: NOW):
        try:
            found = part()
            said[name] = "\n".join([found.fine, *found.warnings])
        except InsoleError as error:
            said[name] = f"fails: {error}"
    return said


def link(side: Side, ago_s: int, lost: int = 0, battery: float = 80.0, *, connected: bool = True) -> Link:
    received = 100 - lost if connected else 0
    return Link(NOW - ago_s * SECOND, "me", side, "d", connected, received, lost, 0, 0, 0, 1, battery)


def test_each_foot_is_told_from_what_its_link_did_lately(tmp_path: Path) -> None:
    with closing(open_log(settings(tmp_path).store)) as log:
        log.put([link(Side.LEFT, ago, battery=80) for ago in range(1, 6)])
        log.put([link(Side.RIGHT, ago, lost=20, battery=9) for ago in range(1, 6)])
    said = told(settings(tmp_path))
    assert said["me's left foot"] == "500 samples in 5 s, 0.0 % lost, battery 80 %"
    assert said["me's right foot"].splitlines()[0] == "400 samples in 5 s, 20.0 % lost, battery 9 %"
    assert said["me's right foot"].splitlines()[1:] == [
        "20 % are lost: wear the receiver nearer, on the same side of the body",
        "battery 9 %: charge it",
    ]


def test_a_clock_that_is_wrong_is_told_of_its_foot(tmp_path: Path) -> None:
    fast = replace(link(Side.LEFT, 1), clock=ClockState.RESCALED, clock_rate=1.1)
    with closing(open_log(settings(tmp_path).store)) as log:
        log.put([link(Side.LEFT, 2), fast, link(Side.RIGHT, 1)])
    said = told(settings(tmp_path))
    assert said["me's left foot"].splitlines()[1:] == [
        "the device's time runs 1.10 times too fast; it is divided by 1.10"
    ]
    assert said["me's right foot"].splitlines()[1:] == []


def test_a_foot_that_is_not_heard_is_told(tmp_path: Path) -> None:
    with closing(open_log(settings(tmp_path).store)) as log:
        log.put([link(Side.LEFT, 60), link(Side.RIGHT, 2, battery=math.nan, connected=False)])
    said = told(settings(tmp_path))
    assert said["me's left foot"].startswith("fails: nothing was told of it within 15 s (is `insole run`")
    assert said["me's right foot"].startswith("fails: it is not connected (is it switched on")


def test_a_store_in_which_nothing_is_says_so(tmp_path: Path) -> None:
    assert told(settings(tmp_path))["me's left foot"].startswith("fails: nothing was told of it")


def test_the_service_that_runs_is_asked(server: Answers, tmp_path: Path) -> None:
    asked = settings(tmp_path, web=WebSettings(port=server.server_port))
    assert told(asked)["service"].startswith(f"fails: what answers at {server.url} is another program (HTTP 404)")
    server.answers["/healthz"] = (200, {"status": "ok"})
    assert told(asked)["service"] == f"answers at {server.url}"
    server.shutdown()
    server.server_close()
    assert told(asked)["service"].startswith(f"fails: nothing answers at {server.url} (start `insole run`")


def test_a_grafana_that_has_everything_is_well(grafana: Answers, tmp_path: Path) -> None:
    said = told(settings(tmp_path, grafana=GrafanaKeys(url=grafana.url, token="abc")))
    assert [said[name] for name in said if name.startswith("grafana")] == [
        f"Grafana 12.4.11 at {grafana.url}",
        "datasource is working",
        "5 are there",
        "3 are there",
    ]
    assert {authorization for _, authorization in grafana.asked} == {"Bearer abc"}


@pytest.mark.parametrize(
    ("path", "answer", "part", "message"),
    [
        ("/api/health", (200, {"database": "failing"}), "grafana", "is ill"),
        (
            f"/api/datasources/uid/{DATASOURCE}",
            (404, {}),
            "grafana's data source",
            "has no data source 'insole-influx'; m",
        ),
        (
            f"/api/datasources/uid/{DATASOURCE}/health",
            (400, {"status": "ERROR", "message": "401 Unauthorized"}),
            "grafana's data source",
            "does not work: 401 Unauthorized (are the database's address, name and token in it right",
        ),
        (
            "/api/dashboards/uid/insole-my-trend",
            (404, {}),
            "grafana's dashboards",
            "lacks the dashboard 'My trend'",
        ),
        (
            "/api/dashboards/uid/insole-this-run",
            (200, {"meta": {"provisioned": False}}),
            "grafana's dashboards",
            "This run is not the provisioned dashboard but a copy by hand; delete it",
        ),
        (
            "/api/v1/provisioning/alert-rules/insole-imbalance",
            (404, {}),
            "grafana's alert rules",
            "lacks the alert rule 'Imbalance'; mount",
        ),
        ("/api/health", (401, {}), "grafana", "lets nobody look (HTTP 401); set INSOLE_GRAFANA__TOKEN"),
        ("/api/health", (302, {}), "grafana", "does not answer as Grafana does (HTTP 302); correct grafana.url"),
    ],
)
def test_what_fails_in_grafana_is_named_with_its_remedy(
    grafana: Answers, tmp_path: Path, path: str, answer: tuple[int, dict[str, object]], part: str, message: str
) -> None:
    grafana.answers[path] = answer
    said = told(settings(tmp_path, grafana=GrafanaKeys(url=grafana.url, user="insole", password="x")))
    assert said[part].startswith("fails: ")
    assert message in said[part]
    assert sum(text.startswith("fails: ") for name, text in said.items() if name.startswith("grafana")) == 1


def test_a_grafana_that_is_away_is_told(tmp_path: Path) -> None:
    said = told(settings(tmp_path, grafana=GrafanaKeys(url="http://127.0.0.1:9")))
    assert (
        said["grafana"]
        == "fails: Grafana at http://127.0.0.1:9 does not answer (is it running, and grafana.url right?)"
    )


def test_it_asks_for_what_is_provisioned() -> None:
    made = {}
    for path in (PROJECT / "dashboards/generated").glob("*.json"):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        made[dashboard["uid"]] = dashboard["title"]
    assert made == DASHBOARDS
    rules = yaml.safe_load((PROJECT / "dashboards/provisioning/alerting/insole.yaml").read_text(encoding="utf-8"))
    assert {rule["uid"]: rule["title"] for group in rules["groups"] for rule in group["rules"]} == ALERT_RULES
    sources = yaml.safe_load((PROJECT / "dashboards/provisioning/datasources/insole.yaml").read_text(encoding="utf-8"))
    assert [source["uid"] for source in sources["datasources"]] == [DATASOURCE]
