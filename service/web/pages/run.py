"""The page of one run: what is said of it, where in it, the force of a step, the difference foot, and the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from firmware_bridge import Side
from service.gait.detectors.measures import CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX
from service.records.bouts import Bout
from service.records.timestamps import iso, parse_iso
from service.review.read_model import Review, Wearer, mass_kg
from service.web.pages.bout_facts import facts
from service.web.pages.charts import Chart, draw_chart
from service.web.pages.page import Needs, Notice, Page, Visit, address, day_text
from service.wording.measures import MEASURE_WORDING
from service.wording.messages import verdict_text
from service.wording.phrases import bout_word
from service.wording.topics import words_of

_Part = tuple[str, str, Chart | None, Sequence[str]]


def _run_page(visit: Visit) -> Mapping[str, Any]:
    text = visit.query.get("bout")
    bout = _bout(visit.wearer, text)
    if bout is None:
        raise Notice("No such run", f"{visit.name} has no run or walk that began at {text}.", 404)
    return _run_values(visit, visit.reviews.review(visit.wearer, bout, visit.now))


def _bout(wearer: Wearer, text: str | None) -> Bout | None:
    if text is None:
        return wearer.bout(None)
    try:
        return wearer.bout(parse_iso(text))
    except ValueError:
        return None


def _run_values(visit: Visit, run: Review) -> dict[str, Any]:
    wearer = visit.wearer
    times = [bout.time for bout in wearer.bouts]
    at = times.index(run.bout.time)
    where = _where(run)
    return {
        "run": run,
        "word": bout_word(run.bout.activity),
        "when": day_text(run.bout.time, visit.zone),
        "facts": facts(run.bout, run.said, run.speed_mps),
        "before": address("/run", wearer.name, bout=iso(times[at - 1])) if at else "",
        "after": address("/run", wearer.name, bout=iso(times[at + 1])) if at + 1 < len(times) else "",
        "said": [(words_of(v.topic).title, run.headline(v), v, verdict_text(v)) for v in run.bout.verdicts],
        "parts": [*where, _force(run), _sole(run), _quality(run)],
        "where_count": len(where),
    }


def _where(run: Review) -> list[_Part]:
    from service.review import figures

    if not any(not block.void for block in run.blocks):
        return [("Where in the run", f"There is no minute of this {bout_word(run.bout.activity)} to show.", None, ())]
    judged = {verdict.measure for verdict in run.bout.verdicts if verdict.measure in run.changes}
    first = next((measure for measure in (CONTACT, IMPULSE) if measure.field in judged), CONTACT)
    shown = [("where", MEASURE_WORDING[first.field].label, [first])]
    if any(math.isfinite(block.medial_lateral_left) for block in run.blocks):
        shown.append(("inner", "load on the inner side", [LEFT_INDEX, RIGHT_INDEX]))
    text = (
        "Each dot is about fifty strides with its 95 % interval; hollow ones are not counted (first minutes, or lost "
        "data)."
    )
    found: list[_Part] = []
    for name, title, measures in shown:
        pairs = [(measure, run.changes.get(measure.field)) for measure in measures]
        chart = draw_chart(name, partial(figures.where_in_run, run.blocks, pairs, run.flags))
        found.append((f"Where in the run: {title}", text, chart, ()))
    return found


def _force(run: Review) -> _Part:
    from service.review import figures

    title = "Force over the stance"
    if not run.soles:
        return title, run.without, None, ()
    if len(run.soles) < len(Side):
        return title, "Only one foot was heard: there is nothing to compare it with.", None, ()
    left, right = run.soles[Side.LEFT], run.soles[Side.RIGHT]
    chart = draw_chart("force", lambda theme: figures.butterfly(left, right, mass_kg(run.said), theme))
    return title, f"{chart.caption}", chart, ()


def _sole(run: Review) -> _Part:
    from service.review import figures

    title = "Difference foot: this against your usual"
    found = run.difference
    if found is None:
        return title, run.without, None, ()
    left, right = run.soles[Side.LEFT].sensors, run.soles[Side.RIGHT].sensors
    what = f"this {bout_word(run.bout.activity)}"
    chart = draw_chart("sole", lambda theme: figures.difference_foot(found, left, right, theme, what=what))
    text = (
        f"{chart.caption} The color is z: the difference over what {found.bouts[1]} "
        "earlier bouts differ among each other."
    )
    return title, text, chart, ()


def _quality(run: Review) -> _Part:
    from service.review import figures

    chart = draw_chart("quality", lambda theme: figures.quality_bars(run.quality, theme))
    lines = []
    for foot in run.quality.feet:
        why = ", ".join(f"{count} {reason}" for reason, count in foot.withheld.items()) or "none withheld"
        arrived = "" if math.isnan(foot.received) else f"; {100 * foot.received:.1f} % of the samples arrived"
        lines.append(f"{str(foot.side).capitalize()}: {foot.used} of {foot.seen} steps used ({why}){arrived}")
    withheld = run.quality.withheld
    share = "no steps" if math.isnan(withheld) else f"{100 * withheld:.1f} % of the steps withheld"
    return f"Data quality {run.quality.grade}: {share}", "", chart, lines


RUN = Page("/run", "Run", "run.html", _run_page, Needs.BOUT, cache="no-cache", figures=True)
