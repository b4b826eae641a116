"""Grafana's files without Grafana: committed JSON, provisioning, and every query run on a real InfluxDB.

What stands in for Grafana: its substitution of variables and its naming of curves are written down here as its source
has them. What no test here shows: that its panels, its provisioning and its sessions work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from dashboards.build import DASHBOARDS, HERE, text_of
from dashboards.panels import LEFT, RIGHT, select
from dashboards.this_run import this_run
from firmware_bridge import SECOND, Link, Row, Side, columns, kind_name, open_archive
from service import rows
from service.rows import Block, Flag, Step, Verdict
from tests.influx_front import TOKEN, InfluxFront, running_influx

Json = dict[str, Any]
KINDS = {
    kind_name(kind): kind for kind in (*(v for v in vars(rows).values() if hasattr(v, "__dataclass_fields__")), Link)
}

BOARD = this_run()
PANELS: list[Json] = BOARD["panels"]
TARGETS = [(panel, target) for panel in PANELS for target in panel["targets"]]
ANNOTATIONS: list[Json] = BOARD["annotations"]["list"]
QUERIES = [target["query"] for _, target in TARGETS] + [each["target"]["query"] for each in ANNOTATIONS]


# ---- the files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_committed_file_is_what_the_code_makes(name: str) -> None:
    assert (HERE / name).read_text(encoding="utf-8") == text_of(name), "run: python -m dashboards.build"


def test_every_json_file_has_code() -> None:
    assert {path.name for path in HERE.glob("*.json")} == set(DASHBOARDS)


@pytest.mark.parametrize("query", QUERIES)
def test_every_measurement_field_and_tag_exists_on_a_row(query: str) -> None:
    (measurement,) = re.findall(r'FROM "(\w+)"', query)
    keys = {c.name for c in columns(KINDS[measurement]) if c.key}
    values = {c.name for c in columns(KINDS[measurement]) if not c.key}
    named = set(re.findall(r'"([^"]+)"', re.sub(r'(?:AS|FROM) "[^"]+"', "", query)))
    assert named <= keys | values
    assert set(re.findall(r'\w\("(\w+)"\)', query)) <= values, "only fields can be aggregated"
    assert set(re.findall(r'"(\w+)" =~', query)) <= keys, "only tags are compared by pattern"
    assert set(re.findall(r'"(\w+)"', query.partition("GROUP BY")[2])) <= keys, "only tags can be grouped by"


def test_a_wrong_field_would_be_found() -> None:
    with pytest.raises(AssertionError):
        test_every_measurement_field_and_tag_exists_on_a_row(
            select('last("contact_time_ms")', "step", '"valid" = true')
        )
    with pytest.raises(KeyError):
        test_every_measurement_field_and_tag_exists_on_a_row(select('last("peak")', "stride", '"valid" = true'))


def test_panels_have_one_number_and_one_place_each() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    places = [panel["gridPos"] for panel in PANELS]
    assert all(p["x"] >= 0 and p["x"] + p["w"] <= 24 for p in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, f"{one} and {other} overlap"
    assert {panel["type"] for panel in PANELS if panel["gridPos"]["y"] == 0} == {"stat"}, "the headline comes first"
    for panel in PANELS:
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_left_is_orange_and_right_is_blue_everywhere() -> None:
    seen = 0
    for panel in PANELS:
        for each in panel["fieldConfig"]["overrides"]:
            paint = {p["id"]: p["value"] for p in each["properties"]}.get("color", {}).get("fixedColor")
            side = re.search(r"left|right", each["matcher"]["options"])
            assert (paint in {LEFT, RIGHT}) == (side is not None)
            if side is not None:
                assert paint == {"left": "orange", "right": "blue"}[side.group()]
                seen += 1
        by_side = any('"side"' in target["query"] for target in panel["targets"])
        named = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
        assert not by_side or {"/^left/", "/^right/"} <= named, panel["title"]
    assert seen >= 6


def test_the_page_opens_on_the_last_half_hour_in_the_readers_time_zone() -> None:
    assert (BOARD["time"], BOARD["refresh"], BOARD["timezone"]) == ({"from": "now-30m", "to": "now"}, "5s", "browser")
    assert "${DS_" not in text_of("this-run.json"), "placeholders are resolved only by an import by hand"
    assert [v["name"] for v in BOARD["templating"]["list"]] == ["wearer"]
    assert all(panel["description"] for panel in PANELS)


# ---- provisioning -----------------------------------------------------------------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _JsonData(_Strict):
    version: Literal["InfluxQL"]
    dbName: str  # noqa: N815
    httpMode: Literal["GET", "POST"]  # noqa: N815
    timeInterval: str  # noqa: N815
    httpHeaderName1: Literal["Authorization"]  # noqa: N815


class _SecureJsonData(_Strict):
    httpHeaderValue1: str  # noqa: N815


class _Datasource(_Strict):
    name: str
    uid: str
    type: Literal["influxdb"]
    access: Literal["proxy"]
    url: str
    isDefault: bool  # noqa: N815
    editable: bool
    jsonData: _JsonData  # noqa: N815
    secureJsonData: _SecureJsonData  # noqa: N815


class _Datasources(_Strict):
    apiVersion: Literal[1]  # noqa: N815
    datasources: list[_Datasource]


class _Options(_Strict):
    path: str
    foldersFromFilesStructure: bool  # noqa: N815


class _Provider(_Strict):
    name: str
    orgId: int  # noqa: N815
    folder: str
    type: Literal["file"]
    disableDeletion: bool  # noqa: N815
    allowUiUpdates: bool  # noqa: N815
    updateIntervalSeconds: int  # noqa: N815
    options: _Options


class _Providers(_Strict):
    apiVersion: Literal[1]  # noqa: N815
    providers: list[_Provider]


def _datasource() -> _Datasource:
    text = (HERE / "provisioning/datasources/insole.yaml").read_text(encoding="utf-8")
    (source,) = _Datasources.model_validate(yaml.safe_load(text)).datasources
    return source


def test_every_panel_asks_the_provisioned_datasource() -> None:
    source = _datasource()
    asked = [panel["datasource"] for panel in PANELS] + [target["datasource"] for _, target in TARGETS]
    asked += [each["datasource"] for each in ANNOTATIONS + BOARD["templating"]["list"]]
    assert all(each == {"type": source.type, "uid": source.uid} for each in asked)


def test_the_datasource_has_no_secret_in_its_file() -> None:
    assert re.fullmatch(r"Token \$\{\w+\}", _datasource().secureJsonData.httpHeaderValue1)


def test_the_provider_reads_where_compose_puts_the_files() -> None:
    text = (HERE / "provisioning/dashboards/insole.yaml").read_text(encoding="utf-8")
    (provider,) = _Providers.model_validate(yaml.safe_load(text)).providers
    compose = yaml.safe_load((HERE.parent / "docker-compose.yml").read_text(encoding="utf-8"))
    mounts = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    assert mounts["./dashboards"] == provider.options.path
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (HERE / Path(home).relative_to(provider.options.path)).is_file()


# ---- every query on a real InfluxDB -----------------------------------------------------------------------------

WEARER, STRANGER = "ada.b/1", "adaXb/1"  # a pattern that is not escaped would take one for the other
FOREIGN = -777.0
NOW = 1_750_000_000 * SECOND
MINUTE = 60 * SECOND


def _row(kind: type, time: int, wearer: str, number: float, **given: Any) -> Row:
    """Return a row with `number` in every float that is not given."""
    blank: dict[type, Any] = {str: "-", int: 1, float: number, bool: False}
    values = {c.name: given.get(c.name, blank.get(c.type)) for c in columns(kind)} | {"time": time, "wearer": wearer}
    row: Row = kind(**values)
    return row


def _half_hour(wearer: str, number: float) -> Iterator[Row]:
    """Give what is stored of a run that began ten minutes before the range."""
    began = NOW - 40 * MINUTE
    imbalance = {"topic": "imbalance", "measure": "contact_time_si_pct"}
    yield _row(Verdict, began, wearer, number, **imbalance, answer="differs", normal_low=-2.5)
    yield _row(Verdict, began, wearer, number, topic="over_pronation", answer="cannot_tell", normal_low=float("nan"))
    yield _row(Flag, NOW - 8 * MINUTE, wearer, number, **imbalance, raised=True)
    yield _row(Flag, NOW - 3 * MINUTE, wearer, number, **imbalance, raised=False)
    for second in range(0, 600, 10):
        for side in Side:
            time = NOW - 600 * SECOND + second * SECOND
            yield _row(Link, time, wearer, number, side=side, connected=True, received=99, lost=1)
            yield _row(Step, time, wearer, number, side=side, valid=True, contact_time_s=0.25)
    for block in range(5):
        time = NOW - 9 * MINUTE + block * MINUTE
        yield _row(Block, time, wearer, number, void=False, contact_time_si_pct=float(block))
    yield _row(Block, NOW - MINUTE, wearer, number, void=True, contact_time_si_pct=99.0)


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxFront]:
    """Run a real InfluxDB that holds a half hour of two wearers, put there by the product."""
    with running_influx(tmp_path_factory.mktemp("influx")) as front:
        archive = open_archive(front.url, TOKEN)
        archive.put([*_half_hour(WEARER, 4.0), *_half_hour(STRANGER, FOREIGN)])
        archive.close()
        yield front


def _substituted(query: str, interval: str) -> str:
    """Return a query as Grafana sends it: the wearer escaped within a pattern, the range in milliseconds."""
    start, stop = (NOW - 30 * MINUTE) // 1_000_000, NOW // 1_000_000
    escaped = re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", WEARER)
    query = query.replace("$timeFilter", f"time >= {start}ms and time <= {stop}ms").replace("$__interval", interval)
    query = query.replace("${__from}", str(start)).replace("${__to}", str(stop))
    query = re.sub(r"\$wearer\b", lambda _: escaped, query)
    assert not re.search(r"\$(?!/)", query), f"something is left to be substituted: {query}"
    return query


def _ask(front: InfluxFront, query: str) -> list[Json]:
    source = _datasource()
    header = source.secureJsonData.httpHeaderValue1.replace("${INFLUX_TOKEN}", TOKEN)
    asked = urlencode({"db": source.jsonData.dbName, "q": query, "epoch": "ms"})
    request = Request(f"http://127.0.0.1:{front.port}/query?{asked}", headers={"Authorization": header})
    with urlopen(request, timeout=10) as answer:
        (result,) = json.load(answer)["results"]
    assert "error" not in result, f"{result['error']}: {query}"
    found: list[Json] = result.get("series", [])
    return found


def _names(target: Json, series: Json) -> dict[str, list[Any]]:
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


def _answer(front: InfluxFront, panel: Json) -> dict[str, list[Any]]:
    """Return all curves or columns of a panel."""
    found: dict[str, list[Any]] = {}
    for target in panel["targets"]:
        for series in _ask(front, _substituted(target["query"], panel.get("interval", "10s"))):
            curves = _names(target, series)
            assert not set(curves) & set(found), "two curves have the same name"
            found |= curves
    return found


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_target_answers_from_a_real_influxdb(influx: InfluxFront, panel: Json) -> None:
    for target in panel["targets"]:
        assert _ask(influx, _substituted(target["query"], panel.get("interval", "10s"))), target["query"]
    answer = _answer(influx, panel)
    for name, values in answer.items():
        assert any(value is not None for value in values), f"{name} is empty"
        assert FOREIGN not in values, f"{name} shows another wearer"
    for each in panel["fieldConfig"]["overrides"]:
        kind, pattern = each["matcher"]["id"], each["matcher"]["options"]
        hits = [n for n in answer if (n == pattern if kind == "byName" else re.search(pattern.strip("/"), n))]
        assert hits, f"nothing in {panel['title']!r} is named {pattern}: {sorted(answer)}"
        below = [p["value"] for p in each["properties"] if p["id"] == "custom.fillBelowTo"]
        assert set(below) <= set(answer)
    if pattern := panel["options"].get("reduceOptions", {}).get("fields"):
        assert all(re.search(pattern.strip("/"), name) for name in answer)


def _panel(title: str) -> Json:
    (found,) = (panel for panel in PANELS if panel["title"] == title)
    return found


def test_the_verdict_of_a_run_that_began_before_the_range_is_shown(influx: InfluxFront) -> None:
    answer = _answer(influx, _panel("This run, against your own normal"))
    assert answer == {"Balance": ["differs"], "Pronation": ["cannot_tell"]}


def test_the_normal_band_reaches_from_the_run_before_the_range_to_now(influx: InfluxFront) -> None:
    answer = _answer(influx, _panel("Contact-time balance"))
    assert answer["normal from"][-30:] == [-2.5] * 30
    assert answer["balance"] == [0.0, 1.0, 2.0, 3.0, 4.0], "every usable block and no void one"


def test_both_feet_and_the_share_that_arrived_are_shown(influx: InfluxFront) -> None:
    assert _answer(influx, _panel("Samples that arrived")) == {"left": [99.0], "right": [99.0]}
    assert set(_answer(influx, _panel("Contact time"))) == {"left", "right"}


def test_flags_are_drawn_and_the_wearers_listed(influx: InfluxFront) -> None:
    for each in ANNOTATIONS:
        (series,) = _ask(influx, _substituted(each["target"]["query"], "10s"))
        assert len(series["values"]) == 1
        assert {each["target"]["textColumn"], each["target"]["tagsColumn"]} <= set(series["columns"])
    (variable,) = BOARD["templating"]["list"]
    wearers = {value for series in _ask(influx, variable["query"]) for _, value in series["values"]}
    assert wearers == {WEARER, STRANGER}
