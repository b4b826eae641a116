"""The pages after the run: one run, and the weeks. `service.review.figures` draws them, loaded with the first one.

The figures go to the page as data in two themes; the library's script is served from the installed package.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Query
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from firmware_bridge import SECOND, Log, Side
from service.diary.red_flags import asked
from service.gait.detectors.measures import CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX
from service.records.bouts import Bout
from service.records.notes import About
from service.records.rows import Note, Verdict
from service.records.timestamps import iso, parse_iso
from service.review.headline import headline
from service.review.read_model import Reviews, Run, Wearer, mass_kg, points, read_wearer
from service.web.security import HEADERS
from service.wording import guidance
from service.wording.measures import MEASURE_WORDING
from service.wording.messages import verdict_text
from service.wording.phrases import bout_word
from service.wording.topics import words_of

if TYPE_CHECKING:
    from service.review.figures import Theme

_POLICY = {
    "Content-Security-Policy": f"{HEADERS['Content-Security-Policy']}; style-src 'self' 'unsafe-inline'",
    "Cache-Control": "no-cache",
}
"""The charts' library places its text by style attributes; scripts stay those of this service alone."""
_TREND = (CONTACT, IMPULSE, LEFT_INDEX, RIGHT_INDEX)
Name = Annotated[str | None, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure as a page holds it."""

    name: str
    caption: str
    json: str  # without a character that could end its element


def add_reviews(app: FastAPI, log: Log, templates: Environment, now: Callable[[], int] = time.time_ns) -> None:
    """Add the pages /run and /trend, and the script that draws their figures."""
    pages = _Pages(log, templates, now)
    html: dict[str, Any] = {"response_class": HTMLResponse, "include_in_schema": False}

    @app.get("/run", **html)
    def run_page(wearer: Name = None, bout: Name = None) -> HTMLResponse:
        return pages.about(wearer, "Run", lambda who: pages.run(who, bout))

    @app.get("/trend", **html)
    def trend_page(wearer: Name = None, measure: Name = None) -> HTMLResponse:
        return pages.about(wearer, "Trend", lambda who: pages.trend(who, measure))

    @app.get("/static/plotly.min.js", include_in_schema=False)
    def library(request: Request) -> Response:
        text, tag = _script()
        headers = {"Cache-Control": "max-age=86400", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(text, media_type="text/javascript", headers=headers)


class _Pages:
    """Writes the pages of one log."""

    def __init__(self, log: Log, templates: Environment, now: Callable[[], int]) -> None:
        self._log, self._templates, self._now = log, templates, now
        self._reviews = Reviews(log)

    def about(self, name: str | None, here: str, write: Callable[[Wearer], HTMLResponse]) -> HTMLResponse:
        """Write a page about a wearer (the first one where nobody is named), or say why there is none."""
        known = self._log.wearers()
        if name is not None and name not in known:
            return self._notice("", here, "Nobody of that name", f"Nothing is stored of a wearer called {name}.", 404)
        if not known:
            words = "Nothing is stored yet. Put the insoles on and walk: the Live page shows them as soon as they send."
            return self._notice("", here, "No data yet", words)
        wearer = read_wearer(self._log, name or known[0])
        if not wearer.bouts:
            words = "There is no run or walk yet: it takes some minutes with both feet."
            return self._notice(wearer.name, here, "No run yet", words)
        return write(wearer)

    def run(self, wearer: Wearer, bout: str | None) -> HTMLResponse:
        """Write the page of one run."""
        chosen = _bout(wearer, bout)
        if chosen is None:
            words = f"{wearer.name} has no run or walk that began at {bout}."
            return self._notice(wearer.name, "Run", "No such run", words, 404)
        run = self._reviews.run(wearer, chosen, self._now())
        return self._page("run.html", wearer.name, "Run", **_run_values(wearer, run, zone_here()))

    def trend(self, wearer: Wearer, measure: str | None) -> HTMLResponse:
        """Write the page of the weeks."""
        return self._page("trend.html", wearer.name, "Trend", **_trend_values(wearer, measure, zone_here()))

    def _notice(self, name: str, here: str, title: str, text: str, status: int = 200) -> HTMLResponse:
        return self._page("notice.html", name, here, status, drawn=False, title=title, text=text)

    def _page(self, template: str, name: str, here: str, status: int = 200, **values: Any) -> HTMLResponse:
        given = {"guidance": guidance, "here": here, "wearer": name, "wearers": self._log.wearers(), "drawn": True}
        given["asks"] = asked(self._log.read(Note, name), zone_here()) if name else None
        text = self._templates.get_template(template).render(given | values)
        return HTMLResponse(text, status, headers=_POLICY)


@cache
def _script() -> tuple[bytes, str]:
    from service.review.figures import script

    text = script().encode()
    return text, f'"{sha256(text).hexdigest()[:20]}"'


def zone_here() -> tzinfo:
    """Return the zone of this machine, in which pages tell days and times."""
    return datetime.now().astimezone().tzinfo or UTC


def _bout(wearer: Wearer, text: str | None) -> Bout | None:
    if text is None:
        return wearer.bout(None)
    try:
        return wearer.bout(parse_iso(text))
    except ValueError:
        return None


def _drawn(name: str, draw: Callable[[Theme], Any]) -> Drawn:
    """Return a figure in both themes as JSON that cannot end its own script element."""
    from service.review.figures import DARK, LIGHT, caption_of

    light, dark = draw(LIGHT), draw(DARK)
    text = f'{{"light":{light.to_json()},"dark":{dark.to_json()}}}'
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Drawn(name, caption_of(light), escaped)


_Part = tuple[str, str, Drawn | None, Sequence[str]]


def _run_values(wearer: Wearer, run: Run, zone: tzinfo) -> dict[str, Any]:
    times = [bout.time for bout in wearer.bouts]
    at = times.index(run.bout.time)
    where = _where(run)
    return {
        "run": run,
        "word": bout_word(run.bout.activity),
        "when": day_text(run.bout.time, zone),
        "facts": _facts(run.bout, run.said),
        "before": address("/run", wearer.name, bout=iso(times[at - 1])) if at else "",
        "after": address("/run", wearer.name, bout=iso(times[at + 1])) if at + 1 < len(times) else "",
        "said": [(words_of(v.topic).title, run.headline(v), v, verdict_text(v)) for v in run.bout.verdicts],
        "parts": [*where, _force(run), _sole(run), _quality(run)],
        "where_count": len(where),
    }


def _where(run: Run) -> list[_Part]:
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
        drawn = _drawn(name, partial(figures.where_in_run, run.blocks, pairs, run.flags))
        found.append((f"Where in the run: {title}", text, drawn, ()))
    return found


def _force(run: Run) -> _Part:
    from service.review import figures

    title = "Force over the stance"
    if not run.soles:
        return title, run.without, None, ()
    if len(run.soles) < len(Side):
        return title, "Only one foot was heard: there is nothing to compare it with.", None, ()
    left, right = run.soles[Side.LEFT], run.soles[Side.RIGHT]
    drawn = _drawn("force", lambda theme: figures.butterfly(left, right, mass_kg(run.said), theme))
    return title, f"{drawn.caption}", drawn, ()


def _sole(run: Run) -> _Part:
    from service.review import figures

    title = "Difference foot: this against your usual"
    found = run.difference
    if found is None:
        return title, run.without, None, ()
    left, right = run.soles[Side.LEFT].sensors, run.soles[Side.RIGHT].sensors
    what = f"this {bout_word(run.bout.activity)}"
    drawn = _drawn("sole", lambda theme: figures.difference_foot(found, left, right, theme, what=what))
    text = (
        f"{drawn.caption} The color is z: the difference over what {found.bouts[1]} "
        "earlier bouts differ among each other."
    )
    return title, text, drawn, ()


def _quality(run: Run) -> _Part:
    from service.review import figures

    drawn = _drawn("quality", lambda theme: figures.quality_bars(run.quality, theme))
    lines = []
    for foot in run.quality.feet:
        why = ", ".join(f"{count} {reason}" for reason, count in foot.withheld.items()) or "none withheld"
        arrived = "" if math.isnan(foot.received) else f"; {100 * foot.received:.1f} % of the samples arrived"
        lines.append(f"{str(foot.side).capitalize()}: {foot.used} of {foot.seen} steps used ({why}){arrived}")
    withheld = run.quality.withheld
    share = "no steps" if math.isnan(withheld) else f"{100 * withheld:.1f} % of the steps withheld"
    return f"Data quality {run.quality.grade}: {share}", "", drawn, lines


def _trend_values(wearer: Wearer, field: str | None, zone: tzinfo) -> dict[str, Any]:
    from service.review import figures

    measure = next((measure for measure in _TREND if measure.field == field), CONTACT)
    shown = points(wearer, measure)
    drawn = _drawn("trend", lambda theme: figures.trend(shown, theme, zone)) if shown else None
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
        "chart_one": drawn,
        "text": text,
        "rows": [_line(wearer, bout, zone) for bout in reversed(wearer.bouts)],
    }


def _line(wearer: Wearer, bout: Bout, zone: tzinfo) -> tuple[str, str, str, str, str]:
    verdict = _main(bout)
    flags = [flag for flag in wearer.flags if flag.bout == bout.time]
    sentence = headline(verdict, wearer.blocks.get(bout.time, ()), flags) if verdict else "No statement"
    link = address("/run", wearer.name, bout=iso(bout.time))
    answer = verdict.answer if verdict else ""
    return day_text(bout.time, zone), link, sentence, _facts(bout, wearer.said[bout.time]), answer


def _main(bout: Bout) -> Verdict | None:
    """Return the verdict that a list shows: the first that tells a difference, else the first."""
    return next((v for v in bout.verdicts if v.answer == "differs"), bout.verdicts[0] if bout.verdicts else None)


def _facts(bout: Bout, said: About) -> str:
    minutes = (bout.stop - bout.time) / (60 * SECOND)
    parts = [bout_word(bout.activity), f"{minutes:.0f} min", f"{bout.steps} steps"]
    parts += [
        f"{name} {text}" for name, text in (("shoes", said.worn), ("on", said.surface), ("pain", said.pain)) if text
    ]
    return " · ".join(parts)


def day_text(time: int, zone: tzinfo) -> str:
    """Return a moment as pages tell it: Sat 2 May 2026, 06:30."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).strftime("%a %-d %b %Y, %H:%M")


def address(path: str, wearer: str, **values: str) -> str:
    """Return the address of a page about a wearer."""
    return f"{path}?{urlencode({'wearer': wearer, **values})}"
