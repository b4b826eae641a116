"""Episodes (pure): which bouts one finding lasts through, and what shows that it is over.

An episode is a flag of one subject raised in bout after bout without a normal one between. It is told once, and so is
its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firmware_bridge import SECOND
from service.records.rows import Alert, Flag, Verdict

INSOLE, TRAINING_LOAD = "insole", "training_load"
SETTLED_NS = 15 * 60 * SECOND
"""How long after its last block a bout is taken to be over: its verdict does not change by itself any more."""
RECENT_NS = 24 * 3600 * SECOND
"""After this the end of an episode, or what was held, is no news."""

_Subject = tuple[str, str]


def subject(row: Flag | Alert) -> _Subject:
    """Return what an episode is about: a topic; each fault of an insole is one of its own."""
    return row.topic, row.measure if row.topic == INSOLE else ""


def began(flag: Flag, flags: Iterable[Flag], verdicts: Iterable[Verdict]) -> int:
    """Return the bout (its start) in which the episode of a raised flag began.

    A bout is normal between where its verdict says so; topics without verdicts go by bouts without such a flag. Walks
    do not end what shows on runs, and a bout of which nothing can be told ends nothing.
    """
    raised = _raised_in(flag, flags) | {flag.bout}
    normal = {verdict.time for verdict in verdicts if _normal(verdict, flag)} - raised
    last = max((bout for bout in normal if bout < flag.bout), default=None)
    return min(bout for bout in raised if bout <= flag.bout and (last is None or bout > last))


def ended(
    alerts: Iterable[Alert], flags: Sequence[Flag], verdicts: Sequence[Verdict], now: int
) -> list[tuple[Alert, Flag | Verdict]]:
    """Return the alerts of one wearer that went out and whose end shows, with what shows it, and was not told.

    That is the flag's own end, or a later bout that is over and normal. Long runs have no end to be told.
    """
    told: dict[_Subject, Alert] = {}
    rows = sorted(alerts, key=lambda alert: alert.time)
    for alert in rows:
        if alert.outcome == "sent" and alert.topic != TRAINING_LOAD:
            told[subject(alert)] = alert
        elif alert.outcome == "resolved":
            told.pop(subject(alert), None)
    found: list[tuple[Alert, Flag | Verdict]] = []
    for alert in told.values():
        flag = next((f for f in flags if _key(f) == _key(alert) and f.raised), None)
        end = None if flag is None else _end(flag, flags, verdicts, now)
        if end is not None:
            found.append((alert, end))
    return found


def cleared(flag: Flag, flags: Iterable[Flag]) -> Flag | None:
    """Return the end of a raised flag within its bout, if it has come."""
    ends = [f for f in flags if not f.raised and f.bout == flag.bout and subject(f) == subject(flag)]
    return next((f for f in sorted(ends, key=lambda f: f.time) if f.time >= flag.time), None)


def _end(flag: Flag, flags: Sequence[Flag], verdicts: Sequence[Verdict], now: int) -> Flag | Verdict | None:
    raised = _raised_in(flag, flags)
    newest = max(raised)
    own = cleared(flag, flags)
    if own is not None and newest == flag.bout and now - own.time <= RECENT_NS:
        return own
    later = [
        verdict
        for verdict in verdicts
        if verdict.time > flag.bout and verdict.time not in raised and _normal(verdict, flag)
        if SETTLED_NS < now - verdict.stop <= RECENT_NS
    ]
    return next((v for v in sorted(later, key=lambda v: v.time) if v.time > newest), None)


def _raised_in(flag: Flag, flags: Iterable[Flag]) -> set[int]:
    return {f.bout for f in flags if f.raised and f.wearer == flag.wearer and subject(f) == subject(flag)} | {flag.bout}


def _normal(verdict: Verdict, flag: Flag) -> bool:
    """Tell whether a bout without such a flag counts as a normal one."""
    if verdict.wearer != flag.wearer:
        return False
    if flag.topic == INSOLE:
        return verdict.answer in {"normal", "differs"}  # the insoles were good enough to tell
    if flag.topic == TRAINING_LOAD:
        return verdict.activity == flag.activity
    return verdict.topic == flag.topic and verdict.answer == "normal" and verdict.activity == flag.activity


def _key(row: Flag | Alert) -> tuple[int, str, str]:
    return row.time, row.topic, row.measure
