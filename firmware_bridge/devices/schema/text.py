"""The language of text lines: which number stands where in a line, and what it means.

The part of a profile's keys (see `firmware_bridge.devices.schema.profile`) that
`firmware_bridge.codec.payloads.text` is compiled from.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from firmware_bridge.devices.schema.values import SideName, Table, ValueTable

TextRole = Literal[
    "sequence", "time.ms", "time.us", "time.s", "time.hms", "battery", "pressure", "force", "acc", "gyro",
    "flags", "ignored",
]  # fmt: skip
TICKS_NS: dict[str, int] = {
    "time.ms": 1_000_000,
    "time.us": 1_000,
    "time.s": 1_000_000_000,
    "time.hms": 1_000_000_000,
}
"""Nanoseconds in one unit of a time column; h:m:s counts as seconds of the day."""
DAY_S = 86_400
COUNTERS = ("sequence", *TICKS_NS)
REPEATABLE = ("pressure", "acc", "gyro", "flags", "ignored")
"""Roles that may be spread over several columns, which follow each other in their order."""


class TextColumn(ValueTable):
    """One column, or several in a row, of a text line."""

    role: TextRole
    side: SideName | None = None  # whose it is, where one line has both feet; else that of the link
    labels: tuple[str, ...] = ()  # names in the line: one for each number, or one for a list of all of them
    drop: tuple[Annotated[int, Field(ge=0)], ...] = ()  # of count + len(drop) numbers sent, those that nothing is at
    optional: str = ""  # name of a group of columns that a line has together or not at all
    width: Annotated[int, Field(ge=8, le=53)] = 32  # bits of a sequence or time, after which it wraps
    decimals: Annotated[int, Field(ge=0, le=9)] = 0  # how the virtual insole writes it
    absent: dict[SideName, Annotated[int, Field(ge=1)]] = Field({})  # of flags: bits that say that a foot has no sample

    @property
    def sent(self) -> int:
        """How many numbers the line has for it."""
        return self.count + len(self.drop)

    @property
    def modulus(self) -> int:
        """Where a counter wraps, in its own unit."""
        return DAY_S if self.role == "time.hms" else 1 << self.width

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if len(set(self.drop)) != len(self.drop) or any(i >= self.sent for i in self.drop):
            raise ValueError(f"drop = {list(self.drop)} is not a choice of the {self.sent} numbers that are sent")
        if self.labels and len(self.labels) not in (1, self.sent):
            raise ValueError(f"labels has {len(self.labels)} names for {self.sent} numbers: give one for each, or one")
        if bool(self.absent) != (self.role == "flags"):
            raise ValueError("absent belongs to a column with role = 'flags', and such a column needs it")
        if self.role in COUNTERS and self.optional:
            raise ValueError(f"the column {self.role!r} cannot be optional")
        return self


class AnnounceTable(Table):
    """`text.announce`: a comment line of `key=value` words by which the device says what it sends."""

    head: str  # how the line begins
    expect: dict[str, str | int | float] = Field({})  # what has to agree with this profile before data are believed


class TextTable(Table):
    """`[text]`: a packet as a line of numbers."""

    # cells: numbers in a row · labeled: name=number pairs · json: an object, or where no column has labels a list
    form: Literal["cells", "labeled", "json"] = "cells"
    separator: Annotated[str, Field(min_length=1)] = ","  # "whitespace": any run of blanks and tabs
    assign: Annotated[str, Field(min_length=1)] = "="  # of labeled lines: what stands between name and number
    decimal: Literal[".", ","] = "."
    # What a line looks like around its numbers, such as "{side}: {values}"; the first one is what is written.
    line: tuple[str, ...] = ("{values}",)
    comment: Annotated[str, Field(min_length=1)] = "#"
    announce: AnnounceTable | None = None
    side_prefix: dict[str, SideName] = Field({})  # words for a foot, in place of {side} or as a first column
    matrix: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None  # rows, columns of a list
    columns: Annotated[tuple[TextColumn, ...], Field(min_length=1)]

    @field_validator("line")
    @classmethod
    def _values_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            left = re.sub(r"\{(values|side)\}", "", line)
            if line.count("{values}") != 1 or line.count("{side}") > 1 or "{" in left or "}" in left:
                raise ValueError(f"{line!r} must hold {{values}} once, and may hold {{side}}; no other braces")
        if not value:
            raise ValueError("must hold at least one form of a line")
        return value

    @model_validator(mode="after")
    def _words(self) -> Self:
        if self.announce and not self.announce.head.startswith(self.comment):
            raise ValueError(f"announce.head must begin as a comment does, with {self.comment!r}")
        if self.names_side and not self.side_prefix:
            raise ValueError("line has {side}, but side_prefix does not say which words stand there")
        if self.decimal == "," and self.separator == ",":
            raise ValueError("decimal and separator cannot both be a comma")
        if self.matrix and self.form != "json":
            raise ValueError('matrix goes with form = "json"')
        return self

    @model_validator(mode="after")
    def _columns_tell_apart(self) -> Self:
        for side in self.sides:
            _once([column.role for column in self.of(side)])
        labeled = [bool(column.labels) for column in self.columns]
        if self.form == "labeled" and not all(labeled):
            raise ValueError('form = "labeled" needs labels for every column')
        if self.form == "cells" and any(labeled):
            raise ValueError('labels go with form = "labeled" or "json"')
        if any(labeled) != all(labeled):
            raise ValueError("either every column has labels, or none")
        if not any(labeled) and len(self.shapes) != 2 ** len(self.groups):
            raise ValueError("the optional columns cannot be told apart by how many there are")
        if self.matrix and self.matrix[0] * self.matrix[1] != sum(column.sent for column in self.columns):
            raise ValueError(f"matrix = {list(self.matrix)} does not hold the numbers of the columns")
        return self

    @property
    def sides(self) -> tuple[SideName | None, ...]:
        """The feet that the columns name; None where they are of whichever foot the link is."""
        named = tuple(dict.fromkeys(column.side for column in self.columns if column.side))
        return named or (None,)

    @property
    def names_side(self) -> bool:
        """Whether the line's surroundings say whose it is."""
        return any("{side}" in line for line in self.line)

    def of(self, side: str | None) -> tuple[TextColumn, ...]:
        """Return the columns that speak of a foot."""
        return tuple(column for column in self.columns if column.side in (None, side))

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
        return {sum(column.sent for column in line): line for line in lines}


def counts(columns: tuple[TextColumn, ...]) -> dict[str, int]:
    """Return how many readings each sample role has, of one foot."""
    found: dict[str, int] = {}
    for column in columns:
        found[column.role] = found.get(column.role, 0) + column.count
    return found


def _once(roles: list[TextRole]) -> None:
    """Check that pressure is there, that no role appears twice that may not, and that there is one time."""
    if "pressure" not in roles:
        raise ValueError("text.columns has no field with role = 'pressure'")
    for role in roles:
        if role not in REPEATABLE and roles.count(role) > 1:
            raise ValueError(f"text.columns has the role {role!r} more than once")
    times = [role for role in roles if role in TICKS_NS]
    if len(times) > 1:
        raise ValueError(f"text.columns has {' and '.join(times)}; one of them is enough")
