"""The figures on known data: what is drawn is what is there, in both themes and in print."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from firmware_bridge import SECOND, STANDARD_GRAVITY, Side
from service.gait.detectors.baseline import Baseline, History
from service.gait.detectors.change import change
from service.gait.detectors.measures import CONTACT, LEFT_INDEX, RIGHT_INDEX, setting
from service.records.notes import pains
from service.review import figures
from service.review.comparison import difference
from service.review.data_quality import Grading, _Share
from service.review.figures import DARK, LIGHT, PRINT
from service.review.figures.sole import color_of
from service.review.headline import Point
from service.review.stance_curves import POINTS, MeanStance, Positions
from tests.walkers.sole_rows import DAY, FIRST, LATERAL, MEDIAL, SENSORS, pattern
from tests.walkers.web_rows import BOUT, NAN, PROFILE, a_block, a_flag

MINUTE = 60 * SECOND
PLACES = Positions(
    np.asarray(PROFILE.sensors.ml, np.float64), np.asarray(PROFILE.sensors.ap, np.float64),
    np.asarray(PROFILE.sensors.area_mm2, np.float64), PROFILE.length_mm, PROFILE.width_mm,
)  # fmt: skip
BLOCKS = [a_block(BOUT + k * MINUTE, contact_time_si_pct=float(k)) for k in range(12)]


def _stances(side: Side, top: float, unit: str = "N") -> MeanStance:
    force = top * np.sin(np.linspace(0, np.pi, POINTS))
    return MeanStance(side, unit, 100, force, np.full(POINTS, 0.05 * top), pattern(1), PLACES)


def _named(drawn: Any, name: str) -> Any:
    return next(trace for trace in drawn.data if trace.name == name)


def _discs(drawn: Any) -> list[Any]:
    return [shape for shape in drawn.layout.shapes if shape.type == "circle"]


def _sole(medial: float, **options: Any) -> Any:
    usual = [(pattern(2 * k), pattern(2 * k + 1)) for k in range(5)]
    found = difference([(pattern(100, medial), pattern(101, medial))], usual)
    assert found is not None
    return figures.difference_foot(found, PLACES, PLACES, **options)


def _warm(color: str) -> bool:
    return int(color[1:3], 16) > int(color[5:7], 16)


def test_a_planted_medial_shift_is_orange_inside_and_blue_outside_on_both_feet() -> None:
    discs = _discs(_sole(0.3))
    assert len(discs) == 2 * SENSORS
    for k in range(2):
        colors = [disc.fillcolor for disc in discs[k * SENSORS : (k + 1) * SENSORS]]
        assert all(_warm(colors[i]) for i in np.flatnonzero(MEDIAL))
        assert not any(_warm(colors[i]) for i in np.flatnonzero(LATERAL))


def test_the_inner_edges_of_both_feet_face_each_other() -> None:
    discs = _discs(_sole(0.3))
    middles = [(disc.x0 + disc.x1) / 2 for disc in discs]
    left, right = np.array(middles[:SENSORS]), np.array(middles[SENSORS:])
    assert left[MEDIAL].min() > left[LATERAL].max()
    assert right[MEDIAL].max() < right[LATERAL].min()
    assert left.max() < right.min()


def test_without_a_difference_every_disc_is_gray_and_has_no_sign() -> None:
    drawn = _sole(0.0)
    assert {disc.fillcolor for disc in _discs(drawn)} == {LIGHT.noise}
    assert set(_named(drawn, "left").text) == {""}


def test_a_gray_print_tells_more_from_less_by_signs() -> None:
    drawn = _sole(0.3, theme=PRINT)
    signs = np.array(_named(drawn, "left").text)
    assert set(signs[MEDIAL]) == {"+"}
    assert set(signs[LATERAL]) == {"\N{MINUS SIGN}"}


def test_a_sensor_that_does_not_work_is_a_cross() -> None:
    usual = [(pattern(2 * k), pattern(2 * k + 1)) for k in range(5)]
    usual[0][0][4] = NAN
    found = difference([(pattern(100), pattern(101))], usual)
    assert found is not None
    assert _named(figures.difference_foot(found, PLACES, PLACES), "left").text[4] == "\N{MULTIPLICATION SIGN}"


def test_colors_are_clipped_at_three() -> None:
    assert color_of(3.0, LIGHT) == color_of(9.0, LIGHT) == LIGHT.more
    assert color_of(-3.0, LIGHT) == LIGHT.less
    assert color_of(0.0, LIGHT) == LIGHT.zero


def test_the_butterfly_has_left_up_and_right_down_and_the_ribbon_on_the_heavier_side() -> None:
    drawn = figures.butterfly(_stances(Side.LEFT, 1000.0), _stances(Side.RIGHT, 1500.0))
    assert max(_named(drawn, "left").y) == pytest.approx(1000)
    assert min(_named(drawn, "right").y) == pytest.approx(-1500)
    assert min(_named(drawn, "right more").y) == pytest.approx(-500)
    assert max(_named(drawn, "left more").y) == 0
    assert max(_named(drawn, "left ± 1 SD").y) == pytest.approx(1050)
    assert _named(drawn, "left").line.dash != _named(drawn, "right").line.dash


def test_the_butterfly_is_in_body_weights_where_the_mass_is_known() -> None:
    drawn = figures.butterfly(_stances(Side.LEFT, 1000.0), _stances(Side.RIGHT, 1000.0), 70.0)
    assert max(_named(drawn, "left").y) == pytest.approx(1000 / (70 * STANDARD_GRAVITY))
    assert drawn.layout.yaxis.title.text == "body weights"


def test_raw_counts_of_two_insoles_are_not_compared() -> None:
    drawn = figures.butterfly(_stances(Side.LEFT, 1000.0, "raw"), _stances(Side.RIGHT, 2000.0))
    assert max(_named(drawn, "left").y) == pytest.approx(100)
    assert min(_named(drawn, "right").y) == pytest.approx(-100)
    assert any("not calibrated" in note.text for note in drawn.layout.annotations)


def test_blocks_lie_on_the_own_normal_with_their_intervals_and_the_flag_is_marked() -> None:
    blocks = [
        a_block(BOUT - (k + 1) * DAY + n * MINUTE, bout=BOUT - (k + 1) * DAY) for k in range(4) for n in range(12)
    ]
    known = Baseline(History([*blocks, *BLOCKS]), BOUT).normal(CONTACT, setting(BLOCKS))
    seen = change(BLOCKS, CONTACT, known)
    drawn = figures.where_in_run(BLOCKS, [(CONTACT, seen)], [a_flag(BOUT + 9 * MINUTE, since=BOUT + 6 * MINUTE)])
    dots = drawn.data[0]
    assert list(dots.y) == [block.contact_time_si_pct for block in BLOCKS]
    np.testing.assert_allclose(dots.error_y.array, 1.0)
    band = next(shape for shape in drawn.layout.shapes if shape.type == "rect")
    assert (band.y0, band.y1) == pytest.approx((seen.normal - seen.limit, seen.normal + seen.limit))
    assert [note.text for note in drawn.layout.annotations if "minute" in note.text] == ["from minute 7"]


def test_blocks_that_do_not_count_are_hollow() -> None:
    drawn = figures.where_in_run(BLOCKS)
    hollow = [color == LIGHT.paper for color in drawn.data[0].marker.color]
    assert hollow == [block.time - BOUT < 220 * SECOND for block in BLOCKS]


def test_two_feet_are_drawn_in_their_colors_and_marks() -> None:
    drawn = figures.where_in_run(BLOCKS, [(LEFT_INDEX, None), (RIGHT_INDEX, None)])
    left, right = drawn.data
    assert (left.marker.line.color, right.marker.line.color) == (LIGHT.left, LIGHT.right)
    assert left.marker.symbol != right.marker.symbol


def _point(day: int, **values: Any) -> Point:
    given: dict[str, Any] = {
        "activity": "running", "measure": "contact_time_si_pct", "value": float(day), "low": day - 1.0,
        "high": day + 1.0, "normal": 0.0, "normal_low": -2.0, "normal_high": 2.0, "answer": "normal", "said": "",
    }  # fmt: skip
    return Point(FIRST + day * DAY, **(given | values))


def test_the_trend_has_dots_with_intervals_a_band_for_each_shoe_and_pain_below() -> None:
    points = [
        _point(0, normal=NAN, normal_low=NAN, normal_high=NAN),
        _point(1, shoes="blue"),
        _point(2, shoes="Blue", pain="low back 3, hip left 2"),
        _point(3, shoes="red", answer="differs"),
    ]
    drawn = figures.trend(points)
    dots = _named(drawn, "bouts")
    assert list(dots.y) == [0, 1, 2, 3]
    assert set(dots.error_y.array) == {1.0}
    assert list(dots.marker.symbol) == ["circle", "circle", "circle", "diamond"]
    assert [color == LIGHT.paper for color in dots.marker.color] == [True, False, False, False]
    assert len([trace for trace in drawn.data if trace.name == "your normal"]) == 2
    strip = [shape for shape in drawn.layout.shapes if shape.yref == "y2"]
    assert len(strip) == 3
    assert list(_named(drawn, "pain").y) == [3, 2]


def test_nothing_to_draw_is_drawn_as_nothing() -> None:
    assert len(figures.trend([]).data) == 0
    assert len(figures.where_in_run([]).data) == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("low back 3", [("low back", 3)]),
        ("hip left 2, knee 10", [("hip left", 2), ("knee", 10)]),
        ("", []),
        ("sore", []),
    ],
)
def test_pain_notes_become_places_and_levels(text: str, found: list[tuple[str, int]]) -> None:
    assert pains(text) == found


def test_a_shoe_s_name_is_text_and_no_markup() -> None:
    drawn = figures.trend([_point(1, shoes="<b>x</b>"), _point(2, shoes="<b>x</b>", pain="<i>hip 2")])
    assert not any("<b>x" in (note.text or "") for note in drawn.layout.annotations)


def test_the_shares_of_the_steps_sum_to_all_of_them() -> None:
    feet = (_Share(Side.LEFT, 100, 90, {"outlier": 6, "gap": 4}, 0.99), _Share(Side.RIGHT, 50, 50, {}, 1.0))
    drawn = figures.quality_bars(Grading("B", feet))
    np.testing.assert_allclose(np.sum([bar.x for bar in drawn.data], axis=0), [100, 100])
    assert math.isclose(_named(drawn, "used").x[0], 90)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT])
def test_every_figure_is_plain_data_and_says_what_it_shows(theme: figures.Theme) -> None:
    every = [
        figures.where_in_run(BLOCKS, theme=theme),
        figures.butterfly(_stances(Side.LEFT, 900.0), _stances(Side.RIGHT, 900.0), theme=theme),
        _sole(0.2, theme=theme),
        figures.trend([_point(1)], theme),
    ]
    for drawn in every:
        text = drawn.to_json()
        assert "http" not in text
        assert json.loads(text)["layout"]["paper_bgcolor"] == theme.paper
        assert len(figures.caption_of(drawn)) > 30


def test_the_library_s_script_is_the_installed_one() -> None:
    assert "plotly.js v" in figures.script()[:200]
