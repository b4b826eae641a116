"""What a running Grafana has of ours: its health, the data source, the dashboards and the alert rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import urllib3

from firmware_bridge import ConfigError, InsoleError, Unavailable

_ANSWER_S = 10.0
DATASOURCE = "insole-influx"
DASHBOARDS = {
    "insole-live-link": "Live link",
    "insole-this-run": "This run",
    "insole-my-trend": "My trend",
    "insole-with-without": "With / without",
    "insole-data-quality": "Data quality",
}
ALERT_RULES = {
    "insole-imbalance": "Imbalance",
    "insole-over-pronation": "Over-pronation",
    "insole-link-silent": "Link silent",
}
"""What is provisioned, by uid and title; the folder dashboards/ of the project makes it."""


class Grafana:
    """Grafana's HTTP API, as far as a doctor needs it. Reads only."""

    def __init__(self, url: str, token: str = "", user: str = "", password: str = "") -> None:
        """Take its address and either a service account's token or a user; asks nothing yet."""
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif user:
            self._headers |= urllib3.make_headers(basic_auth=f"{user}:{password}")
        self._http = urllib3.PoolManager(timeout=_ANSWER_S, retries=False)

    def health(self) -> str:
        """Return its version.

        Raises:
            Unavailable: it does not answer, or is ill.
        """
        said = self._get("/api/health")
        if said.get("database") != "ok":
            raise Unavailable(f"Grafana at {self._url} is ill: {said}", "look at its log")
        return f"Grafana {said.get('version', 'of unknown version')} at {self._url}"

    def datasource(self, uid: str) -> str:
        """Have it ask the database through the data source; return what that said.

        Raises:
            ConfigError: there is no such data source, or it may not be asked.
            Unavailable: the data source does not work.
        """
        remedy = "mount dashboards/provisioning into /etc/grafana/provisioning and restart it"
        self._get(f"/api/datasources/uid/{quote(uid)}", missing=f"has no data source {uid!r}; {remedy}")
        try:
            said = self._get(f"/api/datasources/uid/{quote(uid)}/health")
        except ConfigError as error:
            raise Unavailable(f"the data source {uid!r} does not work: {error}") from error
        if said.get("status") != "OK":
            raise Unavailable(
                f"the data source {uid!r} does not work: {said.get('message', said)}",
                "are the database's address, name and token in it right? On InfluxDB 2 the bucket needs a mapping",
            )
        return str(said.get("message", "works"))

    def dashboards(self, uids: Mapping[str, str]) -> str:
        """Return that dashboards are there, by uid and title.

        Raises:
            ConfigError: one is missing, or has been changed by hand.
        """
        changed = []
        for uid, title in uids.items():
            missing = f"lacks the dashboard {title!r}; mount the folder dashboards as docker-compose.yml does"
            said = self._get(f"/api/dashboards/uid/{quote(uid)}", missing=missing)
            if not said.get("meta", {}).get("provisioned", True):
                changed.append(title)
        if changed:
            raise ConfigError(
                f"Grafana at {self._url}: {', '.join(changed)} is not the provisioned dashboard but a copy by hand; "
                "delete it there, and it comes back with the next restart"
            )
        return f"{len(uids)} are there"

    def alert_rules(self, uids: Mapping[str, str]) -> str:
        """Return that alert rules are there, by uid and title.

        Raises:
            ConfigError: one is missing.
        """
        for uid, title in uids.items():
            missing = f"lacks the alert rule {title!r}; mount dashboards/provisioning/alerting"
            self._get(f"/api/v1/provisioning/alert-rules/{quote(uid)}", missing=missing)
        return f"{len(uids)} are there"

    def _get(self, path: str, missing: str = "") -> dict[str, Any]:
        try:
            answer = self._http.request("GET", self._url + path, headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            advice = "is it running, and grafana.url right?"
            raise Unavailable(f"Grafana at {self._url} does not answer", advice) from error
        if answer.status in {200, 400, 500} and (said := _json(answer.data)) is not None:
            return said
        raise self._refused(answer.status, missing)

    def _refused(self, status: int, missing: str) -> InsoleError:
        if status in {401, 403}:
            remedy = "set INSOLE_GRAFANA__TOKEN, or INSOLE_GRAFANA__USER and INSOLE_GRAFANA__PASSWORD"
            return ConfigError(f"Grafana at {self._url} lets nobody look (HTTP {status}); {remedy}")
        if status == 404 and missing:
            return ConfigError(f"Grafana at {self._url} {missing}")
        return ConfigError(f"{self._url} does not answer as Grafana does (HTTP {status}); correct grafana.url")


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
