"""Frames as blobs: every bit comes back, damage is told."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Frames, Side
from firmware_bridge.stores import frames_blob


def samples(start: int) -> Frames:
    pressure = np.arange(40, dtype=np.float32).reshape(10, 4) + start
    return Frames("anna", Side.LEFT, "d", start + np.arange(10), pressure)


def test_a_blob_is_small_and_gives_back_every_bit() -> None:
    time = np.arange(100) * 10_000_000 + 1_700_000_000_000_000_000
    counts = (100 * (1 + np.sin(time[:, None] / 1e8 + np.arange(16)))).round()
    pressure = counts.astype(np.float32)
    pressure[3, 4] = np.array([0x7FC12345], np.uint32).view(np.float32)[0]  # a NaN with a message
    blob, _ = frames_blob.encode(Frames("anna", Side.LEFT, "d", time, pressure))
    assert len(blob) < (time.nbytes + pressure.nbytes) / 2
    back = frames_blob.decode(frames_blob.CODEC, blob, start=int(time[0]), wearer="anna", side=Side.LEFT, device="d")
    assert back.pressure.tobytes() == pressure.tobytes()
    assert back.time.tolist() == time.tolist()


def test_the_digest_is_of_the_content() -> None:
    one, other, later = samples(0), samples(0), samples(1)
    assert frames_blob.encode(one) == frames_blob.encode(other)
    assert frames_blob.encode(one)[1] != frames_blob.encode(later)[1]
    shifted = Frames("anna", Side.LEFT, "d", one.time + 1, one.pressure)
    assert frames_blob.encode(one)[1] != frames_blob.encode(shifted)[1]


@pytest.mark.parametrize("cut", [0, 3, 8, -1])
def test_a_cut_blob_is_corrupt(cut: int) -> None:
    blob, _ = frames_blob.encode(samples(0))
    with pytest.raises(CorruptData, match="damaged"):
        frames_blob.decode(frames_blob.CODEC, blob[:cut], start=0, wearer="anna", side=Side.LEFT, device="d")
