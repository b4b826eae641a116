"""Points of InfluxDB, as its JSON answers give them, back to items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import groupby
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.model import Column, Frames, Side, columns
from firmware_bridge.stores.influx.line_protocol import ARRAY_FIELDS, sensor_name

_T = TypeVar("_T")
_Point = Mapping[str, Any]


def rows_from(points: Iterable[_Point], kind: type[_T]) -> list[_T]:
    """Return points as rows; a field that a point lacks reads as NaN, 0, "", False or an enumeration's first."""
    make: Any = kind
    wanted = columns(make)
    return [make(*(_value(c, point.get(c.name)) for c in wanted)) for point in points]


def frames_from(points: Iterable[_Point], wearer: str, side: Side) -> Iterator[Frames]:
    """Give the samples of one foot as frames: one per stretch of the same device and channels."""
    for (device, sensors), part in groupby(points, lambda p: (p["device"], int(p["sensors"]))):
        samples = list(part)
        arrays = {name: _array(samples, fields) for name, fields in ARRAY_FIELDS.items()}
        optional = {name: None if np.isnan(array).all() else array for name, array in arrays.items()}
        force = optional.pop("force")
        yield Frames(
            wearer,
            side,
            device,
            np.array([point["time"] for point in samples], np.int64),
            _array(samples, [sensor_name(number) for number in range(sensors)]),
            None if force is None else force[:, 0],
            **optional,
        )


def _array(samples: list[_Point], names: Iterable[str]) -> NDArray[np.float32]:
    fields = list(names)
    # A missing number is None, which numpy reads as NaN.
    rows = [[point.get(name) for name in fields] for point in samples]
    return np.array(rows, np.float64).reshape(len(samples), len(fields)).astype(np.float32)


def _value(column: Column, value: Any) -> Any:
    if issubclass(column.type, float):
        return float("nan") if value is None else float(value)
    if issubclass(column.type, bool):
        return value in {True, "true"}
    if issubclass(column.type, StrEnum):
        return column.type(value) if value else next(iter(column.type))
    make: Any = column.type
    return make() if value is None else make(value)
