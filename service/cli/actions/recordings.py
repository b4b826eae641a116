"""What the command line lists: rows as JSON lines for programs, as tables for people."""

from __future__ import annotations

import json as jsonlib
import math
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from statistics import fmean
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firmware_bridge import SECOND, ConfigError, Log, Row, Side, kind_name, open_log, row_key, same_row
from service.gait.thresholds import RESET_NS
from service.pipeline.replay import derive_rows
from service.pipeline.retention import kept_from
from service.records.bouts import Bout, mean_speed, plain_bout, read_bouts
from service.records.json_rows import plain
from service.records.notes import About, about
from service.records.quantities import quantities
from service.records.rows import Block, Flag, Note, Second, Step, Verdict
from service.records.timestamps import iso
from service.wording.measure_cards import Card, card, card_lines, cards, needs
from service.wording.messages import verdict_text


def steps(store: str, wearer: str | None, *, json: bool) -> None:
    """Print everybody's or one wearer's steps: a line each, or a summary table of each foot."""
    table = _table("wearer", "foot", "steps", "valid", *(each.heading for each in _summarized()))
    with closing(open_log(store)) as log:
        for name in known_wearers(log, wearer):
            rows = log.read(Step, name)
            if json:
                _print_lines(rows)
            else:
                for side in Side:
                    table.add_row(name, side, *_summary([row for row in rows if row.side is side]))
    if not json:
        Console().print(table)


def _summary(rows: Sequence[Step]) -> list[str]:
    valid = [row for row in rows if row.valid]
    known = quantities(Step)
    means = [_mean((getattr(row, each.name) for row in valid), known[each.name].decimals) for each in _summarized()]
    return [str(len(rows)), str(len(valid)), *means]


def _summarized() -> list[Card]:
    """Return the measures of a step whose mean the summary of a foot shows, under their headings."""
    return [each for each in cards() if each.heading]


def _mean(values: Iterable[float], digits: int) -> str:
    finite = [value for value in values if math.isfinite(value)]
    return f"{fmean(finite):.{digits}f}" if finite else "-"


def bouts(store: str, wearer: str | None, *, json: bool, deleted: bool = False) -> None:
    """Print runs and walks, newest last, with their notes and verdicts; those that do not count with `deleted` only."""
    table = _table("wearer", "start (UTC)", "min", "what", "steps", "valid", "noted", "verdict")
    with closing(open_log(store)) as log:
        for name in known_wearers(log, wearer):
            found = read_bouts(log, name)
            noted = about([bout.span for bout in found], log.read(Note, name))
            for bout in found:
                said = noted[bout.time]
                if said.deleted and not deleted:
                    continue
                speed = mean_speed(log, name, bout)
                if json:
                    _print_line({"wearer": name, **plain_bout(bout, speed), "notes": asdict(said)})
                else:
                    table.add_row(name, *_bout(bout, speed, said), style="strike" if said.deleted else None)
    if not json:
        Console().print(table)


def _bout(bout: Bout, speed_mps: float, noted: About) -> list[str]:
    start, minutes = iso(bout.time)[:16].replace("T", " "), f"{(bout.stop - bout.time) / SECOND / 60:.1f}"
    said = "\n".join(dict.fromkeys(verdict_text(verdict).title for verdict in bout.verdicts))
    pain = f"pain {noted.pain}" if noted.pain else ""
    parts = (noted.name, noted.worn, noted.surface, pain, noted.remark, "deleted" if noted.deleted else "")
    notes = "\n".join(escape(part) for part in parts if part)
    what = bout.activity if math.isnan(speed_mps) else f"{bout.activity}, {speed_mps:.2f} m/s"
    return [start, minutes, what, str(bout.steps), str(bout.valid_steps), notes, said]


def compare_steps(store: str, wearer: str, *, json: bool) -> bool:
    """Analyze stored frames again and compare the steps with the stored ones; return whether they are the same."""
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        kept = kept_from(log, wearer)
        stored = {(row.time, row.side): row for row in log.read(Step, wearer, kept)}
        again = {(row.time, row.side): row for row in derive_rows(log, wearer, kept) if isinstance(row, Step)}
    if json:
        _print_lines(again.values())
    different = sum(1 for key in stored.keys() & again.keys() if not same_row(stored[key], again[key]))
    missing, new = len(stored.keys() - again.keys()), len(again.keys() - stored.keys())
    Console(stderr=json).print(
        f"{wearer}: {len(again)} steps, {len(stored)} stored; {different} differ, {missing} are gone, {new} are new"
    )
    return not (different or missing or new)


def check_replay(store: str, wearer: str) -> bool:
    """Analyze stored frames again, compare all that was found with what is stored, and say what differs."""
    kinds: tuple[type[Row], ...] = (Step, Second, Block, Flag, Verdict)
    with closing(open_log(store)) as log:
        known_wearers(log, wearer)
        kept = kept_from(log, wearer)
        again = {(type(row), *row_key(row)): row for row in derive_rows(log, wearer, kept) if row.time >= kept}
        stored = {(kind, *row_key(row)): row for kind in kinds for row in log.read(kind, wearer, kept)}
    keys = [key for key in {**stored, **again} if not _equal(stored.get(key), again.get(key))]
    if kept:  # the chunk that began just before it is forgotten, and with it a part of the first second
        found = {**stored, **again}
        keys = [key for key in keys if key[0] is not Second or found[key].time >= kept + RESET_NS]
    if not keys:
        print(f"{wearer}: identical, {len(stored)} rows")
        return True
    for kind in kinds:
        own = [key for key in keys if key[0] is kind]
        counts = {
            "differ": sum(key in stored and key in again for key in own),
            "are gone": sum(key not in again for key in own),
            "are new": sum(key not in stored for key in own),
        }
        said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        if said:
            first = min(row.time for row in ((again.get(key) or stored[key]) for key in own))
            print(f"{wearer}: {kind_name(kind)}s: {said}; the first at {iso(first)}")
    print(f"insole analyze --again {wearer} stores what is found today")
    return False


def _equal(one: Row | None, other: Row | None) -> bool:
    return one is not None and other is not None and same_row(one, other)


def explain(name: str | None, *, json: bool) -> None:
    """Print what stands behind a measure, or the list of those that there are.

    Raises:
        ConfigError: there is no such measure.
    """
    if name is None:
        table = _table("measure", "what it is", "unit", "needs")
        for known in cards():
            table.add_row(known.name, known.title, known.unit, needs(known))
        Console().print(table)
        return
    found = card(name)
    if found is None:
        raise ConfigError(f"there is no measure {name!r}; there are: {', '.join(known.name for known in cards())}")
    if json:
        told = {key: value for key, value in asdict(found).items() if key not in {"heading", "sheet"}}
        _print_line({**told, "needs": needs(found)})
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for heading, text in card_lines(found):
        table.add_row(f"[bold]{heading}[/]", escape(text))
    Console().print(table)


def known_wearers(log: Log, wearer: str | None) -> list[str]:
    """Return everybody, or the one who was named.

    Raises:
        ConfigError: nothing is stored of that one.
    """
    known = log.wearers()
    if wearer is not None and wearer not in known:
        raise ConfigError(f"nobody is called {wearer!r} in this store; there are: {', '.join(known) or 'none'}")
    return [wearer] if wearer else known


def _table(first: str, *others: str) -> Table:
    """Return a table whose first column is never cut: it is what the other commands are called with."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(first, no_wrap=True, min_width=9)
    for name in others:
        table.add_column(name)
    return table


def _print_lines(rows: Iterable[Step]) -> None:
    for row in rows:
        _print_line(plain(row))


def _print_line(value: dict[str, Any]) -> None:
    print(jsonlib.dumps(value, allow_nan=False))
