"""PhysioNet gaitpdb: nineteen columns of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from firmware_bridge import Frames, Item, Link, Side, read_recording
from firmware_bridge.contracts.importers import FormatRig
from tests.stand_ins.recordings import gaitpdb

RIG = FormatRig("gaitpdb", gaitpdb, lines=True)


def frames_of(items: list[Item], side: Side) -> Frames:
    return Frames.concatenate([i for i in items if isinstance(i, Frames) and i.side is side])


def test_the_vector_of_the_layout_reads_as_documented(shared: Callable[..., Path]) -> None:
    items = list(read_recording(shared("vectors", "physionet-gaitpdb", "synthetic.txt"), "vector"))
    left, right = frames_of(items, Side.LEFT), frames_of(items, Side.RIGHT)
    assert left.pressure[1].tolist() == [10, 11, 12, 13, 14, 15, 16, 17]
    assert right.pressure[4].tolist() == [20, 22, 24, 26, 28, 30, 32, 34]


def test_a_real_record_is_whole(shared: Callable[..., Path]) -> None:
    items = list(read_recording(shared("data", "gaitpdb", "SiCo01_01.txt.gz"), "SiCo01_01"))
    left = frames_of(items, Side.LEFT)
    assert len(left) > 9000
    assert np.isfinite(left.pressure).all()
    assert sum(i.corrupt for i in items if isinstance(i, Link)) == 0
