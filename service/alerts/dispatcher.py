"""The alerts of a log: which flags are new, which alerts are still to be brought, and what has ended.

Everything that is open is found in rows, so that a restart changes nothing. Blocking, and meant for threads.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import tzinfo

from firmware_bridge import SECOND, Backoff, ConfigError, Log, Unavailable
from service.alerts.apprise_notifier import AppriseNotifier, Missed, check_urls
from service.alerts.confounders import alongside, sentence
from service.alerts.episodes import RECENT_NS, began, cleared, ended, subject
from service.alerts.policy import TOLD, AlertSettings, Outcome, decide, kept, muted, process, said
from service.records.rows import Alert, Block, Flag, Note, Verdict
from service.records.timestamps import local
from service.records.topics import TOPICS, topic_of
from service.wording.messages import Message
from service.wording.notices import TEST, late_text, over_text

AGAIN_S, AGAIN_MOST_S = 10.0, 300.0
"""How often it is looked whether something is to be brought to somebody; while a receiver is away, less and less."""
LOOK_BACK_NS = 60 * 24 * 3600 * SECOND
"""Blocks so old are not asked for what is usual."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is stored of one wearer, as far as alerts go by it."""

    alerts: list[Alert]
    flags: list[Flag]
    verdicts: list[Verdict]
    notes: list[Note]

    def flag(self, alert: Alert) -> Flag | None:
        """Return the flag of an alert; None where an analysis done again did not find it."""
        key = alert.time, alert.topic, alert.measure, True
        return next((f for f in self.flags if (f.time, f.topic, f.measure, f.raised) == key), None)


class Dispatcher:
    """Brings the flags of a log to people, each once in an episode, and what ended."""

    def __init__(self, log: Log, settings: AlertSettings, *, now: Callable[[], int] = time.time_ns) -> None:
        self._log, self._settings, self._now = log, settings, now
        self._notifiers: dict[tuple[str, tuple[str, ...]], AppriseNotifier] = {}
        self._watched: set[str] | None = None  # wearers of whom something may be open; None: not known yet
        self._rows_put = 0
        # One asker, whom nobody marches in step with; what it says of a receiver that stays away is said once.
        self._backoff = Backoff("alert", 2 * AGAIN_S, 2.0, AGAIN_MOST_S, spread=0.0, tell_after_s=math.inf)
        self._one = threading.Lock()
        self._closing = threading.Event()

    def close(self) -> None:
        """Wait for no receiver any longer; what did not go out is tried at the next start."""
        self._closing.set()

    def hear(self, flags: Sequence[Flag]) -> None:
        """Decide on new flags, try once to send what is to be sent, and put a row of each."""
        with self._one:
            read: dict[str, _Rows] = {}
            for flag in sorted(flags, key=_order):
                if flag.wearer not in read:
                    read[flag.wearer] = self._read(flag.wearer)
                rows = read[flag.wearer]
                with suppress(Missed):  # its row says so, and `again` goes on with it
                    self._decided(flag, rows, list(rows.alerts))
            if self._watched is not None:
                self._watched.update(read)

    def step(self) -> float:
        """Try again what is open; return the seconds to wait for the next time, more and more while that fails."""
        try:
            self.again()
        except Unavailable as error:
            return self._backoff.delay(error)
        self._backoff.reset()
        return AGAIN_S

    def again(self) -> None:
        """Try again what is open, and tell what has ended.

        Raises:
            Unavailable: some of it did not go out; to be called again.
        """
        with self._one:
            watched = set(self._log.wearers()) if self._watched is None else self._watched
            failures: list[Unavailable] = []
            self._watched = {wearer for wearer in sorted(watched) if self._open(wearer, failures)}
        if failures:
            longest = max(failure.wait_s for failure in failures)
            raise Unavailable(str(failures[0]), "the rest goes on; what did not go out is kept", longest)

    def _open(self, wearer: str, failures: list[Unavailable]) -> bool:
        """Go on with what is open of a wearer; return whether there is anything left to wait for."""
        left, rows, known = False, self._read(wearer), self._rows_put
        for step in (self._again, self._late, self._missed, self._over):
            if known != self._rows_put:
                rows, known = self._read(wearer), self._rows_put
            left |= step(rows, failures)
        return left

    def _again(self, rows: _Rows, failures: list[Unavailable]) -> bool:
        """Send what failed or was held and is still news."""
        waiting = self._waiting(rows)
        for alert, flag in waiting:
            if cleared(flag, rows.flags) is not None:
                continue
            held = alert.outcome == Outcome.HELD
            earlier = [row for row in rows.alerts if not (held and row is alert)]
            if held and self._wish(flag, rows, earlier) in {Outcome.HELD, Outcome.STALE}:
                continue
            try:
                self._decided(flag, rows, earlier)
            except Missed as error:
                failures.append(error)
        return bool(waiting)

    def _late(self, rows: _Rows, failures: list[Unavailable]) -> bool:
        """Tell in one message what is no news any more, or over, when it is not quiet."""
        due = [(alert, flag) for alert, flag in self._waiting(rows) if self._is_late(flag, rows)]
        parts: dict[tuple[str, ...], list[tuple[Alert, Flag]]] = {}
        for alert, flag in due:
            if muted(flag, rows.notes, self._now()) or self._is_told(flag, rows, rows.alerts):
                known = Outcome.SAME_EPISODE if self._is_told(flag, rows, rows.alerts) else Outcome.MUTED
                self._put(replace(alert, outcome=known.value, decided=self._now()))
            elif not self._of(flag).off and self._of(flag).urls and not self._quiet(flag):
                parts.setdefault(self._of(flag).urls, []).append((alert, flag))
        for part in parts.values():
            message = late_text([(f, cleared(f, rows.flags)) for _, f in part], zone=self._zone(part[0][1]))
            try:
                missed = self._send(part[0][1], message)
            except Missed as error:
                failures.append(error)
                continue
            told = list(rows.alerts)
            for alert, flag in part:
                outcome = Outcome.RESOLVED if cleared(flag, rows.flags) is not None else Outcome.SENT
                outcome = Outcome.SAME_EPISODE if self._is_told(flag, rows, told) else outcome
                row = replace(alert, outcome=outcome.value, decided=self._now(), text=kept(message), missed=missed)
                self._put(row)
                told.append(row)
                missed = ""  # one row is enough to go on with it
        return bool(due)

    def _is_told(self, flag: Flag, rows: _Rows, alerts: Sequence[Alert]) -> bool:
        """Tell whether people know of a flag's episode."""
        since = began(flag, rows.flags, rows.verdicts)
        return any(a.outcome in TOLD and subject(a) == subject(flag) and a.time >= since for a in alerts)

    def _missed(self, rows: _Rows, failures: list[Unavailable]) -> bool:
        """Send what some receivers have to those that do not."""
        found = [row for row in rows.alerts if row.missed and self._now() - row.decided <= RECENT_NS]
        for row in found:
            notifier = self._notifier(self._settings.of(row.wearer, row.topic))
            away = set(row.missed.split(", ")) & notifier.names
            if not away or self._quiet(row):
                continue
            missed = ""
            try:
                notifier.send(said(row), only=away)
            except Missed as error:
                failures.append(error)
                missed = error.names
            if missed != row.missed:
                self._put(replace(row, missed=missed))
        return bool(found)

    def _over(self, rows: _Rows, failures: list[Unavailable]) -> bool:
        """Tell what has ended."""
        now, sent = self._now(), Outcome.RESOLVED.value
        for alert, end in ended(rows.alerts, rows.flags, rows.verdicts, now):
            flag = rows.flag(alert)
            assert flag is not None
            if self._quiet(flag) or muted(flag, rows.notes, now) or self._of(flag).off or not self._of(flag).urls:
                continue
            message = over_text(flag, end, zone=self._zone(flag))
            try:
                missed = self._send(flag, message)
            except Missed as error:
                failures.append(error)
                continue
            self._put(Alert(end.time, alert.wearer, alert.topic, alert.measure, sent, now, kept(message), missed))
        return any(row.outcome == Outcome.SENT for row in rows.alerts)

    def _decided(self, flag: Flag, rows: _Rows, earlier: Sequence[Alert]) -> None:
        for alert in process(
            [flag],
            earlier,
            settings=self._settings,
            notifier=self._notifier(self._of(flag)),
            now=self._now(),
            notes=rows.notes,
            zone=self._zone(flag),
            began=lambda flag: began(flag, rows.flags, rows.verdicts),
            also=lambda flag: self._also(flag, rows),
        ):
            self._put(alert)
            rows.alerts[:] = [row for row in rows.alerts if _key(row) != _key(alert)] + [alert]

    def _put(self, row: Alert) -> None:
        self._log.put([row])
        self._rows_put += 1

    def _wish(self, flag: Flag, rows: _Rows, earlier: Sequence[Alert]) -> Outcome | None:
        since = began(flag, rows.flags, rows.verdicts)
        return decide(flag, earlier, self._now(), self._settings, began=since, zone=self._zone(flag))

    def _also(self, flag: Flag, rows: _Rows) -> str:
        blocks = self._log.read(Block, flag.wearer, flag.bout - LOOK_BACK_NS, flag.time + 1)
        return sentence(alongside(flag, blocks, rows.notes, rows.flags))

    def _waiting(self, rows: _Rows) -> list[tuple[Alert, Flag]]:
        """Return what is to be told yet, by time; what is a day old is left as it is."""
        found = [
            (alert, flag)
            for alert in rows.alerts
            if alert.outcome in {Outcome.HELD, Outcome.FAILED} and self._now() - alert.time <= RECENT_NS
            if (flag := rows.flag(alert)) is not None
        ]
        return sorted(found, key=lambda pair: _order(pair[1]))

    def _is_late(self, flag: Flag, rows: _Rows) -> bool:
        old = self._now() - flag.time > self._settings.stale_s * SECOND
        return old or cleared(flag, rows.flags) is not None

    def _send(self, flag: Flag, message: Message) -> str:
        """Send; return who missed it while others have it."""
        try:
            self._notifier(self._of(flag)).send(message)
        except Missed as error:
            if not error.some:
                raise
            return error.names
        return ""

    def _of(self, row: Flag | Alert) -> AlertSettings:
        return self._settings.of(row.wearer, row.topic)

    def _zone(self, row: Flag | Alert) -> tzinfo:
        zone = self._of(row).zone or local(self._now()).tzinfo
        assert zone is not None
        return zone

    def _quiet(self, row: Flag | Alert) -> bool:
        quiet = self._of(row).quiet
        return quiet is not None and quiet.holds(self._now(), self._zone(row))

    def _notifier(self, settings: AlertSettings) -> AppriseNotifier:
        key = settings.where, settings.urls
        if key not in self._notifiers:
            self._notifiers[key] = AppriseNotifier(settings.urls, settings.where, closing=self._closing)
        return self._notifiers[key]

    def _read(self, wearer: str) -> _Rows:
        read = self._log.read
        return _Rows(read(Alert, wearer), read(Flag, wearer), read(Verdict, wearer), read(Note, wearer))


def _order(flag: Flag) -> tuple[int, bool]:
    """By time, and what is wrong with an insole before what may follow from it."""
    return flag.time, not topic_of(flag.topic).about_insole


def _key(alert: Alert) -> tuple[int, str, str]:
    return alert.time, alert.topic, alert.measure


def receivers(settings: AlertSettings) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every list of URLs, with its key."""
    if settings.urls:
        yield settings.where, settings.urls
    for number, rule in enumerate(settings.rules):
        if rule.urls:
            yield f"alerts.rule[{number}].urls", rule.urls


def check_receivers(settings: AlertSettings) -> None:
    """Check at start that every URL is one that a service understands; nothing is sent.

    Raises:
        ConfigError: the first that is not, named without its secret.
    """
    for where, urls in receivers(settings):
        check_urls(urls, where)


def try_receivers(settings: AlertSettings, wearer: str | None) -> Iterator[tuple[str, str]]:
    """Send a marked test to every receiver (of a wearer); yield each name with what is wrong, "" where it has it.

    Raises:
        ConfigError: there is none.
    """
    found = {(where, urls) for where, urls in receivers(settings)}
    if wearer is not None:
        own = [settings.of(wearer, topic) for topic in TOPICS]
        found &= {(each.where, each.urls) for each in own if not each.off}
    if not found:
        whose = f" for {wearer}" if wearer else ""
        raise ConfigError(f"nobody is told{whose}: name a receiver in alerts.urls, or in INSOLE_ALERTS__URLS")
    for where, urls in sorted(found):
        yield from AppriseNotifier(urls, where).trial(TEST)
