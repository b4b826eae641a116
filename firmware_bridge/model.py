"""The types that everything shares: a packet, frames of samples, and what a row is.

numpy where things are many (`Frames`), frozen dataclasses where they are few (rows). Times are UTC nanoseconds
since 1970 as `int`; `SECOND` is the one place where the unit is spelt out.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

SECOND = 1_000_000_000
BEGINNING = -(2**63)
"""Before every time; the default start of a range."""
END = 2**63 - 1
"""After every time; the default stop of a range."""
STANDARD_GRAVITY = 9.80665
"""Acceleration of free fall, m/s^2, as the 3rd General Conference on Weights and Measures (1901) defined it."""
PARTITIONS = 64

_T = TypeVar("_T")
Key = Annotated[_T, "key"]
"""Mark of a row's identifying fields: two rows of a kind with equal `time` and keys are the same row."""

Int64s = NDArray[np.int64]
Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Side(StrEnum):
    """Which foot. Never guessed from the order of connection."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        """The other foot."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class ClockState(StrEnum):
    """How far the time that a device tells can be relied on. A row of a store that did not judge it reads as steady."""

    STEADY = "steady"  # known, and of the declared rate; arrival, where a profile declares no clock
    SETTLING = "settling"  # its offset is not known well enough yet: no step of it counts for comparing the feet
    RESCALED = "rescaled"  # steady, but of another rate: the device's time is divided by `Link.clock_rate`
    BATCHED = "batched"  # several samples share a stamp: they are spread by the declared rate
    ARRIVAL = "arrival"  # stands still or jumps: the samples are when they arrived, spread by the declared rate


class Packet(NamedTuple):
    """What a source gives: the bytes of one arrival. Empty `data` is silence, heard until `time`."""

    time: int
    data: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Consecutive samples of one insole: never empty, time strictly increasing.

    A hole in `time` is lost data. NaN in `pressure` is one missing reading, never zero. The arrays are shared, not
    copied: nobody writes into them.
    """

    wearer: str
    side: Side
    device: str  # hash of profile and calibration, see the Device row
    time: Int64s  # (n,) UTC ns, on the device's clock brought to the host's
    pressure: Float32s  # (n, sensors) in the profile's unit
    force: Float32s | None = None  # (n,) N, where the device sends a total of its own
    acc: Float32s | None = None  # (n, 3) g
    gyro: Float32s | None = None  # (n, 3) deg/s

    OPTIONAL: ClassVar[tuple[str, ...]] = ("force", "acc", "gyro")

    def __post_init__(self) -> None:
        n = self.time.shape[0]
        if n == 0 or self.pressure.ndim != 2 or self.pressure.shape[0] != n:
            raise ValueError(f"frames need n > 0 and pressure (n, sensors), got {n} and {self.pressure.shape}")
        if n > 1 and not bool(np.all(self.time[1:] > self.time[:-1])):
            raise ValueError("the time of frames must be strictly increasing")

    def __len__(self) -> int:
        return int(self.time.shape[0])

    def __getitem__(self, part: slice) -> Frames:
        """Return the samples of a (non-empty) slice, sharing memory."""
        cut: dict[str, Any] = {name: None if (x := getattr(self, name)) is None else x[part] for name in self.OPTIONAL}
        return replace(self, time=self.time[part], pressure=self.pressure[part], **cut)

    @staticmethod
    def concatenate(parts: Sequence[Frames]) -> Frames:
        """Join frames of one device that follow each other in time.

        Raises:
            ValueError: the parts are empty, of several devices, or out of order.
        """
        first = parts[0]
        if len(parts) == 1:
            return first
        if any((p.wearer, p.side, p.device) != (first.wearer, first.side, first.device) for p in parts):
            raise ValueError("frames of different insoles cannot be joined")
        optional: dict[str, Any] = {
            name: None if getattr(first, name) is None else np.concatenate([getattr(p, name) for p in parts])
            for name in Frames.OPTIONAL
        }
        return replace(
            first,
            time=np.concatenate([p.time for p in parts]),
            pressure=np.concatenate([p.pressure for p in parts]),
            **optional,
        )


class Row(Protocol):
    """What a row is: a frozen dataclass of str, int, float and bool with a `time` (UTC ns) and a `wearer`.

    Identity is `time` plus the fields marked `Key`; the rest is value. Putting an equal row changes nothing. NaN is
    a missing number.
    """

    @property
    def time(self) -> int:
        """UTC ns; part of every row's identity."""
        ...

    @property
    def wearer(self) -> str:
        """Whose row it is; decides its partition."""
        ...


Item = Frames | Row


@dataclass(frozen=True, slots=True)
class Device:
    """What one physical insole is, so that a store explains itself years later. Put before its first frames."""

    time: int
    wearer: Key[str]
    side: Key[Side]
    device: Key[str]
    profile: str  # the profile's TOML text
    calibration: str  # the calibration's TOML text, empty where there is none


@dataclass(frozen=True, slots=True)
class Link:
    """What one insole's link did in the second that begins at `time`, connected or not."""

    time: int
    wearer: Key[str]
    side: Key[Side]
    device: str
    connected: bool
    received: int  # samples decoded
    lost: int  # samples missing by the sequence counter
    corrupt: int  # packets or frames that were skipped as malformed
    duplicate: int  # samples that came again, or too late to be put in order
    dropped: int  # packets that this program could not keep up with
    reconnects: int  # how often the link was (re)made since the bridge started
    battery_pct: float  # NaN where unknown
    restarts: int = 0  # how often the device's counter or clock began anew: what was lost meanwhile is not known
    clock: ClockState = ClockState.STEADY
    clock_rate: float = math.nan  # seconds of the device's clock per second of arrival; NaN where it is not judged


@dataclass(frozen=True, slots=True)
class Pace:
    """What a foot pod or a watch told of the wearer in the second that begins at `time`; no row without it."""

    time: int
    wearer: Key[str]
    speed_mps: float
    cadence_spm: float  # steps of both feet
    stride_m: float  # NaN where it does not tell
    distance_m: float  # since the pod began to count; NaN where it does not tell
    running: bool  # else walking
    battery_pct: float  # NaN where unknown


class Column(NamedTuple):
    """One field of a row as a store sees it."""

    name: str
    type: type  # str, int, float, bool, or a StrEnum
    key: bool


@cache
def columns(kind: type) -> tuple[Column, ...]:
    """Return the fields of a row class: `time` first, then as declared.

    Raises:
        TypeError: a field is not a str, int, float or bool, or `time` or `wearer` is missing.
    """
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in fields(kind):
        hint = hints[field.name]
        key = get_origin(hint) is Annotated and "key" in hint.__metadata__
        plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if not (isinstance(plain, type) and issubclass(plain, (str, int, float))):
            raise TypeError(f"{kind.__name__}.{field.name}: a row holds str, int, float or bool, not {hint}")
        found.append(Column(field.name, plain, key))
    if [c.name for c in found][:2] != ["time", "wearer"]:
        raise TypeError(f"{kind.__name__}: a row begins with time and wearer")
    return tuple(found)


@cache
def kind_name(kind: type) -> str:
    """Return the name of a kind as stores and dashboards write it: the class name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def row_key(row: Row) -> tuple[str | int | float, ...]:
    """Return what identifies a row among its kind: its time and its key fields."""
    return (row.time, *(getattr(row, c.name) for c in columns(type(row)) if c.key))


def item_key(item: Item) -> tuple[str | int | float, ...]:
    """Return what identifies an item among its kind: of a row its `row_key`, of frames first time, wearer and side."""
    return (int(item.time[0]), item.wearer, item.side) if isinstance(item, Frames) else row_key(item)


def same_row(one: Row, other: Row) -> bool:
    """Tell whether two rows are equal, a missing number (NaN) being equal to itself."""
    if type(one) is not type(other):
        return False
    pairs = ((getattr(one, c.name), getattr(other, c.name)) for c in columns(type(one)))
    return all(a == b or (_missing(a) and _missing(b)) for a, b in pairs)


def _missing(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def partition_of(wearer: str) -> int:
    """Return the wearer's partition, 0 to 63: fixed for ever, since stores and brokers are cut by it."""
    return zlib.crc32(wearer.encode()) % PARTITIONS
