"""The dashboard *With / without*: what went together with a note?"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, Panel

from dashboards.influxql import DAY, IN_RANGE, USABLE, WEARER, Target, rows, select
from dashboards.page import Page, chosen, dashboard, every_other, noted
from dashboards.panels import (
    BOTH,
    NORMAL,
    Look,
    Override,
    color,
    curves,
    look_of,
    override,
    placed,
    sides,
    stat,
    table,
)
from service.records.notes import PAIN, REMARK, SHOES, SURFACE
from service.records.rows import Block

PAGE = Page("insole-with-without", "With / without", "What went together with a note?", since="now-90d/d")
NOTED = (SHOES, SURFACE, PAIN, REMARK)
ABOUT = (
    " A day belongs to the set by the last note of the chosen topic on that day. What differs between the sets went"
    " together with the note; whatever else was different on those days shows in it, too."
)
PICKED = {"with": "^(${with:regex})$", "without": "^(?!(${with:regex})$)(${without:regex})$"}
"""Which notes make a day belong to a set: never to both. A day without a note has none, which is no text of "with"."""
SETS = (("With", "with"), ("Without", "without"))
BALANCES = {"contact time": "contact_time_si_pct", "impulse": "impulse_si_pct", "peak force": "peak_si_pct"}


def with_without() -> Dashboard:
    """Return the dashboard that answers: what went together with a note?"""
    panels = placed(
        [panel for title, chosen_by in SETS for panel in (_days(title, chosen_by), _means(title, chosen_by))],
        [_balance(title, chosen_by) for title, chosen_by in SETS],
        [_medial_lateral(title, chosen_by) for title, chosen_by in SETS],
        [_notes()],
    )
    return dashboard(
        PAGE,
        panels,
        chosen("topic", "Noted about", NOTED),
        noted("with", "With", "topic"),
        every_other("without", "Without", "topic"),
    )


def _of_days(columns: dict[str, str]) -> list[Target]:
    """Return the means of each day's blocks, and the note of each day: InfluxQL joins nothing, Grafana does."""
    means = ", ".join(f'mean("{field}") AS "{name}"' for name, field in columns.items())
    note = select(
        'last("text") AS "note"', "note", WEARER, IN_RANGE, '"topic" =~ /^$topic$/', "\"text\" != ''", tail=DAY
    )
    return [rows(select(means, "block", WEARER, IN_RANGE, USABLE, tail=DAY)), rows(note)]


def _chosen(variable: str, present: str) -> list[DataTransformerConfig]:
    """Return how the days with a note of the variable's texts are picked, among those with any block."""
    filters: list[object] = [
        {"fieldName": "note", "config": {"id": "regex", "options": {"value": PICKED[variable]}}},
        {"fieldName": present, "config": {"id": "isNotNull", "options": {}}},
    ]
    return [
        DataTransformerConfig("merge", options={}),  # a join by time would put the measurement behind each name
        DataTransformerConfig("filterByValue", options={"type": "include", "match": "all", "filters": filters}),
    ]


def _days(title: str, variable: str) -> Panel:
    return stat(
        f"{title}: days",
        "Days with at least one usable block. A few days say little.",
        _of_days({"days": "contact_time_si_pct"}),
        (3, 4),
        Look(decimals=0, paint=_paint(variable), none="0"),
        fields="/^days$/",
        calc="count",
        transformations=_chosen(variable, "days"),
    )


def _means(title: str, variable: str) -> Panel:
    cadence = look_of(Block, "cadence_spm")
    return stat(
        f"{title}: mean of the days",
        "Balance of both feet: positive where the right foot has more." + ABOUT,
        _of_days({**BALANCES, "cadence": "cadence_spm"}),
        (9, 4),
        look_of(Block, "contact_time_si_pct", _paint(variable)),
        [override("byName", "cadence", unit=cadence.unit, decimals=cadence.decimals)],
        calc="mean",
        transformations=_chosen(variable, "contact time"),
    )


def _balance(title: str, variable: str) -> Panel:
    colors: list[Override] = [
        color("contact time", _paint(variable), custom__pointSize=9),
        color("impulse", _paint(variable), custom__pointSymbol="square"),
        color("peak force", NORMAL),
    ]
    return curves(
        f"{title}: balance, day by day",
        "Mean of the day's blocks: positive where the right foot has more." + ABOUT,
        _of_days(BALANCES),
        (12, 9),
        look_of(Block, "contact_time_si_pct"),
        colors,
        axis="left more · right more",
        points=True,
        centered=True,
        transformations=_chosen(variable, "contact time"),
    )


def _medial_lateral(title: str, variable: str) -> Panel:
    return curves(
        f"{title}: medial-lateral index, day by day",
        "Mean of the day's blocks: load under the inner side less load under the outer side, as a share of both."
        + ABOUT,
        _of_days({"left": "medial_lateral_left", "right": "medial_lateral_right"}),
        (12, 9),
        look_of(Block, "medial_lateral_left"),
        sides(),
        axis="outer side · inner side",
        points=True,
        transformations=_chosen(variable, "left"),
    )


def _notes() -> Panel:
    query = select(
        '"text"', "note", WEARER, IN_RANGE, '"topic" =~ /^$topic$/', "\"text\" != ''", tail="ORDER BY time DESC"
    )
    return table(
        "The notes to choose from",
        "What was noted on this topic, newest first.",
        query,
        (24, 7),
        [override("byName", "Time", displayName="noted for")],
    )


def _paint(variable: str) -> str:
    return BOTH if variable == "with" else "text"
