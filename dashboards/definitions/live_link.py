"""The dashboard *Live link*: are both feet heard?"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.definitions.this_run import heard
from dashboards.influxql import IN_RANGE, WEARER, select, series
from dashboards.page import Page, dashboard
from dashboards.panels import (
    BOTH,
    NORMAL,
    PERCENT,
    SAMPLES,
    Look,
    curves,
    override,
    placed,
    sides,
    stat,
    table,
    words,
)

PAGE = Page("insole-live-link", "Live link", "Are both feet heard?", since="now-5m", refresh="5s")
LINKED = words(true=("connected", BOTH), false=("not connected", "red"))
CLOCK = words(
    steady=("steady", BOTH),
    settling=("settling", NORMAL),
    rescaled=("of another rate", "red"),
    batched=("stamped by the packet", "red"),
    arrival=("no clock", "red"),
)
BY_SIDE = 'GROUP BY time($__interval), "side" fill(null)'


def live_link() -> Dashboard:
    """Return the dashboard that answers: are both feet heard?"""
    panels = placed(
        [_linked(), heard((5, 4)), _clock(), _battery(), _reconnects()],
        [_samples()],
        [_not_used(), _newest()],
    )
    return dashboard(PAGE, panels)


def _linked() -> Panel:
    query = select('last("connected") AS "connected"', "link", WEARER, IN_RANGE, tail='GROUP BY "side"')
    return stat(
        "Connected",
        "What each insole's link was in its newest second.",
        [series(query, "$tag_side")],
        (6, 4),
        Look(mappings=LINKED, none="never heard"),
        fields="/^(left|right)$/",
    )


def _clock() -> Panel:
    query = select('last("clock") AS "clock"', "link", WEARER, IN_RANGE, tail='GROUP BY "side"')
    return stat(
        "Clock",
        "What each insole's own clock is. Steps while one settles do not count for comparing the feet; of one that is "
        "red, the time is mended, and `insole doctor` says what is wrong.",
        [series(query, "$tag_side")],
        (5, 4),
        Look(mappings=CLOCK, none="not judged"),
        fields="/^(left|right)$/",
    )


def _battery() -> Panel:
    query = select('last("battery_pct") AS "battery"', "link", WEARER, IN_RANGE, tail='GROUP BY "side"')
    return stat(
        "Battery",
        "As each insole last told it; empty where an insole does not tell.",
        [series(query, "$tag_side")],
        (4, 4),
        Look(PERCENT, 0),
        sides(),
    )


def _reconnects() -> Panel:
    query = select('last("reconnects") AS "reconnects"', "link", WEARER, IN_RANGE, tail='GROUP BY "side"')
    return stat(
        "Links made",
        "How often each link was made, or made again, since the bridge started.",
        [series(query, "$tag_side")],
        (4, 4),
        Look(decimals=0),
        sides(),
    )


def _samples() -> Panel:
    query = select('mean("received") AS "received", mean("lost") AS "lost"', "link", WEARER, IN_RANGE, tail=BY_SIDE)
    return curves(
        "Are both feet heard?",
        "Samples received (full lines) and lost (dashed, on the ground line when all is well), a second and insole.",
        [series(query, "$tag_side $col")],
        (24, 9),
        Look(SAMPLES),
        [*sides(), override("byRegexp", "/lost$/", custom__lineStyle={"fill": "dash", "dash": [6, 4]})],
        interval="2s",
        from_zero=True,
    )


def _not_used() -> Panel:
    columns = ", ".join(f'sum("{kind}") AS "{kind}"' for kind in ("corrupt", "duplicate", "dropped"))
    return curves(
        "Packets that were not used",
        "Malformed, heard twice or too late, and more than this computer kept up with. All zero when all is well.",
        [series(select(columns, "link", WEARER, IN_RANGE, tail=BY_SIDE), "$tag_side $col")],
        (14, 8),
        Look("short"),
        sides(),
        interval="2s",
        from_zero=True,
    )


def _newest() -> Panel:
    columns = '"connected", "received", "lost", "corrupt", "duplicate", "dropped", "reconnects", "restarts", "clock"'
    return table(
        "The newest seconds",
        "One line a second and insole, newest first.",
        select(f'"side", {columns}', "link", WEARER, IN_RANGE, tail="ORDER BY time DESC LIMIT 20"),
        (10, 8),
        [
            override(
                "byName",
                "side",
                mappings=words(left=("left", "orange"), right=("right", "blue")),
                custom__cellOptions={"type": "color-text"},
            ),
            override("byName", "connected", mappings=LINKED),
            override("byName", "clock", mappings=CLOCK),
            override("byName", "Time", custom__width=180, color={"mode": "fixed", "fixedColor": NORMAL}),
        ],
    )
