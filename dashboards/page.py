"""The page around the panels: whose data, which time, what was said of it, and the ways to the other pages."""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    AnnotationTarget,
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.influxql import ALL_BOUTS, BOUT_MS, DATASOURCE, IN_RANGE, WEARER, Influx, select
from dashboards.panels import BOTH, NORMAL

TAG = "insole"
ALL = "$__all"
"""Grafana's word for every option of a variable."""


class Page(NamedTuple):
    """What tells one dashboard from another."""

    uid: str
    title: str
    question: str
    since: str  # the range that it opens with
    until: str = "now"
    refresh: str = ""


class _Lines(AnnotationTarget):
    """An annotation's query; the builder library knows those of Grafana's own store alone."""

    def __init__(self, query: str, text: str, tags: str) -> None:
        super().__init__()
        self.query, self.text, self.tags_column = query, text, tags

    def to_json(self) -> dict[str, object]:
        return {
            **Influx(self.query, "table", ref_id="Anno").to_json(),
            "queryType": "tags",
            "fromAnnotations": True,
            "textColumn": self.text,
            "tagsColumn": self.tags_column,
            "titleColumn": "",
            "timeEndColumn": "",
        }


def dashboard(page: Page, panels: list[Panel], *variables: VariableModel, notes: bool = False) -> Dashboard:
    """Return a whole dashboard of one wearer, in the reader's own time zone, with flags as lines in all curves.

    Args:
        page: what tells it from the others.
        panels: in their places.
        variables: besides the wearer.
        notes: whether pain and shoes that were noted are lines, too.
    """
    made = (
        builders.Dashboard(page.title)
        .uid(page.uid)
        .description(page.question)
        .tags([TAG])
        .version(1)
        .readonly()
        .timezone("browser")
        .time(page.since, page.until)
        .refresh(page.refresh)
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            builders.DashboardLink("insole")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(True)
            .keep_time(False)
        )
        .annotation(_lines("Flag raised", "flag", '"raised" = true', ("measure", "topic", "value"), BOTH))
        .annotation(_lines("Flag ended", "flag", '"raised" = false', ("measure", "topic", "value"), NORMAL))
    )
    if notes:
        made.annotation(_lines("Pain noted", "note", "\"topic\" = 'pain' AND \"text\" != ''", ("text", "topic"), "red"))
    board = made.build()
    board.templating.list_val = [_lean(variable) for variable in (_wearer(), *variables)]
    board.panels = list(panels)
    return board


def _lean(variable: VariableModel) -> VariableModel:
    """Return a variable without the fields that only variables of another kind have."""
    variable.auto = variable.auto_min = variable.auto_count = None
    return variable


def _lines(name: str, kind: str, where: str, columns: tuple[str, ...], paint: str) -> builders.AnnotationQuery:
    """Return lines through all curves, worded by the first column and tagged by the second."""
    query = select(", ".join(f'"{column}"' for column in columns), kind, WEARER, IN_RANGE, where)
    made = builders.AnnotationQuery().name(name).enable(True).hide(False).icon_color(paint).datasource(DATASOURCE)
    made.build().target = _Lines(query, columns[0], columns[1])
    return made


def _query_variable(name: str, label: str, query: str, sort: VariableSort) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)  # a first wearer appears without a reload
        .sort(sort)
        .allow_custom_value(False)
    )


def _wearer() -> VariableModel:
    query = 'SHOW TAG VALUES WITH KEY = "wearer"'
    return _query_variable("wearer", "Wearer", query, VariableSort.ALPHABETICAL_ASC).build()


def bout() -> VariableModel:
    """Return the choice of one run: the table of runs sets it, since a list could show no date, only a number."""
    query = select(f'{BOUT_MS} AS "bout"', "block", WEARER, IN_RANGE)
    return (
        _query_variable("bout", "Run (start)", query, VariableSort.NUMERICAL_DESC)
        .include_all(True)
        .all_value(ALL_BOUTS)
        .current(VariableOption(selected=True, text="All", value=ALL))
        .build()
    )


def noted(name: str, label: str, topic: str) -> VariableModel:
    """Return the choice of some texts of the notes on a topic."""
    query = select('"text"', "note", WEARER, IN_RANGE, f'"topic" =~ /^${topic}$/', "\"text\" != ''")
    return _query_variable(name, label, query, VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC).multi(True).build()


def chosen(name: str, label: str, options: tuple[str, ...]) -> VariableModel:
    """Return the choice of one of some words; the first unless another is chosen."""
    listed = [VariableOption(selected=word == options[0], text=word, value=word) for word in options]
    return (
        builders.CustomVariable(name)
        .label(label)
        .values(",".join(options))
        .options(listed)
        .current(listed[0])
        .allow_custom_value(False)
        .build()
    )


def every_other(name: str, label: str, topic: str) -> VariableModel:
    """Return the choice of some texts of the notes on a topic, by default any text and none."""
    made = noted(name, label, topic)
    made.include_all = True
    made.all_value = ".*"
    made.current = VariableOption(selected=True, text=["All"], value=[ALL])
    return made
