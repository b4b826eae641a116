"""What a wearer reads claims nothing that is not shown: no word of what a product like this may not say."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, READMES

FORBIDDEN = re.compile(
    r"diagnos|\btreat|prevent|\bcaus(e|es|ed|ing|al)\b|\bcur(e|es|ed|ing)\b|\bheal(s|ed|ing)?\b|\bclinical|"
    r"injury risk|risk of|\bdetects?\b.{0,30}(leg|spine|disease)|medical device|"
    r"scolio|arthr[io]|sciatic|piriformis|herniat|degenerat|fasci|tendin|tendon|splint|osteopor|cancer|syndrome|"
    r"stress fracture|cauda equina|disease|disorder|patholog",
    re.IGNORECASE,
)
ALLOWED = {
    "insole describes patterns in your own data. It is not a medical device and gives no diagnosis.": "what it is not",
    "Pain and you have or have had cancer, or you lose weight without knowing why.": "a sign that needs a doctor",
}
"""Whole sentences, each with the reason why it may be said; nothing else may."""
STRAYS = {
    ("README.md", "It is not a medical device, it gives no diagnosis"): "what it is not",
    ("service/web/static/telling.js", "event.preventDefault()"): "a name of the browser's own",
}
SHOWN = ("*.html", "*.js", "*.css", "*.svg")
SPARE = re.compile(r"^(?=.*[_./:])[a-z0-9_./:%-]*$")  # a key, a path, an option: nobody reads it


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module that are no docstring and no mere name."""
    prose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _helps(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of commands and routes: they are the help, and the description of the API."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
            yield node.lineno, ast.get_docstring(node) or ""


def _said() -> Iterator[tuple[str, str]]:
    """Yield where each text stands that a person may read, and the text."""
    for path in sorted(PROJECT.joinpath("service").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, text in (*_strings(tree), *_helps(tree)):
            yield f"{path.relative_to(PROJECT)}:{line}", text
    for path in sorted(PROJECT.joinpath("dashboards").rglob("*.json")):
        for text in _texts(json.loads(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(PROJECT)), text
    for pattern in SHOWN:
        for path in sorted(PROJECT.joinpath("service").rglob(pattern)):
            yield from _lines(path)
    for path in (*READMES, *sorted(PROJECT.joinpath("dashboards").rglob("*.y*ml"))):
        yield from _lines(path)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield f"{path.relative_to(PROJECT)}:{number}", line


def _without_what_is_allowed(place: str, text: str) -> str:
    for sentence in ALLOWED:
        text = text.replace(sentence, "")
    for file, part in STRAYS:
        if place.startswith(file):
            text = text.replace(part, "")
    return text


def _claims(place: str, text: str) -> list[str]:
    if SPARE.fullmatch(text):
        return []
    left = _without_what_is_allowed(place, text)
    return [f"{place}: {found[0]!r} in {left.strip()[:90]!r}" for found in FORBIDDEN.finditer(left)]


SAID = list(_said())


def test_nothing_that_is_shown_claims_what_is_not_known() -> None:
    assert [claim for place, text in SAID for claim in _claims(place, text)] == []


FILES = [
    "messages",
    "guidance",
    "cannot_tell_reasons",
    "pain_associations",
    "red_flags",
    "web/templates/help",
    "README",
]


@pytest.mark.parametrize("file", FILES)
def test_the_texts_are_really_looked_at(file: str) -> None:
    """Each of these files has sentences among what is looked at."""
    assert [text for place, text in SAID if file in place and text.count(" ") > 3]


def test_alerts_and_dashboards_are_looked_at() -> None:
    places = {place.partition(":")[0] for place, _ in SAID}
    assert any("alerting" in place for place in places)
    assert sum(place.endswith(".json") for place in places) >= 4


@pytest.mark.parametrize(
    "claim",
    [
        "This prevents back pain",
        "diagnosed",
        "Treatment of pain",
        "It causes pain",
        "a cure",
        "your injury risk",
        "Detects a leg-length discrepancy",
        "piriformis syndrome",
        "a clinical score",
    ],
)
def test_a_claim_would_be_found(claim: str) -> None:
    assert _claims("somewhere", claim)


def test_what_is_allowed_is_still_said() -> None:
    every = "\n".join(text for _, text in SAID)
    assert [sentence for sentence in (*ALLOWED, *(part for _, part in STRAYS)) if sentence not in every] == []
