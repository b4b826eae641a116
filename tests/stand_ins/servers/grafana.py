"""What stands in for Grafana: its variables put into a query, its names for what comes back, its two transformations.

Written down as Grafana's sources have them; Grafana itself is not started by any test.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.build import DASHBOARDS
from firmware_bridge import SECOND, Link, Row, open_archive, open_log
from service.records.notes import parse_note
from service.records.rows import Alert, Block, Flag, Step, Verdict
from tests.stand_ins.servers.influx_front import TOKEN, InfluxFront
from tests.walkers import stories

Json = dict[str, Any]
Columns = dict[str, list[Any]]
UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
DAY_NS = 86_400 * SECOND
GAITS = ("normal", "limping", "pronated")
KINDS = (Step, Block, Flag, Verdict, Alert, Link)


@cache
def boards() -> dict[str, Json]:
    """Return every dashboard as Grafana reads it, by the name of its file."""
    return {name: json.loads(json.dumps(make(), cls=JSONEncoder)) for name, make in DASHBOARDS.items()}


def panels() -> list[tuple[str, Json]]:
    """Return every panel with the name of its dashboard's file."""
    return [(name, panel) for name, board in boards().items() for panel in board["panels"]]


def named(panel: tuple[str, Json]) -> str:
    """Return the name of a case: dashboard and panel."""
    return f"{panel[0].removesuffix('.json')}: {panel[1]['title']}"


@dataclass(frozen=True)
class Reader:
    """Somebody who looks at a dashboard of one wearer."""

    front: InfluxFront
    wearer: str
    now_ms: int
    bout: str = '0 OR "bout" > 0'
    topic: str = "shoes"
    chosen: tuple[str, ...] = ("new",)
    without: tuple[str, ...] = ()

    def substituted(self, query: str, since_ms: int, interval: str = "10s") -> str:
        """Return a query as Grafana sends it: words within a pattern escaped, the range in milliseconds."""
        between = f"time >= {since_ms}ms and time <= {self.now_ms}ms"
        query = query.replace("$timeFilter", between).replace("$__interval", interval)
        query = query.replace("${__from}", str(since_ms)).replace("${__to}", str(self.now_ms))
        query = query.replace("${bout:raw}", self.bout)
        for name, value in (("wearer", self.wearer), ("topic", self.topic)):
            escaped = re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", value)
            query = re.sub(rf"\${name}\b", lambda _, escaped=escaped: escaped, query)  # type: ignore[misc]
        assert not re.search(r"\$(?!/)", query), f"something is left to be substituted: {query}"
        return query

    def ask(self, query: str, since_ms: int, interval: str = "10s") -> list[Json]:
        """Return the series of an answer."""
        return ask(self.front, self.substituted(query, since_ms, interval))

    def panel(self, board: Json, panel: Json) -> Columns:
        """Return all curves or columns of a panel, as it draws them."""
        since = self.now_ms - range_ms(board)
        frames: list[Columns] = []
        for target in panel["targets"]:
            found: Columns = {}
            for series in self.ask(target["query"], since, panel.get("interval", "10s")):
                curves = names(target, series)
                assert not set(curves) & set(found), "two curves have the same name"
                found |= curves
            frames.append(found)
        if panel.get("transformations"):
            return self._transformed(panel["transformations"], frames)
        merged: Columns = {}
        for frame in frames:
            assert not set(frame) & set(merged), "two curves have the same name"
            merged |= frame
        return merged

    def _transformed(self, steps: list[Json], frames: list[Columns]) -> Columns:
        join, pick = steps
        assert (join["id"], join["options"]) == ("merge", {})
        assert pick["id"] == "filterByValue"
        assert (pick["options"]["type"], pick["options"]["match"]) == ("include", "all")
        times = sorted({time for frame in frames for time in frame.get("Time", [])})
        rows = []
        for time in times:
            row: Json = {"Time": time}
            for frame in frames:
                for name, values in frame.items():
                    if name != "Time":
                        row[name] = dict(zip(frame["Time"], values, strict=True)).get(time)
            rows.append(row)
        kept = [row for row in rows if all(self._matches(row, each) for each in pick["options"]["filters"])]
        return {name: [row[name] for row in kept] for name in (rows[0] if rows else {})}

    def _matches(self, row: Json, each: Json) -> bool:
        value, matcher = row.get(each["fieldName"]), each["config"]
        if matcher["id"] == "isNotNull":
            return value is not None
        assert matcher["id"] == "regex"
        either = "|".join(re.escape(word) for word in self.chosen)
        others = "|".join(re.escape(word) for word in self.without) or ".*"
        pattern = matcher["options"]["value"].replace("${with:regex}", either).replace("${without:regex}", others)
        return re.search(pattern, "null" if value is None else str(value)) is not None


def range_ms(board: Json) -> int:
    """Return how long a time a dashboard opens with."""
    found = re.fullmatch(r"now-(\d+)([mhd])(?:/d)?", board["time"]["from"])
    assert found, board["time"]
    return int(found[1]) * UNIT_MS[found[2]]


def ask(front: InfluxFront, query: str) -> list[Json]:
    """Return the series of an answer to a query as it stands, asked for as the provisioned data source asks."""
    asked = urlencode({"db": "insole", "q": query, "epoch": "ms"})
    request = Request(f"http://127.0.0.1:{front.port}/query?{asked}", headers={"Authorization": f"Token {TOKEN}"})
    try:
        with urlopen(request, timeout=10) as answer:
            (result,) = json.load(answer)["results"]
    except HTTPError as error:
        pytest.fail(f"{error.read().decode()}: {query}")
    assert "error" not in result, f"{result['error']}: {query}"
    found: list[Json] = result.get("series", [])
    return found


def names(target: Json, series: Json) -> Columns:
    """Return the curves or columns of one series with their values, named as Grafana names them."""
    found = {}
    for place, column in enumerate(series["columns"]):
        if target["resultFormat"] == "table":
            name = "Time" if column == "time" else column
        elif column == "time":
            continue
        else:
            name = target["alias"].replace("$col", column)
            name = re.sub(r"\$tag_(\w+)", lambda tag: str(series["tags"][tag.group(1)]), name)
        found[name] = [values[place] for values in series["values"]]
    return found


# ---- the demo's stories -----------------------------------------------------------------------------------------


def story(factory: pytest.TempPathFactory, gait: str, wearer: str) -> list[Row]:
    """Return what the product wrote of the demo's six runs, and notes about them; told once for all workers.

    Shoes are noted 10 min after each run began, "new" for today's alone, and a pain after the first and today's.
    """
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / f"{gait}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = folder / f"{gait}-1.sqlite"
        if not told.exists():
            new = folder / f"new-{gait}"
            new.mkdir(exist_ok=True)
            Path(stories.told_and_analyzed(new, gait, 1).removeprefix("sqlite:///")).rename(told)
    with closing(open_log(f"sqlite:///{told}")) as log:
        rows: list[Any] = [row for kind in KINDS for row in log.read(kind, "demo")]
    began = sorted({row.time for row in rows if isinstance(row, Verdict)})
    for number, time in enumerate(began, 1):
        shoes = "new" if number == len(began) else "old"
        rows.append(parse_note(time + 10 * 60 * SECOND, wearer, "shoes", shoes))
        if number in {1, len(began)}:
            rows.append(parse_note(time + 11 * 60 * SECOND, wearer, "pain", f"low back {number}"))
    return [replace(row, wearer=wearer) for row in rows]


def put(front: InfluxFront, rows: list[Row]) -> None:
    """Store rows as the mirror stores them."""
    archive = open_archive(front.url, TOKEN)
    archive.put(rows)
    archive.close()
