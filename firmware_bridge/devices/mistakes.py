"""What is wrong with a TOML file, said by file and key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from firmware_bridge.devices.schema.values import Table
from firmware_bridge.errors import ConfigError

AnyTable = TypeVar("AnyTable", bound=Table)


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:  # RuntimeError: there is no such home directory
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def validated(text: str, origin: str, kind: type[AnyTable], most: int | None = 3) -> AnyTable:
    """Return the TOML's content as a table.

    Raises:
        ConfigError: with the first `most` mistakes, each by file and key; with all of them, one a line, by None.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: is not valid TOML: {error}") from error
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        found = [detail for detail in error.errors() if detail["loc"][-1:] != (_LIST,)]
        mistakes = [_mistake(_written(details["loc"], content), details) for details in found]
        raise ConfigError(f"{origin}: {('; ' if most else chr(10)).join(mistakes[:most])}") from error


_LIST = "tuple[constrained-float, ...]"
_FORMS = ("constrained-float", _LIST)
"""What pydantic calls the forms of a key that takes one number or a list of them."""
_KINDS = ("notification", "stream", "lines", "messages")


_SAID = {
    "extra_forbidden": "is not a key that is known here; is it misspelt?",
    "missing": "is missing",
    "tuple_type": "must be a list",
    "union_tag_not_found": "kind is missing",
}
"""What pydantic says in its own terms, in those of a TOML file."""


def _written(where: Sequence[str | int], content: object) -> list[str | int]:
    """Leave out the number of an element where the file has a single table in place of a list."""
    parts: list[str | int] = []
    for part in where:
        if isinstance(part, int) and isinstance(content, Mapping):
            continue
        parts.append(part)
        if isinstance(content, Mapping):
            content = content.get(part)
        elif isinstance(content, Sequence) and isinstance(part, int):
            content = content[part]
    return parts


def _mistake(where: Sequence[str | int], details: ErrorDetails) -> str:
    """Say one mistake as `sensors.positions[3]: ml must be ...`."""
    parts = [part for i, part in enumerate(where) if not (part in _KINDS and i and where[i - 1] == "frame")]
    parts = [part for part in parts if part not in _FORMS]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    text = _SAID.get(details["type"], details["msg"].removeprefix("Value error, "))
    if details["type"] == "union_tag_invalid":
        text = f"kind must be one of {details['ctx']['expected_tags']}".replace("'", "")
    elif details["type"] == "union_tag_not_found" and where[-1] == "frame":
        text += f"; it is one of {', '.join(_KINDS)}"
    return f"{key}: {text}" if key else text
