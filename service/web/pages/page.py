"""What a page is, and what its one function is given when somebody visits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import Enum
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from firmware_bridge import SECOND, Log
from service.review.read_model import Reviews, Wearer, read_wearer
from service.web.security import HEADERS

Fields = Mapping[str, str]
"""What a form brings, or the values of an address, by name."""
_EMPTY = "Nothing is stored yet. Put the insoles on and walk: the Live page shows them as soon as they send."


class Needs(Enum):
    """What has to be known before a page can be written; where it is not, the page says so."""

    NOTHING = "nothing"
    WEARER = "wearer"
    BOUT = "bout"


@dataclass(frozen=True)
class Visit:
    """One look at a page: whose, when, and what the address and the form before it say."""

    log: Log
    reviews: Reviews
    name: str  # of the wearer; "" where nobody is known
    now: int  # UTC ns
    query: Fields
    error: str = ""  # why what was typed could not be taken
    typed: Fields = field(default_factory=dict)  # shown again with the error, so that it is not lost

    @cached_property
    def wearer(self) -> Wearer:
        """Everything of the wearer that is small; read when first asked for."""
        return read_wearer(self.log, self.name)

    @property
    def zone(self) -> tzinfo:
        """The zone of this machine, in which pages tell days and times."""
        return zone_here()


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it is, what it is called, and how it is written."""

    path: str
    title: str  # in the navigation, and in the browser's tab
    template: str  # in `service/web/templates`; it extends "_shell.html"
    values: Callable[[Visit], Mapping[str, Any]]  # what the template is given
    needs: Needs = Needs.NOTHING
    empty: str = _EMPTY  # said where a wearer is needed, and nobody is known
    cache: str = "no-store"
    figures: bool = False  # the charts' library is loaded, and may place its text by style attributes
    write: Callable[[Visit, Fields], str] | None = None  # takes what a form brings; returns the address to go to

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the page apart from those that every answer has (`service.web.security`)."""
        found = {"Cache-Control": self.cache}
        if self.figures:
            found["Content-Security-Policy"] = f"{HEADERS['Content-Security-Policy']}; style-src 'self' 'unsafe-inline'"
        return found


class Notice(Exception):  # it is an answer, not an error
    """Raised by a page's function that has only one thing to say."""

    def __init__(self, title: str, text: str, status: int = 200) -> None:
        super().__init__(title)
        self.title, self.text, self.status = title, text, status


def zone_here() -> tzinfo:
    """Return the zone of this machine."""
    return datetime.now().astimezone().tzinfo or UTC


def day_text(time: int, zone: tzinfo) -> str:
    """Return a moment as pages tell it: Sat 2 May 2026, 06:30."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).strftime("%a %-d %b %Y, %H:%M")


def address(path: str, wearer: str, **values: str) -> str:
    """Return the address of a page about a wearer."""
    return f"{path}?{urlencode({'wearer': wearer, **values})}"
