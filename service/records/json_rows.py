"""Rows as other programs read them: moments as ISO 8601 text, missing numbers as null."""

from __future__ import annotations

import math
from typing import Any

from firmware_bridge import Row, columns
from service.records.timestamps import MOMENTS, iso


def plain(row: Row) -> dict[str, Any]:
    """Return a row's fields as JSON can hold them."""
    return {column.name: _value(column.name, getattr(row, column.name)) for column in columns(type(row))}


def _value(name: str, value: str | float) -> str | float | None:
    if name in MOMENTS:
        return iso(int(value))
    return None if isinstance(value, float) and not math.isfinite(value) else value
