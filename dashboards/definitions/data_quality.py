"""The dashboard *Data quality*: how much of it can be trusted?"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.definitions.this_run import heard
from dashboards.influxql import BOUT, IN_RANGE, USABLE, WEARER, select, series
from dashboards.page import Page, bout, dashboard
from dashboards.panels import (
    BOTH,
    NORMAL,
    PERCENT,
    Look,
    band,
    color,
    curves,
    look_of,
    override,
    placed,
    sides,
    stat,
    table,
    with_interval,
    words,
)
from service.records.rows import Block, Step

PAGE = Page("insole-data-quality", "Data quality", "How much of it can be trusted?", since="now-7d")
LEFT_OUT = words(true=("left out", BOTH), false=("used", "text"))


def data_quality() -> Dashboard:
    """Return the dashboard that answers: how much of it can be trusted?"""
    panels = placed(
        [heard((6, 4)), _strides(), _sensors(), _blocks_used()],
        [_received(), _completeness()],
        [_gain(), _steps_left_out()],
        [_blocks()],
    )
    return dashboard(PAGE, panels, bout())


def _strides() -> Panel:
    shares = ", ".join(
        f'100 * sum("strides_{side}") / (sum("strides_{side}") + sum("rejected_{side}")) AS "{side}"'
        for side in ("left", "right")
    )
    return stat(
        "Strides that count",
        "Share of the strides seen that are valid. Turns, stumbles, starts and strides beside a gap are left out.",
        [series(select(shares, "block", WEARER, IN_RANGE, BOUT), "$col")],
        (6, 4),
        Look(PERCENT, 1),
        sides(),
    )


def _sensors() -> Panel:
    columns = 'last("sensors_left") AS "left", last("sensors_right") AS "right"'
    return stat(
        "Sensors in use",
        "Pressure sensors of each insole that work, in the newest block. 0: not known.",
        [series(select(columns, "block", WEARER, IN_RANGE, BOUT), "$col")],
        (6, 4),
        Look(decimals=0),
        sides(),
    )


def _blocks_used() -> Panel:
    used = select('count("cadence_spm") AS "used"', "block", WEARER, IN_RANGE, BOUT, USABLE)
    every = select('count("number") AS "seen"', "block", WEARER, IN_RANGE, BOUT)
    return stat(
        "Blocks",
        "Blocks of 50 strides a foot: those that are used, of those that were seen.",
        [series(used, "used"), series(every, "seen")],
        (6, 4),
        Look(decimals=0, paint=BOTH, none="0"),
        [color("seen", NORMAL)],
    )


def _received() -> Panel:
    columns = '"received_left" AS "left", "received_right" AS "right"'
    return curves(
        "Samples that arrived, block by block",
        "Share of the expected samples. Where the feet differ by much, they are not compared.",
        [series(select(columns, "block", WEARER, IN_RANGE, BOUT), "$col")],
        (12, 8),
        look_of(Block, "received_left"),
        sides(),
        points=True,
        gap_ms=300_000,
    )


def _completeness() -> Panel:
    query = select(
        'mean("completeness") AS "completeness"',
        "step",
        WEARER,
        IN_RANGE,
        BOUT,
        tail='GROUP BY time($__interval), "side" fill(none)',
    )
    return curves(
        "Completeness of the steps",
        "Share of each stance's samples that arrived, mean of all steps, valid or not.",
        [series(query, "$tag_side")],
        (12, 8),
        look_of(Step, "completeness"),
        sides(),
    )


def _gain() -> Panel:
    columns = with_interval(Block, "gain_ratio", ("left over right", "95 % from", "95 % to"))
    return curves(
        "Gain of the insoles, left over right",
        "How much more the left insole shows for the same force, from the flight times of running, with its 95 %"
        " interval. 1 when both are alike; forces of the two feet are not compared where it wanders. Running only.",
        [series(select(columns, "block", WEARER, IN_RANGE, BOUT), "$col")],
        (12, 8),
        look_of(Block, "gain_ratio"),
        [
            *band("95 % from", "95 % to", BOTH, 15),
            override(
                "byName", "left over right", color={"mode": "fixed", "fixedColor": BOTH}, custom__showPoints="always"
            ),
        ],
        axis="right shows more · left shows more",
        gap_ms=300_000,
    )


def _steps_left_out() -> Panel:
    query = select(
        'count("contact_time_s") AS "left out"',
        "step",
        WEARER,
        IN_RANGE,
        BOUT,
        '"valid" = false',
        tail='GROUP BY time($__interval), "side" fill(none)',
    )
    return curves(
        "Steps that do not count",
        "Number in each interval. At the beginning and the end of a run there are always some.",
        [series(query, "$tag_side")],
        (12, 8),
        Look("short"),
        sides(),
        points=True,
        from_zero=True,
        interval="1m",
    )


def _blocks() -> Panel:
    columns = (
        '"void", "reason", "faulty", "activity", "received_left", "received_right", "rejected_left", "rejected_right",'
        ' "sensors_left", "sensors_right", "unit"'
    )
    received = look_of(Block, "received_left")
    return table(
        "Blocks, and why they are left out",
        "Newest first. A block that is left out says nothing about you; its reason says what was wrong.",
        select(columns, "block", WEARER, IN_RANGE, BOUT, tail="ORDER BY time DESC LIMIT 200"),
        (24, 9),
        [
            override(
                "byName", "void", displayName="block", mappings=LEFT_OUT, custom__cellOptions={"type": "color-text"}
            ),
            override("byRegexp", "/^received_/", unit=received.unit, decimals=received.decimals),
        ],
    )
