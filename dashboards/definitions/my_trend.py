"""The dashboard *My trend*: what has changed over the weeks, and what was noted then?"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.definitions.this_run import ANSWERS
from dashboards.definitions.this_run import PAGE as THIS_RUN
from dashboards.influxql import IN_RANGE, USABLE, WEARER, Target, ms, select, series
from dashboards.page import Page, dashboard
from dashboards.panels import (
    BOTH,
    MOMENT,
    NORMAL,
    PERCENT,
    Look,
    Size,
    band,
    color,
    curves,
    look_of,
    override,
    placed,
    sides,
    strip,
    table,
)
from service.records.rows import Block
from service.records.topics import IMBALANCE, OVER_PRONATION, Topic

PAGE = Page(
    "insole-my-trend", "My trend", "What has changed over the weeks, and what was noted then?", since="now-90d/d"
)
HALF_A_YEAR_MS = 180 * 86_400_000
"""A band may span as long a break."""
OPEN = (
    f"/d/{THIS_RUN.uid}?var-wearer=${{wearer:percentencode}}&var-bout=${{__value.raw}}000000"
    '&from=${__value.raw}&to=${__data.fields["until"].numeric}'
)


def my_trend() -> Dashboard:
    """Return the dashboard that answers: what has changed over the weeks, and what was noted then?"""
    panels = placed(
        [_balance()],
        [_worn()],
        [_medial_lateral(), _contact_time()],
        [
            _blocks_of("Impulse balance", "impulse_si_pct", "carries more"),
            _blocks_of("Peak-force balance", "peak_si_pct", "higher"),
        ],
        [_cadence(), _steps()],
        [_runs(), _notes()],
    )
    return dashboard(PAGE, panels, notes=True)


def _said(topic: Topic, columns: str, measure: str = "") -> Target:
    where = [f"\"topic\" = '{topic.name}'"] + ([f"\"measure\" = '{measure}'"] if measure else [])
    return series(select(columns, "verdict", WEARER, IN_RANGE, *where), "$col")


def _balance() -> Panel:
    columns = (
        '"value" AS "balance", "low" AS "95 % from", "high" AS "95 % to",'
        ' "normal_low" AS "normal from", "normal_high" AS "normal to"'
    )
    return curves(
        "Contact-time balance, run by run",
        "Each run's mean with its 95 % interval, before the grey band of what was your own normal by then. Pain that"
        " was noted is a red line: see what went together with it.",
        [_said(IMBALANCE, columns, "contact_time_si_pct")],
        (24, 9),
        look_of(Block, "contact_time_si_pct"),
        [
            *band("normal from", "normal to", NORMAL, 25),
            *band("95 % from", "95 % to", BOTH, 15),
            color("balance", BOTH, custom__showPoints="always"),
        ],
        axis="left longer · right longer",
        centered=True,
        gap_ms=HALF_A_YEAR_MS,
    )


def _worn() -> Panel:
    def noted(topic: str, shown: str) -> Target:
        query = select('"text"', "note", WEARER, IN_RANGE, f"\"topic\" = '{topic}'", "\"text\" != ''")
        return series(query, shown)

    return strip(
        "Shoes and pain, once noted",
        "What was last noted; it holds until the next note on the same topic.",
        [noted("shoes", "Shoes"), noted("pain", "Pain")],
        (24, 4),
    )


def _of_blocks(columns: str) -> Target:
    return series(select(columns, "block", WEARER, IN_RANGE, USABLE), "$col")


def _medial_lateral() -> Panel:
    normal = _said(OVER_PRONATION, '"normal_low" AS "normal from", "normal_high" AS "normal to"')
    return curves(
        "Medial-lateral index, block by block",
        "Load under the inner side less load under the outer side, as a share of both: a load, not the angle of a"
        " joint. The grey band is the normal of the foot that was further off its own in each run.",
        [_of_blocks('"medial_lateral_left" AS "left", "medial_lateral_right" AS "right"'), normal],
        (12, 8),
        look_of(Block, "medial_lateral_left"),
        [*band("normal from", "normal to", NORMAL, 25), *sides(custom__drawStyle="points", custom__pointSize=6)],
        axis="outer side · inner side",
        gap_ms=HALF_A_YEAR_MS,
    )


def _contact_time() -> Panel:
    return curves(
        "Contact time, block by block",
        "Median of each block of 50 strides: how long each foot stays on the ground.",
        [_of_blocks('"contact_time_left_s" AS "left", "contact_time_right_s" AS "right"')],
        (12, 8),
        look_of(Block, "contact_time_left_s"),
        sides(),
        axis="on the ground",
        points=True,
    )


def _blocks_of(title: str, field: str, more: str, size: Size = (12, 7)) -> Panel:
    return curves(
        f"{title}, block by block",
        "Difference as a share of the mean of both feet. Compare runs on the same pair of insoles.",
        [_of_blocks(f'"{field}" AS "balance"')],
        size,
        look_of(Block, field),
        [color("balance", BOTH)],
        axis=f"left {more} · right {more}",
        points=True,
        centered=True,
    )


def _cadence() -> Panel:
    return curves(
        "Cadence, block by block",
        "Steps of both feet a minute.",
        [_of_blocks('"cadence_spm" AS "cadence"')],
        (12, 7),
        look_of(Block, "cadence_spm"),
        [color("cadence", BOTH)],
        points=True,
    )


def _steps() -> Panel:
    return curves(
        "Steps, run by run",
        "All steps of a run, and those that its verdict rests on.",
        [_said(IMBALANCE, '"steps_expected" AS "seen", "steps_used" AS "used"')],
        (12, 7),
        Look("short", 0),
        [color("seen", NORMAL), color("used", BOTH)],
        points=True,
        from_zero=True,
    )


def _runs() -> Panel:
    columns = (
        f'"activity", "answer" AS "balance", "value", "low", "high", "normal_low", "normal_high",'
        f' "steps_expected" AS "steps", {ms("stop")} AS "until"'
    )
    link = {"title": "Open this run", "url": OPEN, "targetBlank": False}
    return table(
        "My runs",
        "Newest first; the time of a run opens it in This run.",
        select(
            columns, "verdict", WEARER, IN_RANGE, f"\"topic\" = '{IMBALANCE.name}'", tail="ORDER BY time DESC LIMIT 200"
        ),
        (16, 10),
        [
            override("byName", "Time", displayName="run began", links=[link]),
            override("byName", "until", unit=MOMENT),
            override("byName", "balance", mappings=ANSWERS, custom__cellOptions={"type": "color-text"}),
            override("byRegexp", "/^(value|low|high|normal_low|normal_high)$/", unit=PERCENT, decimals=1),
        ],
    )


def _notes() -> Panel:
    return table(
        "Notes",
        "All that was noted, newest first.",
        select('"topic", "text"', "note", WEARER, IN_RANGE, "\"text\" != ''", tail="ORDER BY time DESC LIMIT 200"),
        (8, 10),
        [override("byName", "Time", displayName="noted for")],
    )
