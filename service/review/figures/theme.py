"""How every figure looks: orange left, blue right, violet what differs, gray the wearer's own normal.

Left and right are told by line and mark, too, so that a gray print keeps them apart; in the theme for print they also
differ in lightness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from firmware_bridge import Side

FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif'


@dataclass(frozen=True, slots=True)
class Theme:
    """The colors of a figure."""

    name: str
    paper: str
    text: str
    soft: str
    grid: str
    left: str
    right: str
    differs: str
    band: str
    noise: str  # of a sensor whose difference is within noise
    rim: str
    zero: str  # the middle of the scale of differences
    more: str  # its two ends
    less: str

    def side(self, side: Side | str) -> str:
        """Return the color of a foot."""
        return self.left if side == Side.LEFT else self.right

    @property
    def scale(self) -> list[tuple[float, str]]:
        """The scale of differences: blue is less, orange is more, the middle is none."""
        return [(0.0, self.less), (0.5, self.zero), (1.0, self.more)]


LIGHT: Final = Theme(
    "light", "#ffffff", "#191d23", "#545f6c", "#e3e3de", "#b85400", "#1463b8", "#5f3dc4", "#c3c8cf", "#dadde1",
    "#8a939e", "#ffffff", "#d96a00", "#1b6fd0",
)  # fmt: skip
DARK: Final = Theme(
    "dark", "#161a20", "#eceff3", "#a3adba", "#2b323c", "#f5933a", "#5aa8f7", "#b9a3ff", "#4a5462", "#3a434f",
    "#6d7886", "#f4f6f8", "#f5933a", "#4a9bf0",
)  # fmt: skip
PRINT: Final = Theme(
    "print", "#ffffff", "#000000", "#333333", "#dddddd", "#e08a2e", "#0b3d7a", "#000000", "#c9c9c9", "#e4e4e4",
    "#555555", "#ffffff", "#e58a1f", "#2f6fb5",
)  # fmt: skip
THEMES: Final = (LIGHT, DARK, PRINT)

DASH: Final = {Side.LEFT: "solid", Side.RIGHT: "dash"}
MARK: Final = {Side.LEFT: "circle", Side.RIGHT: "square"}


def figure(theme: Theme, caption: str, *, height: int = 300, **layout: Any) -> go.Figure:
    """Return an empty figure in a theme. Its caption says in words what it shows, for those who do not see it."""
    made = go.Figure()
    made.update_layout(
        template="none",
        height=height,
        margin={"l": 52, "r": 14, "t": 12, "b": 44},
        paper_bgcolor=theme.paper,
        plot_bgcolor=theme.paper,
        font={"family": FONT, "size": 13, "color": theme.text},
        showlegend=False,
        hoverlabel={"bgcolor": theme.paper, "bordercolor": theme.soft, "font": {"color": theme.text, "size": 13}},
        dragmode=False,
        meta={"caption": caption},
    )
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "zerolinecolor": theme.soft,
        "tickfont": {"size": 12, "color": theme.soft},
        "title": {"font": {"size": 12, "color": theme.soft}, "standoff": 8},
        "fixedrange": True,
    }
    made.update_xaxes(**axis)
    made.update_yaxes(**axis)
    made.update_layout(**layout)
    return made


def label(
    made: go.Figure, x: float | str, y: float | str, text: str, color: str, *, size: int = 12, **more: Any
) -> None:
    """Write a word into a figure."""
    given: dict[str, Any] = {"showarrow": False, "font": {"size": size, "color": color}, **more}
    made.add_annotation(x=x, y=y, text=text, **given)


def faded(color: str, opacity: float) -> str:
    """Return a color of the form #rrggbb with an opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def caption_of(made: go.Figure) -> str:
    """Return what a figure shows, in words."""
    return str(made.layout.meta["caption"])
