"""The address of a source: `scheme:place?option=value&option=value`."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, unquote

from firmware_bridge.errors import ConfigError

WRAPPERS = ("pace", "record")
"""Options of every link."""


@dataclass(frozen=True, slots=True)
class Address:
    """A source's URL, taken apart. A `?` or `%` that belongs to the place itself is written `%3F` or `%25`."""

    url: str
    scheme: str
    place: str
    options: dict[str, str]

    @classmethod
    def parse(cls, url: str) -> Address:
        """Take a URL apart; `+` is a plus sign, since file names hold them.

        Raises:
            ConfigError: there is no scheme, or an option has no value or comes twice.
        """
        scheme, colon, rest = url.partition(":")
        if not colon or not scheme:
            raise ConfigError(f"{url!r} is no link: write scheme:place, for instance ble: or serial:/dev/ttyACM0")
        place, _, query = rest.partition("?")
        options: dict[str, str] = {}
        for part in filter(None, query.split("&")):
            key, equals, value = part.partition("=")
            if not equals or key in options:
                raise ConfigError(f"{url!r}: option {key!r} {'comes twice' if equals else 'has no value'}")
            options[key] = unquote(value)
        return cls(url, scheme, unquote(place), options)

    def allow(self, known: Collection[str]) -> None:
        """Refuse options that the link does not know.

        Raises:
            ConfigError: names the first unknown option and lists those that exist.
        """
        for key in self.options:
            if key not in known:
                there = ", ".join(sorted({*known, *WRAPPERS}))
                raise ConfigError(f"{self.url!r}: unknown option {key!r}; there are: {there}")

    def number(self, key: str, default: float, *, least: float = 0.0, most: float = math.inf) -> float:
        """Return an option as a finite number from `least` to `most`.

        Raises:
            ConfigError: it is not a number, or out of this range.
        """
        text = self.options.get(key)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or math.isinf(value):
            upward = "on" if math.isinf(most) else f"to {most:g}"
            raise ConfigError(f"{self.url!r}: {key}={text} has to be a number from {least:g} {upward}")
        return value

    def without(self, keys: Collection[str]) -> Address:
        """Return the address without some of its options."""
        kept = [f"{key}={quote(value, safe='/:+,')}" for key, value in self.options.items() if key not in keys]
        rest = self.url.partition(":")[2].partition("?")[0]
        return Address.parse(f"{self.scheme}:{rest}" + ("?" + "&".join(kept) if kept else ""))


def quoted_place(name: str) -> str:
    """Return a place as it is written in a URL in settings: what has a meaning there, or cannot be seen, is quoted."""
    return "".join(c if c.isprintable() and c not in '%?"\\' else quote(c) for c in name)
