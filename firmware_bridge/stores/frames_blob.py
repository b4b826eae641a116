"""Frames as one compressed blob: channel after channel, bytes shuffled by significance, then zlib.

A blob is `HEAD`, then the compressed planes. Uncompressed: the n-1 steps of time as int64, then each channel's n
values as float32, both shuffled: all lowest bytes first, all highest last. Every bit of every value survives, also
of a NaN. Little-endian everywhere. The codec's name is stored beside the blob, so that the layout can change.
"""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Frames, Side

CODEC = "f32-shuffle-zlib"
LEVEL = 1  # of zlib: higher ones cost several times the time for a few percent of noise

HEAD = struct.Struct("<IHB")  # samples, pressure sensors, which optional arrays follow (bits as in Frames.OPTIONAL)
_WIDTHS = {"force": 1, "acc": 3, "gyro": 3}


def encode(frames: Frames) -> tuple[bytes, bytes]:
    """Return the blob and an 8-byte digest of its content, which no version of zlib changes."""
    parts = [np.asarray(frames.pressure, np.float32)]
    present = 0
    for bit, name in enumerate(Frames.OPTIONAL):
        array = getattr(frames, name)
        if array is not None:
            present |= 1 << bit
            parts.append(np.asarray(array, np.float32).reshape(len(frames), _WIDTHS[name]))
    values = np.ascontiguousarray(np.concatenate(parts, axis=1).T, "<f4")
    planes = _shuffled(np.diff(frames.time).astype("<i8")) + _shuffled(values)
    head = HEAD.pack(len(frames), frames.pressure.shape[1], present)
    return head + zlib.compress(planes, LEVEL), _digest(head, int(frames.time[0]), planes)


def sound(codec: str, blob: bytes, digest: bytes, *, start: int) -> bool:
    """Tell whether a blob is what it was when it was stored; of a codec that is not known it cannot be told."""
    try:
        return codec != CODEC or digest == _digest(blob[: HEAD.size], start, zlib.decompress(blob[HEAD.size :]))
    except zlib.error:
        return False


def decode(codec: str, blob: bytes, *, start: int, wearer: str, side: Side, device: str) -> Frames:
    """Return the frames of a blob whose first sample is at `start`.

    Raises:
        CorruptData: the blob is damaged, or of a codec that this version does not know.
    """
    if codec != CODEC:
        raise CorruptData(f"frames are stored as {codec!r}, which this version cannot read")
    try:
        n, sensors, present = HEAD.unpack_from(blob)
        planes = zlib.decompress(memoryview(blob)[HEAD.size :])
        names = [name for bit, name in enumerate(Frames.OPTIONAL) if present & 1 << bit]
        cut = 8 * (n - 1)
        steps = _unshuffled(planes[:cut], "<i8", 8).astype(np.int64)
        values = _unshuffled(planes[cut:], "<f4", 4).reshape(sensors + sum(_WIDTHS[name] for name in names), n)
        time = np.concatenate((np.array([start], np.int64), start + np.cumsum(steps)))
        optional: dict[str, NDArray[np.float32]] = {}
        at = sensors
        for name in names:
            array = _rows(values[at : at + _WIDTHS[name]])
            optional[name] = array[:, 0] if name == "force" else array
            at += _WIDTHS[name]
        return Frames(wearer, side, device, time, _rows(values[:sensors]), **optional)
    except (zlib.error, struct.error, ValueError) as error:
        raise CorruptData(f"stored frames of {wearer} at {start} are damaged: {error}") from error


def _digest(head: bytes, start: int, planes: bytes) -> bytes:
    return blake2b(head + struct.pack("<q", start) + planes, digest_size=8).digest()


def _shuffled(values: NDArray[np.int64] | NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(values).view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def _unshuffled(planes: bytes, dtype: str, size: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(size, -1).T).view(dtype).reshape(-1)


def _rows(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(channels.T, np.float32)
