"""The language of a payload: which number lies where in a packet or a line, and what it means.

The part of a profile's keys (see `firmware_bridge.devices.schema.profile`) that decoder and encoder are compiled from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from firmware_bridge.model import STANDARD_GRAVITY

Endian = Literal["little", "big"]
SideName = Literal["left", "right"]
PacketRole = Literal["sequence", "time.hms", "time.s", "time.ms", "time.us", "battery", "side"]
SampleRole = Literal["pressure", "force", "acc", "gyro"]
LARGEST = 1e15
"""Of a number in a profile (choice: beyond what anything measures or counts; a product of two of them still has its
place among the stored readings)."""
SLOWEST_HZ, FASTEST_HZ = 1.0, 20_000.0
"""Samples a second (choice: with fewer nobody would see a step; plates have half as many)."""
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Finite = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
RateHz = Annotated[float, Field(ge=SLOWEST_HZ, le=FASTEST_HZ, allow_inf_nan=False)]
SpacingMs = Annotated[float, Field(ge=1000 / FASTEST_HZ, le=1000 / SLOWEST_HZ, allow_inf_nan=False)]

SAMPLE_ROLES: tuple[SampleRole, ...] = ("pressure", "force", "acc", "gyro")
NANOSECONDS: dict[str, int] = {"time.ms": 1_000_000, "time.us": 1_000}
SECONDS = {"time.hms", "time.s"}


class Unit(NamedTuple):
    """What one of a unit is in what the program works with."""

    factor: float
    becomes: str
    roles: tuple[str, ...]


_LOAD = ("pressure", "force")
UNITS: dict[str, Unit] = {
    "raw": Unit(1.0, "raw", ("pressure",)),
    "kPa": Unit(1.0, "kPa", ("pressure",)),
    "N/cm2": Unit(10.0, "kPa", ("pressure",)),
    "mmHg": Unit(0.133322387415, "kPa", ("pressure",)),  # BIPM, SI brochure, 8th edition, table 8
    "N": Unit(1.0, "N", _LOAD),
    "gram": Unit(0.00980665, "N", _LOAD),  # of force, by standard gravity
    "g": Unit(1.0, "g", ("acc",)),
    "m/s2": Unit(1 / STANDARD_GRAVITY, "g", ("acc",)),
    "deg/s": Unit(1.0, "deg/s", ("gyro",)),
    "rad/s": Unit(180 / math.pi, "deg/s", ("gyro",)),
}
ValueUnit = Literal["raw", "kPa", "N/cm2", "mmHg", "N", "gram", "g", "m/s2", "deg/s", "rad/s"]


class Table(BaseModel):
    """One table of the file: closed to unknown keys, and not changed after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PolynomialCurve(Table):
    """c0 + c1 · x + c2 · x² …, increasing over [from, to]; x is held within them."""

    kind: Literal["polynomial"]
    coefficients: Annotated[tuple[Finite, ...], Field(min_length=2)]
    over: tuple[Finite, Finite]

    @model_validator(mode="after")
    def _increases(self) -> Self:
        values = np.polynomial.polynomial.polyval(np.linspace(*self.over, 257), self.coefficients)
        if not (self.over[0] < self.over[1] and np.all(np.diff(values) > 0)):
            raise ValueError(f"the polynomial does not increase over {list(self.over)}: no reading may mean two loads")
        return self


class PointsCurve(Table):
    """A table of [x, reading], straight between its points and held at its ends."""

    kind: Literal["points"]
    points: Annotated[tuple[tuple[Finite, Finite], ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _increase(self) -> Self:
        if not np.all(np.diff(np.array(self.points), axis=0) > 0):
            raise ValueError("points must increase in both numbers: no reading may mean two loads")
        return self


class PowerCurve(Table):
    """factor · x ^ exponent, and 0 where x is not positive.

    A force-sensing resistor conducts as a power of its load. Behind an amplifier the voltage is its conductance; in a
    divider of voltage `divider` (in the unit of x) it is x / (divider - x).
    """

    kind: Literal["power"]
    factor: Positive
    exponent: Annotated[float, Field(gt=0, le=100)]  # (choice: sensors have 0.5 to 3)
    divider: Positive | None = None


CurveTable = Annotated[PolynomialCurve | PointsCurve | PowerCurve, Field(discriminator="kind")]


class ValueTable(Table):
    """How a number that was sent becomes a reading.

    (invert_from - sent, or sent) · scale + offset, then through `curve`, then from `unit` to what the program works
    with (kPa or N of pressure, g, deg/s), then held within `clip`.
    """

    role: str  # what the number is
    count: Annotated[int, Field(ge=1, le=4096)] = 1  # how many in a row
    scale: Finite | tuple[Finite, ...] = 1.0  # one for all, or one for each
    offset: Finite = 0.0
    invert_from: Finite | None = None  # for a converter that reads this when unloaded
    # which of the numbers (from 0) that is for; none: all. `saturated` is then of the others, mirrored in these
    inverted: tuple[Annotated[int, Field(ge=0)], ...] = ()
    curve: CurveTable | None = None
    unit: ValueUnit | None = None  # None: already what the profile says
    clip: tuple[Finite, Finite] | None = None  # lowest and highest reading
    missing: tuple[float, ...] = ()  # sent values that mean "no reading"
    saturated: Finite | None = None  # the sent value at the end of the range

    @field_validator("scale")
    @classmethod
    def _not_zero(cls, value: float | tuple[float, ...]) -> float | tuple[float, ...]:
        if value == () or 0 in np.atleast_1d(value):
            raise ValueError("must not be 0")
        return value

    @model_validator(mode="after")
    def _readings_fit(self) -> Self:
        if isinstance(self.scale, tuple) and len(self.scale) != self.count:
            raise ValueError(f"scale has {len(self.scale)} values for {self.count} readings")
        if self.inverted and (self.invert_from is None or max(self.inverted) >= self.count):
            raise ValueError(f"inverted needs invert_from, and a choice of the {self.count} readings")
        if self.clip is not None and not self.clip[0] < self.clip[1]:
            raise ValueError("clip = [lowest, highest] must increase")
        if self.unit is not None and self.role not in UNITS[self.unit].roles:
            raise ValueError(f"{self.role} has no unit {self.unit!r}")
        return self


def check_roles(where: str, roles: Sequence[str]) -> None:
    """Check that pressure is there and that no role appears twice."""
    if "pressure" not in roles:
        raise ValueError(f"{where} has no field with role = 'pressure'")
    for role in roles:
        if roles.count(role) > 1:
            raise ValueError(f"{where} has the role {role!r} more than once")
    if set(NANOSECONDS) <= set(roles):
        raise ValueError(f"{where} has time.ms and time.us; one of them is enough")
