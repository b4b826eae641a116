"""Grafana's alert rules on a real InfluxDB: they say what the service's flags and links say, and no more.

What stands in for Grafana: its expressions (last, threshold, and the one of two links) are worked out here as its
source has them. What no test shows: that Grafana loads the file, sends, and repeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from dashboards.build import ALERTING, HERE, text_of
from firmware_bridge import SECOND, Link, Row, Side
from service.records.rows import Flag
from tests.conftest import PROJECT
from tests.stand_ins.servers.grafana import ask, put, story
from tests.stand_ins.servers.influx_front import InfluxFront, running_influx
from tests.walkers.stories import NOW

CONTACT = "provisioning/alerting/contact-point.yaml"
MINUTE = 60 * SECOND
Labels = tuple[tuple[str, str], ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Range(_Strict):
    from_: int = Field(alias="from")
    to: Literal[0]


class _Datasource(_Strict):
    type: Literal["influxdb"]
    uid: Literal["insole-influx"]


class _Influx(_Strict):
    refId: str  # noqa: N815
    datasource: _Datasource
    query: str
    rawQuery: Literal[True]  # noqa: N815
    resultFormat: Literal["time_series"]  # noqa: N815


class _Settings(_Strict):
    mode: Literal["dropNN"]


class _Reduce(_Strict):
    refId: str  # noqa: N815
    type: Literal["reduce"]
    expression: str
    reducer: Literal["last"]
    settings: _Settings


class _Math(_Strict):
    refId: str  # noqa: N815
    type: Literal["math"]
    expression: str


class _Evaluator(_Strict):
    type: Literal["gt"]
    params: list[float]


class _Condition(_Strict):
    evaluator: _Evaluator


class _Threshold(_Strict):
    refId: str  # noqa: N815
    type: Literal["threshold"]
    expression: str
    conditions: list[_Condition]


class _Query(_Strict):
    refId: str  # noqa: N815
    datasourceUid: Literal["insole-influx", "__expr__"]  # noqa: N815
    relativeTimeRange: _Range  # noqa: N815
    model: _Influx | _Reduce | _Math | _Threshold


class _Rule(_Strict):
    uid: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,40}$")
    title: str
    condition: str
    data: list[_Query]
    noDataState: Literal["OK"]  # noqa: N815
    execErrState: Literal["Error"]  # noqa: N815
    for_: str = Field(alias="for", pattern=r"^\d+[smh]$")
    annotations: dict[str, str]
    labels: dict[str, str]
    isPaused: Literal[False]  # noqa: N815


class _Group(_Strict):
    orgId: int  # noqa: N815
    name: str
    folder: str
    interval: str
    rules: list[_Rule]


class _Groups(_Strict):
    apiVersion: Literal[1]  # noqa: N815
    groups: list[_Group]


class _Webhook(_Strict):
    url: str
    httpMethod: Literal["POST"]  # noqa: N815


class _Receiver(_Strict):
    uid: str
    type: Literal["webhook"]
    settings: _Webhook
    disableResolveMessage: bool  # noqa: N815


class _ContactPoint(_Strict):
    orgId: int  # noqa: N815
    name: str
    receivers: list[_Receiver]


class _Policy(_Strict):
    orgId: int  # noqa: N815
    receiver: str
    group_by: list[str]
    group_wait: str
    group_interval: str
    repeat_interval: str


class _Contact(_Strict):
    apiVersion: Literal[1]  # noqa: N815
    contactPoints: list[_ContactPoint]  # noqa: N815
    policies: list[_Policy]


def _rules() -> dict[str, _Rule]:
    (group,) = _Groups.model_validate(yaml.safe_load(text_of(ALERTING))).groups
    return {rule.labels["topic"]: rule for rule in group.rules}


# ---- the files --------------------------------------------------------------------------------------------------


def test_the_rules_have_every_key_that_grafana_reads_and_no_other() -> None:
    rules = _rules()
    assert list(rules) == ["imbalance", "over_pronation", "link"]
    for rule in rules.values():
        letters = [query.refId for query in rule.data]
        assert letters == sorted(set(letters))
        assert rule.condition == letters[-1]
        for query in rule.data:
            assert query.model.refId == query.refId
            assert (query.datasourceUid == "__expr__") != isinstance(query.model, _Influx)


def test_the_words_are_the_products_and_no_dollar_is_taken_for_a_variable() -> None:
    for rule in _rules().values():
        words = " ".join(rule.annotations.values())
        assert "$" not in words + rule.title, "what begins with a dollar sign is a variable of the environment"
        assert not re.search(r"\b(cause[sd]?|prevent\w*|diagnos\w*|injur\w*)\b", words.lower())
        assert "{{ .Labels.wearer }}" in words
    for topic in ("imbalance", "over_pronation"):
        assert "differs from your usual" in _rules()[topic].annotations["summary"]


def test_what_is_raised_goes_where_the_environment_says() -> None:
    contact = _Contact.model_validate(yaml.safe_load((HERE / CONTACT).read_text(encoding="utf-8")))
    ((point,), (policy,)) = contact.contactPoints, contact.policies
    (receiver,) = point.receivers
    assert policy.receiver == point.name
    (variable,) = re.findall(r"^\$\{(\w+)\}$", receiver.settings.url)
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    given = compose["services"]["grafana"]["environment"][variable]
    assert re.fullmatch(rf"\$\{{{variable}:-http://.+\}}", given), "without an address Grafana would not start"
    mounts = dict(volume.split(":")[:2] for volume in compose["services"]["grafana"]["volumes"])
    assert mounts["./dashboards/provisioning/alerting"] == "/etc/grafana/provisioning/alerting"


# ---- on a real InfluxDB -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxFront]:
    """Run a real InfluxDB for all rules; each test has wearers of its own."""
    with running_influx(tmp_path_factory.mktemp("influx")) as front:
        yield front


def _firing(front: InfluxFront, topic: str, now: int, wearer: str) -> set[Labels]:
    """Return what a rule fires for, of one wearer, at a time."""
    found: dict[str, dict[Labels, float]] = {}
    rule = _rules()[topic]
    for query in rule.data:
        model = query.model
        if isinstance(model, _Influx):
            found[query.refId] = _answered(front, model.query, now, query.relativeTimeRange.from_)
        elif isinstance(model, _Reduce):
            found[query.refId] = found[model.expression]  # the newest value was all that was asked for
        elif isinstance(model, _Math):
            terms = re.fullmatch(r"\$(\w) > 0 && \$(\w) < 1", model.expression)
            assert terms is not None
            one, other = found[terms[1]], found[terms[2]]
            found[query.refId] = {x: float(one[x] > 0 and other[x] < 1) for x in one if x in other}
        else:
            (condition,) = model.conditions
            (limit,) = condition.evaluator.params
            found[query.refId] = {x: float(value > limit) for x, value in found[model.expression].items()}
    return {labels for labels, value in found[rule.condition].items() if value and ("wearer", wearer) in labels}


def _answered(front: InfluxFront, query: str, now: int, seconds: int) -> dict[Labels, float]:
    until = now // 1_000_000
    between = f"time >= {until - seconds * 1000}ms and time <= {until}ms"
    series = ask(front, query.replace("$timeFilter", between))
    return {tuple(sorted(each["tags"].items())): each["values"][-1][1] for each in series}


@pytest.mark.slow
@pytest.mark.parametrize("gait", ["normal", "limping", "pronated"])
def test_each_story_fires_its_own_rule_and_no_other(
    influx: InfluxFront, tmp_path_factory: pytest.TempPathFactory, gait: str
) -> None:
    rows = story(tmp_path_factory, gait, gait)
    put(influx, rows)
    topics = {row.topic for row in rows if isinstance(row, Flag) and row.raised}
    assert topics == {"normal": set(), "limping": {"imbalance"}, "pronated": {"over_pronation"}}[gait]
    for topic in ("imbalance", "over_pronation", "link"):
        fired = _firing(influx, topic, NOW, gait)
        flags = {(("measure", r.measure), ("wearer", gait)) for r in rows if isinstance(r, Flag) and r.topic == topic}
        assert fired == flags
        assert _firing(influx, topic, NOW - 3600 * SECOND, gait) == set(), "before the run there was nothing"
    last = max(row.time for row in rows if isinstance(row, Link))
    silent = [
        replace(row, time=last + (number + 1) * SECOND, received=0, connected=False)
        for number in range(70)
        for row in rows
        if isinstance(row, Link) and row.time == last and row.side == "right"
    ]
    put(influx, [*silent, *(replace(row, side=Side.LEFT, received=100, connected=True) for row in silent)])
    assert _firing(influx, "link", last + 65 * SECOND, gait) == {(("side", "right"), ("wearer", gait))}


def _flag(time: int, wearer: str, measure: str, *, raised: bool) -> Flag:
    return Flag(
        time, wearer, "imbalance", measure, raised, bout=time, activity="running", since=time, value=8.0, low=7.0,
        high=9.0, normal=0.0, normal_low=-3.0, normal_high=3.0, bouts=5, strides=0, analysis=2,
    )  # fmt: skip


def test_a_flag_that_ended_fires_no_more_and_one_raised_again_does(influx: InfluxFront) -> None:
    one, other = (
        (("measure", "contact_time_si_pct"), ("wearer", "ann")),
        (("measure", "impulse_si_pct"), ("wearer", "ann")),
    )
    put(
        influx,
        [_flag(NOW, "ann", "contact_time_si_pct", raised=True), _flag(NOW, "ann", "impulse_si_pct", raised=True)],
    )
    assert _firing(influx, "imbalance", NOW + MINUTE, "ann") == {one, other}
    put(influx, [_flag(NOW + 2 * MINUTE, "ann", "contact_time_si_pct", raised=False)])
    assert _firing(influx, "imbalance", NOW + 3 * MINUTE, "ann") == {other}
    put(influx, [_flag(NOW + 4 * MINUTE, "ann", "contact_time_si_pct", raised=True)])
    assert _firing(influx, "imbalance", NOW + 5 * MINUTE, "ann") == {one, other}
    assert _firing(influx, "over_pronation", NOW + 5 * MINUTE, "ann") == set()
    assert _firing(influx, "imbalance", NOW + 65 * MINUTE, "ann") == set(), "an hour at most"


def _link(time: int, received: int) -> Row:
    return Link(time, "bob", Side.LEFT, "d", received > 0, received, 0, 0, 0, 0, 1, float("nan"))


def test_an_insole_is_silent_when_it_was_heard_a_while_ago_and_not_now(influx: InfluxFront) -> None:
    put(influx, [_link(NOW + second * SECOND, 100 if second < 60 else 0) for second in range(1200)])
    left = (("side", "left"), ("wearer", "bob"))
    assert _firing(influx, "link", NOW + 59 * SECOND, "bob") == set(), "heard"
    assert _firing(influx, "link", NOW + 110 * SECOND, "bob") == set(), "heard within the minute"
    assert _firing(influx, "link", NOW + 125 * SECOND, "bob") == {left}
    assert _firing(influx, "link", NOW + 1100 * SECOND, "bob") == set(), "taken off long ago"
    assert _firing(influx, "link", NOW + 3000 * SECOND, "bob") == set(), "nobody listens: no rows, nothing to say"
