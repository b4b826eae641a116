"""What a row becomes when left and right are exchanged: sides, the names of fields, and the sign of every index."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from service.rows import Block, Flag, Step, Verdict


def mirrored(row: Step | Block | Flag | Verdict) -> Any:
    """Return the row of the same walk on exchanged feet."""
    values = {_other(f.name): getattr(row, f.name) for f in fields(row)}
    if isinstance(row, Step):
        values["side"] = row.side.other
    elif isinstance(row, Block):
        for stem in ("contact_time_si", "impulse_si"):
            _negate(values, f"{stem}_pct", f"{stem}_low_pct", f"{stem}_high_pct")
    else:
        values["measure"] = _other(row.measure)
        if "_si_" in row.measure:
            _negate(values, "value", "low", "high")
            _negate(values, "normal", "normal_low", "normal_high")
    return type(row)(**values)


def _other(name: str) -> str:
    return name.replace("left", "\0").replace("right", "left").replace("\0", "right")


def _negate(values: dict[str, float], middle: str, low: str, high: str) -> None:
    values[middle], values[low], values[high] = -values[middle], -values[high], -values[low]
