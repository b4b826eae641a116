"""Every query of every panel on a real InfluxDB that holds what the product wrote, with Grafana's variables put in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from firmware_bridge import SECOND, Link, Row, Side, columns
from service.records.notes import parse_note
from service.records.rows import Alert, Block, Flag, Step, Verdict
from tests.stand_ins.servers.grafana import Columns, Reader, boards, named, panels, put, range_ms, story
from tests.stand_ins.servers.influx_front import InfluxFront, running_influx
from tests.walkers.stories import NOW as TOLD_NOW

Json = dict[str, Any]
BOARDS = boards()
PANELS = panels()
WEARER, STRANGER = "ada.b/1", "adaXb/1"  # a pattern that is not escaped would take one for the other
LIMPING, PRONATED = "eve.c/2", "eveXc/2"
FOREIGN = -777.0
NOW = 1_750_000_000 * SECOND
MINUTE = 60 * SECOND


def _row(kind: type, time: int, wearer: str, number: float, **given: Any) -> Row:
    """Return a row with `number` in every float that is not given."""
    blank: dict[type, Any] = {str: "-", int: 1, float: number, bool: False}
    values = {c.name: given.get(c.name, blank.get(c.type)) for c in columns(kind)} | {"time": time, "wearer": wearer}
    row: Row = kind(**values)
    return row


def _half_hour(wearer: str, number: float) -> Iterator[Row]:
    """Give what is stored of a run that began ten minutes before the range."""
    began = NOW - 40 * MINUTE
    imbalance = {"topic": "imbalance", "measure": "contact_time_si_pct"}
    yield _row(Verdict, began, wearer, number, **imbalance, answer="differs", normal_low=-2.5)
    yield _row(Verdict, began, wearer, number, topic="over_pronation", answer="cannot_tell", normal_low=float("nan"))
    yield _row(Verdict, began - 60 * MINUTE, wearer, number, topic="over_pronation", answer="normal")
    yield _row(Flag, NOW - 8 * MINUTE, wearer, number, **imbalance, raised=True, bout=began)
    yield _row(Flag, NOW - 3 * MINUTE, wearer, number, **imbalance, raised=False, bout=began)
    yield _row(Alert, NOW - 8 * MINUTE, wearer, number, **imbalance, outcome="sent")
    for second in range(0, 600, 10):
        for side in Side:
            time = NOW - 600 * SECOND + second * SECOND
            yield _row(Link, time, wearer, number, side=side, connected=True, received=99, lost=1)
            yield _row(Step, time, wearer, number, side=side, valid=bool(second % 60), contact_time_s=0.25, bout=began)
    for block in range(5):
        time = NOW - 9 * MINUTE + block * MINUTE
        yield _row(Block, time, wearer, number, void=False, contact_time_si_pct=float(block), bout=began)
    yield _row(Block, NOW - MINUTE, wearer, number, void=True, contact_time_si_pct=99.0, bout=began)
    yield _row(Block, NOW - 1560 * MINUTE, wearer, number, void=False, bout=NOW - 1560 * MINUTE)
    yield parse_note(NOW - 1540 * MINUTE, wearer, "shoes", "old")
    yield parse_note(NOW - 20 * MINUTE, wearer, "shoes", "new")
    yield parse_note(NOW - 20 * MINUTE, wearer, "pain", "low back 3")


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxFront]:
    """Run a real InfluxDB that holds two half hours of made-up rows, and two stories, all put there by the product."""
    with running_influx(tmp_path_factory.mktemp("influx")) as front:
        put(front, [*_half_hour(WEARER, 4.0), *_half_hour(STRANGER, FOREIGN)])
        for gait, wearer in (("limping", LIMPING), ("pronated", PRONATED)):
            put(front, story(tmp_path_factory, gait, wearer))
        yield front


@pytest.fixture
def reader(influx: InfluxFront) -> Reader:
    """Look at the made-up half hour."""
    return Reader(influx, WEARER, NOW // 1_000_000)


@pytest.fixture(params=[LIMPING, PRONATED], ids=["limping", "pronated"])
def runner(influx: InfluxFront, request: pytest.FixtureRequest) -> Reader:
    """Look at a story, from the moment up to which it was told."""
    return Reader(influx, request.param, TOLD_NOW // 1_000_000)


def _in_a_browser(number: int) -> str:
    """Return how a browser writes a number: as the shortest that is the same to it."""
    return str(int(Decimal(repr(float(number)))))


def _find(title: str, name: str = "this-run.json") -> tuple[Json, Json]:
    (found,) = (panel for panel in BOARDS[name]["panels"] if panel["title"] == title)
    return BOARDS[name], found


def _check(reader: Reader, board: Json, panel: Json) -> Columns:
    since = reader.now_ms - range_ms(board)
    for target in panel["targets"]:
        assert reader.ask(target["query"], since, panel.get("interval", "10s")), target["query"]
    answer = reader.panel(board, panel)
    for name, values in answer.items():
        assert any(value is not None for value in values), f"{name} is empty"
        assert FOREIGN not in values, f"{name} shows another wearer"
    for each in panel["fieldConfig"]["overrides"]:
        kind, pattern = each["matcher"]["id"], each["matcher"]["options"]
        hits = [n for n in answer if (n == pattern if kind == "byName" else re.search(pattern.strip("/"), n))]
        assert hits, f"nothing in {panel['title']!r} is named {pattern}: {sorted(answer)}"
        below = [p["value"] for p in each["properties"] if p["id"] == "custom.fillBelowTo"]
        assert set(below) <= set(answer)
    if pattern := panel["options"].get("reduceOptions", {}).get("fields"):
        assert any(re.search(pattern.strip("/"), name) for name in answer)
        if not panel.get("transformations"):
            assert all(re.search(pattern.strip("/"), name) for name in answer)
    return answer


@pytest.mark.parametrize("case", PANELS, ids=named)
def test_every_target_answers_from_a_real_influxdb(reader: Reader, case: tuple[str, Json]) -> None:
    _check(reader, BOARDS[case[0]], case[1])


@pytest.mark.slow
@pytest.mark.parametrize("case", PANELS, ids=named)
def test_every_panel_shows_something_of_a_run_that_the_product_wrote(runner: Reader, case: tuple[str, Json]) -> None:
    _check(runner, BOARDS[case[0]], case[1])


def test_the_verdict_of_a_run_that_began_before_the_range_is_shown(reader: Reader) -> None:
    answer = reader.panel(*_find("This run, against your own normal"))
    assert answer == {"Balance": ["differs"], "Pronation": ["cannot_tell"]}


def test_the_normal_band_reaches_from_the_run_before_the_range_to_now(reader: Reader) -> None:
    answer = reader.panel(*_find("Contact-time balance"))
    assert answer["normal from"][-30:] == [-2.5] * 30
    assert answer["balance"] == [0.0, 1.0, 2.0, 3.0, 4.0], "every usable block and no void one"


def test_both_feet_and_the_share_that_arrived_are_shown(reader: Reader) -> None:
    assert reader.panel(*_find("Samples that arrived")) == {"left": [99.0], "right": [99.0]}
    assert set(reader.panel(*_find("Contact time"))) == {"left", "right"}
    assert reader.panel(*_find("Connected", "live-link.json")) == {"left": [True], "right": [True]}


@pytest.mark.parametrize("name", BOARDS)
def test_flags_and_pain_are_drawn_and_the_wearers_listed(reader: Reader, name: str) -> None:
    board = BOARDS[name]
    for each in board["annotations"]["list"]:
        (series,) = reader.ask(each["target"]["query"], reader.now_ms - 1_800_000)
        assert len(series["values"]) == 1
        assert {each["target"]["textColumn"], each["target"]["tagsColumn"]} <= set(series["columns"])
    wearer = board["templating"]["list"][0]
    wearers = {value for series in reader.ask(wearer["query"], 0) for _, value in series["values"]}
    assert wearers == {WEARER, STRANGER, LIMPING, PRONATED}


@pytest.mark.slow
def test_the_bouts_and_the_notes_can_be_chosen(runner: Reader) -> None:
    since = runner.now_ms - 90 * 86_400_000
    bout = next(v for v in BOARDS["this-run.json"]["templating"]["list"] if v["name"] == "bout")
    (series,) = runner.ask(bout["query"], since)
    starts = {_in_a_browser(value) for _, value in series["values"]}
    assert len(starts) == 6
    panel = _find("Contact-time balance")[1]
    runs = runner.ask(_find("My runs", "my-trend.json")[1]["targets"][0]["query"], since)[0]
    began, until = runs["values"][1][0], runs["values"][1][runs["columns"].index("until")]
    assert f"{began}000000" in starts, "the link of a run's time chooses its bout"
    older = Reader(runner.front, runner.wearer, until, bout=f"{began}000000")
    (blocks,) = older.ask(panel["targets"][0]["query"], began)
    every = Reader(runner.front, runner.wearer, until).ask(panel["targets"][0]["query"], began)
    assert [blocks] == every, "the run and nothing else"
    none = Reader(runner.front, runner.wearer, runner.now_ms, bout="1").ask(panel["targets"][0]["query"], since)
    assert none == []
    for variable in BOARDS["with-without.json"]["templating"]["list"][2:]:
        (series,) = runner.ask(variable["query"], since)
        assert {text for _, text in series["values"]} == {"old", "new"}


@pytest.mark.slow
def test_the_story_is_told_as_the_service_tells_it(runner: Reader) -> None:
    limps = runner.wearer == LIMPING
    answer = runner.panel(*_find("This run, against your own normal"))
    assert answer == {
        "Balance": ["differs" if limps else "normal"],
        "Pronation": ["normal" if limps else "differs"],
    }
    balance = runner.panel(*_find("Contact-time balance"))
    outside = balance["balance"][-1] > balance["normal to"][-1]
    assert outside == limps
    assert balance["95 % from"][-1] < balance["balance"][-1] < balance["95 % to"][-1]
    loads = runner.panel(*_find("Medial-lateral index"))
    assert (loads["right"][-10] > loads["normal to"][-1]) != limps
    trend = runner.panel(*_find("Contact-time balance, run by run", "my-trend.json"))
    assert len(trend["balance"]) == 6
    assert trend["normal from"][:3] == [None] * 3, "no normal before there are enough runs"
    assert (trend["balance"][-1] > trend["normal to"][-1]) == limps
    worn = runner.panel(*_find("Shoes and pain, once noted", "my-trend.json"))
    assert worn == {"Shoes": ["old"] * 5 + ["new"], "Pain": ["low back 1", "low back 6"]}


@pytest.mark.slow
def test_days_are_chosen_by_what_was_noted_on_them(runner: Reader) -> None:
    with_days = runner.panel(*_find("With: mean of the days", "with-without.json"))
    without = runner.panel(*_find("Without: mean of the days", "with-without.json"))
    assert with_days["note"] == ["new"]
    assert set(without["note"]) == {"old"}
    assert len(without["note"]) == 5
    named = replace(runner, without=("old", "new")).panel(*_find("Without: mean of the days", "with-without.json"))
    assert named == without, "a day belongs to one set"
    apart = with_days["contact time"][0] - sum(without["contact time"]) / 5
    assert abs(apart - (8 if runner.wearer == LIMPING else 0)) < 2  # the truth of the story
    pain = replace(runner, topic="pain", chosen=("low back 1", "low back 6"))
    assert len(pain.panel(*_find("With: days", "with-without.json"))["days"]) == 2
    assert pain.panel(*_find("Without: days", "with-without.json"))["note"] == [None] * 4, "days without any note, too"
