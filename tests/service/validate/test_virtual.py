"""The virtual walkers meet the bars, and a bar that is missed is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.validate import Metric, Report, validate
from service.validate import table as shown


def report(**changes: object) -> Report:
    metric = Metric("an error", "ms", 2.0, "1.0", most=3.0)
    known: dict[str, object] = {"counted": 100, "excluded": {"were late": 2}, "metrics": (metric,), **changes}
    return Report("gaitndd", "somebody 2000", subjects=(), unit="strides", **known)  # type: ignore[arg-type]


@pytest.mark.slow
def test_every_bar_is_met_on_both_walkers() -> None:
    ticks: list[tuple[int, int]] = []
    found = validate("virtual", Path(), lambda done, total: ticks.append((done, total)))
    assert [metric for metric in found.metrics if not metric.met] == []
    assert sum(bool(metric.bar) for metric in found.metrics) >= 9
    assert found.share_excluded < 0.05
    assert found.passed
    assert [done for done, _ in ticks] == list(range(ticks[-1][1]))


def test_a_report_passes_if_every_bar_is_met_and_little_is_left_out() -> None:
    assert report().passed
    assert not report(metrics=(Metric("an error", "ms", 4.0, most=3.0),)).passed
    assert not report(metrics=(Metric("an error", "ms", float("nan"), most=3.0),)).passed
    assert not report(excluded={"were late": 6}).passed
    assert not report(counted=0).passed
    assert report(metrics=(Metric("a figure without a bar", "", 99.0),)).passed


@pytest.mark.parametrize(("value", "code"), [(2.0, True), (4.0, False)])
def test_it_is_shown_as_a_table_and_as_lines(
    value: float, code: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = report(metrics=(Metric("an error", "ms", value, "1.0", most=3.0),))
    monkeypatch.setattr(shown, "validate", lambda name, folder, tick: made)
    assert shown.show("gaitndd", None, json=False) is code
    text = capsys.readouterr().out
    assert ("met" in text, "missed" in text) == (True, not code)
    assert "100 strides; left out: 2 were late" in text
    assert shown.show("gaitndd", None, json=True) is code
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["set"], last["counted"], last["passed"]) == ("gaitndd", 100, code)
