"""The language of a payload: which number lies where in a packet or a line, and what it means.

The part of a profile's keys (see `firmware_bridge.profile_schema`) that decoder and encoder are compiled from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Endian = Literal["little", "big"]
NumberType = Literal["u8", "i8", "u16", "i16", "u32", "i32", "f32"]
PacketRole = Literal["sequence", "time.ms", "time.us", "battery"]
SampleRole = Literal["pressure", "force", "acc", "gyro"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

SAMPLE_ROLES: tuple[SampleRole, ...] = ("pressure", "force", "acc", "gyro")
SIZES: dict[str, int] = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "f32": 4}
NANOSECONDS: dict[str, int] = {"time.ms": 1_000_000, "time.us": 1_000}


class Table(BaseModel):
    """One table of the file: closed to unknown keys, and not changed after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ValueTable(Table):
    """How a number that was sent becomes a reading: (invert_from - sent, or sent) · scale + offset."""

    role: str  # what the number is
    count: Annotated[int, Field(ge=1, le=4096)] = 1  # how many in a row
    scale: Finite = 1.0
    offset: Finite = 0.0
    invert_from: Finite | None = None  # for a converter that reads this when unloaded
    missing: tuple[float, ...] = ()  # sent values that mean "no reading"
    saturated: Finite | None = None  # the sent value at the end of the range

    @field_validator("scale")
    @classmethod
    def _not_zero(cls, value: float) -> float:
        if value == 0:
            raise ValueError("must not be 0")
        return value


class BinaryField(ValueTable):
    """A field of a binary frame; `at` counts bytes from the start of the payload, or of the sample."""

    type: NumberType
    at: Annotated[int, Field(ge=0)]
    endian: Endian | None = None
    bits: tuple[int, int] | None = None  # [lowest bit, how many], where the number shares its bytes with others

    @property
    def end(self) -> int:
        """The first byte behind the field."""
        return self.at + self.count * SIZES[self.type]

    def places(self, start: int, endian: Endian) -> Iterator[int]:
        """Give the numbers of its bits, 8 · byte + bit, in a packet whose payload or sample begins at byte `start`."""
        size = SIZES[self.type]
        first, width = self.bits or (0, 8 * size)
        for number in range(start + self.at, start + self.end, size):
            for bit in range(first, first + width):
                byte = bit // 8 if (self.endian or endian) == "little" else size - 1 - bit // 8
                yield 8 * (number + byte) + bit % 8

    @model_validator(mode="after")
    def _bits_fit(self) -> Self:
        if self.bits is not None:
            first, width = self.bits
            if self.type[0] != "u":
                raise ValueError(f"bits need an unsigned type, not {self.type}")
            if first < 0 or width < 1 or first + width > 8 * SIZES[self.type]:
                raise ValueError(f"bits [{first}, {width}] do not fit into {self.type}")
        return self


class PacketField(BinaryField):
    """`layout.header`: sent once in a packet. Sequence and time wrap by their width."""

    role: PacketRole

    @model_validator(mode="after")
    def _counter(self) -> Self:
        if self.count != 1:
            raise ValueError(f"{self.role} is one number, not count = {self.count}")
        if self.role != "battery" and self.type[0] != "u":
            raise ValueError(f"{self.role} needs an unsigned type, not {self.type}")
        return self


class SampleField(BinaryField):
    """`layout.fields`: sent with every sample."""

    role: SampleRole


class RepeatTable(Table):
    """`layout.repeat`: several samples in one packet, as an array of structures."""

    at: Annotated[int, Field(ge=0)]  # where the first one begins in the payload
    count: Annotated[int, Field(ge=1, le=1024)]
    stride: Annotated[int, Field(ge=1)]  # bytes from one to the next
    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    dt_ms: Positive | None = None  # true spacing where it is not 1 / rate_hz


class LayoutTable(Table):
    """`[layout]`: the payload of a binary packet. The packet's time is the time of its oldest sample."""

    header: tuple[PacketField, ...] = ()
    repeat: RepeatTable | None = None
    fields: tuple[SampleField, ...]

    @property
    def length(self) -> int:
        """How many bytes of payload the fields reach into."""
        ends = [field.end for field in self.header]
        if self.repeat is None:
            return max([*ends, *(field.end for field in self.fields)])
        return max([*ends, self.repeat.at + self.repeat.count * self.repeat.stride])

    def places(self, start: int, endian: Endian) -> Iterator[tuple[str, int]]:
        """Give every bit (see `BinaryField.places`) with the role of the field that it belongs to."""
        repeat = self.repeat
        samples = [start + repeat.at + k * repeat.stride for k in range(repeat.count)] if repeat else [start]
        yield from ((field.role, bit) for field in self.header for bit in field.places(start, endian))
        yield from ((field.role, bit) for at in samples for field in self.fields for bit in field.places(at, endian))

    @model_validator(mode="after")
    def _samples_fit(self) -> Self:
        _once("layout", [*(field.role for field in self.header), *(field.role for field in self.fields)])
        if self.repeat is not None:
            for field in self.fields:
                if field.end > self.repeat.stride:
                    raise ValueError(f"the {field.role} field ends behind repeat.stride = {self.repeat.stride}")
        return self


class TextColumn(ValueTable):
    """One column, or several in a row, of a text line."""

    role: PacketRole | SampleRole
    optional: str = ""  # name of a group of columns that a line has together or not at all
    width: Annotated[int, Field(ge=8, le=32)] = 32  # bits of a sequence or time, after which it wraps
    decimals: Annotated[int, Field(ge=0, le=9)] = 0  # how the virtual insole writes it


class AnnounceTable(Table):
    """`text.announce`: a comment line of `key=value` words by which the device says what it sends."""

    head: str  # how the line begins
    expect: dict[str, str | int | float] = {}  # what has to agree with this profile before data are believed


class TextTable(Table):
    """`[text]`: a packet as a line of numbers."""

    separator: Annotated[str, Field(min_length=1)] = ","
    comment: Annotated[str, Field(min_length=1)] = "#"
    announce: AnnounceTable | None = None
    side_prefix: dict[str, Literal["left", "right"]] = {}  # first column where one dongle serves both feet
    columns: tuple[TextColumn, ...]

    @model_validator(mode="after")
    def _announced_in_comments(self) -> Self:
        if self.announce and not self.announce.head.startswith(self.comment):
            raise ValueError(f"announce.head must begin as a comment does, with {self.comment!r}")
        return self

    @model_validator(mode="after")
    def _columns_tell_apart(self) -> Self:
        _once("text.columns", [column.role for column in self.columns])
        for column in self.columns:
            if column.optional and column.role in ("sequence", *NANOSECONDS):
                raise ValueError(f"the column {column.role!r} cannot be optional")
        if len(self.shapes) != 2 ** len(self.groups):
            raise ValueError("the optional columns cannot be told apart by how many there are")
        return self

    @property
    def groups(self) -> list[str]:
        """The optional groups of columns, in their order."""
        return list(dict.fromkeys(column.optional for column in self.columns if column.optional))

    @property
    def shapes(self) -> dict[int, tuple[TextColumn, ...]]:
        """The columns that a line has, by how many values it has: one entry for each choice of optional groups."""
        groups = self.groups
        choices = [{g for i, g in enumerate(groups) if mask >> i & 1} for mask in range(2 ** len(groups))]
        lines = [tuple(c for c in self.columns if not c.optional or c.optional in chosen) for chosen in choices]
        return {sum(column.count for column in line): line for line in lines}


def _once(where: str, roles: Sequence[str]) -> None:
    """Check that pressure is there and that no role appears twice."""
    if "pressure" not in roles:
        raise ValueError(f"{where} has no field with role = 'pressure'")
    for role in roles:
        if roles.count(role) > 1:
            raise ValueError(f"{where} has the role {role!r} more than once")
    if set(NANOSECONDS) <= set(roles):
        raise ValueError(f"{where} has time.ms and time.us; one of them is enough")
