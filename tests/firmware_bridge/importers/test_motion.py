"""What a file says besides pressures reaches the log; and a maker's CSV file needs no name of its format."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import Frames, Side, open_log
from firmware_bridge.importers import find_format, read_recording
from service.pipeline.file_import import import_files
from tests.stand_ins.recordings import orphe, stappone


def test_a_makers_csv_file_is_the_makers(tmp_path: Path) -> None:
    assert find_format(orphe(tmp_path)).name == "orphe"
    assert find_format(stappone(tmp_path)).name == "stappone"
    (tmp_path / "walk.columns.toml").write_text("")  # whoever writes a map means it
    assert find_format(tmp_path / "walk.csv").name == "csv"


def test_force_and_motion_are_stored(shared: Callable[..., Path], tmp_path: Path) -> None:
    path = shared("vectors", "novel-loadsol", "test_poids.txt")
    store = f"sqlite:///{tmp_path}/log.sqlite"
    assert import_files([path], store, wearer="ann", start=None, form=None) == 0
    with closing(open_log(store)) as log:
        frames = Frames.concatenate([f for f in log.read(Frames, "ann") if f.side is Side.LEFT])
    assert frames.force is not None
    assert frames.acc is not None
    assert frames.gyro is not None
    assert frames.force == pytest.approx(frames.pressure.sum(axis=1), abs=1e-3)
    assert frames.acc[0].tolist() == pytest.approx([0.746, -0.673, 0.030])
    assert frames.gyro[0].tolist() == pytest.approx(np.degrees([-0.001, -0.007, 0.006]).tolist(), rel=1e-5)
    whole = [item for item in read_recording(path, "ann") if isinstance(item, Frames)]
    assert all(item.gyro is not None and item.gyro.dtype == np.float32 for item in whole)
