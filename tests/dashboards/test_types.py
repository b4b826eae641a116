"""The dashboards against Grafana's own types, by the TypeScript compiler.

The types and the compiler come from npm, at versions that are locked: `npm ci --prefix tests/dashboards/grafana_types`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.build import DASHBOARDS
from tests.conftest import PROJECT
from tests.stand_ins.servers.grafana import boards

HERE = Path(__file__).parent / "grafana_types"
COMPILER = HERE / "node_modules" / "typescript" / "bin" / "tsc"
OPTIONS = {
    "timeseries": "timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen",
    "stat": "stat/panelcfg/x/StatPanelCfg_types.gen",
    "table": "table/panelcfg/x/TablePanelCfg_types.gen",
    "state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen",
}
WITHOUT_FIELDS = {"stat"}
"""Panels whose fields have no look of their own."""
SETTINGS = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "target": "es2022",
        "types": [],
    }
}

PLAIN = """
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""
"""JSON has the words of an enumeration, where TypeScript asks for its members."""

Json = dict[str, Any]


def _source(board: Json) -> str:
    """Return a program that compiles if the dashboard, and each panel's options and look, are of Grafana's types."""
    board = json.loads(json.dumps(board))
    lines = ["import type { Dashboard } from '@grafana/schema';", PLAIN]
    for number, each in enumerate(board["annotations"]["list"]):
        lines.append(f"const target{number} = {json.dumps(each['target'])};")  # a query has more than all queries have
        each["target"] = f"@target{number}@"
    for kind, module in OPTIONS.items():
        name = kind.title().replace("-", "")
        look = "" if kind in WITHOUT_FIELDS else f", FieldConfig as {name}Look"
        lines.append(
            f"import type {{ Options as {name}{look} }} from '@grafana/schema/dist/esm/raw/composable/{module}';"
        )
    text = re.sub(r'"@(target\d+)@"', r"\1", json.dumps(board))
    lines.append(f"({text}) satisfies Plain<Partial<Dashboard>>;")
    for panel in board["panels"]:
        name = panel["type"].title().replace("-", "")
        lines.append(f"({json.dumps(panel['options'])}) satisfies Plain<Partial<{name}>>;")
        if panel["type"] not in WITHOUT_FIELDS:
            custom = panel["fieldConfig"]["defaults"]["custom"]
            lines.append(f"({json.dumps(custom)}) satisfies Plain<Partial<{name}Look>>;")
    return "\n".join(lines) + "\n"


@pytest.fixture
def compiled(tmp_path: Path) -> Any:
    """Give a function that compiles programs and returns what the compiler says."""
    if shutil.which("node") is None:
        pytest.skip("node is absent: Grafana's types are not checked")
    if not COMPILER.exists():
        pytest.skip("Grafana's types are absent: npm ci --prefix tests/dashboards/grafana_types")
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    (tmp_path / "tsconfig.json").write_text(json.dumps(SETTINGS | {"include": ["*.ts"]}))

    def compile_all(sources: dict[str, str]) -> str:
        for name, source in sources.items():
            (tmp_path / f"{name}.ts").write_text(source)
        command = ["node", str(COMPILER), "--project", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout

    return compile_all


def test_every_dashboard_is_of_grafanas_types(compiled: Any) -> None:
    said = compiled({Path(name).stem: _source(boards()[name]) for name in DASHBOARDS})
    assert said == ""


def test_a_misspelt_option_would_be_found(compiled: Any) -> None:
    board = json.loads(json.dumps(boards()["this-run.json"]))
    board["refresh"] = 5
    board["panels"][0]["options"]["colourMode"] = "value"
    board["panels"][4]["fieldConfig"]["defaults"]["custom"]["lineWidth"] = "2"
    said = compiled({"wrong": _source(board)})
    assert "'number' is not assignable to type 'string'" in said
    assert "colourMode" in said
    assert "'string' is not assignable to type 'number'" in said


def test_the_types_are_those_of_the_grafana_that_is_started() -> None:
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    image = compose["services"]["grafana"]["image"]
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]["@grafana/schema"]
    assert image == f"grafana/grafana:{wanted}"
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    assert re.search(rf'"@grafana/schema": "{re.escape(wanted)}"', lock)
    assert "resolved" not in lock, "a lock file names no registry"
