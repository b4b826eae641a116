"""The page around the panels: the wearer chosen, the time looked at, and flags as lines through all curves."""

from __future__ import annotations

from dashboards.panels import BOTH, DATASOURCE, NORMAL, Json, select

WEARER = '"wearer" =~ /^$wearer$/'
"""Between slashes Grafana escapes the value, between quotes it does not."""
IN_RANGE = "$timeFilter"
LATEST_RUN = "time >= ${__from}ms - 12h AND time <= ${__to}ms"
"""A verdict stands at the start of its run, which may lie before the range that is looked at."""
SCHEMA_VERSION = 42  # of Grafana 12.4, and by its source the last of this kind of dashboard


def dashboard(uid: str, title: str, question: str, panels: list[Json]) -> Json:
    """Return a whole dashboard: the newest half hour of one wearer, flags as lines, in the reader's own time zone."""
    return {
        "uid": uid,
        "title": title,
        "description": question,
        "tags": ["insole"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "timezone": "browser",
        "time": {"from": "now-30m", "to": "now"},
        "refresh": "5s",
        "graphTooltip": 1,  # one cross-hair in all panels
        "fiscalYearStartMonth": 0,
        "timepicker": {},
        "links": [],
        "templating": {"list": [_wearer()]},
        "annotations": {"list": [_annotation("Flag raised", "true", BOTH), _annotation("Flag ended", "false", NORMAL)]},
        "panels": panels,
    }


def _wearer() -> Json:
    return {
        "type": "query",
        "name": "wearer",
        "label": "Wearer",
        "datasource": DATASOURCE,
        "query": 'SHOW TAG VALUES WITH KEY = "wearer"',
        "refresh": 2,  # with the time range: a first wearer appears without a reload
        "sort": 1,
        "multi": False,
        "includeAll": False,
        "hide": 0,
        "skipUrlSync": False,
    }


def _annotation(name: str, raised: str, paint: str) -> Json:
    query = select('"measure", "topic", "value"', "flag", WEARER, IN_RANGE, f'"raised" = {raised}')
    return {
        "name": name,
        "enable": True,
        "hide": False,
        "iconColor": paint,
        "datasource": DATASOURCE,
        "target": {
            "refId": "Anno",
            "name": name,
            "query": query,
            "queryType": "tags",
            "rawQuery": True,
            "fromAnnotations": True,
            "textColumn": "measure",
            "tagsColumn": "topic",
            "titleColumn": "",
            "timeEndColumn": "",
        },
    }
