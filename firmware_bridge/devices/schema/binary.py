"""The language of a binary packet: a profile's `[layout]`, or several of them that a byte of the packet tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from firmware_bridge.devices.schema.values import (
    NANOSECONDS,
    SECONDS,
    Endian,
    PacketRole,
    SampleRole,
    SideName,
    SpacingMs,
    Table,
    ValueTable,
    check_roles,
)

NumberType = Literal["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f16", "f32", "f64"]

SIZES: dict[str, int] = {kind: int(kind[1:]) // 8 for kind in get_args(NumberType)}


class BinaryField(ValueTable):
    """A field of a binary frame; `at` counts bytes from the start of the payload, or of the sample."""

    type: NumberType
    at: Annotated[int, Field(ge=0)]
    endian: Endian | None = None
    bits: tuple[int, int] | None = None  # [lowest bit, how many], where the number shares its bytes with others
    drop: tuple[Annotated[int, Field(ge=0)], ...] = ()  # of count + len(drop) numbers sent, those that nothing is at

    @property
    def sent(self) -> int:
        """How many numbers the packet has for it."""
        return self.count + len(self.drop)

    @property
    def kept(self) -> list[int]:
        """Which of the numbers that are sent are readings."""
        return [i for i in range(self.sent) if i not in self.drop]

    @property
    def end(self) -> int:
        """The first byte behind the field."""
        return self.at + self.sent * SIZES[self.type]

    @property
    def modulus(self) -> int:
        """Where a counter of this width wraps."""
        return 1 << (self.bits[1] if self.bits else 8 * SIZES[self.type])

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
        if len(set(self.drop)) != len(self.drop) or any(i >= self.sent for i in self.drop):
            raise ValueError(f"drop = {list(self.drop)} is not a choice of the {self.sent} numbers that are sent")
        if self.bits is not None:
            first, width = self.bits
            if self.type[0] != "u":
                raise ValueError(f"bits need an unsigned type, not {self.type}")
            if first < 0 or width < 1 or first + width > 8 * SIZES[self.type]:
                raise ValueError(f"bits [{first}, {width}] do not fit into {self.type}")
        return self


class PacketField(BinaryField):
    """`layout.header`: sent once in a packet. Sequence and time wrap by their width.

    A time of day (`time.hms`, three bytes) or of seconds (`time.s`) goes on in a `time.ms` or `time.us`, which is
    then below one second. A `side` tells the foot: `map` says which number is which.
    """

    role: PacketRole
    map: dict[int, SideName] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _counter(self) -> Self:
        wanted = 3 if self.role == "time.hms" else 1
        if self.count != wanted:
            what = "three numbers" if wanted == 3 else "one number"
            raise ValueError(f"{self.role} is {what}, not count = {self.count}")
        if self.role != "battery" and (self.type[0] != "u" or self.type == "u64"):
            raise ValueError(f"{self.role} needs an unsigned type of up to 32 bits, not {self.type}")
        if set(self.map.values()) != ({"left", "right"} if self.role == "side" else set()):
            raise ValueError("side needs a map from its numbers to left and right, and only side has one")
        return self


class SampleField(BinaryField):
    """`layout.fields`: sent with every sample. A time stamp of each sample is that of the packet too."""

    role: SampleRole | Literal["time.ms", "time.us"]
    stride: Annotated[int, Field(ge=1)] | None = None  # bytes to the next sample's, where each field is an own block


class RepeatTable(Table):
    """`layout.repeat`: several samples in one packet, one behind the other, or field by field."""

    at: Annotated[int, Field(ge=0)]  # where the first one begins in the payload
    count: Annotated[int, Field(ge=1, le=1024)]
    stride: Annotated[int, Field(ge=1)] | None = None  # bytes from one to the next, for fields without their own
    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    dt_ms: SpacingMs | None = None  # true spacing where it is not 1 / rate_hz
    stamped: Literal["oldest", "newest"] = "oldest"  # the sample that the packet's time is of


class WhenTable(Table):
    """`layout.when`: by which byte of the payload this layout is told from the others."""

    at: Annotated[int, Field(ge=0)]
    equals: Annotated[int, Field(ge=0, le=255)]


class LayoutTable(Table):
    """`[layout]`: the payload of a binary packet. The packet's time is that of its oldest sample if it is not said."""

    when: WhenTable | None = None
    header: tuple[PacketField, ...] = ()
    repeat: RepeatTable | None = None
    fields: tuple[SampleField, ...]

    @property
    def samples(self) -> int:
        """How many samples a packet holds."""
        return self.repeat.count if self.repeat else 1

    @property
    def roles(self) -> set[str]:
        """What a packet tells."""
        return {field.role for field in (*self.header, *self.fields)}

    @property
    def length(self) -> int:
        """How many bytes of payload the fields reach into."""
        ends = [field.end for field in self.header]
        if self.repeat is None:
            return max([*ends, *(field.end for field in self.fields)])
        if self.repeat.stride is not None:
            ends.append(self.repeat.at + self.repeat.count * self.repeat.stride)
        ends += [self.repeat.at + (self.repeat.count - 1) * self.step(field) + field.end for field in self.fields]
        return max([*ends, self.when.at + 1 if self.when else 0])

    def step(self, field: SampleField) -> int:
        """Return the bytes from one sample's field to the next one's."""
        return field.stride or (self.repeat.stride if self.repeat else None) or 0

    def places(self, start: int, endian: Endian) -> Iterator[tuple[str, int]]:
        """Give every bit (see `BinaryField.places`) with the role of the field that it belongs to."""
        first = start + (self.repeat.at if self.repeat else 0)
        if self.when is not None:
            yield from (("when", 8 * (start + self.when.at) + bit) for bit in range(8))
        yield from ((field.role, bit) for field in self.header for bit in field.places(start, endian))
        for k in range(self.samples):
            yield from (
                (field.role, bit) for field in self.fields for bit in field.places(first + k * self.step(field), endian)
            )

    @model_validator(mode="after")
    def _samples_fit(self) -> Self:
        check_roles("layout", [*(field.role for field in self.header), *(field.role for field in self.fields)])
        check_times("layout", self.roles)
        for field in self.fields:
            if field.role in NANOSECONDS and (field.count != 1 or field.type[0] != "u" or field.type == "u64"):
                raise ValueError(f"{field.role} is one number of an unsigned type of up to 32 bits")
            if field.stride is not None and (self.repeat is None or field.end - field.at > field.stride):
                raise ValueError(f"the {field.role} field has a stride, but no repeat or one that is too short for it")
            if self.repeat is not None and field.stride is None:
                if self.repeat.stride is None:
                    raise ValueError(f"repeat.stride is missing, and the {field.role} field has none of its own")
                if field.end > self.repeat.stride:
                    raise ValueError(f"the {field.role} field ends behind repeat.stride = {self.repeat.stride}")
        return self


def check_times(where: str, roles: set[str]) -> None:
    """Check that the parts of a time stamp make one."""
    if len(roles & SECONDS) > 1:
        raise ValueError(f"{where} has time.hms and time.s; one of them is enough")
    if roles & SECONDS and not roles & set(NANOSECONDS):
        raise ValueError(f"{where} has a {min(roles & SECONDS)} without the time.ms that goes on in it")
