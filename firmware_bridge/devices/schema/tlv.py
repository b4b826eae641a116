"""The language of typed messages: a profile's `[messages]`, where a packet is a row of type, length and content."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from firmware_bridge.devices.schema.binary import BinaryField, check_times
from firmware_bridge.devices.schema.values import (
    NANOSECONDS,
    SAMPLE_ROLES,
    SECONDS,
    Positive,
    SampleRole,
    SideName,
    Table,
    check_roles,
)

Number = Annotated[int, Field(ge=0, le=255)]
MessageRole = Literal["sequence", "time.ms", "time.us", "battery", "side", "scales", "positions"]
STATEMENTS = ("side", "scales", "positions")
"""What a device says once about itself, not in every packet."""


class RowTable(Table):
    """A row of messages within a notification, or within the content of a message: each begins with its type, a u8."""

    at: Annotated[int, Field(ge=0)] = 0  # where the row begins; what lies before is a header
    length: Literal["u8", "u16"] | None = None  # how each message says its length; None: it follows from the type
    sizes: dict[Number, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)  # by type, where none is sent
    nested: dict[Number, RowTable] = Field(default_factory=dict)  # the types whose content is again such a row

    @model_validator(mode="after")
    def _delimited(self) -> Self:
        if (self.length is None) == (not self.sizes):
            raise ValueError("messages need length, or sizes by type, and not both")
        return self


class MessageField(BinaryField):
    """A number in a message's content.

    `scales` and `positions` repeat to the end of their message: the sensor type (u8) and its scale, by which fields
    are multiplied whose `scale_of` is that type; and pairs of numbers, one pair for each sensor.
    """

    role: MessageRole | SampleRole
    path: tuple[Number, ...] = ()  # the types that lead to the message; none: the notification itself
    map: dict[int, SideName] = Field(default_factory=dict)  # of a side
    scale_of: Number | None = None  # the sensor type by which the device tells a scale
    told: Positive = 1.0  # that scale, as such devices are known to tell it

    @property
    def nominal(self) -> MessageField:
        """The field with the scale that such devices are known to tell."""
        return self.model_copy(update={"scale": float(np.min(self.scale)) * self.told})

    @model_validator(mode="after")
    def _stated(self) -> Self:
        if set(self.map.values()) != ({"left", "right"} if self.role == "side" else set()):
            raise ValueError("side needs a map from its numbers to left and right, and only side has one")
        if self.role in ("sequence", *NANOSECONDS, "side") and (self.count != 1 or self.type[0] != "u"):
            raise ValueError(f"{self.role} is one number of an unsigned type")
        if self.scale_of is not None and (self.curve or self.clip or self.offset):
            raise ValueError("a scale that the device tells goes with no curve, clip or offset")
        return self


class MessagesTable(RowTable):
    """`[messages]`: what one notification holds."""

    packet: tuple[Number, ...] = ()  # the message whose sensors were read at one time; none: the notification
    fields: Annotated[tuple[MessageField, ...], Field(min_length=1)]

    @property
    def roles(self) -> set[str]:
        """What the messages tell."""
        return {field.role for field in self.fields}

    @property
    def tables(self) -> dict[tuple[int, ...], RowTable]:
        """The rows by their paths."""
        found: dict[tuple[int, ...], RowTable] = {(): self}
        waiting: list[tuple[tuple[int, ...], RowTable]] = [((), self)]
        while waiting:
            path, table = waiting.pop()
            waiting += [((*path, kind), row) for kind, row in table.nested.items()]
            found[path] = table
        return found

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        single = [field.role for field in self.fields if field.role not in SAMPLE_ROLES]
        check_roles("messages", [*single, *(self.roles & set(SAMPLE_ROLES))])  # a reading may come in several forms
        check_times("messages", self.roles - SECONDS)
        tables = self.tables
        paths = [(field.role, field.path) for field in self.fields]
        for field in self.fields:
            if paths.count((field.role, field.path)) > 1:
                raise ValueError(f"messages has the role {field.role!r} more than once in message {list(field.path)}")
            if field.path and field.path[:-1] not in tables:
                raise ValueError(f"nothing is nested at {list(field.path[:-1])}, where the {field.role} field lies")
            if field.role not in STATEMENTS and field.path[: len(self.packet)] != self.packet:
                raise ValueError(f"the {field.role} field does not lie in the packet, message {list(self.packet)}")
            if field.path in tables and field.end > tables[field.path].at:
                raise ValueError(f"the {field.role} field ends behind the header of message {list(field.path)}")
            sizes = tables[field.path[:-1]].sizes if field.path else {}
            if sizes and sizes.get(field.path[-1]) != field.end and field.role not in STATEMENTS:
                raise ValueError(f"the {field.role} field needs {field.end} bytes in message {list(field.path)}")
        return self
