"""Names that a virtual insole may bear so that its profile finds it, of the right foot."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import islice, product
from typing import Any

from firmware_bridge.devices.link_setup import BleLink
from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Side

_parser: Any = import_module("re._parser")  # Python's own reading of a pattern; `sre_parse` is its deprecated name
_MOST = 20_000
"""Names that are tried before a pattern counts as one that never tells this foot."""


def name_for(link: BleLink, side: Side, wish: str = "") -> str:
    """Return a name that the link knows as this foot's, the shortest of its pattern; `wish` where that is one.

    Raises:
        ConfigError: `wish` is not, or no name is found.
    """
    for name in [wish] if wish else islice(_names(link, side), _MOST):
        services = (link.service,) if link.service else ()
        makers = {link.maker.company: bytes(link.maker.at) + bytes([link.maker.equals or 0])} if link.maker else {}
        told = link.side_of(name)
        if link.matches(name, services, makers) and (told is side or (told is None and not link.side_in_name)):
            return name
    if wish:
        raise ConfigError(f"{wish!r} is not a name by which the profile knows a {side} insole")
    raise ConfigError(f"no name fits name_regex = {link.name_regex!r} and tells a {side} insole")


def _names(link: BleLink, side: Side) -> Iterator[str]:
    letter = side[0].upper()
    if link.name_regex:
        yield from _examples(_parser.parse(link.name_regex))
    for prefix in link.name_prefix:
        yield f"{prefix}-{letter}"
    yield f"Insole demo {letter}"


def _examples(pattern: Any) -> Iterator[str]:
    """Yield texts that a parsed pattern fits: every alternative, every repetition as short as it may be."""
    parts = [list(_of(str(kind), argument)) for kind, argument in pattern]
    for choice in product(*parts):
        yield "".join(choice)


def _of(kind: str, argument: Any) -> Iterator[str]:
    if kind == "LITERAL":
        yield chr(argument)
    elif kind == "IN":
        yield from (text for inner, detail in argument for text in _of(str(inner), detail))
    elif kind == "RANGE":
        yield chr(argument[0])
    elif kind == "CATEGORY":
        yield {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(argument), "a")
    elif kind == "ANY":
        yield "a"
    elif kind == "BRANCH":
        yield from (text for branch in argument[1] for text in _examples(branch))
    elif kind == "SUBPATTERN":
        yield from _examples(argument[-1])
    elif kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = argument
        yield from (text * least for text in _examples(inner))
        if not least and most:
            yield from _examples(inner)
    else:  # an anchor, or what can only be looked at
        yield ""
