"""The panels, in one look.

What holds for every panel: orange is left and blue is right, always with the word; what belongs to both feet is purple,
and the wearer's own normal is grey. A positive percentage means that the right foot has more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import stat as stat_builders
from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.builders import table as table_builders
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
    MatcherConfig,
    Panel,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.table import Options as TableOptions

from dashboards.influxql import DATASOURCE, Target, rows
from service.records.quantities import numbers, quantities

Size = tuple[int, int]
"""Width, of the page's 24 columns, and height in rows of 30 pixels."""

LEFT, RIGHT, BOTH, NORMAL = "orange", "blue", "purple", "#8e8e8e"
PERCENT, SHARE, SECONDS, CADENCE, SAMPLES = "percent", "percentunit", "s", "suffix:spm", "suffix:samples/s"
MOMENT = "dateTimeAsLocal"
"""Unit of a time in ms: shown as the reader's browser writes dates."""

_PANELS = (
    timeseries.Panel | stat_builders.Panel | table_builders.Panel | statetimeline.Panel
)  # what shares the look's first half
Json = dict[str, object]


class Override(NamedTuple):
    """What is different for the fields that a matcher finds."""

    matcher: str
    pattern: str
    properties: Mapping[str, object]


def override(matcher: str, pattern: str, **properties: object) -> Override:
    """Return what is different for the fields that match; `custom__lineWidth` stands for `custom.lineWidth`."""
    return Override(matcher, pattern, {name.replace("__", "."): value for name, value in properties.items()})


def color(name: str, fixed: str, **properties: object) -> Override:
    """Return an override that gives the curve `name` a color of its own."""
    return override("byName", name, color={"mode": "fixed", "fixedColor": fixed}, **properties)


def sides(**properties: object) -> list[Override]:
    """Return the overrides for everything named left… or right…."""
    both = (("left", LEFT), ("right", RIGHT))
    return [
        override("byRegexp", f"/^{side}/", color={"mode": "fixed", "fixedColor": paint}, **properties)
        for side, paint in both
    ]


def band(low: str, high: str, paint: str, opacity: int) -> list[Override]:
    """Return the overrides that draw two curves as the edges of one area."""
    edge: Json = {"custom__lineWidth": 0, "custom__showPoints": "never"}
    return [
        color(low, paint, **edge),
        color(high, paint, **edge, custom__fillBelowTo=low, custom__fillOpacity=opacity),
    ]


def words(**texts: tuple[str, str]) -> list[ValueMapping]:
    """Return a value mapping: stored word → what is shown, in which color."""
    return [
        ValueMap(
            {
                word: ValueMappingResult(text=text, color=paint, index=index)
                for index, (word, (text, paint)) in enumerate(texts.items())
            }
        )
    ]


class Look(NamedTuple):
    """How the numbers of a panel are written."""

    unit: str = ""
    decimals: int | None = None
    paint: str = ""
    mappings: Sequence[ValueMapping] = ()
    none: str = "-"


_UNITS = {"%": PERCENT, "s": SECONDS, "steps/min": CADENCE}
"""What Grafana calls a unit; a share of something is a percentage there, and all others are plain numbers."""


def unit_of(kind: type, field: str) -> str:
    """Return Grafana's unit of a number of a row."""
    unit = quantities(kind)[field].unit
    return SHARE if unit.startswith("of ") else _UNITS.get(unit, "none")


def look_of(kind: type, field: str, paint: str = "") -> Look:
    """Return how a number of a row is written: in its unit, with the decimals that are worth it."""
    decimals = quantities(kind)[field].decimals
    return Look(unit_of(kind, field), decimals - 2 if unit_of(kind, field) == SHARE else decimals, paint)


def with_interval(kind: type, field: str, names: tuple[str, str, str]) -> str:
    """Return the columns of a number and of the ends of its 95 % interval, each under a name of its own."""
    return ", ".join(f'"{column}" AS "{name}"' for column, name in zip(numbers(kind)[field].fields, names, strict=True))


def curves(
    title: str,
    about: str,
    targets: Iterable[Target],
    size: Size,
    look: Look,
    overrides: Iterable[Override],
    *,
    axis: str = "",
    interval: str = "10s",
    points: bool = False,
    centered: bool = False,
    from_zero: bool = False,
    gap_ms: int = 30_000,
    transformations: Sequence[DataTransformerConfig] = (),
) -> Panel:
    """Return a panel of curves over time.

    Args:
        title: its name.
        about: what the reader learns at the "i".
        targets: what is drawn.
        size: its place on the page.
        look: unit and color of the numbers.
        overrides: what is different for some curves.
        axis: what is up and what is down.
        interval: the shortest $__interval.
        points: every value is a point of its own, and no line joins them.
        centered: zero is in the middle.
        from_zero: zero is on the axis.
        gap_ms: a longer hole is a break, not a straight line.
        transformations: what Grafana does to the answers first.
    """
    made = (
        timeseries.Panel()
        .interval(interval)
        .max_data_points(400)
        .draw_style(common.GraphDrawStyle.POINTS if points else common.GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(0)
        .show_points(common.VisibilityMode.ALWAYS if points else common.VisibilityMode.AUTO)
        .point_size(6 if points else 4)
        .span_nulls(30_000)
        .insert_nulls(gap_ms)
        .axis_label(axis)
        .axis_centered_zero(centered)
        .transformations(list(transformations))
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs([])
        )
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.NONE))
    )
    if from_zero:
        made.axis_soft_min(0)
    return _finished(made, title, about, targets, size, look, overrides)


def stat(
    title: str,
    about: str,
    targets: Iterable[Target],
    size: Size,
    look: Look,
    overrides: Iterable[Override] = (),
    *,
    fields: str = "",
    calc: str = "lastNotNull",
    transformations: Sequence[DataTransformerConfig] = (),
) -> Panel:
    """Return a panel of large values. `fields` is a /pattern/ of what to show; numbers are shown without it."""
    made = (
        stat_builders.Panel()
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .justify_mode(common.BigValueJustifyMode.CENTER)
        .orientation(common.VizOrientation.AUTO)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .wide_layout(True)
        .reduce_options(common_builders.ReduceDataOptions().calcs([calc]).fields(fields).values(False))
        .transformations(list(transformations))
    )
    return _finished(made, title, about, targets, size, look, overrides)


def table(title: str, about: str, query: str, size: Size, overrides: Iterable[Override]) -> Panel:
    """Return a table, newest first."""
    made = (
        table_builders.Panel()
        .show_header(True)
        .cell_height(common.TableCellHeight.SM)
        .align(common.FieldTextAlignment.AUTO)
        .filterable(False)
    )
    options = made.build().options
    assert isinstance(options, TableOptions)
    options.footer = None  # Grafana 12 has no such option any more
    return _finished(made, title, about, [rows(query)], size, Look(), overrides)


def strip(title: str, about: str, targets: Iterable[Target], size: Size) -> Panel:
    """Return a strip that holds words over time: each holds until the next one."""
    made = (
        statetimeline.Panel()
        .show_value(common.VisibilityMode.ALWAYS)
        .merge_values(True)
        .row_height(0.9)
        .line_width(0)
        .fill_opacity(60)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(False)
            .calcs([])
        )
    )
    return _finished(made, title, about, targets, size, Look(), ())


def _finished(
    made: _PANELS,
    title: str,
    about: str,
    targets: Iterable[Target],
    size: Size,
    look: Look,
    overrides: Iterable[Override],
) -> Panel:
    width, height = size
    made.title(title).description(about).datasource(DATASOURCE).span(width).height(height).no_value(look.none)
    for letter, target in zip("ABCDEFGH", targets, strict=False):
        target.influx.ref_id = letter
        made.with_target(target)
    if look.unit:
        made.unit(look.unit)
    if look.decimals is not None:
        made.decimals(look.decimals)
    if look.mappings:
        made.mappings(list(look.mappings))
    if look.paint:
        made.color_scheme(dashboard_builders.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(look.paint))
    for each in overrides:
        properties = [DynamicConfigValue(name, value) for name, value in each.properties.items()]
        made.with_override(MatcherConfig(each.matcher, each.pattern), properties)
    return made.build()


def placed(*lines: Sequence[Panel]) -> list[Panel]:
    """Return the panels, numbered and laid out line by line on the 24 columns.

    Raises:
        ValueError: a line is wider than the page, or its panels differ in height.
    """
    found: list[Panel] = []
    y = 0
    for line in lines:
        x, heights = 0, set()
        for each in line:
            size = each.grid_pos or GridPos()
            each.id_val = len(found) + 1
            each.grid_pos = GridPos(h=size.h, w=size.w, x=x, y=y)
            found.append(each)
            x += size.w
            heights.add(size.h)
        if x > 24 or len(heights) != 1:
            raise ValueError(f"the line at {y} is {x} of 24 wide and {sorted(heights)} high")
        y += heights.pop()
    return found
