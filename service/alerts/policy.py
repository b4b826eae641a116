"""Which flags reach whom, when and how often, and what became of each attempt to send one.

At least once: an `Alert` row is put after its message went out, and is what keeps the same flag from going out again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from enum import StrEnum

from firmware_bridge import SECOND, Unavailable
from service.alerts.apprise_notifier import Missed, Notifier
from service.alerts.episodes import subject
from service.alerts.quiet_hours import Quiet
from service.records.notes import MUTE
from service.records.rows import Alert, Flag, Note
from service.records.topics import topic_of
from service.wording.messages import Message, flag_text

MUTE_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What is other than usual for a wearer, a topic, or both; None: as for everybody."""

    wearer: str = ""  # "": everybody
    topic: str = ""  # "": every topic
    urls: tuple[str, ...] | None = field(default=None, repr=False)
    cool_down_s: float | None = None
    quiet: Quiet | None = None
    zone: tzinfo | None = None
    off: bool = False

    def fits(self, wearer: str, topic: str) -> bool:
        """Tell whether the rule is about a wearer's topic."""
        return self.wearer in {"", wearer} and self.topic in {"", topic}


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """To whom, how often at most, how old a flag may be, and when it is quiet.

    Every topic of flags is told unless a rule turns it off: what is wrong with an insole or how long a run is
    can be acted on as much as what is unlike the usual of a wearer.
    """

    urls: tuple[str, ...] = field(default=(), repr=False)  # Apprise URLs: they contain secrets
    cool_down_s: float = 6 * 3600  # per wearer and topic
    stale_s: float = 900  # by the wall clock
    quiet: Quiet | None = None
    zone: tzinfo | None = None  # of the wearer's clock; None: this computer's
    rules: tuple[AlertRule, ...] = ()
    off: bool = False
    where: str = "alerts.urls"  # the key of the URLs

    def of(self, wearer: str, topic: str) -> AlertSettings:
        """Return what holds for a wearer's topic: the first rule that fits, and as for everybody where it is silent."""
        number, rule = next(((n, r) for n, r in enumerate(self.rules) if r.fits(wearer, topic)), (0, None))
        if rule is None:
            return replace(self, rules=())
        own = rule.urls is not None
        return AlertSettings(
            self.urls if rule.urls is None else rule.urls,
            self.cool_down_s if rule.cool_down_s is None else rule.cool_down_s,
            self.stale_s,
            rule.quiet or self.quiet,
            rule.zone or self.zone,
            off=rule.off,
            where=f"alerts.rule[{number}].urls" if own else self.where,
        )


class Outcome(StrEnum):
    """What becomes of a flag, as written in `Alert.outcome`."""

    SENT = "sent"
    STALE = "stale"
    COOLING_DOWN = "cooling_down"
    MUTED = "muted"
    NOBODY = "nobody"
    OFF = "off"  # a rule wants it so
    SAME_EPISODE = "same_episode"  # an earlier bout's was sent, and no normal bout came between
    HELD = "held"  # quiet hours
    FAILED = "failed"
    RESOLVED = "resolved"  # its end was told, with it or after it


TOLD = frozenset({Outcome.SENT, Outcome.RESOLVED})
"""Outcomes after which people know of an episode."""


def decide(
    flag: Flag,
    earlier: Iterable[Alert],
    now: int,
    settings: AlertSettings,
    *,
    began: int | None = None,
    zone: tzinfo = UTC,
) -> Outcome | None:
    """Return what should become of a flag: SENT where it is to be sent, None where there is nothing to decide.

    Args:
        flag: raised or cleared; one that is cleared is not told to anybody.
        earlier: alerts of any wearer and topic; the flag's own row means that it was decided before, unless it failed.
        now: UTC ns by the wall clock.
        settings: the limits, and the rules.
        began: the bout in which its episode began (`episodes.began`); None: not asked for.
        zone: of the wearer's clock, where the settings name none.
    """
    if not flag.raised:
        return None
    settings = settings.of(flag.wearer, flag.topic)
    own = [alert for alert in earlier if (alert.wearer, alert.topic) == (flag.wearer, flag.topic)]
    decided = [alert for alert in own if (alert.time, alert.measure) == (flag.time, flag.measure)]
    if any(alert.outcome != Outcome.FAILED for alert in decided):
        return None
    if now - flag.time > settings.stale_s * SECOND:
        return None if decided else Outcome.STALE  # the row keeps saying that sending failed
    return _allowed(flag, own, now, settings, began=began, zone=zone)


def _allowed(
    flag: Flag, own: Sequence[Alert], now: int, settings: AlertSettings, *, began: int | None, zone: tzinfo
) -> Outcome:
    """Return whether something that is new may be told now: SENT, or what is against it."""
    if settings.off or not settings.urls:
        return Outcome.OFF if settings.off else Outcome.NOBODY
    sent = [alert for alert in own if alert.outcome == Outcome.SENT]
    if any(alert.time >= flag.bout or now - alert.decided < settings.cool_down_s * SECOND for alert in sent):
        return Outcome.COOLING_DOWN
    about = [alert for alert in own if subject(alert) == subject(flag) and alert.outcome in TOLD]
    if began is not None and any(alert.time >= began for alert in about):
        return Outcome.SAME_EPISODE
    if settings.quiet is not None and settings.quiet.holds(now, settings.zone or zone):
        return Outcome.HELD
    return Outcome.SENT


def muted(flag: Flag, notes: Iterable[Note], now: int) -> bool:
    """Tell whether the wearer has asked for silence on the flag's topic.

    The text of a `mute` note is `[TOPIC] [HOURS]`: "imbalance 2", "48", "over_pronation", or "all", for every topic
    and 24 hours. Hours of 0 end an earlier mute. The latest note on a topic counts; one without a text was withdrawn.
    Some topics may not be muted.
    """
    if not topic_of(flag.topic).may_be_muted:
        return False
    asked = [
        (note.time, hours)
        for note in notes
        if note.topic == MUTE and note.text and note.wearer == flag.wearer and note.time <= now
        for topic, hours in [_mute(note.text)]
        if topic in {"", flag.topic}
    ]
    if not asked:
        return False
    time, hours = max(asked)
    return now < time + hours * 3600 * SECOND


def _mute(text: str) -> tuple[str, float]:
    topic, hours = "", MUTE_HOURS
    for word in text.lower().split():
        if word.replace(".", "", 1).isascii() and word.replace(".", "", 1).isdigit():
            hours = float(word)
        elif word not in {"all", "h", "hours"}:
            topic = word
    return topic, hours


def process(
    flags: Iterable[Flag],
    earlier: Iterable[Alert],
    *,
    settings: AlertSettings,
    notifier: Notifier,
    now: int,
    notes: Sequence[Note] = (),
    zone: tzinfo = UTC,
    began: Callable[[Flag], int] | None = None,
    also: Callable[[Flag], str] | None = None,
) -> Iterator[Alert]:
    """Decide on each flag, send what is to be sent, and yield its `Alert` right after.

    Blocking, so it runs in a thread. The caller puts each alert as it comes: what follows may fail. A failed send
    yields an alert with outcome "failed" and does not hold up the flags after it. Times of day are said in `zone`.
    `began` finds the bout in which a flag's episode began, `also` what else was different.

    Raises:
        Unavailable: after the last flag, if any send failed. Call again later with the same flags and the alerts that
            are stored by then: those that were decided are skipped, the failed ones are tried again until they
            are stale.
    """
    known = list(earlier)
    failure: Unavailable | None = None
    for flag in flags:
        outcome = decide(flag, known, now, settings, began=began(flag) if began and flag.raised else None, zone=zone)
        if outcome is None:
            continue
        text, missed = "", ""
        if outcome in {Outcome.SENT, Outcome.HELD} and muted(flag, notes, now):
            outcome = Outcome.MUTED
        if outcome is Outcome.SENT:
            message = flag_text(flag, zone=settings.of(flag.wearer, flag.topic).zone or zone)
            if also is not None:
                message = message.with_context(also(flag))
            text = kept(message)
            try:
                notifier.send(message)
            except Missed as error:
                failure, missed = failure or error, error.names if error.some else ""
                outcome, text = (Outcome.SENT, text) if error.some else (Outcome.FAILED, "")
            except Unavailable as error:
                outcome, text, failure = Outcome.FAILED, "", failure or error
        alert = Alert(flag.time, flag.wearer, flag.topic, flag.measure, outcome.value, now, text, missed)
        known.append(alert)
        yield alert
    if failure is not None:
        raise failure


def kept(message: Message) -> str:
    """Return a message as it is kept in a row."""
    return f"{message.title}\n{message.body}"


def said(alert: Alert) -> Message:
    """Return a message that was kept; it reads as it did."""
    title, _, body = alert.text.partition("\n")
    return Message(title, body)
