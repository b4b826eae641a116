"""The difference foot: which part of the sole carried more, and which less, sensor by sensor."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import plotly.graph_objects as go

from firmware_bridge import Side
from service.gait.signal.load import Float64s
from service.gait.signal.regions import OUTLINE
from service.review.comparison import CLIP, Difference
from service.review.figures.theme import LIGHT, Theme, figure, label
from service.review.stance_curves import Positions

_GAP_MM: Final = 34.0


def difference_foot(
    found: Difference,
    left: Positions,
    right: Positions,
    theme: Theme = LIGHT,
    *,
    what: str = "this run",
    against: str = "your usual",
) -> go.Figure:
    """Draw both feet, toes up and seen from above, each sensor in the color of its z.

    Orange carried more of the foot's load than before, blue less, clipped at ±3; what lies within noise is gray, and a
    sensor that does not work is a cross. A disc is drawn where there is a sensor and nothing where there is none.
    """
    counts = [int(told.sum()) for told in found.told]
    caption = (
        f"Difference of {what} against {against}, seen from above, toes up: beyond noise are {counts[0]} of "
        f"{len(found.z[0])} sensors of the left foot and {counts[1]} of {len(found.z[1])} of the right foot."
    )
    made = figure(theme, caption, height=440)
    width, length = left.width_mm, max(left.length_mm, right.length_mm)
    for side, sensors, z, told in zip(Side, (left, right), found.z, found.told, strict=True):
        shift = 0.0 if side is Side.LEFT else width + _GAP_MM
        _outline(made, side, sensors, shift, theme)
        _discs(made, side, sensors, shift, z, told, theme)
        middle = shift + sensors.width_mm / 2
        label(made, middle, length + 14, f"<b>{side[0].upper()}</b>", theme.side(side), size=18)
    made.update_xaxes(visible=False, range=[-8, width + _GAP_MM + right.width_mm + 8], constrain="domain")
    made.update_yaxes(visible=False, range=[-6, length + 24], scaleanchor="x", scaleratio=1)
    made.add_trace(_color_bar(theme))
    made.update_layout(margin={"l": 6, "r": 6, "t": 6, "b": 62})
    return made


def place(side: Side, sensors: Positions, shift: float) -> tuple[Float64s, Float64s]:
    """Return where a foot's sensors lie on the picture (mm): the inner edges of both feet face each other."""
    across = sensors.ml if side is Side.LEFT else 1 - sensors.ml
    return shift + across * sensors.width_mm, sensors.ap * sensors.length_mm


def _outline(made: go.Figure, side: Side, sensors: Positions, shift: float, theme: Theme) -> None:
    mirror = 1 if side is Side.LEFT else -1
    x = [shift + sensors.width_mm * (0.5 + mirror * u / 200) for u, _ in (*OUTLINE, OUTLINE[0])]
    y = [v * sensors.length_mm / 100 for _, v in (*OUTLINE, OUTLINE[0])]
    line = {"color": theme.side(side), "width": 1.8, "shape": "spline", "smoothing": 0.6}
    made.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", name=f"{side} outline"))


def _discs(
    made: go.Figure,
    side: Side,
    sensors: Positions,
    shift: float,
    z: Float64s,
    told: np.typing.NDArray[np.bool_],
    theme: Theme,
) -> None:
    x, y = place(side, sensors, shift)
    radius = _radii(x, y, sensors.area_mm2)
    for k in range(len(x)):
        dead = not math.isfinite(z[k])
        fill = "rgba(0,0,0,0)" if dead else color_of(float(z[k]), theme) if told[k] else theme.noise
        line = {"color": theme.rim, "width": 1, "dash": "dot" if dead else "solid"}
        r = radius[k]
        made.add_shape(
            type="circle", x0=x[k] - r, x1=x[k] + r, y0=y[k] - r, y1=y[k] + r, fillcolor=fill, line=line, layer="below"
        )
    words = [
        f"sensor {k + 1}: " + _word(float(value), bool(beyond))
        for k, (value, beyond) in enumerate(zip(z, told, strict=True))
    ]
    signs = [_sign(float(value), bool(beyond)) for value, beyond in zip(z, told, strict=True)]
    made.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="text",
            text=signs,
            textfont={"size": 15, "color": ["#101418" if b else theme.soft for b in told]},
            customdata=words,
            hovertemplate=f"{side}, %{{customdata}}<extra></extra>",
            name=str(side),
        )
    )


def color_of(z: float, theme: Theme) -> str:
    """Return the color of a z: from white to orange where more was carried, to blue where less was."""
    part = min(abs(z) / CLIP, 1.0)
    end, middle = theme.more if z > 0 else theme.less, theme.zero
    mixed = [round(int(middle[i : i + 2], 16) * (1 - part) + int(end[i : i + 2], 16) * part) for i in (1, 3, 5)]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _sign(z: float, beyond: bool) -> str:
    """Return what a gray print shows of a color."""
    if not math.isfinite(z):
        return "\N{MULTIPLICATION SIGN}"
    return ("+" if z > 0 else "\N{MINUS SIGN}") if beyond else ""


def _word(z: float, beyond: bool) -> str:
    if not math.isfinite(z):
        return "no reading"
    kind = ("more load" if z > 0 else "less load") if beyond else "within noise"
    return f"{kind} (z {z:+.1f})"


def _radii(x: Float64s, y: Float64s, area: Float64s) -> Float64s:
    """Return discs as large as the sensors' areas, all made smaller alike so that most do not lie on each other."""
    full = np.sqrt(area / math.pi)
    if len(x) < 2:
        return full
    apart = np.hypot(x[:, None] - x, y[:, None] - y) / (full[:, None] + full)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(full * min(0.9, max(0.5, 0.97 * float(np.median(apart.min(axis=1))))))


def _color_bar(theme: Theme) -> go.Scatter:
    bar = {
        "orientation": "h",
        "thickness": 10,
        "len": 0.86,
        "y": -0.02,
        "yanchor": "top",
        "tickvals": [-CLIP, 0, CLIP],
        "ticktext": ["less load", "gray: within noise", "more load"],
        "tickfont": {"size": 12, "color": theme.soft},
        "outlinewidth": 0.5,
        "outlinecolor": theme.rim,
    }
    marker = {"color": [0], "cmin": -CLIP, "cmax": CLIP, "colorscale": theme.scale, "colorbar": bar, "opacity": 0}
    return go.Scatter(x=[0], y=[0], mode="markers", marker=marker, hoverinfo="skip", name="scale")
