"""The parts of a Grafana panel as plain dicts.

Grafana's own builder library knows no InfluxQL query and would be one more dependency for a page of text. What holds
for every panel: orange is left and blue is right, always with the word; what belongs to both feet is purple, and the
wearer's own normal is grey. A positive percentage means that the right foot has more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
Size = tuple[int, int]
"""Width, of the page's 24 columns, and height in rows of 30 pixels."""

DATASOURCE: Json = {"type": "influxdb", "uid": "insole-influx"}
LEFT, RIGHT, BOTH, NORMAL = "orange", "blue", "purple", "#8e8e8e"
PERCENT, SECONDS, CADENCE, SAMPLES = "percent", "s", "suffix:spm", "suffix:samples/s"


def select(columns: str, kind: str, *where: str, tail: str = "") -> str:
    """Return an InfluxQL query of one kind of row: the one language that InfluxDB 1.x, 2.x and 3 all answer."""
    return f'SELECT {columns} FROM "{kind}" WHERE {" AND ".join(where)} {tail}'.rstrip()  # noqa: S608


def series(query: str, alias: str) -> Json:
    """Return a query whose columns become one curve each, named by `alias` ($tag_side, $col or plain words)."""
    return _target(query, "time_series") | {"alias": alias}


def rows(query: str) -> Json:
    """Return a query whose answer is shown as a table."""
    return _target(query, "table")


def _target(query: str, form: str) -> Json:
    return {"datasource": DATASOURCE, "query": query, "rawQuery": True, "resultFormat": form, "hide": False}


def override(matcher: str, pattern: str, **properties: Any) -> Json:
    """Return what is different for the fields that match; `custom__lineWidth` stands for `custom.lineWidth`."""
    return {
        "matcher": {"id": matcher, "options": pattern},
        "properties": [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()],
    }


def color(name: str, fixed: str, **properties: Any) -> Json:
    """Return an override that gives the curve `name` a color of its own."""
    return override("byName", name, color={"mode": "fixed", "fixedColor": fixed}, **properties)


def sides(**properties: Any) -> list[Json]:
    """Return the overrides for everything named left… or right…."""
    both = (("left", LEFT), ("right", RIGHT))
    return [
        override("byRegexp", f"/^{side}/", color={"mode": "fixed", "fixedColor": paint}, **properties)
        for side, paint in both
    ]


def band(low: str, high: str, paint: str, opacity: int) -> list[Json]:
    """Return the overrides that draw two curves as the edges of one area."""
    edge = {"custom__lineWidth": 0, "custom__showPoints": "never"}
    return [
        color(low, paint, **edge),
        color(high, paint, **edge, custom__fillBelowTo=low, custom__fillOpacity=opacity),
    ]


def words(**texts: tuple[str, str]) -> list[Json]:
    """Return a value mapping: stored word → what is shown, in which color."""
    options = {
        word: {"text": text, "color": paint, "index": index}
        for index, (word, (text, paint)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


def panel(kind: str, title: str, about: str, targets: Iterable[Json], size: Size, **more: Any) -> Json:
    """Return a panel of `size` (width of 24, height) that has no place yet."""
    lettered = [{"refId": letter, **target} for letter, target in zip("ABCDEFGH", targets, strict=False)]
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": DATASOURCE,
        "gridPos": {"w": size[0], "h": size[1]},
        "targets": lettered,
        **more,
    }


def curves(
    title: str,
    about: str,
    targets: Iterable[Json],
    size: Size,
    *,
    unit: str,
    axis: str,
    overrides: list[Json],
    interval: str = "10s",
    **custom: Any,
) -> Json:
    """Return a panel of curves over time. `interval` is the shortest $__interval."""
    look = {
        "drawStyle": "line",
        "lineWidth": 2,
        "fillOpacity": 0,
        "showPoints": "auto",
        "pointSize": 4,
        "spanNulls": 30_000,  # ms: a missing half minute is a break, not a straight line
        "axisLabel": axis,
        **custom,
    }
    return panel(
        "timeseries",
        title,
        about,
        targets,
        size,
        interval=interval,
        maxDataPoints=400,
        fieldConfig={"defaults": {"unit": unit, "custom": look}, "overrides": overrides},
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    )


def stat(
    title: str,
    about: str,
    targets: Iterable[Json],
    size: Size,
    *,
    fields: str = "",
    overrides: list[Json] | None = None,
    **defaults: Any,
) -> Json:
    """Return a panel of large values. `fields` is a /pattern/ of what to show; numbers are shown without it."""
    return panel(
        "stat",
        title,
        about,
        targets,
        size,
        fieldConfig={"defaults": defaults, "overrides": overrides or []},
        options={
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "textMode": "value_and_name",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": fields, "values": False},
        },
    )


def table(title: str, about: str, query: str, size: Size, overrides: list[Json]) -> Json:
    """Return a table, newest first."""
    return panel(
        "table",
        title,
        about,
        [rows(query)],
        size,
        fieldConfig={"defaults": {"custom": {"align": "auto", "filterable": False}}, "overrides": overrides},
        options={"showHeader": True, "cellHeight": "sm", "frameIndex": 0},
    )


def placed(*lines: list[Json]) -> list[Json]:
    """Return the panels, numbered and laid out line by line on the 24 columns.

    Raises:
        ValueError: a line is wider than the page, or its panels differ in height.
    """
    found: list[Json] = []
    y = 0
    for line in lines:
        x, heights = 0, {each["gridPos"]["h"] for each in line}
        for each in line:
            place = {"x": x, "y": y, **each["gridPos"]}
            found.append({"id": len(found) + 1, **each, "gridPos": place})
            x += place["w"]
        if x > 24 or len(heights) != 1:
            raise ValueError(f"the line at {y} is {x} of 24 wide and {sorted(heights)} high")
        y += heights.pop()
    return found
