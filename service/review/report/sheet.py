"""The sheet: what is read, drawn and written for it."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from firmware_bridge import SECOND, ConfigError, Log, Side, open_log
from service.gait.detectors.measures import CONTACT, LEFT_INDEX, RIGHT_INDEX
from service.records.bouts import Bout, bout_named
from service.records.timestamps import parse_option
from service.review import figures
from service.review.data_quality import LIMITS, grade_of
from service.review.figures import PRINT, Figure
from service.review.read_model import Review, Reviews, Wearer, mass_kg, points, read_wearer
from service.review.report.bout_groups import Group, alike, chosen, contrast, counted, group, lines
from service.wording import guidance
from service.wording.messages import verdict_text
from service.wording.phrases import bout_word
from service.wording.topics import words_of

_WIDE, HALF = 680, 334
"""Widths (px) that fit on A4 with a margin of 14 mm."""
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Plate:
    """A figure on the sheet."""

    name: str
    title: str
    text: str
    width: int
    json: str


def report(
    store: str,
    wearer: str,
    out: Path,
    *,
    bout: str | None = None,
    a: str | None = None,
    b: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> None:
    """Write the sheet of a wearer, and print where it lies.

    Args:
        store: URL of the log.
        wearer: whose.
        out: the file to write.
        bout: the run that is shown in full, by its start or to the minute; without it the latest one.
        a: what one group of bouts has noted, as "shoes=blue".
        b: what the other one has.
        since: first moment of the bouts that count.
        until: first moment after them.

    Raises:
        ConfigError: nothing is stored of the wearer, no bout fits, or the file cannot be written.
    """
    if (a is None) != (b is None):
        raise ConfigError("a comparison has two sides: give both --a and --b, like --a shoes=blue --b shoes=red")
    with closing(open_log(store)) as log:
        known = log.wearers()
        if wearer not in known:
            raise ConfigError(f"nobody is called {wearer!r} in this store; there are: {', '.join(known) or 'none'}")
        text = sheet(log, wearer, bout=bout, a=a, b=b, since=since, until=until)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out {out}: {error.strerror}") from error
    print(f"{out}: {len(text.encode()) / 1e6:.1f} MB")


def sheet(
    log: Log,
    wearer: str,
    *,
    bout: str | None = None,
    a: str | None = None,
    b: str | None = None,
    since: str | None = None,
    until: str | None = None,
    now: int | None = None,
    zone: tzinfo | None = None,
) -> str:
    """Return the sheet as the text of one HTML file; arguments as in `report`."""
    here = zone or datetime.now().astimezone().tzinfo or UTC
    who, reviews = read_wearer(log, wearer), Reviews(log)
    first = -math.inf if since is None else parse_option("--since", since)
    last = math.inf if until is None else parse_option("--until", until)
    counting = [one for one in who.bouts if first <= one.time < last]
    if not counting:
        raise ConfigError(f"{wearer} has no bout in this time; `insole bouts {wearer}` lists them")
    values: dict[str, Any] = {"compared": None, "run": None}
    if a is not None and b is not None:
        values |= _compared(who, reviews, counting, a, b)
    else:
        shown = counting[-1] if bout is None else bout_named(counting, bout, wearer)
        run = reviews.review(who, shown, now or clock.time_ns())
        values |= _one(who, run, here)
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("sheet.html").render(
        values
        | {
            "wearer": wearer,
            "made": _day(now or clock.time_ns(), here),
            "period": f"{_day(counting[0].time, here)} to {_day(counting[-1].time, here)}",
            "rows": _rows(who, counting, here),
            "left_out": max(0, len(counting) - MOST_ROWS),
            "limits": LIMITS,
            "guidance": guidance,
            "script": figures.script(),
        }
    )


def _plate(name: str, title: str, drawn: Figure, width: int = _WIDE, height: int | None = None) -> Plate:
    drawn.update_layout(width=width, autosize=False)
    if height is not None:
        drawn.update_layout(height=height)
    text = str(drawn.to_json()).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Plate(name, title, figures.caption_of(drawn), width, text)


def _one(who: Wearer, run: Review, zone: tzinfo) -> dict[str, Any]:
    """Return what is shown of one bout."""
    plates, missing = [], []
    word = bout_word(run.bout.activity)
    if any(not block.void for block in run.blocks):
        contact = [(CONTACT, run.changes.get(CONTACT.field))]
        drawn = figures.where_in_run(run.blocks, contact, run.flags, PRINT)
        plates.append(_plate("where", "Where in it: ground contact time", drawn, height=230))
        if any(math.isfinite(block.medial_lateral_left) for block in run.blocks):
            inner = [(measure, run.changes.get(measure.field)) for measure in (LEFT_INDEX, RIGHT_INDEX)]
            drawn = figures.where_in_run(run.blocks, inner, run.flags, PRINT)
            plates.append(_plate("inner", "Where in it: load on the inner side", drawn, height=230))
    if len(run.soles) == len(Side):
        left, right = run.soles[Side.LEFT], run.soles[Side.RIGHT]
        drawn = figures.butterfly(left, right, mass_kg(run.said), PRINT)
        plates.append(_plate("force", "Force over the stance", drawn, HALF, 340))
        if run.difference is not None:
            drawn = figures.difference_foot(run.difference, left.sensors, right.sensors, PRINT, what=f"this {word}")
            plates.append(_plate("sole", "Difference foot: this against the usual", drawn, HALF, 340))
    if run.difference is None:
        missing.append(f"No difference foot: {run.without}")
    trend = [point for point in points(who, CONTACT, run.bout.activity) if point.time <= run.bout.time]
    if len(trend) > 1:
        plates.append(_plate("trend", "Ground contact time over time", figures.trend(trend, PRINT, zone), height=330))
    said = [(words_of(v.topic).title, run.headline(v), verdict_text(v)) for v in run.bout.verdicts]
    return {
        "run": run,
        "when": _day(run.bout.time, zone),
        "word": word,
        "speed": "" if math.isnan(run.speed_mps) else f"{run.speed_mps:.2f} m/s",
        "said": said,
        "plates": plates,
        "missing": missing,
    }


def _compared(who: Wearer, reviews: Reviews, bouts: Sequence[Bout], a: str, b: str) -> dict[str, Any]:
    """Return what is shown of two groups of bouts."""
    picks = chosen("--a", a), chosen("--b", b)
    fitting = [[one for one in bouts if pick.fits(who.said[one.time])] for pick in picks]
    for option, text, found in zip(("--a", "--b"), (a, b), fitting, strict=True):
        if not found:
            raise ConfigError(
                f"{option} {text}: no bout of {who.name} has that noted; `insole bouts {who.name}` lists them"
            )
    if {one.time for one in fitting[0]} & {one.time for one in fitting[1]}:
        raise ConfigError(f"--a {a} and --b {b} fit the same bouts: a bout can be on one side only")
    kept = {one.time for one in alike([*fitting[0], *fitting[1]])}
    ours, theirs = (
        group(pick.text, who, [one for one in found if one.time in kept], reviews)
        for pick, found in zip(picks, fitting, strict=True)
    )
    apart, like, why = contrast(ours, theirs)
    plates = [
        _plate(f"force-{key}", f"{key.upper()}: {own.name}", drawn, HALF, 320)
        for key, own, drawn in _forces(ours, theirs)
    ]
    if apart is not None:
        left, right = like[Side.LEFT].sensors, like[Side.RIGHT].sensors
        drawn = figures.difference_foot(
            apart, left, right, PRINT, what=f"A ({ours.name})", against=f"B ({theirs.name})"
        )
        plates.append(_plate("sole", "Difference foot: A against B", drawn, _WIDE, 420))
    compared = {
        "a": ours, "b": theirs, "lines": lines(ours, theirs), "counts": (counted(ours.bouts), counted(theirs.bouts)),
    }  # fmt: skip
    return {"compared": compared, "plates": plates, "missing": [f"No difference foot: {why}"] if why else []}


def _forces(ours: Group, theirs: Group) -> list[tuple[str, Group, Figure]]:
    """Return the force curves of both groups on one scale."""
    found = [
        (key, own, figures.butterfly(stances[Side.LEFT], stances[Side.RIGHT], theme=PRINT))
        for key, own in (("a", ours), ("b", theirs))
        if len(stances := own.stances()) == len(Side)
    ]
    top = max((drawn.layout.yaxis.range[1] for _, _, drawn in found), default=0.0)
    for _, _, drawn in found:
        drawn.update_yaxes(range=[-top, top])
    return found


def _rows(who: Wearer, bouts: Sequence[Bout], zone: tzinfo) -> list[tuple[str, ...]]:
    """Return the table of bouts, the latest first."""
    rows: list[tuple[str, ...]] = []
    for one in list(bouts)[::-1][:MOST_ROWS]:
        said = who.said[one.time]
        grade = grade_of(who.blocks.get(one.time, ()))
        titles = " · ".join(dict.fromkeys(verdict_text(verdict).title for verdict in one.verdicts)) or "no statement"
        minutes = f"{(one.stop - one.time) / (60 * SECOND):.0f}"
        used = f"{one.valid_steps} of {one.steps}"
        rows.append((_day(one.time, zone), bout_word(one.activity), minutes, used, grade, said.worn, said.pain, titles))
    return rows


def _day(time: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).strftime("%-d %b %Y, %H:%M")
