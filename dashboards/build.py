"""Make the Grafana dashboards: `python -m dashboards.build`. The JSON beside this file is committed and tested."""

from __future__ import annotations

import json
from pathlib import Path

from dashboards.this_run import this_run

HERE = Path(__file__).parent
DASHBOARDS = {"this-run.json": this_run}


def text_of(name: str) -> str:
    """Return the text of a dashboard's file."""
    return json.dumps(DASHBOARDS[name](), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every dashboard's file."""
    for name in DASHBOARDS:
        (HERE / name).write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
