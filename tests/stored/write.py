"""Write a small store of everything that is stored, as this version does it.

Three usual runs whose samples are forgotten, a limping run and a walk whose samples are kept. Whoever changes what is
stored, or how, first writes one with the version before:

    python -m tests.stored.write NAME
"""

from __future__ import annotations

import hashlib
import json
import lzma
import math
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge import (
    SECOND,
    Device,
    Frames,
    Item,
    Link,
    Log,
    Pace,
    Row,
    Side,
    columns,
    kind_name,
    open_embedded_log,
    parse_profile,
    profile_text,
)
from service.pipeline.analysis import analyze_all
from service.pipeline.retention import Keep, Retention
from service.records.rows import STORED_KINDS, Alert, Flag, Note
from tests.walkers.walks import Gait, Ramp, devices, walk

FOLDER = Path(__file__).parent
START = 1_780_000_000 * SECOND
DAY = 86_400 * SECOND
WEARER = "ada"
KINDS: tuple[type[Row], ...] = (Device, Link, Pace, *STORED_KINDS)


def write(path: Path) -> None:
    """Write the store: both activities, notes, flags, an alert, a link's account and what a foot pod told."""
    profile = parse_profile(profile_text("insole-line").replace("rate_hz = 100", "rate_hz = 50"), "stored")
    runs = [(START - days * DAY, Gait(si=Ramp.constant(si)), 400.0) for days, si in ((6, 0.0), (4, 0.4), (2, -0.3))]
    runs.append((START, Gait(si=Ramp(0, 12, 0, 60)), 450.0))
    runs.append((START + 3600 * SECOND, Gait(activity="walking"), 90.0))
    with closing(open_embedded_log(f"sqlite:///{path}")) as log:
        log.put(devices(profile, time=START - 7 * DAY, wearer=WEARER))
        for number, (start, gait, seconds) in enumerate(runs):
            log.put(_said(start, number))
            left, right, _ = walk(
                gait, seconds=seconds, seed=7, profile=profile, start=start, chunk_s=10, wearer=WEARER
            )
            for pair in zip(left, right, strict=True):
                log.put([replace(foot, pressure=np.round(foot.pressure), acc=None, gyro=None) for foot in pair])
        analyze_all(log)
        flag = log.read(Flag, WEARER)[0]
        log.put([Alert(flag.time, WEARER, flag.topic, flag.measure, "sent", flag.time + SECOND, "a text")])
        retention = Retention(log, Keep(frames_days=1.0, budget_gb=1e6, free_gb=0.0), now=lambda: START + DAY)
        while retention.step() < 1:
            pass
    with closing(sqlite3.connect(path)) as file:  # one file, without a journal beside it
        file.execute("PRAGMA journal_mode=DELETE")
        file.execute("VACUUM")


def _said(start: int, number: int) -> list[Item]:
    rows: list[Item] = [
        Note(start + SECOND, WEARER, "shoes", "blue"),
        Note(start + 2 * SECOND, WEARER, "pain", "knee 3"),
        Pace(start, WEARER, 2.8, 170.0, math.nan, 12.5, running=True, battery_pct=80.0),
    ]
    device = devices()[0].device
    rows += [Link(start, WEARER, side, device, True, 50, number, 1, 0, 0, 1, 77.0) for side in Side]
    return rows


def read(log: Log, fields: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Return what a store holds of each kind: its fields, how many rows there are, their digest, and the first one.

    Args:
        log: the store.
        fields: of each kind, those that are looked at; all that there are if left out.
    """
    found: dict[str, Any] = {}
    wearers = ("", *log.wearers())
    for kind in KINDS:
        names = [column.name for column in columns(kind)] if fields is None else fields[kind_name(kind)]
        rows = [[_plain(getattr(row, name)) for name in names] for wearer in wearers for row in log.read(kind, wearer)]
        found[kind_name(kind)] = _summary(names, rows)
    names = ["side", "device", "time", "pressure"]
    chunks = [frames for wearer in wearers for frames in log.read(Frames, wearer)]
    rows = [[c.side, c.device, c.time.tobytes().hex(), c.pressure.tobytes().hex()] for c in chunks]
    found["frames"] = {"fields": names, "digest": _digest(rows), "samples": sum(map(len, chunks))}
    return found


def _summary(names: Sequence[str], rows: list[list[Any]]) -> dict[str, Any]:
    first = dict(zip(names, rows[0], strict=True)) if rows else {}
    return {"fields": list(names), "rows": len(rows), "digest": _digest(rows), "first": first}


def _digest(rows: list[list[Any]]) -> str:
    return hashlib.sha256("\n".join(json.dumps(row, allow_nan=False) for row in rows).encode()).hexdigest()


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def main(name: str) -> None:
    """Write `NAME.sqlite.xz` and, with what this version reads from it, `NAME.json`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        write(path)
        FOLDER.joinpath(f"{name}.sqlite.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))
        with closing(open_embedded_log(f"sqlite:///{path}")) as log:
            FOLDER.joinpath(f"{name}.json").write_text(json.dumps(read(log), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
