"""What has many faces has one entry: nobody compares with its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.records.topics import INSOLE, TOPICS
from tests.conftest import PROJECT

FACTS = "service/records/topics.py"


def _compared(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and each string that something is compared or matched with, within a set or tuple, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue):
            yield from _named(node)


def _named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and each string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _modules() -> Iterator[Path]:
    for folder in ("service", "dashboards"):
        yield from (p for p in sorted(PROJECT.joinpath(folder).rglob("*.py")) if p != PROJECT / FACTS)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_module_compares_with_a_topic_s_name() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{line}: {text}"
        for path in _modules()
        for line, text in _compared(_tree(path))
        if text in TOPICS
    ]
    assert found == []


def test_the_names_stand_in_the_table_alone() -> None:
    """But for that of the product, which one topic shares."""
    found = [
        f"{path.relative_to(PROJECT)}:{line}: {text}"
        for path in _modules()
        for line, text in _named(_tree(path))
        if text in TOPICS.keys() - {INSOLE.name}
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "flag.topic == 'insole'",
        "'imbalance' != topic",
        "topic in {'training_load', 'insole'}",
        "match topic:\n    case 'over_pronation':\n        pass",
        "topic == ('insole' if one else 'other')",
    ],
)
def test_a_comparison_would_be_found(code: str) -> None:
    assert {text for _, text in _compared(ast.parse(code))} & TOPICS.keys()
