"""How far a stage without partitions has come."""

from __future__ import annotations

from firmware_bridge import (
    Log,
)
from service.records.rows import Progress


def progress_of(log: Log, stage: str) -> int:
    """Return the arrival number up to which a stage without partitions has come."""
    return max((p.done for p in log.read(Progress, "") if p.stage == stage), default=0)


def progress_row(stage: str, number: int) -> Progress:
    """Return the row that says that a stage without partitions has come to an arrival number."""
    return Progress(0, "", stage, 0, restart=number, done=number)
