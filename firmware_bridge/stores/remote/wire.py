r"""Items on their way from one insole service to another: one line of JSON each, frames followed by their blob.

`{"kind": "step", "row": {…}}\n` for a row; `{"kind": "frames", "row": {…, "codec": …}, "bytes": n}\n` and n bytes for
frames. A missing number is null. A row of an older version lacks fields, which read as NaN, 0, "", False or an
enumeration's first name; one of a newer version is refused, since a part of it would be lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from firmware_bridge.errors import CorruptData
from firmware_bridge.model import Column, Frames, Item, Row, Side, columns, kind_name
from firmware_bridge.stores import frames_blob

_FRAMES = kind_name(Frames)


def serialize(items: Iterable[Item]) -> Iterator[bytes]:
    """Give one parcel for each item."""
    for item in items:
        yield _pack_frames(item) if isinstance(item, Frames) else _pack_row(item)


def deserialize(data: bytes, kinds: Mapping[str, type]) -> Iterator[Item]:
    """Give the items of parcels that follow each other.

    Raises:
        CorruptData: they are cut short or damaged, or of a kind or version that is not known here.
    """
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        head = _head(data[at : end if end >= 0 else len(data)])
        kind, row = kinds.get(str(head.get("kind"))), head.get("row")
        if kind is None:
            raise CorruptData(f"items of kind {str(head.get('kind'))[:40]!r} are not known here; update this service")
        size = head.get("bytes", 0)
        if end < 0 or not isinstance(row, dict) or not isinstance(size, int) or not 0 <= size <= len(data) - end - 1:
            raise CorruptData("what was sent is cut short")
        at = end + 1 + size
        try:
            yield _frames(row, data[end + 1 : at]) if kind is Frames else _row(kind, row)
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            raise CorruptData(f"a {kind_name(kind)} that was sent is damaged: {error}") from error


def _head(line: bytes) -> dict[str, Any]:
    try:
        head = json.loads(line)
    except ValueError as error:
        raise CorruptData("what was sent are no items of an insole log") from error
    if not isinstance(head, dict):
        raise CorruptData("what was sent are no items of an insole log")
    return head


def _pack_row(row: Row) -> bytes:
    kind = type(row)
    values = {column.name: _plain(column, getattr(row, column.name)) for column in columns(kind)}
    return json.dumps({"kind": kind_name(kind), "row": values}, ensure_ascii=False).encode() + b"\n"


def _pack_frames(frames: Frames) -> bytes:
    blob, _ = frames_blob.encode(frames)
    head = {"time": int(frames.time[0]), "wearer": frames.wearer, "side": str(frames.side), "device": frames.device}
    told = {"kind": _FRAMES, "row": {**head, "codec": frames_blob.CODEC}, "bytes": len(blob)}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n" + blob


def _frames(head: Mapping[str, Any], blob: bytes) -> Frames:
    start, side = int(head["time"]), Side(head["side"])
    wearer, device = str(head["wearer"]), str(head["device"])
    return frames_blob.decode(str(head["codec"]), blob, start=start, wearer=wearer, side=side, device=device)


def _row(kind: Any, values: Mapping[str, Any]) -> Row:
    known = _fields(kind)
    if newer := sorted(values.keys() - known.keys()):
        raise CorruptData(f"{kind_name(kind)} has the field {newer[0]!r} of a newer version; update this service")
    row: Row = kind(**{name: _value(column, values.get(name)) for name, column in known.items()})
    return row


@cache
def _fields(kind: type) -> dict[str, Column]:
    return {column.name: column for column in columns(kind)}


def _plain(column: Column, value: Any) -> Any:
    if issubclass(column.type, float):
        return None if math.isnan(value) else float(value)
    if issubclass(column.type, bool):
        return bool(value)
    return int(value) if issubclass(column.type, int) else str(value)


def _value(column: Column, value: Any) -> Any:
    kind: Any = column.type
    if issubclass(kind, float):
        return math.nan if value is None else float(value)
    if value is None:
        return next(iter(kind)) if issubclass(kind, StrEnum) else kind()
    wanted = str if issubclass(kind, str) else kind
    if type(value) is not wanted:
        raise ValueError(f"{column.name} is {value!r}, not a {wanted.__name__}")
    return kind(value)
