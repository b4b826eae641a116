"""The page of the weeks: a measure over time, and every run and walk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from service.gait.detectors.measures import CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX
from service.records.bouts import Bout
from service.records.rows import Verdict
from service.records.timestamps import iso
from service.review.headline import headline
from service.review.read_model import Wearer, points
from service.web.pages.bout_facts import facts
from service.web.pages.charts import draw_chart
from service.web.pages.page import Needs, Page, Visit, address, day_text
from service.wording.measures import MEASURE_WORDING

_TREND = (CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX)


def _trend_page(visit: Visit) -> Mapping[str, Any]:
    from service.review import figures

    wearer, zone, field = visit.wearer, visit.zone, visit.query.get("measure")
    measure = next((measure for measure in _TREND if measure.field == field), CONTACT)
    shown = points(wearer, measure)
    chart = draw_chart("trend", lambda theme: figures.trend(shown, theme, zone)) if shown else None
    counted = f"{len(shown)} bouts" if shown else "No bout is long enough for a statement yet"
    text = (
        f"{counted}. A dot is one bout with its 95 % interval, a diamond one that differs from your usual; hollow: "
        "your usual was not known yet. The gray band is your own normal at that time, in those shoes."
    )
    return {
        "title": f"{MEASURE_WORDING[measure.field].label.capitalize()} over time",
        "choices": [
            (MEASURE_WORDING[m.field].label, address("/trend", wearer.name, measure=m.field), m is measure)
            for m in _TREND
        ],
        "chart_one": chart,
        "text": text,
        "rows": [_line(wearer, bout, zone) for bout in reversed(wearer.bouts)],
    }


def _line(wearer: Wearer, bout: Bout, zone: tzinfo) -> tuple[str, str, str, str, str]:
    verdict = _main(bout)
    flags = [flag for flag in wearer.flags if flag.bout == bout.time]
    sentence = headline(verdict, wearer.blocks.get(bout.time, ()), flags) if verdict else "No statement"
    link = address("/run", wearer.name, bout=iso(bout.time))
    answer = verdict.answer if verdict else ""
    return day_text(bout.time, zone), link, sentence, facts(bout, wearer.said[bout.time]), answer


def _main(bout: Bout) -> Verdict | None:
    """Return the verdict that a list shows: the first that tells a difference, else the first."""
    return next((v for v in bout.verdicts if v.answer == "differs"), bout.verdicts[0] if bout.verdicts else None)


TREND = Page("/trend", "Trend", "trend.html", _trend_page, Needs.BOUT, cache="no-cache", figures=True)
