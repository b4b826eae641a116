"""The dashboard *This run*: how is this run going?"""

from __future__ import annotations

from dashboards.page import IN_RANGE, LATEST_RUN, WEARER, dashboard
from dashboards.panels import (
    BOTH,
    CADENCE,
    NORMAL,
    PERCENT,
    SAMPLES,
    SECONDS,
    Json,
    Size,
    band,
    color,
    curves,
    override,
    placed,
    select,
    series,
    sides,
    stat,
    table,
    words,
)

ANSWERS = words(
    normal=("Normal for you", "text"),
    differs=("Differs from your usual", BOTH),
    cannot_tell=("Cannot tell", NORMAL),
)
RAISED = words(true=("raised", BOTH), false=("ended", NORMAL))
USABLE = '"void" = false'


def this_run() -> Json:
    """Return the dashboard that answers: how is this run going?"""
    panels = placed(
        [_verdict(), _balance_now(), _cadence_now(), _heard_now()],
        [_contact_balance(), _contact_time()],
        [_impulse_balance(), _medial_lateral()],
        [_cadence(), _link()],
        [_verdicts(), _flags()],
    )
    return dashboard("insole-this-run", "This run", "How is this run going?", panels)


def _verdict() -> Json:
    return stat(
        "This run, against your own normal",
        "What can be said of the newest run. 'Cannot tell' is an answer: too short, too few earlier runs, lost data.",
        [_answer("imbalance", "Balance"), _answer("over_pronation", "Pronation")],
        (8, 4),
        fields="/^(Balance|Pronation)$/",
        mappings=ANSWERS,
    )


def _answer(topic: str, shown: str) -> Json:
    query = select('last("answer") AS "answer"', "verdict", WEARER, LATEST_RUN, f"\"topic\" = '{topic}'")
    return series(query, shown)


def _balance_now() -> Json:
    columns = (
        '"contact_time_si_low_pct" AS "from", "contact_time_si_pct" AS "balance", "contact_time_si_high_pct" AS "to"'
    )
    query = select(columns, "block", WEARER, IN_RANGE, USABLE, tail="ORDER BY time DESC LIMIT 1")
    return stat(
        "Contact-time balance now, with its 95 % interval",
        "Newest block of 50 valid strides a foot. Positive: the right foot stays longer on the ground.",
        [series(query, "$col")],
        (8, 4),
        unit=PERCENT,
        decimals=1,
        color={"mode": "fixed", "fixedColor": BOTH},
        overrides=[color("from", NORMAL), color("to", NORMAL)],
    )


def _cadence_now() -> Json:
    query = select('last("cadence_spm") AS "cadence"', "block", WEARER, IN_RANGE, USABLE)
    return stat(
        "Cadence now",
        "Steps of both feet a minute, in the newest block.",
        [series(query, "cadence")],
        (3, 4),
        unit=CADENCE,
        decimals=0,
        color={"mode": "fixed", "fixedColor": BOTH},
    )


def _heard_now() -> Json:
    share = '100 * sum("received") / (sum("received") + sum("lost")) AS "heard"'
    query = select(share, "link", WEARER, IN_RANGE, tail='GROUP BY "side"')
    return stat(
        "Samples that arrived",
        "Share of each insole's samples in this range. The feet are not compared where they lost differently.",
        [series(query, "$tag_side")],
        (5, 4),
        unit=PERCENT,
        decimals=1,
        overrides=sides(),
    )


def _contact_balance() -> Json:
    normal = select(
        'last("normal_low") AS "normal from", last("normal_high") AS "normal to"',
        "verdict",
        WEARER,
        LATEST_RUN,
        "\"topic\" = 'imbalance' AND \"measure\" = 'contact_time_si_pct'",
        tail="GROUP BY time(1m) fill(previous)",
    )
    return _balance(
        "Contact-time balance",
        "Difference of contact time as a share of its mean, block by block of 50 strides a foot, with its 95 %"
        " interval. The grey band is your own normal, from earlier runs; there is none before there are enough.",
        [series(_si("contact_time"), "$col"), series(normal, "$col")],
        (14, 9),
        axis="left longer · right longer",
        overrides=band("normal from", "normal to", NORMAL, 25),
    )


def _impulse_balance() -> Json:
    return _balance(
        "Impulse balance",
        "Difference of force times time over the stance as a share of its mean, with its 95 % interval.",
        [series(_si("impulse"), "$col")],
        (14, 7),
        axis="left carries more · right carries more",
        overrides=[],
    )


def _si(measure: str) -> str:
    """Return the query of a block's symmetry index and its interval: every block, never an average of intervals."""
    value, low, high = (f'"{measure}_si_{edge}"' for edge in ("pct", "low_pct", "high_pct"))
    columns = f'{value} AS "balance", {low} AS "95 % from", {high} AS "95 % to"'
    return select(columns, "block", WEARER, IN_RANGE, USABLE)


def _balance(title: str, about: str, targets: list[Json], size: Size, *, axis: str, overrides: list[Json]) -> Json:
    interval = band("95 % from", "95 % to", BOTH, 15)
    middle = color("balance", BOTH, custom__showPoints="always")
    return curves(
        title,
        about,
        targets,
        size,
        unit=PERCENT,
        axis=axis,
        overrides=[*overrides, *interval, middle],
        insertNulls=300_000,  # ms: blocks are up to 3 minutes apart within a run
        axisCenteredZero=True,
    )


def _of_steps(field: str, *, by_side: bool = True) -> Json:
    """Return the median of a measure of the valid steps in each interval."""
    group = 'time($__interval), "side"' if by_side else "time($__interval)"
    column, tail = f'median("{field}") AS "{field}"', f"GROUP BY {group} fill(null)"
    query = select(column, "step", WEARER, IN_RANGE, '"valid" = true', tail=tail)
    return series(query, "$tag_side" if by_side else "cadence")


def _contact_time() -> Json:
    return curves(
        "Contact time",
        "Median of the valid steps: how long each foot stays on the ground.",
        [_of_steps("contact_time_s")],
        (10, 9),
        unit=SECONDS,
        axis="on the ground",
        overrides=sides(),
    )


def _medial_lateral() -> Json:
    return curves(
        "Medial-lateral index",
        "Median of the valid steps: load under the inner side less load under the outer side, as a share of both."
        " It is a load, not the angle of a joint.",
        [_of_steps("medial_lateral_index")],
        (10, 7),
        unit=PERCENT,
        axis="outer side · inner side",
        overrides=sides(),
    )


def _cadence() -> Json:
    return curves(
        "Cadence",
        "Median of the valid steps: steps of both feet a minute.",
        [_of_steps("cadence_spm", by_side=False)],
        (14, 7),
        unit=CADENCE,
        axis="",
        overrides=[color("cadence", BOTH)],
    )


def _link() -> Json:
    query = select(
        'mean("received") AS "received", mean("lost") AS "lost"',
        "link",
        WEARER,
        IN_RANGE,
        tail='GROUP BY time($__interval), "side" fill(null)',
    )
    return curves(
        "Are both feet heard?",
        "Samples received (full lines) and lost (dashed, on the ground line when all is well), a second and insole.",
        [series(query, "$tag_side $col")],
        (10, 7),
        unit=SAMPLES,
        axis="",
        overrides=[*sides(), override("byRegexp", "/lost$/", custom__lineStyle={"fill": "dash", "dash": [6, 4]})],
        interval="2s",
        axisSoftMin=0,
        lineWidth=1,
    )


def _verdicts() -> Json:
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
            override("byRegexp", "/^(value|low|high|normal_low|normal_high)$/", unit=PERCENT, decimals=1),
        ],
    )


def _flags() -> Json:
    columns = '"topic", "measure", "raised", "value", "low", "high", "normal_low", "normal_high", "strides"'
    return table(
        "Flags",
        "When something began to differ from your usual, and when that ended. Also drawn as lines in the curves above.",
        select(columns, "flag", WEARER, IN_RANGE, tail="ORDER BY time DESC LIMIT 50"),
        (10, 7),
        [
            override("byName", "raised", mappings=RAISED, custom__cellOptions={"type": "color-text"}),
            override("byRegexp", "/^(value|low|high|normal_low|normal_high)$/", unit=PERCENT, decimals=1),
        ],
    )
