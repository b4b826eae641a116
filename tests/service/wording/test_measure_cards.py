"""Every number that is stored says what it is and how far to trust it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware_bridge import columns
from service.cli import app
from service.gait.detectors.measures import MEASURES
from service.gait.signal.tier import NEEDS, Tier
from service.records.rows import Step
from service.validate import SETS, validate
from service.wording.measure_cards import CARDS, LAYOUTS, Card, card, card_lines, needs

FOLDERS = {"running-grf": "running_grf_peerj12752"}
NO_MEASURES = {"completeness"}  # of the step, but of the data that it is made of


def test_every_measure_of_a_step_has_a_card() -> None:
    measures = {column.name for column in columns(Step) if column.type is float} - NO_MEASURES
    assert {name for name in measures if card(name) is None} == set()


def test_every_measure_that_is_judged_has_a_card() -> None:
    assert {measure.field for measure in MEASURES if card(measure.field) is None} == set()


@pytest.mark.parametrize("shown", CARDS, ids=lambda shown: shown.name)
def test_a_card_is_whole(shown: Card) -> None:
    text = dict(card_lines(shown))
    assert all(text[heading] for heading in ("measure", "formula", "unit", "good for", "not for", "source"))
    assert all(figure.recordings in SETS for figure in shown.measured)
    assert shown.name not in NEEDS or text["needs"] == LAYOUTS[NEEDS[shown.name]]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({figure.recordings for known in CARDS for figure in known.measured}))
def test_the_figures_are_those_that_are_found_today(name: str, shared: Callable[..., Path]) -> None:
    folder = Path() if name == "virtual" else shared("data", FOLDERS.get(name, name))
    found = {claim.quantity: claim.ours for claim in validate(name, folder, lambda done, total: None).claims}
    told = [figure for known in CARDS for figure in known.measured if figure.recordings == name]
    assert {figure.quantity: found[figure.quantity] for figure in told} == {
        figure.quantity: pytest.approx(figure.value, rel=0.05) for figure in told
    }


def test_every_tier_and_every_need_is_told() -> None:
    assert set(LAYOUTS) == set(Tier)
    told = {known.name for known in CARDS if needs(known)}
    assert set(NEEDS) - told <= {"activity", "peak_pressure"}  # no measure, and one that is not shown yet


def test_explain_lists_and_explains() -> None:
    run = CliRunner()
    listed = run.invoke(app, ["explain"])
    assert listed.exit_code == 0
    assert "contact_time_si_pct" in listed.stdout
    one = run.invoke(app, ["explain", "cop_ml_10", "--json"])
    assert json.loads(one.stdout)["name"] == "cop_ml"
    assert run.invoke(app, ["explain", "speed"]).exit_code == 2
