"""How many frames a second reach InfluxDB as bulk line protocol, and as the client's Point objects: one run, a ratio.

`python -m tests.benchmarks.bench_influx` prints both; machines differ, the ratio less.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS

from firmware_bridge import SECOND, Frames, Side, open_archive
from firmware_bridge.stores.influx.archive import _BATCH
from tests.stand_ins.servers.influx_front import TOKEN, InfluxFront, running_influx

SECONDS = 60
ROUNDS = 3


def feet(round_: int) -> list[Frames]:
    """Return two feet of `SECONDS` at 100 Hz: 16 sensors and 6 inertial channels."""
    random, n = np.random.default_rng(round_), 100 * SECONDS
    time_ns = 1_700_000_000 * SECOND + round_ * SECONDS * SECOND + np.arange(n) * 10_000_000
    return [Frames("ada", side, "d", time_ns, *(random.random((n, k), np.float32) for k in (16, 1, 3, 3)))
            for side in Side]  # fmt: skip


def by_point(front: InfluxFront, frames: list[Frames]) -> float:
    """Write frames as Point objects, as many a request as the archive; return the seconds."""
    began = time.perf_counter()
    with InfluxDBClient(f"http://127.0.0.1:{front.port}", TOKEN, org="insole") as client:
        writer: Any = client.write_api(write_options=SYNCHRONOUS)
        for foot in frames:
            for start in range(0, len(foot), _BATCH):
                writer.write(
                    "insole", "insole", [_point(foot, i) for i in range(start, min(start + _BATCH, len(foot)))]
                )
    return time.perf_counter() - began


def _point(foot: Frames, i: int) -> Any:
    make: Any = Point
    point = make("frame").tag("wearer", "point").tag("side", foot.side).field("device", foot.device)
    point = point.field("sensors", foot.pressure.shape[1])
    for k, value in enumerate(foot.pressure[i].tolist()):
        point = point.field(f"p{k:02d}", value)
    for array, names in ((foot.force, ("force",)), (foot.acc, ("ax", "ay", "az")), (foot.gyro, ("gx", "gy", "gz"))):
        assert array is not None
        for name, value in zip(names, array[i].reshape(-1).tolist(), strict=True):
            point = point.field(name, value)
    return point.time(int(foot.time[i]))


def in_bulk(front: InfluxFront, frames: list[Frames]) -> float:
    """Write frames as the archive does; return the seconds."""
    with closing(open_archive(front.url, TOKEN)) as archive:
        began = time.perf_counter()
        archive.put(frames)
        return time.perf_counter() - began


def main() -> None:
    """Print frames a second of both, by turns, and the median of their ratios."""
    ratios = []
    with tempfile.TemporaryDirectory() as folder, running_influx(Path(folder)) as front:
        for round_ in range(ROUNDS):
            frames = feet(round_)
            count = sum(map(len, frames))
            slow, fast = by_point(front, frames), in_bulk(front, frames)
            ratios.append(slow / fast)
            print(f"Point {count / slow:8.0f} frames/s   bulk {count / fast:8.0f} frames/s   {ratios[-1]:.1f} x")
    print(f"median {float(np.median(ratios)):.1f} x")


if __name__ == "__main__":
    main()
