"""Grafana's files without Grafana: committed files, names, colors and provisioning.

That every query runs is shown in `test_queries`, that Grafana's own types agree in `test_types`.
What no test shows: that Grafana's panels, its provisioning and its sessions work.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel
from pydantic import BaseModel, ConfigDict

from dashboards import build, influxql
from dashboards.build import DASHBOARDS, FILES, HERE, differing, path_of, text_of
from dashboards.influxql import select
from dashboards.page import TAG
from dashboards.panels import LEFT, RIGHT, placed
from firmware_bridge import Link, columns, kind_name
from service.records.quantities import numbers
from service.records.rows import STORED_KINDS, Block
from tests.stand_ins.servers.grafana import boards, named, panels

Json = dict[str, Any]
KINDS = {kind_name(kind): kind for kind in (*STORED_KINDS, Link)}
BOARDS = boards()
PANELS = panels()
TARGETS = [(panel, target) for _, panel in PANELS for target in panel["targets"]]
ANNOTATIONS: list[Json] = [each for board in BOARDS.values() for each in board["annotations"]["list"]]
VARIABLES: list[Json] = [each for board in BOARDS.values() for each in board["templating"]["list"]]
ASKED = [each for each in VARIABLES if each["type"] == "query"]
QUERIES = sorted(
    {target["query"] for _, target in TARGETS}
    | {each["target"]["query"] for each in ANNOTATIONS}
    | {each["query"] for each in ASKED if each["query"].startswith("SELECT")}
)
HEADLINES = {"my-trend.json": "timeseries"}
"""What comes first on a page: the answer in large, unless the answer is a curve."""


# ---- the files --------------------------------------------------------------------------------------------------


def test_the_committed_files_are_what_the_code_makes() -> None:
    assert not differing(), "\n".join(differing())


def test_a_file_edited_by_hand_is_named_with_its_line_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "HERE", tmp_path)
    build.main()
    assert differing() == []
    lines = text_of("this-run.json").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "This run" in text)
    lines[line - 1] = lines[line - 1].replace("This run", "My run")
    path_of("this-run.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path_of("live-link.json").unlink()
    live, run = differing()
    assert live.startswith("dashboards/generated/live-link.json, line 1: edited by hand, or older than the code. ")
    assert run.startswith(f"dashboards/generated/this-run.json, line {line}: ")
    assert "python -m dashboards.build" in run


def test_every_file_has_code() -> None:
    assert set((HERE / "generated").iterdir()) == {path_of(name) for name in DASHBOARDS}
    assert all(path_of(name).is_file() for name in FILES)


def _unknown(there: Any, known: Any, at: str = "") -> list[str]:
    """Return what the builder library does not give back, as it does not know it. It may add its defaults."""
    if isinstance(there, dict) and isinstance(known, dict):
        absent = [f"{at}.{key}" for key in there if key not in known]
        return absent + [x for key in there if key in known for x in _unknown(there[key], known[key], f"{at}.{key}")]
    if isinstance(there, list) and isinstance(known, list) and len(there) == len(known):
        return [
            x
            for n, (one, other) in enumerate(zip(there, known, strict=True))
            for x in _unknown(one, other, f"{at}.{n}")
        ]
    return [] if there == known else [at]


def not_understood(board: Json) -> list[str]:
    register_default_plugins()
    influxql.register()
    board = json.loads(json.dumps(board))
    for each in board["annotations"]["list"]:
        each.pop("target")  # the library knows those of Grafana's own store alone
    return _unknown(board, json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder)))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_builder_library_understands_all_that_is_committed(name: str) -> None:
    assert not_understood(json.loads(path_of(name).read_text(encoding="utf-8"))) == []


def test_a_key_that_no_dashboard_has_would_be_found() -> None:
    board = json.loads(json.dumps(BOARDS["this-run.json"]))
    board["panels"][0]["titel"] = board["panels"][0]["options"]["colourMode"] = "x"
    assert not_understood(board) == [".panels.0.titel", ".panels.0.options.colourMode"]


@pytest.mark.parametrize("query", QUERIES)
def test_every_measurement_field_and_tag_exists_on_a_row(query: str) -> None:
    check_names(query)


def check_names(query: str) -> None:
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
        check_names(select('last("contact_time_ms")', "step", '"valid" = true'))
    with pytest.raises(KeyError):
        check_names(select('last("peak")', "stride", '"valid" = true'))


def test_every_measure_of_a_block_that_is_compared_is_drawn() -> None:
    drawn = " ".join(QUERIES)
    for measure in ("contact_time_si_pct", "impulse_si_pct", "peak_si_pct", "gain_ratio", "medial_lateral_left"):
        assert f'"{measure}"' in drawn
    for measure in ("contact_time_si_pct", "impulse_si_pct", "peak_si_pct", "gain_ratio"):
        assert {f'"{column}"' for column in numbers(Block)[measure].fields} <= set(re.findall(r'"\w+"', drawn))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_one_number_and_one_place_each(name: str) -> None:
    board = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in board}) == len(board) <= 13
    assert len({panel["title"] for panel in board}) == len(board)
    places = [panel["gridPos"] for panel in board]
    assert all(p["x"] >= 0 and p["x"] + p["w"] <= 24 for p in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, f"{one} and {other} overlap"
    first = {panel["type"] for panel in board if panel["gridPos"]["y"] == 0}
    assert first == {HEADLINES.get(name, "stat")}, "the headline comes first"
    for panel in board:
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_a_line_that_is_wider_than_the_page_is_refused() -> None:
    wide = Panel.from_json({"type": "stat", "gridPos": {"w": 13, "h": 4, "x": 0, "y": 0}})
    with pytest.raises(ValueError, match="26 of 24 wide"):
        placed([wide, wide])


@pytest.mark.parametrize("case", PANELS, ids=named)
def test_left_is_orange_and_right_is_blue_everywhere(case: tuple[str, Json]) -> None:
    panel = case[1]
    for each in panel["fieldConfig"]["overrides"]:
        properties = {p["id"]: p["value"] for p in each["properties"]}
        paint = properties.get("color", {}).get("fixedColor")
        side = re.search(r"^/?\^?(left|right)(?! over)", each["matcher"]["options"])
        assert (paint in {LEFT, RIGHT}) == (side is not None)
        if side is not None:
            assert paint == {"left": "orange", "right": "blue"}[side.group(1)]
        if each["matcher"]["options"] == "side":
            (mapping,) = properties["mappings"]
            worded = {word: shown["color"] for word, shown in mapping["options"].items()}
            assert worded == {"left": "orange", "right": "blue"}
    by_side = any('"side"' in target["query"] for target in panel["targets"]) and panel["type"] != "table"
    named_sides = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
    worded_values = "mappings" in panel["fieldConfig"]["defaults"]  # words have colors of their own
    assert not by_side or worded_values or {"/^left/", "/^right/"} <= named_sides, panel["title"]


def test_both_colors_are_used() -> None:
    text = json.dumps(PANELS)
    assert text.count('"fixedColor": "orange"') == text.count('"fixedColor": "blue"') >= 10


def test_each_page_asks_one_question_in_the_readers_time_zone() -> None:
    for name, board in BOARDS.items():
        assert board["timezone"] == "browser"
        assert board["description"].endswith("?")
        assert board["tags"] == [TAG]
        assert board["editable"] is False
        (link,) = board["links"]
        assert (link["type"], link["tags"], link["includeVars"]) == ("dashboards", [TAG], True)
        assert "${DS_" not in text_of(name), "placeholders are resolved only by an import by hand"
        assert board["templating"]["list"][0]["name"] == "wearer"
        assert all(panel["description"] for panel in board["panels"])
    for key in ("uid", "title", "description"):
        assert len({board[key] for board in BOARDS.values()}) == len(BOARDS)
    run = BOARDS["this-run.json"]
    assert (run["time"], run["refresh"]) == ({"from": "now-30m", "to": "now"}, "5s")


def test_the_variables_that_a_query_names_are_those_of_its_page() -> None:
    for board in BOARDS.values():
        there = {variable["name"] for variable in board["templating"]["list"]}
        text = json.dumps(board["panels"] + board["templating"]["list"])
        used = set(re.findall(r"\$\{?(?!__)(\w+)", text)) - {"timeFilter", "col", "tag_side"}
        assert used == there


def test_nothing_is_said_that_cannot_be_known() -> None:
    text = " ".join([*map(text_of, FILES)]).lower()
    assert not re.search(r"\b(cause[sd]?|prevent\w*|diagnos\w*|injur\w*|abnormal)\b", text)
    assert "differs from your usual" in text
    assert "went together with" in text


def test_a_run_in_the_table_opens_this_run_with_its_own_range() -> None:
    runs = next(panel for _, panel in PANELS if panel["title"] == "My runs")
    (url,) = re.findall(r'"url": "([^"]+)"', json.dumps(runs).replace('\\"', "'"))
    path, _, query = url.partition("?")
    assert path == f"/d/{BOARDS['this-run.json']['uid']}"
    assert dict(part.split("=") for part in query.split("&")) == {
        "var-wearer": "${wearer:percentencode}",
        "var-bout": "${__value.raw}000000",
        "from": "${__value.raw}",
        "to": "${__data.fields['until'].numeric}",
    }
    assert '"until"' in runs["targets"][0]["query"]


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
    asked = [panel["datasource"] for _, panel in PANELS] + [target["datasource"] for _, target in TARGETS]
    asked += [each["datasource"] for each in ANNOTATIONS + ASKED] + [
        each["target"]["datasource"] for each in ANNOTATIONS
    ]
    assert all(each == {"type": source.type, "uid": source.uid} for each in asked)


def test_the_datasource_has_no_secret_in_its_file() -> None:
    assert re.fullmatch(r"Token \$\{\w+\}", _datasource().secureJsonData.httpHeaderValue1)


def test_the_provider_reads_where_compose_puts_the_files() -> None:
    text = (HERE / "provisioning/dashboards/insole.yaml").read_text(encoding="utf-8")
    (provider,) = _Providers.model_validate(yaml.safe_load(text)).providers
    compose = yaml.safe_load((HERE.parent / "docker-compose.yml").read_text(encoding="utf-8"))
    mounts = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    assert mounts["./dashboards/generated"] == provider.options.path
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert path_of(str(Path(home).relative_to(provider.options.path))).is_file()
