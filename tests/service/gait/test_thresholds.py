"""Every threshold says where it comes from."""

from __future__ import annotations

import ast
import inspect
import re

from service.gait import thresholds as parameters


def test_every_threshold_is_explained_with_a_paper_or_as_a_choice() -> None:
    body = ast.parse(inspect.getsource(parameters)).body
    explained: dict[str, str] = {}
    waiting: list[str] = []
    for node in body:
        if isinstance(node, ast.Assign):
            waiting += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            explained |= dict.fromkeys(waiting, str(node.value.value))
            waiting = []
    names = {name for name in vars(parameters) if name.isupper() and name != "SECOND"}
    unexplained = {name for name in names if len(explained.get(name, "")) < 20}
    assert unexplained <= {"MAD_TO_SD"}
    assert sum(bool(re.search(r"(19|20)\d\d|choice", text)) for text in explained.values()) > len(names) / 2
