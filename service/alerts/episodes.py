"""Episodes: which bouts one finding lasts through, and what shows that it is over.

An episode is a flag of one subject raised in bout after bout without one between that ends it, as its topic says. It is
told once, and so is its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firmware_bridge import SECOND
from service.records.rows import Alert, Flag, Verdict
from service.records.topics import topic_of

SETTLED_NS = 15 * 60 * SECOND
"""How long after its last block a bout is taken to be over: its verdict does not change by itself any more."""
RECENT_NS = 24 * 3600 * SECOND
"""After this the end of an episode, or what was held, is no news."""

_Subject = tuple[str, str]


def subject(row: Flag | Alert) -> _Subject:
    """Return what an episode is about: a topic, or one measure of it where each is one of its own."""
    return row.topic, row.measure if topic_of(row.topic).by_measure else ""


def began(flag: Flag, flags: Iterable[Flag], verdicts: Iterable[Verdict]) -> int:
    """Return the bout (its start) in which the episode of a raised flag began.

    A bout between ends the one before where it has no such flag and its verdicts say what the topic asks for
    (`records.topics.Ending`).
    """
    raised = _raised_in(flag, flags) | {flag.bout}
    without = {verdict.time for verdict in verdicts if _ends(verdict, flag)} - raised
    last = max((bout for bout in without if bout < flag.bout), default=None)
    return min(bout for bout in raised if bout <= flag.bout and (last is None or bout > last))


def ended(
    alerts: Iterable[Alert], flags: Sequence[Flag], verdicts: Sequence[Verdict], now: int
) -> list[tuple[Alert, Flag | Verdict]]:
    """Return the alerts of one wearer that went out and whose end shows, with what shows it, and was not told.

    That is the flag's own end, or a later bout that is over and ends the episode. Some topics have no end to be told.
    """
    told: dict[_Subject, Alert] = {}
    rows = sorted(alerts, key=lambda alert: alert.time)
    for alert in rows:
        if alert.outcome == "sent" and topic_of(alert.topic).ending.told:
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
        if verdict.time > flag.bout and verdict.time not in raised and _ends(verdict, flag)
        if SETTLED_NS < now - verdict.stop <= RECENT_NS
    ]
    return next((v for v in sorted(later, key=lambda v: v.time) if v.time > newest), None)


def _raised_in(flag: Flag, flags: Iterable[Flag]) -> set[int]:
    return {f.bout for f in flags if f.raised and f.wearer == flag.wearer and subject(f) == subject(flag)} | {flag.bout}


def _ends(verdict: Verdict, flag: Flag) -> bool:
    """Tell whether a verdict's bout ends the episode of a flag, if none such is raised in it."""
    ending = topic_of(flag.topic).ending
    return (
        verdict.wearer == flag.wearer
        and verdict.answer in ending.answers
        and (verdict.topic == flag.topic or not ending.own_verdict)
        and (verdict.activity == flag.activity or not ending.same_activity)
    )


def _key(row: Flag | Alert) -> tuple[int, str, str]:
    return row.time, row.topic, row.measure
