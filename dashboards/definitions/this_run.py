"""The dashboard *This run*: how is this run going?"""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.influxql import (
    BOUT,
    IN_RANGE,
    LATEST_RUN,
    USABLE,
    WEARER,
    Target,
    select,
    series,
)
from dashboards.page import Page, bout, dashboard
from dashboards.panels import (
    BOTH,
    NORMAL,
    PERCENT,
    Look,
    Override,
    Size,
    band,
    color,
    curves,
    look_of,
    override,
    placed,
    sides,
    stat,
    table,
    unit_of,
    with_interval,
    words,
)
from service.records.rows import Block, Step
from service.records.topics import IMBALANCE, OVER_PRONATION, Topic

PAGE = Page("insole-this-run", "This run", "How is this run going?", since="now-30m", refresh="5s")
ANSWERS = words(
    normal=("Normal for you", "text"),
    differs=("Differs from your usual", BOTH),
    cannot_tell=("Cannot tell", NORMAL),
)
RAISED = words(true=("raised", BOTH), false=("ended", NORMAL))
NUMBERS = "/^(value|low|high|normal_low|normal_high)$/"


def this_run() -> Dashboard:
    """Return the dashboard that answers: how is this run going?"""
    panels = placed(
        [_verdict(), _balance_now(), _cadence_now(), heard((5, 4))],
        [_contact_balance(), _contact_time()],
        [_impulse_balance(), _medial_lateral()],
        [_peak_balance(), _cadence()],
        [_verdicts(), _flags()],
    )
    return dashboard(PAGE, panels, bout())


def heard(size: Size) -> Panel:
    """Return the share of each insole's samples that arrived."""
    share = '100 * sum("received") / (sum("received") + sum("lost")) AS "heard"'
    query = select(share, "link", WEARER, IN_RANGE, tail='GROUP BY "side"')
    return stat(
        "Samples that arrived",
        "Share of each insole's samples in this range. The feet are not compared where they lost differently.",
        [series(query, "$tag_side")],
        size,
        Look(PERCENT, 1),
        sides(),
    )


def answers(where: str) -> list[Target]:
    """Return the queries of the newest verdict on each topic."""
    asked = ((IMBALANCE, "Balance"), (OVER_PRONATION, "Pronation"))
    return [
        series(select('last("answer") AS "answer"', "verdict", WEARER, where, f"\"topic\" = '{topic.name}'"), shown)
        for topic, shown in asked
    ]


def _verdict() -> Panel:
    return stat(
        "This run, against your own normal",
        "What can be said of the newest run. 'Cannot tell' is an answer: too short, too few earlier runs, lost data.",
        answers(LATEST_RUN),
        (8, 4),
        Look(mappings=ANSWERS),
        fields="/^(Balance|Pronation)$/",
    )


def _balance_now() -> Panel:
    columns = (
        '"contact_time_si_low_pct" AS "from", "contact_time_si_pct" AS "balance", "contact_time_si_high_pct" AS "to"'
    )
    query = select(columns, "block", WEARER, IN_RANGE, BOUT, USABLE, tail="ORDER BY time DESC LIMIT 1")
    return stat(
        "Contact-time balance now, with its 95 % interval",
        "Newest block of 50 valid strides a foot. Positive: the right foot stays longer on the ground.",
        [series(query, "$col")],
        (8, 4),
        look_of(Block, "contact_time_si_pct", BOTH),
        [color("from", NORMAL), color("to", NORMAL)],
    )


def _cadence_now() -> Panel:
    query = select('last("cadence_spm") AS "cadence"', "block", WEARER, IN_RANGE, BOUT, USABLE)
    return stat(
        "Cadence now",
        "Steps of both feet a minute, in the newest block.",
        [series(query, "cadence")],
        (3, 4),
        look_of(Block, "cadence_spm", BOTH),
    )


def _contact_balance() -> Panel:
    return _balance(
        "Contact-time balance",
        "Difference of contact time as a share of its mean, block by block of 50 strides a foot, with its 95 %"
        " interval. The grey band is your own normal, from earlier runs; there is none before there are enough.",
        [_index("contact_time_si_pct"), _normal(IMBALANCE, "contact_time_si_pct")],
        (14, 9),
        axis="left longer · right longer",
        overrides=band("normal from", "normal to", NORMAL, 25),
    )


def _normal(topic: Topic, measure: str = "") -> Target:
    """Return the query of the wearer's own normal band, from the start of the run to now."""
    where = f"\"topic\" = '{topic.name}'" + (f" AND \"measure\" = '{measure}'" if measure else "")
    query = select(
        'last("normal_low") AS "normal from", last("normal_high") AS "normal to"',
        "verdict",
        WEARER,
        LATEST_RUN,
        where,
        tail="GROUP BY time(1m) fill(previous)",
    )
    return series(query, "$col")


def _impulse_balance() -> Panel:
    return _balance(
        "Impulse balance",
        "Difference of force times time over the stance as a share of its mean, with its 95 % interval.",
        [_index("impulse_si_pct")],
        (14, 7),
        axis="left carries more · right carries more",
    )


def _peak_balance() -> Panel:
    return _balance(
        "Peak-force balance",
        "Difference of the highest force of a stance as a share of its mean, with its 95 % interval.",
        [_index("peak_si_pct")],
        (14, 7),
        axis="left higher · right higher",
    )


def _index(field: str) -> Target:
    """Return the query of a block's symmetry index and its interval: every block, never an average of intervals."""
    columns = with_interval(Block, field, ("balance", "95 % from", "95 % to"))
    return series(select(columns, "block", WEARER, IN_RANGE, BOUT, USABLE), "$col")


def _balance(
    title: str, about: str, targets: list[Target], size: Size, *, axis: str, overrides: list[Override] | None = None
) -> Panel:
    interval = band("95 % from", "95 % to", BOTH, 15)
    middle = color("balance", BOTH, custom__showPoints="always")
    return curves(
        title,
        about,
        targets,
        size,
        Look(unit_of(Block, "contact_time_si_pct")),
        [*(overrides or []), *interval, middle],
        axis=axis,
        centered=True,
        gap_ms=300_000,  # blocks are up to 3 minutes apart within a run
    )


def _of_steps(field: str, *, by_side: bool = True) -> Target:
    """Return the median of a measure of the valid steps in each interval."""
    group = 'time($__interval), "side"' if by_side else "time($__interval)"
    column, tail = f'median("{field}") AS "{field}"', f"GROUP BY {group} fill(null)"
    query = select(column, "step", WEARER, IN_RANGE, BOUT, '"valid" = true', tail=tail)
    return series(query, "$tag_side" if by_side else "cadence")


def _contact_time() -> Panel:
    return curves(
        "Contact time",
        "Median of the valid steps: how long each foot stays on the ground.",
        [_of_steps("contact_time_s")],
        (10, 9),
        Look(unit_of(Step, "contact_time_s")),
        sides(),
        axis="on the ground",
    )


def _medial_lateral() -> Panel:
    return curves(
        "Medial-lateral index",
        "Median of the valid steps: load under the inner side less load under the outer side, as a share of both."
        " It is a load, not the angle of a joint. The grey band is the normal of the foot that is further off its own.",
        [_of_steps("medial_lateral_index"), _normal(OVER_PRONATION)],
        (10, 7),
        Look(unit_of(Step, "medial_lateral_index")),
        [*band("normal from", "normal to", NORMAL, 25), *sides()],
        axis="outer side · inner side",
    )


def _cadence() -> Panel:
    return curves(
        "Cadence",
        "Median of the valid steps: steps of both feet a minute.",
        [_of_steps("cadence_spm", by_side=False)],
        (10, 7),
        Look(unit_of(Step, "cadence_spm")),
        [color("cadence", BOTH)],
    )


def _verdicts() -> Panel:
    columns = (
        '"topic", "answer", "reason", "measure", "value", "low", "high", "normal_low", "normal_high",'
        ' "bouts" AS "earlier runs", "steps_used", "steps_expected"'
    )
    return table(
        "What is said, and on what it rests",
        "The verdicts of the newest runs: value with its 95 % interval, the band of your normal, the steps behind it.",
        select(columns, "verdict", WEARER, LATEST_RUN, tail="ORDER BY time DESC LIMIT 8"),
        (14, 7),
        [
            override("byName", "Time", displayName="run began"),
            override("byName", "answer", mappings=ANSWERS, custom__cellOptions={"type": "color-text"}),
            override("byRegexp", NUMBERS, unit=PERCENT, decimals=1),
        ],
    )


def _flags() -> Panel:
    columns = '"topic", "measure", "raised", "value", "low", "high", "normal_low", "normal_high", "strides"'
    return table(
        "Flags",
        "When something began to differ from your usual, and when that ended. Also drawn as lines in the curves above.",
        select(columns, "flag", WEARER, IN_RANGE, BOUT, tail="ORDER BY time DESC LIMIT 50"),
        (10, 7),
        [
            override("byName", "raised", mappings=RAISED, custom__cellOptions={"type": "color-text"}),
            override("byRegexp", NUMBERS, unit=PERCENT, decimals=1),
        ],
    )
