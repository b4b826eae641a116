"""Make Grafana's files: `python -m dashboards.build`. They are committed, and tested to be what this code makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.definitions.alert_rules import alerting
from dashboards.definitions.data_quality import data_quality
from dashboards.definitions.live_link import live_link
from dashboards.definitions.my_trend import my_trend
from dashboards.definitions.this_run import this_run
from dashboards.definitions.with_without import with_without

HERE = Path(__file__).parent
REMEDY = (
    "This file is made by code: change dashboards/definitions, then run `python -m dashboards.build`. In Grafana, a"
    " copy saved under another name may be changed freely."
)
DASHBOARDS: dict[str, Callable[[], Dashboard]] = {
    "live-link.json": live_link,
    "this-run.json": this_run,
    "my-trend.json": my_trend,
    "with-without.json": with_without,
    "data-quality.json": data_quality,
}
ALERTING = "provisioning/alerting/insole.yaml"
FILES = (*DASHBOARDS, ALERTING)


def path_of(name: str) -> Path:
    """Return where a file lies: the alert rules where Grafana looks for them, the dashboards in a folder of theirs."""
    return HERE / name if name == ALERTING else HERE / "generated" / name


def text_of(name: str) -> str:
    """Return the text of a file."""
    if name == ALERTING:
        return alerting()
    return json.dumps(DASHBOARDS[name](), cls=JSONEncoder, indent=1, ensure_ascii=False) + "\n"


def differing() -> list[str]:
    """Return the files that are not what the code makes, each with the first line that differs and what to do."""
    found = []
    for name in FILES:
        made = text_of(name).splitlines()
        path = path_of(name)
        there = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if made != there:
            pairs = enumerate(zip(made, there, strict=False), 1)
            line = next((number for number, (one, other) in pairs if one != other), min(len(made), len(there)) + 1)
            own = path.relative_to(HERE)
            found.append(f"dashboards/{own.as_posix()}, line {line}: edited by hand, or older than the code. {REMEDY}")
    return found


def main() -> None:
    """Write every file."""
    for name in FILES:
        path = path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    main()
