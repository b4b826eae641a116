"""Every number that is stored says what it is and how far to trust it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.gait.detectors.measures import COMPARED
from service.records.quantities import DATA, Tier, numbers
from service.records.rows import Block, Step
from service.validate import SETS, validate
from service.wording.measure_cards import LAYOUTS, Card, card, card_lines, cards, needs, sheet_lines

FOLDERS = {"running-grf": "running_grf_peerj12752"}


@pytest.mark.parametrize("kind", [Step, Block])
def test_every_measure_of_a_step_or_a_block_has_a_card(kind: type) -> None:
    measures = [name for name, number in numbers(kind).items() if number.quantity and number.quantity.basis is not DATA]
    assert [name for name in measures if card(name) is None] == []


def test_every_measure_that_is_judged_has_a_card() -> None:
    assert {measure.field for measure in COMPARED if card(measure.field) is None} == set()


@pytest.mark.parametrize("shown", cards(), ids=lambda shown: shown.name)
def test_a_card_is_whole(shown: Card) -> None:
    text = dict(card_lines(shown))
    assert all(text[heading] for heading in ("measure", "formula", "unit", "good for", "not for", "source"))
    assert all(figure.recordings in SETS for figure in shown.measured)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({figure.recordings for known in cards() for figure in known.measured}))
def test_the_figures_are_those_that_are_found_today(name: str, shared: Callable[..., Path]) -> None:
    folder = Path() if name == "virtual" else shared("data", FOLDERS.get(name, name))
    found = {metric.quantity: metric.ours for metric in validate(name, folder, lambda done, total: None).metrics}
    told = [figure for known in cards() for figure in known.measured if figure.recordings == name]
    assert {figure.quantity: found[figure.quantity] for figure in told} == {
        figure.quantity: pytest.approx(figure.value, rel=0.05) for figure in told
    }


def test_every_tier_is_told() -> None:
    assert set(LAYOUTS) == set(Tier)


@pytest.mark.parametrize(
    ("name", "unit", "tier"),
    [("peak", "N, or raw", Tier.T0), ("impulse", "N·s, or raw·s", Tier.T0), ("cop_ml_30", "of the width", Tier.T3),
     ("peak_si_pct", "%", Tier.T1), ("medial_lateral_left", "%", Tier.T2), ("contact_time_right_s", "s", Tier.T0)],
)  # fmt: skip
def test_unit_and_need_are_those_of_the_field(name: str, unit: str, tier: Tier) -> None:
    shown = card(name)
    assert shown is not None
    assert (shown.unit, needs(shown)) == (unit, LAYOUTS[tier])


def test_the_sheet_compares_both_feet_then_each_foot() -> None:
    named = [
        ("contact_time_si_pct", "Ground contact time, right minus left"),
        ("impulse_si_pct", "Load per step, right minus left"),
        ("peak_si_pct", "Highest force, right minus left"),
        ("medial_lateral_left", "Inner minus outer load, left foot"),
        ("medial_lateral_right", "Inner minus outer load, right foot"),
        ("contact_time_left_s", "Contact time, left"),
        ("contact_time_right_s", "Contact time, right"),
        ("cadence_spm", "Cadence"),
    ]
    assert [line for number, name in sheet_lines() if (line := (number.field, name)) in named] == named


def test_explain_lists_and_explains() -> None:
    run = CliRunner()
    listed = run.invoke(app, ["explain"])
    assert listed.exit_code == 0
    assert "contact_time_si_pct" in listed.stdout
    one = run.invoke(app, ["explain", "cop_ml_10", "--json"])
    assert json.loads(one.stdout)["name"] == "cop_ml"
    keys = ["name", "title", "formula", "unit", "good_for", "not_for", "source", "measured", "needs"]
    assert [*json.loads(one.stdout)] == keys
    assert run.invoke(app, ["explain", "speed"]).exit_code == 2
