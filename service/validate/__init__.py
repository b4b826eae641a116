"""Published tables, computed again from the recordings behind them.

Each set is a leaf module with `recompute(folder, tick) -> Report`. What is told apart here is what the product does
with a recording, never a copy of it: every figure comes from the same analysis that a run takes.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from service.validate.report import Metric, Report, Subject, Tick

__all__ = ["SETS", "Metric", "Report", "Subject", "Tick", "validate"]

SETS = {
    "gaitndd": "service.validate.gaitndd",
    "gaitpdb": "service.validate.gaitpdb",
    "running-grf": "service.validate.running_grf",
    "speedpp2ds": "service.validate.speedpp2ds",
    "virtual": "service.validate.virtual",
}


def validate(name: str, folder: Path, tick: Tick) -> Report:
    """Recompute the tables of one of the `SETS` from the recordings in `folder` (unused where they are virtual).

    Raises:
        ConfigError: the folder holds no such recordings; the message says where they are to be had.
        CorruptData: a recording cannot be read.
    """
    report: Report = import_module(SETS[name]).recompute(folder, tick)
    return report
