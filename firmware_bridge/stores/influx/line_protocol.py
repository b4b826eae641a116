r"""Items as InfluxDB line protocol, in bulk: bytes from `%` templates, no object per point.

Frames become one point per sample, `frame,side=left,wearer=anna device="…",sensors=16i,p00=…,force=…,ax=…,gz=… NS`;
a row becomes one point of the measurement that its kind names, its keys as tags, the rest as fields. A missing
number is an absent field, and so is an infinite one, which InfluxDB cannot hold; a sample of which everything is
missing is left out. An empty key is an absent tag.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Frames, Item, Row, columns, kind_name

FRAME = "frame"
ARRAY_FIELDS = {"force": ("force",), "acc": ("ax", "ay", "az"), "gyro": ("gx", "gy", "gz")}

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_TEXT = str.maketrans({"\\": r"\\", '"': r"\""})


def _lines(items: Iterable[Item]) -> Iterator[bytes]:
    """Give the lines of items, without line ends.

    Raises:
        CorruptData: a key holds what no tag can: a line break, or a backslash at its end.
    """
    for item in items:
        if isinstance(item, Frames):
            yield from _frames_lines(item)
        else:
            yield _row_line(item)


def bodies(items: Iterable[Item], size: int) -> Iterator[bytes]:
    """Give the lines of items, joined by `size`."""
    left = _lines(items)
    while batch := list(islice(left, size)):
        yield b"\n".join(batch)


def point_name(kind: type) -> str:
    """Return the measurement in which points of a kind lie: its name, and `frame` for `Frames`."""
    return FRAME if kind is Frames else kind_name(kind)


def sensor_name(number: int) -> str:
    """Return the field of a pressure sensor: p00, p01 …, so that names sort as numbers."""
    return f"p{number:02d}"


def _frames_lines(frames: Frames) -> Iterator[bytes]:
    names = [sensor_name(number) for number in range(frames.pressure.shape[1])]
    arrays: list[NDArray[np.float32]] = [frames.pressure]
    for field, channels in ARRAY_FIELDS.items():
        if (array := getattr(frames, field)) is not None:
            names += channels
            arrays.append(array.reshape(len(frames), len(channels)))
    values = np.concatenate(arrays, axis=1)
    present = np.isfinite(values)
    tags = _tags({"side": frames.side, "wearer": frames.wearer})
    head = f'{FRAME}{tags} device="{frames.device.translate(_TEXT)}",sensors={frames.pressure.shape[1]}i'
    times = frames.time.tolist()
    if present.all():
        template = _template(head, names)
        for row, time in zip(values.tolist(), times, strict=True):
            yield (template % (*row, time)).encode()
        return
    for row, there, time in zip(values, present, times, strict=True):
        if there.any():
            template = _template(head, [name for name, is_there in zip(names, there, strict=True) if is_there])
            yield (template % (*row[there].tolist(), time)).encode()


def _template(head: str, names: list[str]) -> str:
    # Nine digits give every float32 back exactly.
    return head.replace("%", "%%") + "".join(f",{name}=%.9g" for name in names) + " %d"


def _row_line(row: Row) -> bytes:
    kind = type(row)
    tags = _tags({name: _plain(getattr(row, name)) for name in _keys(kind)})
    fields = ",".join(_fields(row)) or "stored=true"  # a point needs a field
    return f"{kind_name(kind)}{tags} {fields} {int(row.time)}".encode()


def _fields(row: Row) -> Iterator[str]:
    for name, kind in _values(type(row)):
        value: Any = getattr(row, name)
        if issubclass(kind, bool):
            yield f"{name}={'true' if value else 'false'}"
        elif issubclass(kind, float):
            if math.isfinite(value):
                yield f"{name}={float(value)!r}"
        elif issubclass(kind, int):
            yield f"{name}={int(value)}i"
        else:
            yield f'{name}="{str(value).translate(_TEXT)}"'


@cache
def _keys(kind: type) -> tuple[str, ...]:
    return tuple(sorted(c.name for c in columns(kind) if c.key))


@cache
def _values(kind: type) -> tuple[tuple[str, type], ...]:
    return tuple((c.name, c.type) for c in columns(kind) if not c.key and c.name != "time")


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tags(values: dict[str, str]) -> str:
    for name, value in values.items():
        if value.endswith("\\") or "\n" in value or "\r" in value:
            raise CorruptData(f"{name} {value!r} cannot be archived: no line breaks, no backslash at its end")
    return "".join(f",{name}={value.translate(_TAG)}" for name, value in values.items() if value)
