"""The trend over weeks: runs as dots with intervals on the own normal band, and what was worn and felt below them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import groupby

import plotly.graph_objects as go

from firmware_bridge import SECOND
from service.records.notes import pains
from service.review.figures.theme import LIGHT, Theme, faded, figure, label
from service.review.headline import Point
from service.wording.measure_kinds import Symmetry
from service.wording.measures import MEASURE_WORDING
from service.wording.phrases import leaning

_HALF_DAY_NS = 43_200 * SECOND
_SHOE_SHADES = (0.30, 0.65, 0.45, 0.85)


def trend(points: Sequence[Point], theme: Theme = LIGHT, zone: tzinfo = UTC) -> go.Figure:
    """Draw bouts over time: above their values and the band of what was normal then, below shoes and pain.

    Args:
        points: of one wearer, one measure and one activity, oldest first.
        theme: how it looks.
        zone: whose days are shown.
    """
    measure = MEASURE_WORDING[points[0].measure] if points else None
    name = measure.label if measure else "no measure"
    made = figure(theme, f"{name.capitalize()} of {len(points)} bouts over time, on your own normal band.", height=430)
    made.update_layout(
        xaxis={"type": "date", "anchor": "y3", "showgrid": True, "tickformatstops": _TICKS},
        yaxis={"domain": [0.36, 1], "ticksuffix": " %"},
        yaxis2={"domain": [0.24, 0.31], "visible": False, "range": [0, 1], "fixedrange": True},
        yaxis3={
            "domain": [0, 0.2],
            "range": [-0.8, 11.5],
            "tickvals": [0, 5, 10],
            "fixedrange": True,
            "gridcolor": theme.grid,
            "tickfont": {"size": 11, "color": theme.soft},
        },
        margin={"l": 52, "r": 14, "t": 12, "b": 34},
    )
    if not points:
        return made
    _bands(made, points, theme, zone)
    _dots(made, points, theme, zone, sided=isinstance(measure, Symmetry))
    _shoes(made, points, theme, zone)
    _pains(made, points, theme, zone)
    return made


_TICKS = [
    {"dtickrange": [None, 86_400_000 * 6], "value": "%b %-d"},
    {"dtickrange": [86_400_000 * 6, "M1"], "value": "%b %-d"},
    {"dtickrange": ["M1", None], "value": "%b %Y"},
]


def _when(time: int, zone: tzinfo) -> str:
    """Return a moment as Plotly takes it: local, without a zone."""
    return datetime.fromtimestamp(time / SECOND, tz=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _bands(made: go.Figure, points: Sequence[Point], theme: Theme, zone: tzinfo) -> None:
    known = [point for point in points if math.isfinite(point.normal_low) and math.isfinite(point.normal_high)]
    for _, group in groupby(known, key=lambda point: point.shoes.casefold()):
        own = list(group)
        ends = [own[0].time - _HALF_DAY_NS, *(point.time for point in own), own[-1].time + _HALF_DAY_NS]
        held = [own[0], *own, own[-1]]
        x = [_when(time, zone) for time in (*ends, *ends[::-1])]
        y = [point.normal_high for point in held] + [point.normal_low for point in held[::-1]]
        made.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                line={"width": 0, "shape": "linear"},
                fill="toself",
                fillcolor=faded(theme.band, 0.6),
                hoverinfo="skip",
                name="your normal",
            )
        )
    if known:
        last = known[-1]
        label(
            made, _when(last.time, zone), last.normal_high, "your normal", theme.soft, xanchor="right", yanchor="bottom"
        )


def _dots(made: go.Figure, points: Sequence[Point], theme: Theme, zone: tzinfo, *, sided: bool) -> None:
    known = [point for point in points if math.isfinite(point.value)]
    differs = [point.answer == "differs" for point in known]
    colors = [theme.differs if flagged else theme.text for flagged in differs]
    say = leaning if sided else lambda value: f"{'inner' if value >= 0 else 'outer'} {abs(value):.1f} %"
    made.add_trace(
        go.Scatter(
            x=[_when(point.time, zone) for point in known],
            y=[point.value for point in known],
            error_y={
                "array": [_size(point.high - point.value) for point in known],
                "arrayminus": [_size(point.value - point.low) for point in known],
                "color": theme.soft,
                "thickness": 1.6,
                "width": 0,
            },
            mode="markers",
            marker={
                "size": 11,
                "color": [
                    color if point.normal == point.normal else theme.paper for color, point in _with(colors, known)
                ],
                "symbol": ["diamond" if flagged else "circle" for flagged in differs],
                "line": {"color": colors, "width": 1.8},
            },
            text=[f"{_when(point.time, zone)[:16]}<br>{say(point.value)}<br>{point.said}" for point in known],
            hovertemplate="%{text}<extra></extra>",
            name="bouts",
        )
    )
    if sided:
        for text, color, y, anchor in (("↑ right", theme.right, 1, "top"), ("↓ left", theme.left, 0.36, "bottom")):
            label(made, 0, y, text, color, xref="paper", yref="paper", xanchor="left", yanchor=anchor, xshift=4)


def _with(colors: Sequence[str], points: Sequence[Point]) -> Iterator[tuple[str, Point]]:
    return zip(colors, points, strict=True)


def _size(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _shoes(made: go.Figure, points: Sequence[Point], theme: Theme, zone: tzinfo) -> None:
    """Draw a strip with the shoes of each bout, those of a row of bouts joined."""
    kinds = list(dict.fromkeys(point.shoes.casefold() for point in points))
    label(made, 0, 0.315, "shoes", theme.soft, xref="paper", yref="paper", xanchor="left", yanchor="bottom", size=11)
    groups = [list(group) for _, group in groupby(points, key=lambda point: point.shoes.casefold())]
    for k, own in enumerate(groups):
        first = own[0].time - _HALF_DAY_NS
        last = groups[k + 1][0].time - _HALF_DAY_NS if k + 1 < len(groups) else own[-1].time + _HALF_DAY_NS
        named = own[0].shoes
        shade = _SHOE_SHADES[kinds.index(named.casefold()) % len(_SHOE_SHADES)] if named else 0.12
        box = {"x0": _when(first, zone), "x1": _when(max(last, first), zone), "y0": 0, "y1": 1}
        made.add_shape(
            type="rect",
            xref="x",
            yref="y2",
            fillcolor=faded(theme.band, shade),
            line={"color": theme.paper, "width": 1},
            **box,
        )
        middle = _when((first + max(last, first)) // 2, zone)
        label(made, middle, 0.5, _short(named or "not noted"), theme.text, yref="y2", size=11)


def _short(text: str, most: int = 14) -> str:
    plain = text if len(text) <= most else f"{text[: most - 1]}…"
    return plain.replace("<", "&lt;")


def _pains(made: go.Figure, points: Sequence[Point], theme: Theme, zone: tzinfo) -> None:
    """Draw the pain that was noted of each bout as dots from 0 to 10, on the same axis of time."""
    label(
        made, 0, 0.2, "pain, 0 to 10", theme.soft, xref="paper", yref="paper", xanchor="left", yanchor="bottom", size=11
    )
    felt = [(point, place, level) for point in points for place, level in pains(point.pain)]
    made.add_trace(
        go.Scatter(
            x=[_when(point.time, zone) for point, _, _ in felt],
            y=[level for _, _, level in felt],
            yaxis="y3",
            mode="markers",
            marker={"size": 10, "color": theme.text, "symbol": "x-thin", "line": {"width": 2.4, "color": theme.text}},
            text=[f"{place} {level}".replace("<", "&lt;") for _, place, level in felt],
            hovertemplate="%{text}<extra></extra>",
            name="pain",
        )
    )
