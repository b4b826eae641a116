"""What a validation found: our figures beside the published ones, and what was left out, with the reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Tick = Callable[[int, int], None]
"""Told how many of how many recordings are done."""

MAX_EXCLUDED = 0.05
"""Share of what was counted that may be left out; beyond, a table proves nothing."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the table: a figure of ours, what was published, and the bar that ours has to meet."""

    quantity: str
    unit: str
    ours: float
    published: str = ""  # as printed, with its spread; "" where nothing was
    least: float = -math.inf  # the bar: least <= ours <= most
    most: float = math.inf

    @property
    def met(self) -> bool:
        """Whether the bar is met; a figure that could not be found (NaN) meets none."""
        return self.least <= self.ours <= self.most

    @property
    def bar(self) -> str:
        """The bar as text, "" where there is none."""
        low, high = math.isfinite(self.least), math.isfinite(self.most)
        if low and high:
            return f"{self.least:g} to {self.most:g}"
        return f">= {self.least:g}" if low else f"<= {self.most:g}" if high else ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was found in one recording or person."""

    name: str
    group: str
    values: Mapping[str, float]
    excluded: str = ""  # why it is left out as a whole


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome for one set of recordings."""

    name: str
    source: str  # the citation of the recordings and of the published numbers
    metrics: tuple[Metric, ...]
    subjects: tuple[Subject, ...]
    counted: int  # units that were to be judged (strides, footfalls, records), the excluded ones included
    unit: str  # what was counted, in the plural
    excluded: Mapping[str, int] = field(default_factory=dict)  # units left out, by reason

    @property
    def share_excluded(self) -> float:
        """Share of the units that were left out."""
        return sum(self.excluded.values()) / self.counted if self.counted else 1.0

    @property
    def passed(self) -> bool:
        """Whether every bar is met, and not by leaving much out."""
        return all(metric.met for metric in self.metrics) and self.share_excluded <= MAX_EXCLUDED
