"""A validation on the terminal: the table for people, one JSON object a line for programs."""

from __future__ import annotations

import json as jsonlib
import math
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from firmware_bridge import ConfigError
from service.validate import SETS, validate
from service.validate.report import MAX_EXCLUDED, Report


def show(name: str, folder: Path | None, *, json: bool) -> bool:
    """Validate against one set of recordings and print the outcome; return whether all bars are met.

    With `json` a line for each subject, then one for each metric, then one that sums up.

    Raises:
        ConfigError: there is no such set, or the folder holds none of its recordings.
    """
    if name not in SETS:
        raise ConfigError(f"there is no set {name!r}; there are: {', '.join(SETS)}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        report = validate(name, folder or Path(), lambda done, total: bar.update(task, completed=done, total=total))
    if json:
        _print_json(report)
    else:
        _print_table(report)
    return report.passed


def _print_table(report: Report) -> None:
    table = Table("quantity", "unit", "ours", "published", "bar", "", box=SIMPLE_HEAD, pad_edge=False)
    for metric in report.metrics:
        met = "" if not metric.bar else "met" if metric.met else "[red]missed[/]"
        table.add_row(metric.quantity, metric.unit, f"{metric.ours:.4g}", metric.published, metric.bar, met)
    console = Console()
    console.print(f"{report.name}: {report.source}", markup=False, highlight=False)
    console.print(table)
    left = "; ".join(f"{count} {reason}" for reason, count in report.excluded.items() if count) or "none"
    much = "" if report.share_excluded <= MAX_EXCLUDED else f" - more than {MAX_EXCLUDED:.0%}"
    console.print(f"{report.counted} {report.unit}; left out: {left}{much}", markup=False, highlight=False)
    console.print("all bars are met" if report.passed else "[red]not all bars are met[/]")


def _print_json(report: Report) -> None:
    for subject in report.subjects:
        values = {key: _number(value) for key, value in subject.values.items()}
        _print({"subject": subject.name, "group": subject.group, "excluded": subject.excluded, **values})
    for metric in report.metrics:
        _print(
            {
                "claim": metric.quantity,
                "unit": metric.unit,
                "ours": _number(metric.ours),
                "published": metric.published,
                "bar": metric.bar,
                "met": metric.met,
            }
        )
    _print(
        {
            "set": report.name,
            "source": report.source,
            "counted": report.counted,
            "unit": report.unit,
            "excluded": dict(report.excluded),
            "passed": report.passed,
        }
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _print(value: dict[str, object]) -> None:
    print(jsonlib.dumps(value, allow_nan=False))
