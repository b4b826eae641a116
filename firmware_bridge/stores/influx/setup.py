"""Making the place of an archive on an InfluxDB server: a bucket and its mapping on 2, a database on 1.8 and 3."""

from __future__ import annotations

import json
from typing import Any

from firmware_bridge.errors import ConfigError
from firmware_bridge.stores.influx.http_client import Server

_DAY_S = 86_400


def setup(server: Server, keep_days: float | None = None) -> str:
    """Create the bucket or database unless it is there, and let it keep points for `keep_days` (0: for ever).

    None leaves what is there as it is, and lets what is new keep them for ever. Return in one line what was
    done. On InfluxDB 2 the database and retention policy of the bucket's name are mapped to it, as InfluxQL and
    Grafana ask for them.

    Raises:
        ConfigError: the token may not, or the organization does not exist.
    """
    version = server.version
    keep_s = None if keep_days is None else round(keep_days * _DAY_S)
    ways = {1: _first, 2: _second, 3: _third}
    if version.major not in ways or (version.major, version.minor) < (1, 6):
        raise ConfigError(f"{server.where}: cannot set up {version.text}; create the bucket by its own tools")
    done = ways[version.major](server, keep_s)
    kept = "" if keep_s is None else f", keeps points for {keep_days:g} days" if keep_s else ", keeps points for ever"
    return f"{version.text} at {server.base}: bucket {server.bucket!r} {done}{kept}"


def _first(server: Server, keep_s: int | None) -> str:
    name, policy = _quoted(server.database), server.policy or "autogen"
    new = server.database not in _column(server, "SHOW DATABASES")
    if new:
        server.say(f"CREATE DATABASE {name}", "POST", {})
    there = policy in _column(server, f"SHOW RETENTION POLICIES ON {name}")
    if there and keep_s is None:
        return "created" if new else "was there"
    verb, copies = ("ALTER", "") if there else ("CREATE", " REPLICATION 1")
    duration = f"{keep_s}s" if keep_s else "INF"
    server.say(f"{verb} RETENTION POLICY {_quoted(policy)} ON {name} DURATION {duration}{copies}", "POST", {})
    return "was there" if there and not new else "created"


def _column(server: Server, query: str) -> list[str]:
    return [row[0] for series in server.say(query, "GET", {}) for row in series.get("values", [])]


def _second(server: Server, keep_s: int | None) -> str:
    organizations = _asked(server, "/api/v2/orgs", {"org": server.org})["orgs"]
    if not organizations:
        raise ConfigError(f"{server.where}: there is no organization {server.org!r}; correct the URL's org")
    org = organizations[0]["id"]
    rules = [{"type": "expire", "everySeconds": keep_s}] if keep_s else []
    named = {"org": server.org, "name": server.bucket}
    found = _asked(server, "/api/v2/buckets", named, absent=True).get("buckets", [])
    if found:
        bucket = found[0]["id"]
        if keep_s is not None:
            _send(server, "PATCH", f"/api/v2/buckets/{bucket}", {"retentionRules": rules})
    else:
        wanted = {"orgID": org, "name": server.bucket, "retentionRules": rules}
        bucket = _send(server, "POST", "/api/v2/buckets", wanted)["id"]
    _map(server, org, bucket)
    return "was there" if found else "created"


def _map(server: Server, org: str, bucket: str) -> None:
    """Let InfluxQL find the bucket; servers that map buckets by themselves list such a mapping, too."""
    maps = _asked(server, "/api/v2/dbrps", {"orgID": org, "bucketID": bucket}).get("content", [])
    policy = server.policy or "autogen"
    if not any(entry.get("database") == server.database for entry in maps):
        wanted = {"orgID": org, "bucketID": bucket, "database": server.database, "retention_policy": policy}
        _send(server, "POST", "/api/v2/dbrps", {**wanted, "default": not server.policy})


def _third(server: Server, keep_s: int | None) -> str:
    wanted: dict[str, Any] = {"db": server.bucket}
    if keep_s:
        wanted["retention_period"] = f"{keep_s}s"
    body = json.dumps(wanted).encode()
    status, _ = server.request("POST", "/api/v3/configure/database", {}, body, expected=(200, 201, 204, 409))
    if status != 409:
        return "created"
    if keep_s is not None:
        server.request("PUT", "/api/v3/configure/database", {}, body, expected=(200, 204))
    return "was there"


def _asked(server: Server, path: str, parameters: dict[str, str], *, absent: bool = False) -> dict[str, Any]:
    status, text = server.request("GET", path, parameters, expected=(200, 404) if absent else (200,))
    answer: dict[str, Any] = json.loads(text) if status == 200 else {}
    return answer


def _send(server: Server, method: str, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    _, text = server.request(method, path, {}, json.dumps(wanted).encode(), expected=(200, 201))
    answer: dict[str, Any] = json.loads(text)
    return answer


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
