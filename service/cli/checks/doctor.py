"""`insole doctor`: does it work just now? Are the feet heard, does the page answer, does Grafana show the data?

What `insole check` looks at is whether it could work; this asks what runs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import urllib3

from firmware_bridge import SECOND, Link, Unavailable, clock_in_words, open_log
from service.cli.checks.grafana import ALERT_RULES, DASHBOARDS, DATASOURCE, Grafana
from service.cli.checks.settings_check import Check, Said
from service.settings import GrafanaKeys, InsoleSettings, Settings

RECENT_S = 15
"""Seconds within which an insole that is worn has been heard: a link tells of itself every second."""
LOSS_PCT = 5.0
_BATTERY_PCT = 15.0
_ANSWER_S = 5.0


def parts(settings: Settings, now: Callable[[], int] = time.time_ns) -> Iterator[Check]:
    """Yield what can be asked of a running system, in the order of the data's way."""
    for keys in settings.insoles:
        yield f"{keys.wearer}'s {keys.side} foot", partial(_heard, settings, keys, now)
    yield "service", partial(_answers, settings)
    if settings.grafana.url:
        yield from _grafana(settings.grafana)


def _heard(settings: Settings, keys: InsoleSettings, now: Callable[[], int]) -> Said:
    with closing(open_log(settings.store)) as log:
        span = log.span(Link, keys.wearer)
        rows = [] if span is None else log.read(Link, keys.wearer, now() - RECENT_S * SECOND, now() + SECOND)
    told = [row for row in rows if row.side is keys.side]
    if not told:
        raise Unavailable(
            f"nothing was told of it within {RECENT_S} s",
            "is `insole run` or `insole bridge` at work on this store? `insole scan` lists what is near",
        )
    last = told[-1]
    if not last.connected:
        raise Unavailable("it is not connected", "is it switched on, charged, near, and not connected elsewhere?")
    received, lost = sum(row.received for row in told), sum(row.lost for row in told)
    if not received:
        raise Unavailable("it is connected and sends nothing that its profile knows", "is it the right profile?")
    share = 100 * lost / (received + lost)
    said = Said(f"{received} samples in {len(told)} s, {share:.1f} % lost{_battery(last.battery_pct)}")
    if share > LOSS_PCT:
        said.warnings.append(f"{share:.0f} % are lost: wear the receiver nearer, on the same side of the body")
    if clock := clock_in_words(last.clock, last.clock_rate):
        said.warnings.append(clock)
    if last.battery_pct < _BATTERY_PCT:
        said.warnings.append(f"battery {last.battery_pct:.0f} %: charge it")
    return said


def _battery(percent: float) -> str:
    return "" if math.isnan(percent) else f", battery {percent:.0f} %"


def _answers(settings: Settings) -> Said:
    host = f"[{settings.web.host}]" if ":" in settings.web.host else settings.web.host
    url = f"http://{'127.0.0.1' if host in {'0.0.0.0', '[::]'} else host}:{settings.web.port}"  # noqa: S104 - compared
    try:
        answer = urllib3.request("GET", f"{url}/healthz", timeout=_ANSWER_S, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"nothing answers at {url}", "start `insole run` or `insole serve`") from error
    if answer.status != 200 or b"ok" not in answer.data:
        raise Unavailable(f"what answers at {url} is another program (HTTP {answer.status})", "choose another web.port")
    return Said(f"answers at {url}")


def _grafana(keys: GrafanaKeys) -> Iterator[Check]:
    grafana = Grafana(keys.url, keys.token, keys.user, keys.password)
    yield "grafana", lambda: Said(grafana.health())
    yield "grafana's data source", lambda: Said(grafana.datasource(DATASOURCE))
    yield "grafana's dashboards", lambda: Said(grafana.dashboards(DASHBOARDS))
    yield "grafana's alert rules", lambda: Said(grafana.alert_rules(ALERT_RULES))
