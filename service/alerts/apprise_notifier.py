"""Bringing a message to people, through Apprise: each receiver by itself, within a time, and none of them twice."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from firmware_bridge import ConfigError, Unavailable
from service.wording.messages import Message

_TIMEOUT_S = 10.0
"""How long a receiver may take. Apprise gives up earlier, but not on one that answers byte by byte."""
WAIT_S = 60.0
"""How long one that asks for it (429) is left alone; Apprise does not tell for how long it asked."""
_LOOK_S = 0.05

_ADVICE = {
    "401": "it refuses (401): is the token or password in the URL right?",
    "403": "it refuses (403): is the token in the URL right, and may it write there?",
    "404": "there is no such address (404): is the topic or path in the URL right?",
    "429": "it asks to wait (429): too many messages; it is tried again later",
}
_AWAY = "nobody answers, or it refuses: is it up, and are host, port and account in the URL right?"
_SLOW = f"no answer within {_TIMEOUT_S:.0f} s: is the host in the URL right, and can it be reached from here?"
_STOPPED = "the program ends; it is sent at the next start"


class Notifier(Protocol):
    """Brings a message to a person."""

    def send(self, message: Message) -> None:
        """Deliver the message; blocking.

        Raises:
            Missed: it did not reach everybody; sending the same message again reaches the others.
            Unavailable: it reached nobody.
        """
        ...


class Missed(Unavailable):
    """Some receivers did not take a message; `names` says which, and `some` that others did."""

    def __init__(self, reasons: dict[str, str], *, some: bool, wait_s: float = 0.0) -> None:
        told = "; ".join(f"{name}: {why}" for name, why in reasons.items())
        super().__init__(f"the message did not reach {told}", wait_s=wait_s)
        self.reasons, self.some = reasons, some

    @property
    def names(self) -> str:
        """The receivers' names, as they are kept in a row."""
        return ", ".join(self.reasons)


@dataclass(eq=False)
class _Attempt:
    """One call of a service, in a thread of its own: Python cannot end a call that hangs."""

    ended: threading.Event = field(default_factory=threading.Event)
    took: bool = False
    status: str = ""


class AppriseNotifier:
    """Sends to every Apprise URL. URLs contain secrets: messages of errors name a scheme and a place in the list.

    Raises:
        ConfigError: a URL that no service understands.
    """

    def __init__(
        self,
        urls: Sequence[str],
        where: str = "alerts.urls",
        *,
        timeout_s: float = _TIMEOUT_S,
        closing: threading.Event | None = None,
    ) -> None:
        """Take the URLs, and what is set when the program ends and nobody is to be waited for any longer."""
        self._services = [(name, _service(name, url)) for name, url in _named(urls, where)]
        self._timeout_s = timeout_s
        self._reached: dict[tuple[str, str], set[str]] = {}
        self._hanging: dict[tuple[str, str, str], _Attempt] = {}
        self._closing = closing or threading.Event()

    @property
    def names(self) -> frozenset[str]:
        """What the receivers are called."""
        return frozenset(name for name, _ in self._services)

    def send(self, message: Message, *, only: Collection[str] | None = None) -> None:
        """Send to all at the same time; whom this very message has reached before does not get it twice.

        Args:
            message: what is said.
            only: names of the receivers that do not have it from an earlier run of the program; None: nobody has.

        Raises:
            Missed: some service did not take it.
        """
        key = message.title, message.body
        reached = self._reached.setdefault(key, set())
        reached.update(name for name, _ in self._services if only is not None and name not in only)
        under_way = {name: self._attempt(key, name, service) for name, service in self._services if name not in reached}
        until = time.monotonic() + self._timeout_s
        reasons: dict[str, str] = {}
        for name, attempt in under_way.items():
            while not (attempt.ended.is_set() or self._closing.is_set() or time.monotonic() > until):
                attempt.ended.wait(_LOOK_S)
            if not attempt.ended.is_set():
                self._hanging[*key, name] = attempt  # it may arrive yet: asked next time, before it is sent again
                reasons[name] = _STOPPED if self._closing.is_set() else _SLOW
            elif attempt.took:
                reached.add(name)
            else:
                reasons[name] = _ADVICE.get(attempt.status) or _trouble(attempt.status)
        if reasons:
            asked = any(attempt.status == "429" for attempt in under_way.values())
            raise Missed(reasons, some=bool(reached), wait_s=WAIT_S if asked else 0.0)
        del self._reached[key]

    def trial(self, message: Message) -> Iterator[tuple[str, str]]:
        """Send to one after the other; yield each name with what is wrong, "" where it took the message."""
        for name, _ in self._services:
            try:
                self.send(message, only={name})
            except Missed as missed:
                yield name, missed.reasons[name]
            else:
                yield name, ""
            self._reached.clear()

    def _attempt(self, key: tuple[str, str], name: str, service: Any) -> _Attempt:
        """Begin to send, unless an earlier call still hangs or has ended well since."""
        earlier = self._hanging.pop((*key, name), None)
        if earlier is not None and (earlier.took or not earlier.ended.is_set()):
            return earlier
        attempt = _Attempt()
        threading.Thread(target=_notify, args=(attempt, service, *key), name=f"alert to {name}", daemon=True).start()
        return attempt


def check_urls(urls: Sequence[str], where: str = "alerts.urls") -> None:
    """Check at start that every URL is one that a service understands; nothing is sent.

    Raises:
        ConfigError: the first that is not, named without its secret.
    """
    AppriseNotifier(urls, where)


def _notify(attempt: _Attempt, service: Any, title: str, body: str) -> None:
    try:
        attempt.took = bool(service.notify(body=body, title=title))
    finally:
        attempt.status = _SILENCE.status.pop(threading.get_ident(), "")
        attempt.ended.set()


class _Silence(logging.Filter):
    """Lets nobody see what Apprise logs, since it names whole URLs; keeps the status of an answer, by thread."""

    def __init__(self) -> None:
        super().__init__()
        self.status: dict[int, str] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        found = re.search(r"error=(\d{3})\b", record.getMessage())
        if found and record.thread is not None:
            self.status[record.thread] = found[1]
        return False


_SILENCE = _Silence()


def _trouble(status: str) -> str:
    return f"it answers {status}: is it well, and the URL right?" if status else _AWAY


def _named(urls: Sequence[str], where: str) -> Iterator[tuple[str, str]]:
    """Yield each URL with a name of what is no secret: where it stands, and its scheme. Host and path may be tokens."""
    for i, url in enumerate(urls):
        scheme, found, _ = url.partition("://")
        known = scheme if found and scheme.isalnum() and len(scheme) < 20 else "?"
        yield f"{where}[{i}] ({known}://…)", url


def _service(name: str, url: str) -> Any:
    import apprise  # noqa: PLC0415 - slow to import, and most commands send nothing

    logging.getLogger("apprise").addFilter(_SILENCE)  # there is one of it, however often it is added
    asset = apprise.AppriseAsset(app_id="insole", app_desc="insole", storage_mode="memory")
    if hasattr(asset, "_service_timeout"):
        # From 2.2 on Apprise has a time limit of its own, kept by a pool of threads that the program would wait for at
        # its end. It is not needed; where a version calls it otherwise, only the end of the program is later.
        asset._service_timeout = 0.0  # noqa: SLF001
    service = apprise.Apprise(asset=asset)
    if not service.add(url):
        raise ConfigError(
            f"{name}: no notification service understands this URL; "
            "see the list of services in the documentation of Apprise"
        )
    return service
