"""The language of `[[golden]]`: bytes of a device and what they say, kept with the profile that reads them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from firmware_bridge.devices.schema.values import SideName, Table

ExpectedValues = tuple[float, ...]


class GoldenTable(Table):
    """Bytes, or text lines, as they arrive one behind the other, and the readings that they hold; nan: missing."""

    hex: tuple[Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}| )+$")], ...] = ()
    text: tuple[str, ...] = ()
    link: str | None = None  # None: the first one that the profile speaks
    side: SideName = "left"  # of the foot that listens
    pressure: tuple[ExpectedValues, ...] = ()  # all samples, oldest first
    force: ExpectedValues | None = None
    acc: tuple[ExpectedValues, ...] | None = None
    gyro: tuple[ExpectedValues, ...] | None = None
    ms: ExpectedValues | None = None  # of each sample after the first one
    battery: float | None = None
    corrupt: Annotated[int, Field(ge=0)] = 0  # packets that are refused

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.hex) == bool(self.text):
            raise ValueError("golden needs hex or text, and not both")
        return self
