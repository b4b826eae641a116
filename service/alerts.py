"""Which flags reach whom and how often (pure), and sending them through Apprise.

At least once: an `Alert` row is put after its message went out, and is what keeps the same flag from going out again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from typing import Any, Protocol

from firmware_bridge import SECOND, ConfigError, Unavailable
from service.messages import Message, flag_text
from service.rows import Alert, Flag, Note

MUTE_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """To whom, how often at most, and how old a flag may be."""

    urls: tuple[str, ...] = field(default=(), repr=False)  # Apprise URLs: they contain secrets
    cool_down_s: float = 6 * 3600  # per wearer and topic
    stale_s: float = 900  # by the wall clock


class Outcome(StrEnum):
    """What becomes of a flag, as written in `Alert.outcome`."""

    SENT = "sent"
    STALE = "stale"
    COOLING_DOWN = "cooling_down"
    MUTED = "muted"
    NOBODY = "nobody"
    FAILED = "failed"


class Notifier(Protocol):
    """Brings a message to a person."""

    def send(self, message: Message) -> None:
        """Deliver the message; blocking.

        Raises:
            Unavailable: it did not reach everybody; sending the same message again reaches the others.
        """
        ...


def decide(flag: Flag, earlier: Iterable[Alert], now: int, settings: AlertSettings) -> Outcome | None:
    """Return what should become of a flag: SENT where it is to be sent, None where there is nothing to decide.

    Args:
        flag: raised or cleared; one that is cleared is not told to anybody.
        earlier: alerts of any wearer and topic; the flag's own row means that it was decided before, unless it failed.
        now: UTC ns by the wall clock.
        settings: the limits.
    """
    if not flag.raised:
        return None
    own = [alert for alert in earlier if (alert.wearer, alert.topic) == (flag.wearer, flag.topic)]
    decided = [alert for alert in own if (alert.time, alert.measure) == (flag.time, flag.measure)]
    if any(alert.outcome != Outcome.FAILED for alert in decided):
        return None
    if now - flag.time > settings.stale_s * SECOND:
        return None if decided else Outcome.STALE  # the row keeps saying that sending failed
    if not settings.urls:
        return Outcome.NOBODY
    sent = [alert for alert in own if alert.outcome == Outcome.SENT]
    if any(alert.time >= flag.bout or now - alert.decided < settings.cool_down_s * SECOND for alert in sent):
        return Outcome.COOLING_DOWN
    return Outcome.SENT


def muted(flag: Flag, notes: Iterable[Note], now: int) -> bool:
    """Tell whether the wearer has asked for silence on the flag's topic.

    The text of a `mute` note is `[TOPIC] [HOURS]`: "imbalance 2", "48", "over_pronation", or "all", for every topic
    and 24 hours. Hours of 0 end an earlier mute. The latest note on a topic counts; one without a text was withdrawn.
    """
    asked = [
        (note.time, hours)
        for note in notes
        if note.topic == "mute" and note.text and note.wearer == flag.wearer and note.time <= now
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
) -> Iterator[Alert]:
    """Decide on each flag, send what is to be sent, and yield its `Alert` right after.

    Blocking, so it runs in a thread. The caller puts each alert as it comes: what follows may fail. A failed send
    yields an alert with outcome "failed" and does not hold up the flags after it. Times of day are said in `zone`.

    Raises:
        Unavailable: after the last flag, if any send failed. Call again later with the same flags and the alerts that
            are stored by then: those that were decided are skipped, the failed ones are tried again until they
            are stale.
    """
    known = list(earlier)
    failure: Unavailable | None = None
    for flag in flags:
        outcome = decide(flag, known, now, settings)
        if outcome is None:
            continue
        text = ""
        if outcome is Outcome.SENT and muted(flag, notes, now):
            outcome = Outcome.MUTED
        if outcome is Outcome.SENT:
            message = flag_text(flag, zone=zone)
            text = f"{message.title}\n{message.body}"
            try:
                notifier.send(message)
            except Unavailable as error:
                outcome, text, failure = Outcome.FAILED, "", failure or error
        alert = Alert(flag.time, flag.wearer, flag.topic, flag.measure, outcome.value, now, text)
        known.append(alert)
        yield alert
    if failure is not None:
        raise failure


class AppriseNotifier:
    """Sends to every Apprise URL. URLs contain secrets: messages of errors name a scheme and a place in the list.

    Raises:
        ConfigError: a URL that no service understands.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._services = [(_public_name(i, url), _service(i, url)) for i, url in enumerate(urls)]
        self._reached: dict[Message, set[str]] = {}

    def send(self, message: Message) -> None:
        """Send to all; whom this very message has reached before does not get it twice.

        Raises:
            Unavailable: some service did not take it.
        """
        reached = self._reached.setdefault(message, set())
        for name, service in self._services:
            if name not in reached and service.notify(body=message.body, title=message.title):
                reached.add(name)
        missed = [name for name, _ in self._services if name not in reached]
        if missed:
            raise Unavailable(f"the alert did not reach {', '.join(missed)}", "is the service up, and the URL right?")
        del self._reached[message]


def check_urls(urls: Sequence[str]) -> None:
    """Check at start that every URL is one that a service understands; nothing is sent.

    Raises:
        ConfigError: the first that is not, named without its secret.
    """
    AppriseNotifier(urls)


def _public_name(index: int, url: str) -> str:
    """Name a URL by what is no secret in it: where it stands, and its scheme. Host and path may be tokens."""
    scheme, found, _ = url.partition("://")
    known = scheme if found and scheme.isalnum() and len(scheme) < 20 else "?"
    return f"alerts.urls[{index}] ({known}://…)"


def _service(index: int, url: str) -> Any:
    import apprise  # noqa: PLC0415 - slow to import, and most commands send nothing

    # Apprise names whole URLs in its log, secrets included.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="insole", app_desc="insole", storage_mode="memory"))
    if not service.add(url):
        raise ConfigError(
            f"{_public_name(index, url)}: no notification service understands this URL; "
            "see the list of services in the documentation of Apprise"
        )
    return service
