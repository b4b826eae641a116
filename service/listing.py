"""What the command line lists: rows as JSON lines for programs, as tables for people."""

from __future__ import annotations

import json as jsonlib
import math
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from firmware_bridge import ConfigError, Log, Side, open_log, same_row
from service import analysis
from service.bouts import bouts as find_bouts
from service.bouts import plain_bout
from service.messages import verdict_text
from service.plain import plain
from service.rows import Block, Step, Verdict
from service.when import iso

SUMMARY = {
    "stride_time_s": ("stride s", 3),
    "contact_time_s": ("contact s", 3),
    "duty_factor": ("duty", 3),
    "cadence_spm": ("steps/min", 0),
    "medial_lateral_index": ("medial-lateral %", 1),
}
"""What the summary of a foot shows: the mean of a step's field under a heading, with so many digits."""


def steps(store: str, wearer: str | None, *, json: bool) -> None:
    """Print everybody's or one wearer's steps: a line each, or a summary table of each foot."""
    log = open_log(store)
    try:
        if json:
            for name in _wearers(log, wearer):
                _print_lines(log.read(Step, name))
            return
        table = Table(
            "wearer", "foot", "steps", "valid", "stride s", "contact s", "duty", "cadence", "medial-lateral %"
        )
        for name in _wearers(log, wearer):
            rows = log.read(Step, name)
            for side in Side:
                table.add_row(name, side, *_summary([row for row in rows if row.side is side]))
        Console().print(table)
    finally:
        log.close()


def _summary(rows: Sequence[Step]) -> list[str]:
    valid = [row for row in rows if row.valid]
    means = [_mean((getattr(row, name) for row in valid), digits) for name, (_, digits) in SUMMARY.items()]
    return [str(len(rows)), str(len(valid)), *means]


def _mean(values: Iterable[float], digits: int) -> str:
    finite = [value for value in values if math.isfinite(value)]
    return f"{fmean(finite):.{digits}f}" if finite else "-"


def bouts(store: str, wearer: str | None, *, json: bool) -> None:
    """Print runs and walks, newest last, with their verdicts."""
    log = open_log(store)
    try:
        table = Table("wearer", "start", "minutes", "what", "steps", "valid", "verdict")
        for name in _wearers(log, wearer):
            for bout in find_bouts(log.read(Step, name), log.read(Block, name), log.read(Verdict, name)):
                if json:
                    _print_line({"wearer": name, **plain_bout(bout)})
                    continue
                said = "\n".join(verdict_text(verdict).title for verdict in bout.verdicts)
                start, minutes = iso(bout.time)[:19] + "Z", f"{(bout.stop - bout.time) / 60e9:.1f}"
                table.add_row(name, start, minutes, bout.activity, str(bout.steps), str(bout.valid_steps), said)
        if not json:
            Console().print(table)
    finally:
        log.close()


def replay(store: str, wearer: str, *, json: bool) -> bool:
    """Analyze stored frames again and compare the steps with the stored ones; return whether they are the same."""
    log = open_log(store)
    try:
        _wearers(log, wearer)
        stored = {(row.time, row.side): row for row in log.read(Step, wearer)}
        again = {(row.time, row.side): row for row in analysis.replay(log, wearer) if isinstance(row, Step)}
    finally:
        log.close()
    if json:
        _print_lines(again.values())
    different = sum(1 for key in stored.keys() & again.keys() if not same_row(stored[key], again[key]))
    missing, new = len(stored.keys() - again.keys()), len(again.keys() - stored.keys())
    Console(stderr=json).print(
        f"{wearer}: {len(again)} steps, {len(stored)} stored; {different} differ, {missing} are gone, {new} are new"
    )
    return not (different or missing or new)


def _wearers(log: Log, wearer: str | None) -> list[str]:
    known = log.wearers()
    if wearer is not None and wearer not in known:
        raise ConfigError(f"nobody is called {wearer!r} in this store; there are: {', '.join(known) or 'none'}")
    return [wearer] if wearer else known


def _print_lines(rows: Iterable[Step]) -> None:
    for row in rows:
        _print_line(plain(row))


def _print_line(value: dict[str, Any]) -> None:
    print(jsonlib.dumps(value, allow_nan=False))
