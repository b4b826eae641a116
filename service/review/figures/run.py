"""Figures of one run or walk: where in it something differs, the force over the stance, and the quality of its data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from firmware_bridge import SECOND, STANDARD_GRAVITY, Float64s, Side
from service.gait.blocks.confidence_intervals import t975
from service.gait.detectors.baseline import usable, warm
from service.gait.detectors.change import Change
from service.gait.detectors.measures import CONTACT, Measure
from service.gait.thresholds import BATCHES
from service.records.rows import Block, Flag
from service.review.data_quality import Grading
from service.review.figures.theme import DASH, LIGHT, MARK, Theme, faded, figure, label
from service.review.headline import minute
from service.review.stance_curves import POINTS, MeanStance
from service.wording.measure_kinds import Symmetry
from service.wording.measures import MEASURE_WORDING
from service.wording.phrases import leaning

_HALF = t975(BATCHES - 1)


def where_in_run(
    blocks: Sequence[Block],
    measures: Sequence[tuple[Measure, Change | None]] = ((CONTACT, None),),
    flags: Iterable[Flag] = (),
    theme: Theme = LIGHT,
) -> go.Figure:
    """Draw measures block by block with their 95 % intervals over the minutes, on the own normal band.

    Args:
        blocks: of one bout, in their order.
        measures: one of both feet, or one for each foot; each with its change, which tells the own normal.
        flags: of the bout; those on the measures are marked where the change began to be seen.
        theme: how it looks.
    """
    fields = [measure.field for measure, _ in measures]
    named = MEASURE_WORDING[fields[0]].label.removesuffix(", left").removesuffix(", right")
    made = figure(theme, f"{named.capitalize()}, minute by minute, on your own normal band.")
    made.update_xaxes(title_text="minute", showgrid=False, rangemode="tozero")
    made.update_yaxes(ticksuffix=" %", zeroline=True)
    made.update_layout(margin_t=26)
    if not blocks:
        return made
    bout, end = blocks[0].bout, _minutes(blocks[-1].stop, blocks[0].bout)
    for measure, change in measures:
        side = MEASURE_WORDING[measure.field].foot
        color = theme.side(side) if side else theme.text
        if change is not None and math.isfinite(change.normal) and math.isfinite(change.limit):
            low, high = change.normal - change.limit, change.normal + change.limit
            fill = faded(color, 0.1) if side else faded(theme.band, 0.6)
            edge = {"color": faded(color, 0.6), "width": 1 if side else 0, "dash": "dot"}
            made.add_shape(type="rect", x0=0, x1=end, y0=low, y1=high, fillcolor=fill, line=edge, layer="below")
            if not side:
                label(made, 0, low, "your normal", theme.soft, xanchor="left", yanchor="bottom", xshift=4)
        _blocks(made, blocks, measure, color, side, theme)
    for flag in flags:
        if flag.raised and flag.measure in fields:
            at = _minutes(flag.since, bout)
            made.add_vline(x=at, line={"color": theme.differs, "width": 2, "dash": "dot"})
            beside: dict[str, Any] = {
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "top",
                "bgcolor": faded(theme.paper, 0.85),
            }
            since = f"from minute {minute(flag.since, bout)}"
            label(made, at, 1, since, theme.differs, **beside)
    _name_sides(made, theme, both=isinstance(MEASURE_WORDING[fields[0]], Symmetry))
    return made


def _minutes(time: int, bout: int) -> float:
    return (time - bout) / (60 * SECOND)


def _blocks(made: go.Figure, blocks: Sequence[Block], measure: Measure, color: str, side: str, theme: Theme) -> None:
    """Draw blocks as dots with intervals: hollow where no statement is made of them."""
    known = [b for b in blocks if not b.void and math.isfinite(float(getattr(b, measure.field)))]
    sound = [usable(b) and warm(b) for b in known]
    value = [float(getattr(b, measure.field)) for b in known]
    say = _inner_outer if side else leaning
    made.add_trace(
        go.Scatter(
            x=[_minutes((b.time + b.stop) // 2, b.bout) for b in known],
            y=value,
            error_y={
                "array": [_HALF * measure.error(b) for b in known],
                "color": faded(color, 0.75),
                "thickness": 1.4,
                "width": 0,
            },
            mode="lines+markers",
            line={"color": faded(color, 0.5), "width": 1.4, "dash": DASH[Side(side)] if side else "solid"},
            marker={
                "size": 8,
                "color": [color if good else theme.paper for good in sound],
                "symbol": MARK[Side(side)] if side else "circle",
                "line": {"color": color, "width": 1.6},
            },
            text=[f"minute {minute(b.time, b.bout)}: {say(v)}" for b, v in zip(known, value, strict=True)],
            hovertemplate="%{text}<extra></extra>",
            name=side,
        )
    )


def _inner_outer(value: float) -> str:
    return f"{'inner' if value >= 0 else 'outer'} {abs(value):.1f} %"


def _name_sides(made: go.Figure, theme: Theme, *, both: bool) -> None:
    up, down = ("right foot more", "left foot more") if both else ("inner side more", "outer side more")
    colors = (theme.right, theme.left) if both else (theme.soft, theme.soft)
    for text, color, y, anchor in ((f"↑ {up}", colors[0], 1, "bottom"), (f"↓ {down}", colors[1], 0, "bottom")):
        label(made, 1, y, text, color, xref="paper", yref="paper", xanchor="right", yanchor=anchor)


def butterfly(left: MeanStance, right: MeanStance, mass_kg: float = math.nan, theme: Theme = LIGHT) -> go.Figure:
    """Draw the mean force over the stance, left up and right down, with ± one standard deviation of steps.

    Between them lies the ribbon of their difference, on the side of the foot that carries more. In body weights where
    the mass is known; in shares of each foot's own peak where one insole is not calibrated, since counts of two
    insoles cannot be compared.
    """
    raw = "raw" in {left.unit, right.unit}
    unit, scale = _force_scale(left, right, mass_kg)
    percent = np.linspace(0, 100, POINTS)
    curves = {foot.side: (foot.force / scale[foot.side], foot.force_sd / scale[foot.side]) for foot in (left, right)}
    caption = (
        f"Force over the stance: mean of {left.steps} left and {right.steps} right steps, left up and right down, in "
        f"{unit}, with one standard deviation; the ribbon in the middle is the difference."
    )
    made = figure(theme, caption, height=380)
    made.update_xaxes(
        title_text="stance, from contact (0 %) to foot-off (100 %)", range=[0, 100], dtick=25, ticksuffix=" %"
    )
    for side, sign in ((Side.LEFT, 1), (Side.RIGHT, -1)):
        mean, sd = curves[side]
        _curve(made, percent, sign * mean, sd, side, theme)
    apart = curves[Side.RIGHT][0] - curves[Side.LEFT][0]
    for side, part in ((Side.LEFT, np.maximum(-apart, 0)), (Side.RIGHT, -np.maximum(apart, 0))):
        made.add_trace(
            go.Scatter(
                x=percent,
                y=part,
                mode="lines",
                line={"width": 0.6, "color": theme.text},
                fill="tozeroy",
                fillcolor=faded(theme.side(side), 0.85),
                hoverinfo="skip",
                name=f"{side} more",
            )
        )
    top = max(float(np.nanmax(mean + np.nan_to_num(sd))) for mean, sd in curves.values()) * 1.08
    step = _tick(top)
    ticks = [k * step for k in range(-int(top / step), int(top / step) + 1)]
    made.update_yaxes(title_text=unit, range=[-top, top], tickvals=ticks, ticktext=[f"{abs(t):g}" for t in ticks])
    label(made, 2, top, "<b>L</b> left", theme.left, xanchor="left", yanchor="top", size=15)
    label(made, 2, -top, "<b>R</b> right", theme.right, xanchor="left", yanchor="bottom", size=15)
    if raw:
        label(made, 98, -top, "shape only: not calibrated", theme.soft, xanchor="right", yanchor="bottom")
    return made


def _force_scale(left: MeanStance, right: MeanStance, mass_kg: float) -> tuple[str, dict[Side, float]]:
    if "raw" in {left.unit, right.unit}:
        return "% of this foot's own peak", {f.side: float(f.force.max()) / 100 for f in (left, right)}
    if math.isfinite(mass_kg):
        return "body weights", dict.fromkeys(Side, mass_kg * STANDARD_GRAVITY)
    return "N", dict.fromkeys(Side, 1.0)


def _tick(top: float) -> float:
    rough = top / 3
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next((m * power for m in (1, 2, 5) if m * power >= rough), 10 * power)


def _curve(made: go.Figure, percent: Float64s, mean: Float64s, sd: Float64s, side: Side, theme: Theme) -> None:
    color = theme.side(side)
    around = np.nan_to_num(sd)
    made.add_trace(
        go.Scatter(
            x=np.concatenate([percent, percent[::-1]]),
            y=np.concatenate([mean + around, (mean - around)[::-1]]),
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=faded(color, 0.22),
            hoverinfo="skip",
            name=f"{side} ± 1 SD",
        )
    )
    made.add_trace(
        go.Scatter(
            x=percent,
            y=mean,
            mode="lines",
            line={"color": color, "width": 2.6, "dash": DASH[side]},
            customdata=np.abs(mean),
            hovertemplate=f"{side}, %{{x:.0f}} % of stance: %{{customdata:.2f}}<extra></extra>",
            name=str(side),
        )
    )


def quality_bars(quality: Grading, theme: Theme = LIGHT) -> go.Figure:
    """Draw which share of each foot's steps counts, and which is withheld for what reason."""
    reasons = list(dict.fromkeys(reason for foot in quality.feet for reason in foot.withheld))
    said = "; ".join(f"{foot.side}: {100 * foot.part:.1f} % of {foot.seen} steps used" for foot in quality.feet)
    made = figure(theme, f"Data quality {quality.grade}. {said}.", height=150, barmode="stack", bargap=0.35)
    sides = [str(foot.side) for foot in quality.feet]
    made.add_trace(_bar("used", [foot.used for foot in quality.feet], sides, theme.soft, "", quality, theme))
    for k, reason in enumerate(reasons):
        counts = [foot.withheld.get(reason, 0) for foot in quality.feet]
        pattern = ("/", "x", ".", "\\", "-", "|")[k % 6]
        made.add_trace(_bar(reason, counts, sides, theme.paper, pattern, quality, theme))
    made.update_xaxes(ticksuffix=" %", range=[0, 100], dtick=25, showgrid=False)
    made.update_yaxes(autorange="reversed", showgrid=False)
    made.update_layout(margin={"l": 52, "r": 28, "t": 4, "b": 28})
    return made


def _bar(
    name: str, counts: Sequence[int], sides: Sequence[str], color: str, pattern: str, quality: Grading, theme: Theme
) -> go.Bar:
    shares = [100 * n / foot.seen if foot.seen else 0.0 for n, foot in zip(counts, quality.feet, strict=True)]
    return go.Bar(
        y=sides,
        x=shares,
        orientation="h",
        name=name,
        marker={
            "color": color,
            "line": {"color": theme.soft, "width": 0.8},
            "pattern": {"shape": pattern, "fgcolor": theme.differs, "solidity": 0.4},
        },
        customdata=list(counts),
        hovertemplate=f"%{{y}}, {name}: %{{customdata}} steps, %{{x:.1f}} %<extra></extra>",
    )
