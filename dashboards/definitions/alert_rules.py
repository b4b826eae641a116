"""Grafana's alert rules: they read the flags and links that the product wrote, and decide nothing of their own.

The state of a flag is that of its newest row, +1 raised and -1 ended, so Grafana says what the service says. A rule
stands for an hour at most: no flag ends with the run in which it was raised.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import yaml
from grafana_foundation_sdk.builders import alerting as builders
from grafana_foundation_sdk.builders import expr
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.alerting import RelativeTimeRange, Rule

from dashboards.influxql import DATASOURCE, IN_RANGE, Target, select
from service.records.topics import IMBALANCE, OVER_PRONATION

HEAD = """\
# Made by `python -m dashboards.build` from dashboards/definitions/alert_rules.py. Change it there: Grafana reads these
# rules from this file, and its page cannot edit them.
"""
EXPRESSIONS = "__expr__"
STANDS_S = 3600
"""How long a flag that was not ended is an alert."""
HEARD_S, SILENT_S = 900, 60
"""An insole is silent when it was heard in the first of these times, and not in the second."""
PERSON = "{{ .Labels.wearer }}"
"""Whose alert it is; with `.Labels`, since what begins with a dollar sign is a variable of the environment here."""


class Alert(NamedTuple):
    """A rule in words."""

    uid: str
    title: str
    topic: str
    summary: str
    description: str


_IMBALANCE = Alert(
    "insole-imbalance",
    "Imbalance",
    IMBALANCE.name,
    f"{PERSON}: the balance of left and right differs from your usual ({{{{ .Labels.measure }}}})",
    "The flag was raised by the service, against your own normal or the beginning of this run. Surface, camber, shoes,"
    " lacing, pain and a shifted insole all show in the same numbers. Dashboard: This run.",
)
_OVER_PRONATION = Alert(
    "insole-over-pronation",
    "Over-pronation",
    OVER_PRONATION.name,
    f"{PERSON}: the load under the inner side of a foot differs from your usual ({{{{ .Labels.measure }}}})",
    "The flag was raised by the service, against your own normal. It is a load, not the angle of a joint. Surface,"
    " shoes, lacing and a shifted insole all show in the same numbers. Dashboard: This run.",
)
_SILENT = Alert(
    "insole-link-silent",
    "Link silent",
    "link",
    f"{PERSON}: the {{{{ .Labels.side }}}} insole is not heard any more",
    "It was heard in the last quarter of an hour, and sent nothing in the last minute. Look at its battery and at the"
    " distance to the receiver. Dashboard: Live link.",
)


def alerting() -> str:
    """Return the text of the provisioning file."""
    rules = [_on_flag(_IMBALANCE), _on_flag(_OVER_PRONATION), _on_silence(_SILENT)]
    group = {"orgId": 1, "name": "insole", "folder": "insole", "interval": "30s", "rules": [_plain(r) for r in rules]}
    text = yaml.safe_dump(
        {"apiVersion": 1, "groups": [group]}, sort_keys=False, allow_unicode=True, width=116, default_flow_style=False
    )
    return HEAD + text


def flag_state(topic: str) -> str:
    """Return the query of the newest state of each flag on a topic, +1 raised or -1 ended, by wearer and measure."""
    raised, ended = (
        select(f'"strides" * 0 {state} AS "state"', "flag", IN_RANGE, f"\"topic\" = '{topic}'", f'"raised" = {word}')
        for state, word in (("+ 1", "true"), ("- 1", "false"))
    )
    return (
        f'SELECT last("state") AS "state" FROM ({raised}), ({ended}) WHERE {IN_RANGE}'  # noqa: S608
        ' GROUP BY "wearer", "measure"'
    )


def samples() -> str:
    """Return the query of the samples heard from each insole."""
    return select('sum("received") AS "received"', "link", IN_RANGE, tail='GROUP BY "wearer", "side"')


def _on_flag(alert: Alert) -> Rule:
    made = _rule(alert, "0s")
    made.with_query(_ask("A", flag_state(alert.topic), STANDS_S))
    made.with_query(_last("B", "A")).with_query(_above_zero("C", "B"))
    return made.condition("C").build()


def _on_silence(alert: Alert) -> Rule:
    made = _rule(alert, "30s")
    made.with_query(_ask("A", samples(), HEARD_S)).with_query(_ask("B", samples(), SILENT_S))
    made.with_query(_last("C", "A")).with_query(_last("D", "B"))
    math = expr.TypeMath().ref_id("E").expression("$C > 0 && $D < 1")
    made.with_query(_expression("E", math)).with_query(_above_zero("F", "E"))
    return made.condition("F").build()


def _rule(alert: Alert, lasting: str) -> builders.Rule:
    return (
        builders.Rule(alert.title)
        .uid(alert.uid)
        .for_val(lasting)
        .no_data_state("OK")  # nothing was flagged, or nobody runs
        .exec_err_state("Error")
        .is_paused(False)
        .labels({"topic": alert.topic})
        .annotations({"summary": alert.summary, "description": alert.description})
    )


def _ask(letter: str, query: str, seconds: int) -> builders.Query:
    target = Target(query, "time_series")
    target.influx.ref_id = letter
    return (
        builders.Query(letter)
        .datasource_uid(DATASOURCE.uid or "")
        .relative_time_range(RelativeTimeRange(from_val=seconds, to=0))
        .model(target)
    )


def _expression(letter: str, model: builder.Builder[Any]) -> builders.Query:
    made: builder.Builder[variants.Dataquery] = model
    return (
        builders.Query(letter)
        .datasource_uid(EXPRESSIONS)
        .relative_time_range(RelativeTimeRange(from_val=0, to=0))
        .model(made)
    )


def _last(letter: str, of: str) -> builders.Query:
    settings = expr.ExprTypeReduceSettings().mode("dropNN")
    return _expression(letter, expr.TypeReduce().ref_id(letter).expression(of).reducer("last").settings(settings))


def _above_zero(letter: str, of: str) -> builders.Query:
    evaluator = expr.ExprTypeThresholdConditionsEvaluator().type("gt").params([0])
    condition = expr.ExprTypeThresholdConditions().evaluator(evaluator)
    return _expression(letter, expr.TypeThreshold().ref_id(letter).expression(of).conditions([condition]))


def _plain(rule: Rule) -> dict[str, Any]:
    """Return a rule as the file has it: without the fields that only Grafana's interface over HTTP knows."""
    made: dict[str, Any] = json.loads(json.dumps(rule, cls=JSONEncoder))
    for name in ("folderUID", "orgID", "ruleGroup"):
        made.pop(name, None)
    return made
