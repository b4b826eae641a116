"""What a row becomes when left and right are exchanged: sides, the names of fields, and the sign of every index."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from service.records.rows import Block, Flag, Second, Step, Verdict


def mirrored(row: Step | Second | Block | Flag | Verdict) -> Any:
    """Return the row of the same walk on exchanged feet."""
    values = {_other(f.name): getattr(row, f.name) for f in fields(row)}
    if isinstance(row, Step | Second):
        values["side"] = row.side.other
    elif isinstance(row, Block):
        for stem in ("contact_time_si", "impulse_si", "peak_si"):
            _negate(values, f"{stem}_pct", f"{stem}_low_pct", f"{stem}_high_pct")
        _invert(values, "gain_ratio", "gain_ratio_low", "gain_ratio_high")
    else:
        values["measure"] = _other(row.measure)
        if row.measure == "gain_ratio":
            _invert(values, "value", "low", "high")
            _invert(values, "normal", "normal_low", "normal_high")
        if "_si_" in row.measure:
            _negate(values, "value", "low", "high")
            _negate(values, "normal", "normal_low", "normal_high")
    return type(row)(**values)


def rounded(row: Any) -> Any:
    """Return a row with ratios to nine digits: one over one over a number may differ from it in the last."""
    ratios = {f.name: round(getattr(row, f.name), 9) for f in fields(row) if f.name.startswith("gain_ratio")}
    if getattr(row, "measure", "") == "gain_ratio":
        names = ("value", "low", "high", "normal", "normal_low", "normal_high")
        ratios = {name: round(getattr(row, name), 9) for name in names}
    return replace(row, **ratios) if ratios else row


def _other(name: str) -> str:
    return name.replace("left", "\0").replace("right", "left").replace("\0", "right")


def _invert(values: dict[str, float], middle: str, low: str, high: str) -> None:
    values[middle], values[low], values[high] = 1 / values[middle], 1 / values[high], 1 / values[low]


def _negate(values: dict[str, float], middle: str, low: str, high: str) -> None:
    values[middle], values[low], values[high] = -values[middle], -values[high], -values[low]
